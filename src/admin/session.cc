// Signing in and out, and a user's own sessions.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {

Answer show_session(const Call& call) {
  return session_reply(call, call.session());
}

Answer sign_in(const Call& call) {
  Body body(call.request);
  const std::string email = body.required_text("email", kEmailBytesMax);
  const Secret password = body.required_secret("password", kPasswordBytesMax);
  const std::string code = body.text("code", kCodeBytesMax).value_or("");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto signed_in = call.identity.sign_in(call.client, email, password, code);
  if (!signed_in) return Err<Problem>(problem_of(signed_in.error()));
  return signed_in_reply(call, *signed_in);
}

Answer sign_out(const Call& call) {
  Body body(call.request);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto done = call.identity.sign_out(call.client, call.session());
  if (!done) return Err<Problem>(problem_of(done.error()));
  return signed_out_reply(call);
}

Answer reauthenticate(const Call& call) {
  Body body(call.request);
  const Secret password = body.required_secret("password", kPasswordBytesMax);
  const std::string code = body.text("code", kCodeBytesMax).value_or("");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto fresh = call.identity.reauthenticate(call.client, call.session(), password, code);
  if (!fresh) return Err<Problem>(problem_of(fresh.error()));
  return Reply{.body = {{"fresh_until", format_rfc3339(*fresh)}}};
}

Answer list_sessions(const Call& call) {
  const auto rows = call.identity.sessions(call.session());
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  boost::json::array items;
  for (const store::SessionRow& row : *rows) {
    items.push_back({{"id", row.key.text()},
                     {"current", row.key == call.session().row.key},
                     {"created_at", format_rfc3339(row.created_at)},
                     {"last_seen_at", format_rfc3339(row.last_seen_at)},
                     {"address", row.address},
                     {"user_agent", row.user_agent}});
  }
  return Reply{.body = {{"items", std::move(items)}}};
}

Answer end_session(const Call& call) {
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(problem(Code::SessionNotFound, "you have no such session"));
  const auto done = call.identity.end_session(call.client, call.session(), SessionKey{*id});
  if (!done) return Err<Problem>(problem_of(done.error()));
  // One's own ends like a logout.
  if (SessionKey{*id} == call.session().row.key) return signed_out_reply(call);
  return Reply{.body = boost::json::object()};
}

Answer end_other_sessions(const Call& call) {
  Body body(call.request);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto done = call.identity.end_other_sessions(call.client, call.session());
  if (!done) return Err<Problem>(problem_of(done.error()));
  return Reply{.body = boost::json::object()};
}

}  // namespace guarita::admin
