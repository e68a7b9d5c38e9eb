// Short ways to write users, sessions and links. The digests: link n has digest(100 + n), session
// n has digest(200 + n).
#pragma once

#include "store/test_support.h"

namespace guarita::store::test {

inline CreateUser new_user(std::uint64_t n, std::string email) {
  UserRow row;
  row.key = user_key(n);
  row.email_folded = email;
  row.email = std::move(email);
  return {row};
}
inline SessionRow session_row(std::uint64_t n) {
  SessionRow row;
  row.key = session_key(n);
  row.digest = digest(200 + n);
  row.address = "192.0.2.9";
  row.user_agent = "Browser/1";
  row.expires_at = at(10'000);
  row.reauthenticated_at = at(0);
  return row;
}
inline SessionRow session_of_user(std::uint64_t n, std::uint64_t user) {
  SessionRow row = session_row(n);
  row.user = user_key(user);
  return row;
}
inline SessionRow session_of_account(std::uint64_t n, std::uint64_t account) {
  SessionRow row = session_row(n);
  row.account = account_key(account);
  row.rights = "view rotate";
  row.end_user = "cliente-1";
  return row;
}
inline LinkRow link_row(std::uint64_t n, LinkKind kind) {
  LinkRow row;
  row.key = link_key(n);
  row.digest = digest(100 + n);
  row.kind = kind;
  row.expires_at = at(1000);
  return row;
}
inline LinkRow reset_link(std::uint64_t n, std::uint64_t user) {
  LinkRow row = link_row(n, LinkKind::Reset);
  row.user = user_key(user);
  return row;
}
inline LinkRow console_link(std::uint64_t n, std::uint64_t account) {
  LinkRow row = link_row(n, LinkKind::Console);
  row.account = account_key(account);
  row.rights = "view rotate";
  row.end_user = "cliente-1";
  return row;
}

}  // namespace guarita::store::test
