#include "admin/session_json.h"

#include "admin/cookies.h"
#include "admin/json.h"
#include "admin/site.h"

namespace guarita::admin {
namespace json = boost::json;
namespace {

Transport transport_of(const Call& call) {
  return admin::transport_of(call.request, call.console.public_url);
}

Framing framing_of(const Call& call) {
  return call.console.frame_origins.empty() ? Framing::Refused : Framing::Listed;
}

json::array memberships_of(const store::UserRow& user, std::optional<std::string_view> only) {
  json::array rows;
  for (const store::MembershipRow& row : user.memberships) {
    if (only && row.account_id != *only) continue;
    rows.push_back({{"account", row.account_id}, {"role", text_of(row.role)}});
  }
  return rows;
}

json::object json_of_user(const store::UserRow& user, std::optional<std::string_view> only) {
  return {{"id", user.key.text()},
          {"email", user.email},
          {"name", user.name},
          {"language", user.language},
          {"operator", user.is_operator},
          {"two_factor", !user.totp_sealed.empty()},
          {"memberships", memberships_of(user, only)},
          {"has_password", !user.password_hash.empty()},
          {"created_at", format_rfc3339(user.created_at)},
          {"last_login_at", json_of(user.last_login_at)}};
}

// An account that is gone since the session was read is left out.
Result<json::array, Problem> accounts_of(const Call& call,
                                         const std::vector<store::MembershipRow>& memberships) {
  json::array accounts;
  for (const store::MembershipRow& membership : memberships) {
    const auto view = call.control.account(membership.account_id);
    if (!view && view.error().code == control::ErrorCode::AccountNotFound) continue;
    if (!view) return Err<Problem>(problem_of(view.error()));
    accounts.push_back({{"id", view->row.id},
                        {"name", view->row.name},
                        {"role", text_of(membership.role)},
                        {"mode", policy::text_of(view->mode)}});
  }
  return accounts;
}

json::object json_of_self(const store::UserRow& user) {
  return {{"id", user.key.text()},
          {"email", user.email},
          {"name", user.name},
          {"language", user.language},
          {"operator", user.is_operator},
          {"two_factor", !user.totp_sealed.empty()},
          {"recovery_codes_left", user.recovery_codes_left},
          {"created_at", format_rfc3339(user.created_at)}};
}

}  // namespace

std::string_view text_of(store::Role role) {
  switch (role) {
    case store::Role::Viewer: return "viewer";
    case store::Role::Owner: return "owner";
  }
  return "viewer";
}

std::optional<store::Role> parse_role(std::string_view text) {
  if (text == "viewer") return store::Role::Viewer;
  if (text == "owner") return store::Role::Owner;
  return std::nullopt;
}

json::array rights_of(const identity::Session& session) {
  json::array rights;
  if (session.may(identity::LinkRight::View)) rights.emplace_back("view");
  if (session.may(identity::LinkRight::Rotate)) rights.emplace_back("rotate");
  if (session.may(identity::LinkRight::Activate)) rights.emplace_back("activate");
  return rights;
}

json::object json_of(const store::UserRow& user) {
  return json_of_user(user, std::nullopt);
}

json::object json_of_member(const store::UserRow& user, std::string_view account) {
  json::object out = json_of_user(user, account);
  for (const store::MembershipRow& row : user.memberships) {
    if (row.account_id == account) out["role"] = text_of(row.role);
  }
  return out;
}

json::object json_of(const Call& call, const identity::LinkMade& link) {
  std::string base = call.console.public_url;
  if (base.empty() && call.console.console_bound) base = call.console.console_bound();
  while (base.ends_with('/')) base.pop_back();
  return {{"url", base + "/#/link/" + std::string(link.token.reveal())},
          {"expires_at", format_rfc3339(link.row.expires_at)}};
}

Answer session_reply(const Call& call, const identity::Session& session) {
  json::value user;
  json::value link;
  std::vector<store::MembershipRow> memberships;
  if (session.user) {
    const auto row = call.identity.user(session.user->key);
    if (!row) return Err<Problem>(problem_of(row.error()));
    user = json_of_self(*row);
    if (!row->is_operator) memberships = row->memberships;
  } else {
    link = {{"account", session.row.account_id},
            {"rights", rights_of(session)},
            {"end_user", session.row.end_user}};
    memberships.push_back({.account = session.row.account.value_or(AccountKey{}),
                           .account_id = session.row.account_id,
                           .role = store::Role::Viewer});
  }
  auto accounts = accounts_of(call, memberships);
  if (!accounts) return Err<Problem>(accounts.error());
  // A console link is never asked for a password: it stays fresh until it ends.
  const Time fresh_until = session.user ? session.fresh_until : session.row.expires_at;
  return Reply{.body = {{"user", std::move(user)},
                        {"accounts", std::move(*accounts)},
                        {"link", std::move(link)},
                        {"session",
                         {{"id", session.row.key.text()},
                          {"expires_at", format_rfc3339(session.row.expires_at)},
                          {"idle_expires_at", format_rfc3339(session.idle_expires_at)},
                          {"fresh_until", format_rfc3339(fresh_until)}}},
                        {"csrf", session.csrf.reveal()}}};
}

Answer signed_in_reply(const Call& call, const identity::SignedIn& signed_in) {
  Answer answer = session_reply(call, signed_in.session);
  if (!answer) return answer;
  const CookieKind kind = signed_in.session.user ? CookieKind::User : CookieKind::Link;
  const CookieKind other = signed_in.session.user ? CookieKind::Link : CookieKind::User;
  const Transport transport = transport_of(call);
  const Framing framing = framing_of(call);
  answer->headers.emplace_back("Set-Cookie",
                               set_cookie(kind, transport, framing, signed_in.cookie.reveal()));
  answer->headers.emplace_back("Set-Cookie", clear_cookie(other, transport, framing));
  return answer;
}

Reply signed_out_reply(const Call& call) {
  Reply reply{.status = 200, .body = json::object()};
  for (const CookieKind kind : {CookieKind::User, CookieKind::Link}) {
    reply.headers.emplace_back("Set-Cookie",
                               clear_cookie(kind, transport_of(call), framing_of(call)));
  }
  return reply;
}

}  // namespace guarita::admin
