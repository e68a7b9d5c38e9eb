#include "telemetry/access_log.h"

#include "base/log.h"

namespace guarita::telemetry {
namespace {

constexpr std::size_t kUserAgentMax = 256;

class Line {
 public:
  Line() { out_.reserve(512); }

  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    out_ += '"';
    log::append_json_escaped(out_, value);
    out_ += '"';
  }
  void number(std::string_view name, std::uint64_t value) {
    key(name);
    out_ += std::to_string(value);
  }
  void flag(std::string_view name) {
    key(name);
    out_ += "true";
  }
  std::string take() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void key(std::string_view name) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += name;
    out_ += "\":";
  }
  std::string out_;
};

}  // namespace

std::string_view text_of(UpstreamOutcome outcome) {
  switch (outcome) {
    case UpstreamOutcome::NotTried: return "not_tried";
    case UpstreamOutcome::Answered: return "answered";
    case UpstreamOutcome::ConnectFailed: return "connect_failed";
    case UpstreamOutcome::TimedOut: return "timed_out";
    case UpstreamOutcome::Closed: return "closed";
    case UpstreamOutcome::BadResponse: return "bad_response";
    case UpstreamOutcome::Cut: return "cut";
  }
  return "";
}

std::string access_line(const Exchange& e) {
  Line line;
  line.text("time", format_rfc3339(e.at));
  line.text("type", "access");
  line.text("request_id", e.request_id);
  line.text("address", format_ip(e.address));
  switch (e.stage) {
    case Stage::Malformed: line.text("decision", "malformed"); break;
    case Stage::Draining: line.text("decision", "draining"); break;
    case Stage::Decided:
      line.text("method", e.method);
      line.text("route", e.route);
      line.text("decision", e.allow ? "allow" : "deny");
      if (!e.allow) line.text("reason", policy::text_of(e.reason));
      if (!e.account_id.empty()) line.text("mode", policy::text_of(e.mode));
      if (e.classified) line.text("class", policy::text_of(e.token_class));
      line.text("account", e.account_id);
      // An id that nobody registered is whatever the caller wrote there, a misplaced token perhaps.
      if (!e.account_id.empty()) line.text("instance", e.instance_id);
      if (e.unknown_instance) line.flag("unknown_instance");
      break;
  }
  line.number("status", e.status);
  line.number("bytes_in", e.bytes_in);
  line.number("bytes_out", e.bytes_out);
  line.number("duration_us",
              static_cast<std::uint64_t>(std::max<std::int64_t>(0, e.duration.count())));
  if (e.upstream != UpstreamOutcome::NotTried) {
    line.text("upstream", e.upstream_authority);
    line.text("upstream_outcome", text_of(e.upstream));
  }
  line.text("user_agent", e.user_agent.substr(0, kUserAgentMax));
  return line.take();
}

}  // namespace guarita::telemetry
