#include "app/status_page.h"

namespace guarita::app {
namespace {

net::AdminResponse answer(unsigned status, std::string_view type, std::string body) {
  return {status,
          {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

constexpr std::string_view kText = "text/plain; charset=utf-8";

}  // namespace

net::AdminResponse answer_status(const StatusSources& sources, const net::AdminRequest& request) {
  const std::string_view target(request.target);
  const std::string_view path = target.substr(0, target.find('?'));
  const bool known = path == "/livez" || path == "/readyz" || path == "/metrics";
  if (!known) return answer(404, kText, "/livez, /readyz and /metrics are here\n");
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = answer(405, kText, "only GET and HEAD\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/livez") return answer(200, kText, "ok\n");
  if (path == "/metrics") {
    return answer(200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics());
  }
  return answer(sources.ready() ? 200 : 503, "application/json", sources.state() + "\n");
}

}  // namespace guarita::app
