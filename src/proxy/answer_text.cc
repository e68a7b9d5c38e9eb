#include "proxy/answer_text.h"

#include <array>

#include "base/ip_text.h"
#include "policy/token_text.h"

namespace guarita::proxy {

void append_own_answer(std::string& out, const OwnAnswer& answer,
                       const http::OutgoingResponse& outgoing) {
  std::array<http::SetField, 4 + kMoreFieldsMax> fields;
  std::size_t count = 0;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty() && count < fields.size()) fields[count++] = {name, value};
  };
  add("Cache-Control", "no-store");
  add("Guarita-Reason", answer.reason);
  add("X-Request-Id", answer.request_id);
  if (answer.status == 405) add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  for (const http::SetField& field : answer.more) add(field.name, field.value);
  const http::LocalAnswer local{.status = answer.status,
                                .content_type = answer.body.empty() ? "" : "application/json",
                                .body = answer.body,
                                .set = {fields.data(), count}};
  http::append_answer(out, local, outgoing);
}

void set_denial(LocalAnswer& local, const Rules& rules, policy::Reason reason,
                const IpAddress& address, std::string_view token) {
  local.answer = rules.answers.of(reason);
  local.close = reason == policy::Reason::BadTarget;
  if (reason == policy::Reason::IpNotAllowed) {
    local.value.assign(IpText(address).view());
  } else if (local.answer.body.find("{value}") != std::string_view::npos) {
    local.value = policy::mask(token);
  }
}

}  // namespace guarita::proxy
