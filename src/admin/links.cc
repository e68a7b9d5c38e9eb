// One-time links: invitations, password resets, and consoles of one account.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {
namespace {

std::string_view text_of(store::LinkKind kind) {
  switch (kind) {
    case store::LinkKind::Invitation: return "invitation";
    case store::LinkKind::Reset: return "reset";
    case store::LinkKind::Console: return "console";
  }
  return "invitation";
}

}  // namespace

Answer inspect_link(const Call& call) {
  Body body(call.request);
  const Secret token = body.required_secret("token", kLinkTokenBytesMax);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto link = call.identity.inspect_link(call.client, token);
  if (!link) return Err<Problem>(problem_of(link.error()));
  return Reply{.body = {{"kind", text_of(link->kind)},
                        {"email", link->email},
                        {"name", link->name},
                        {"account", text_or_null(link->account_id)},
                        {"expires_at", format_rfc3339(link->expires_at)}}};
}

Answer redeem_link(const Call& call) {
  Body body(call.request);
  const Secret token = body.required_secret("token", kLinkTokenBytesMax);
  auto password = body.secret("password", kPasswordBytesMax);
  const std::string code = body.text("code", kCodeBytesMax).value_or("");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto signed_in = call.identity.redeem_link(
      call.client, token, password ? std::move(*password) : Secret(), code);
  if (!signed_in) return Err<Problem>(problem_of(signed_in.error()));
  return signed_in_reply(call, *signed_in);
}

}  // namespace guarita::admin
