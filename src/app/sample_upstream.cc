#include "app/sample_upstream.h"

#include "base/log.h"

namespace guarita::app {
namespace {

constexpr std::size_t kBodyBytesMax = 64UL << 20U;

void member(std::string& out, std::string_view indent, std::string_view name,
            std::string_view value) {
  out += indent;
  out += '"';
  log::append_json_escaped(out, name);
  out += "\": \"";
  log::append_json_escaped(out, value);
  out += '"';
}

}  // namespace

net::AdminResponse show_request(const net::AdminRequest& request) {
  std::string out = "{\n";
  member(out, "  ", "this_is", "what the instance behind the gate received");
  out += ",\n";
  member(out, "  ", "method", request.method);
  out += ",\n";
  member(out, "  ", "path", request.target);
  out += ",\n  \"headers\": {";
  std::string_view comma = "\n";
  for (const auto& [name, value] : request.headers) {
    out += comma;
    member(out, "    ", name, value);
    comma = ",\n";
  }
  out += "\n  },\n  \"body_bytes\": " + std::to_string(request.body.size()) + "\n}\n";
  return {200, {{"Content-Type", "application/json"}}, std::move(out)};
}

std::optional<std::string> SampleUpstream::start() {
  net::AdminServerOptions options;
  options.listen = "127.0.0.1:0";
  options.threads = 1;
  options.body_bytes_max = kBodyBytesMax;
  server_ = std::make_unique<net::AdminServer>(std::move(options), show_request);
  return server_->start();
}

void SampleUpstream::stop() {
  if (server_) server_->stop();
}

std::string SampleUpstream::url() const {
  return "http://" + server_->bound();
}

}  // namespace guarita::app
