// A user's own profile, password and two-factor.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {
namespace {

Answer codes_reply(const identity::Outcome<std::vector<Secret>>& codes) {
  if (!codes) return Err<Problem>(problem_of(codes.error()));
  boost::json::array shown;
  for (const Secret& code : *codes) shown.emplace_back(code.reveal());
  return Reply{.body = {{"recovery_codes", std::move(shown)}}};
}

Answer empty_reply(const identity::Outcome<void>& done) {
  if (!done) return Err<Problem>(problem_of(done.error()));
  return Reply{.body = boost::json::object()};
}

// {"code"}; a problem when the body holds anything else.
Result<std::string, Problem> code_of(const Call& call) {
  Body body(call.request);
  std::string code = body.required_text("code", kCodeBytesMax);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return code;
}

}  // namespace

Answer update_me(const Call& call) {
  Body body(call.request);
  auto name = body.text("name", kUserNameBytesMax);
  auto language = body.text("language", kLanguageBytesMax);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto done = call.identity.update_profile(call.client, call.session(), std::move(name),
                                                 std::move(language));
  if (!done) return Err<Problem>(problem_of(done.error()));
  return session_reply(call, call.session());
}

Answer change_password(const Call& call) {
  Body body(call.request);
  const Secret current = body.required_secret("current", kPasswordBytesMax);
  const Secret wanted = body.required_secret("password", kPasswordBytesMax);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return empty_reply(call.identity.change_password(call.client, call.session(), current, wanted));
}

Answer begin_two_factor(const Call& call) {
  Body body(call.request);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto setup = call.identity.begin_two_factor(call.session());
  if (!setup) return Err<Problem>(problem_of(setup.error()));
  return Reply{.body = {{"secret", setup->secret.reveal()},
                        {"uri", setup->uri.reveal()},
                        {"qr_svg", setup->qr_svg}}};
}

Answer confirm_two_factor(const Call& call) {
  const auto code = code_of(call);
  if (!code) return Err<Problem>(code.error());
  return codes_reply(call.identity.confirm_two_factor(call.client, call.session(), *code));
}

Answer disable_two_factor(const Call& call) {
  const auto code = code_of(call);
  if (!code) return Err<Problem>(code.error());
  return empty_reply(call.identity.disable_two_factor(call.client, call.session(), *code));
}

Answer new_recovery_codes(const Call& call) {
  const auto code = code_of(call);
  if (!code) return Err<Problem>(code.error());
  return codes_reply(call.identity.new_recovery_codes(call.client, call.session(), *code));
}

}  // namespace guarita::admin
