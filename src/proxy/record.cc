// Phase: what is kept of an exchange. classify_exchange() looks further than the decision did, and
// never before the answer or the request is on its way.
#include "proxy/connection.h"

namespace guarita::proxy {
namespace {

// Places where people put the token by mistake.
struct Elsewhere {
  std::array<std::string_view, policy::kElsewhereMax> texts;
  std::size_t count = 0;
  void add(std::string_view text) {
    if (!text.empty() && count < texts.size()) texts[count++] = text;
  }
};

void add_query_values(Elsewhere& elsewhere, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (const std::size_t equals = pair.find('='); equals != std::string_view::npos) {
      elsewhere.add(pair.substr(equals + 1));
    }
  }
}

Elsewhere look_elsewhere(const Exchange& x) {
  Elsewhere elsewhere;
  const http::Fields& fields = x.request.fields;
  elsewhere.add(fields.lines("authorization").value);
  elsewhere.add(fields.alias_lines(x.rules().token_header_lower).value);
  for (const std::string_view name : {"x-client-token", "token", "apikey", "x-api-key"}) {
    elsewhere.add(fields.lines(name).value);
  }
  add_query_values(elsewhere, x.target.query());
  return elsewhere;
}

telemetry::Stage stage_of(const Exchange& x) {
  if (x.decided) return telemetry::Stage::Decided;
  return x.status == 503 ? telemetry::Stage::Draining : telemetry::Stage::Malformed;
}

}  // namespace

void classify_exchange(Connection& c) {
  Exchange& x = *c.x;
  if (!x.decided || x.classified) return;
  x.classified = true;
  Elsewhere elsewhere;
  if (x.decision.matched_token == policy::Decision::kNoToken) elsewhere = look_elsewhere(x);
  const http::FieldLines header = x.request.fields.lines(x.rules().token_header);
  x.token_class = policy::classify(c.worker.snapshot(), x.facts, x.decision,
                                   {.header = header.one() ? header.value : std::string_view(),
                                    .elsewhere = {elsewhere.texts.data(), elsewhere.count},
                                    .format = &x.rules().tuning->token_format},
                                   x.at)
                      .token_class;
}

void record(Connection& c) {
  Exchange& x = *c.x;
  if (x.request_id.empty()) return;  // the caller left before there was a head
  classify_exchange(c);
  telemetry::Exchange kept;
  kept.at = x.at;
  kept.stage = stage_of(x);
  kept.address = x.address;
  kept.request_id = x.request_id;
  if (x.used > 0) {  // a head was parsed
    kept.method = x.request.method_text();
    kept.user_agent = x.request.fields.lines("user-agent").value;
  }
  if (x.decided) {
    const bool gated = x.facts.outcome == policy::RouteMatch::Outcome::Gated;
    kept.allow = x.decision.allow;
    kept.reason = x.decision.reason;
    kept.mode = x.decision.mode;
    kept.token_class = x.token_class;
    kept.classified = gated && x.decision.account.number != 0;
    kept.unknown_instance = x.decision.unknown_instance;
    kept.account_id = x.account_id.view();
    // An id that nobody registered may be a token in the wrong place: never listed, never logged.
    const std::string_view id = x.match.instance_id.view();
    const bool misplaced =
        kept.unknown_instance && policy::is_own_token(x.rules().tuning->token_format, id);
    if (gated && !misplaced) kept.instance_id = id;
    if (x.match.outcome != policy::RouteMatch::Outcome::Unmatched) {
      kept.route = x.rules().tuning->routes.template_of(x.match.route);
    }
    if (x.decision.matched_token != policy::Decision::kNoToken) {
      kept.matched_token = &x.facts.token;
    }
    kept.decision_time = std::chrono::nanoseconds(x.decided_ns - x.began_ns);
  }
  kept.status = x.status;
  kept.bytes_in = x.request_body.bytes();
  kept.bytes_out = x.bytes_out;
  kept.duration = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::nanoseconds(net::steady_ns() - x.began_ns));
  kept.upstream = x.outcome;
  if (x.upstream != nullptr && x.attempts > 0) kept.upstream_authority = x.upstream->url().label;
  if (x.tunnel) c.worker.shard().count(telemetry::Event::TunnelClosed);
  c.worker.shard().record(kept);
}

}  // namespace guarita::proxy
