// The gate's decision in advance, receipts, and the server itself.
#include <charconv>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/site.h"

namespace guarita::admin {

namespace {

// [gate] public_url, else the host that the browser knows this server by, with the gate's port.
std::string gate_url_of(const Call& call) {
  if (!call.console.gate_url.empty() || !call.console.gate_bound) return call.console.gate_url;
  const std::string bound = call.console.gate_bound();  // "http://0.0.0.0:8080"
  const auto scheme_end = bound.find("://");
  const auto colon = bound.rfind(':');
  if (scheme_end == std::string::npos || colon <= scheme_end) return bound;
  const std::string_view host = without_port(call.request.header("Host").value_or("localhost"));
  return bound.substr(0, scheme_end + 3) + std::string(host) + bound.substr(colon);
}

}  // namespace

Answer show_console(const Call& call) {
  const ConsoleOptions& console = call.console;
  const bool plain = transport_of(call.request, console.public_url) == Transport::Plain;
  return Reply{
      .body = {{"version", GUARITA_VERSION},
               {"https_required", plain},
               {"public_url", console.public_url},
               {"gate_url", gate_url_of(call)},
               {"token_header", console.token_header},
               {"example_path", console.example_path},
               {"token_storage", console.token_storage == ConsoleOptions::TokenStorage::Encrypted
                                     ? "encrypted"
                                     : "digest"},
               {"languages", {"pt-BR", "en", "es"}},
               {"demo", console.demo == ConsoleOptions::Demo::Yes}}};
}

Answer check(const Call& call) {
  Body body(call.request);
  control::CheckQuestion question;
  question.instance_id = body.required_text("instance", 128);
  const auto address = body.text("address", 45);
  question.token = body.secret("token", 8192);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  if (address) {
    question.address = parse_ip(*address);
    if (!question.address) return Err<Problem>(bad_member("address", "that is no IP address"));
  }
  return Reply{.body = json_of(call.control.check(question))};
}

Answer show_receipt(const Call& call) {
  const std::string& text = call.in_path("revision");
  store::Revision revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return Err<Problem>(bad_member("revision", "a revision is a number"));
  }
  const auto receipt = call.control.receipt(revision);
  if (!receipt) return Err<Problem>(problem_of(receipt.error()));
  return Reply{.body = json_of(*receipt)};
}

Answer status(const Call& call) {
  const control::Status now = call.control.status();
  const bool allow = now.unknown_instance == control::UnknownInstance::Allow;
  return Reply{.body = {{"version", GUARITA_VERSION},
                        {"revision", now.revision},
                        {"in_force", now.in_force},
                        {"started_at", format_rfc3339(now.started_at)},
                        {"now", format_rfc3339(now.now)},
                        {"accounts", now.accounts},
                        {"instances", now.instances},
                        {"receipts_pending", now.receipts_pending},
                        {"unknown_instance", allow ? "allow" : "deny"}}};
}

Answer openapi(const Call&) {
  return Reply{.body = boost::json::string(openapi_text())};
}

}  // namespace guarita::admin
