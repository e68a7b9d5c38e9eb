#include "store/sqlite/user_rows.h"

#include <algorithm>

#include "store/sqlite/encode.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

std::string_view text_of(Role role) {
  switch (role) {
    case Role::Viewer: return "viewer";
    case Role::Owner: return "owner";
  }
  return "viewer";
}

std::string_view text_of(LinkKind kind) {
  switch (kind) {
    case LinkKind::Invitation: return "invitation";
    case LinkKind::Reset: return "reset";
    case LinkKind::Console: return "console";
  }
  return "invitation";
}

namespace {

#define GUARITA_USER_COLUMNS                                                                     \
  "u.key, u.email, u.email_folded, u.name, u.language, u.is_operator, u.password_hash, "         \
  "u.password_changed_ms, u.totp_sealed, u.totp_key_id, u.totp_last_step, u.revision, "          \
  "u.created_ms, u.last_login_ms, (SELECT count(*) FROM recovery_codes c WHERE c.user = u.key) " \
  "FROM users u"
#define GUARITA_SESSION_COLUMNS                                                    \
  "s.key, s.digest, s.user, s.account, coalesce(a.id, ''), s.rights, s.end_user, " \
  "s.address, s.user_agent, s.created_ms, s.last_seen_ms, s.expires_ms, "          \
  "s.reauthenticated_ms FROM sessions s LEFT JOIN accounts a ON a.key = s.account"
#define GUARITA_LINK_COLUMNS                                                               \
  "l.key, l.digest, l.kind, l.user, l.account, coalesce(a.id, ''), l.rights, l.end_user, " \
  "l.created_ms, l.expires_ms, l.used_ms FROM links l LEFT JOIN accounts a ON a.key = l.account"
#define GUARITA_USERS_AFTER "SELECT " GUARITA_USER_COLUMNS " WHERE u.email_folded > ?"
#define GUARITA_USERS_OF \
  " AND EXISTS (SELECT 1 FROM memberships m WHERE m.user = u.key AND m.account = ?)"
#define GUARITA_USERS_LIKE " AND (u.email LIKE ? ESCAPE '\\' OR u.name LIKE ? ESCAPE '\\')"
#define GUARITA_USERS_ORDER " ORDER BY u.email_folded LIMIT ?"

void read_user_row(const Statement& s, UserRow& row) {
  row.key.uuid = s.uuid(0);
  row.email = s.text(1);
  row.email_folded = s.text(2);
  row.name = s.text(3);
  row.language = s.text(4);
  row.is_operator = s.integer(5) != 0;
  row.password_hash = s.text(6);
  row.password_changed_at = s.maybe_time(7);
  const Bytes sealed = s.bytes(8);
  row.totp_sealed.assign(sealed.begin(), sealed.end());
  row.totp_key_id = s.text(9);
  row.totp_last_step = s.count(10);
  row.revision = s.count(11);
  row.created_at = s.time(12);
  row.last_login_at = s.maybe_time(13);
  row.recovery_codes_left = static_cast<unsigned>(s.count(14));
}

void read_session_row(const Statement& s, SessionRow& row) {
  row.key.uuid = s.uuid(0);
  row.digest = s.fixed<32>(1);
  if (!s.is_null(2)) row.user = UserKey{s.uuid(2)};
  if (!s.is_null(3)) row.account = AccountKey{s.uuid(3)};
  row.account_id = s.text(4);
  row.rights = s.text(5);
  row.end_user = s.text(6);
  row.address = s.text(7);
  row.user_agent = s.text(8);
  row.created_at = s.time(9);
  row.last_seen_at = s.time(10);
  row.expires_at = s.time(11);
  row.reauthenticated_at = s.maybe_time(12);
}

void read_link_row(const Statement& s, LinkRow& row) {
  row.key.uuid = s.uuid(0);
  row.digest = s.fixed<32>(1);
  for (const LinkKind kind : {LinkKind::Reset, LinkKind::Console}) {
    if (text_of(kind) == s.text(2)) row.kind = kind;
  }
  if (!s.is_null(3)) row.user = UserKey{s.uuid(3)};
  if (!s.is_null(4)) row.account = AccountKey{s.uuid(4)};
  row.account_id = s.text(5);
  row.rights = s.text(6);
  row.end_user = s.text(7);
  row.created_at = s.time(8);
  row.expires_at = s.time(9);
  row.used_at = s.maybe_time(10);
}

StoreResult<void> read_memberships(Database& db, UserRow& row) {
  Statement s = db.prepare(
      "SELECT m.account, a.id, m.role FROM memberships m JOIN accounts a ON a.key = m.account"
      " WHERE m.user = ? ORDER BY a.id");
  s.bind(row.key);
  while (s.next()) {
    row.memberships.push_back({.account = AccountKey{s.uuid(0)},
                               .account_id = std::string(s.text(1)),
                               .role = s.text(2) == "owner" ? Role::Owner : Role::Viewer});
  }
  return s.finish();
}

template <class Row, class Bound>
StoreResult<Row> find_one(Database& db, std::string_view sql, const Bound& bound,
                          void (*read)(const Statement&, Row&), const char* missing,
                          const char* remedy) {
  Statement s = db.prepare(sql);
  s.bind(bound);
  Row row;
  const bool found = s.next();
  if (found) read(s, row);
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (!found) return Err<StoreError>(refuse(StoreErrorKind::NotFound, missing, remedy));
  return row;
}

template <class Bound>
StoreResult<UserRow> find_user_by(Database& db, std::string_view sql, const Bound& bound) {
  auto row = find_one<UserRow>(db, sql, bound, read_user_row, "the user does not exist",
                               "guarita user list");
  if (!row) return row;
  if (auto ok = read_memberships(db, *row); !ok) return Err<StoreError>(std::move(ok.error()));
  return row;
}

constexpr const char* kNoSession = "the session does not exist or has ended";
constexpr const char* kNoLink = "the link does not exist";

}  // namespace

StoreResult<UserRow> find_user(Database& db, const UserKey& key) {
  return find_user_by(db, "SELECT " GUARITA_USER_COLUMNS " WHERE u.key = ?", key);
}

StoreResult<UserRow> find_user(Database& db, std::string_view email_folded) {
  return find_user_by(db, "SELECT " GUARITA_USER_COLUMNS " WHERE u.email_folded = ?", email_folded);
}

StoreResult<SessionRow> find_session(Database& db, const SessionKey& key) {
  return find_one<SessionRow>(db, "SELECT " GUARITA_SESSION_COLUMNS " WHERE s.key = ?", key,
                              read_session_row, kNoSession, "sign in again");
}

StoreResult<SessionRow> find_session(Database& db, const crypto::Digest& digest) {
  return find_one<SessionRow>(db, "SELECT " GUARITA_SESSION_COLUMNS " WHERE s.digest = ?", digest,
                              read_session_row, kNoSession, "sign in again");
}

StoreResult<LinkRow> find_link(Database& db, const LinkKey& key) {
  return find_one<LinkRow>(db, "SELECT " GUARITA_LINK_COLUMNS " WHERE l.key = ?", key,
                           read_link_row, kNoLink, "ask for a new link");
}

StoreResult<LinkRow> find_link(Database& db, const crypto::Digest& digest) {
  return find_one<LinkRow>(db, "SELECT " GUARITA_LINK_COLUMNS " WHERE l.digest = ?", digest,
                           read_link_row, kNoLink, "ask for a new link");
}

crypto::Digest hash_user(const UserRow& row) {
  const auto millis = [](Time t) {
    return static_cast<std::uint64_t>(t.time_since_epoch().count());
  };
  RowEncoder out;
  out.put(row.key.uuid.bytes).put(row.email).put(row.email_folded).put(row.name);
  out.put(row.language).put(std::uint64_t{row.is_operator}).put(row.password_hash);
  out.put(millis(row.password_changed_at.value_or(Time{})));
  out.put(row.totp_sealed).put(row.totp_key_id).put(row.revision).put(millis(row.created_at));
  for (const MembershipRow& m : row.memberships) {
    out.put(m.account.uuid.bytes).put(text_of(m.role));
  }
  return out.digest();
}

namespace {

// A user is two statements: in one transaction, so that they see the same commit.
template <class Bound>
StoreResult<UserRow> read_user_by(Database& db, const Bound& bound) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Read);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  return find_user(db, bound);
}

std::string_view users_sql(bool of_one_account, bool searched) {
  if (of_one_account && searched) {
    return GUARITA_USERS_AFTER GUARITA_USERS_OF GUARITA_USERS_LIKE GUARITA_USERS_ORDER;
  }
  if (of_one_account) return GUARITA_USERS_AFTER GUARITA_USERS_OF GUARITA_USERS_ORDER;
  if (searched) return GUARITA_USERS_AFTER GUARITA_USERS_LIKE GUARITA_USERS_ORDER;
  return GUARITA_USERS_AFTER GUARITA_USERS_ORDER;
}

}  // namespace

StoreResult<UserRow> read_user(Database& db, const UserKey& key) {
  return read_user_by(db, key);
}

StoreResult<UserRow> read_user(Database& db, std::string_view email_folded) {
  return read_user_by(db, email_folded);
}

StoreResult<Page<UserRow>> read_users(Database& db, const UserFilter& filter,
                                      const PageRequest& page) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Read);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  const std::size_t limit = std::clamp<std::size_t>(page.limit, 1, kPageRowsMax);
  const bool searched = !filter.search.empty();
  const std::string pattern = like_pattern_of(filter.search);
  Page<UserRow> out;
  {
    Statement s = db.prepare(users_sql(filter.member_of.has_value(), searched));
    s.bind(page.cursor);
    if (filter.member_of) s.bind(*filter.member_of);
    if (searched) s.bind(pattern).bind(pattern);
    s.bind(static_cast<std::uint64_t>(limit + 1));
    while (s.next()) {
      if (out.rows.size() == limit) {
        out.next = out.rows.back().email_folded;
        break;
      }
      read_user_row(s, out.rows.emplace_back());
    }
    if (auto ok = s.outcome(); !ok) return Err<StoreError>(std::move(ok.error()));
  }
  for (UserRow& row : out.rows) {
    if (auto ok = read_memberships(db, row); !ok) return Err<StoreError>(std::move(ok.error()));
  }
  return out;
}

StoreResult<std::vector<SessionRow>> read_sessions(Database& db, const UserKey& user) {
  Statement s = db.prepare("SELECT " GUARITA_SESSION_COLUMNS
                           " WHERE s.user = ? ORDER BY s.created_ms DESC, s.key DESC");
  s.bind(user);
  std::vector<SessionRow> rows;
  while (s.next()) read_session_row(s, rows.emplace_back());
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<void> write_session_seen(Database& db, const SessionKey& key, Time at) {
  auto done =
      db.run("UPDATE sessions SET last_seen_ms = ?1 WHERE key = ?2 AND last_seen_ms < ?1", at, key);
  if (!done) return done;
  return raise_newest(db, at);
}

StoreResult<void> write_reauthenticated(Database& db, const SessionKey& key, Time at) {
  auto done = db.run(
      "UPDATE sessions SET reauthenticated_ms = ?1 WHERE key = ?2"
      " AND coalesce(reauthenticated_ms, -1) < ?1",
      at, key);
  if (!done) return done;
  return raise_newest(db, at);
}

StoreResult<bool> write_totp_step(Database& db, const UserKey& user, std::uint64_t step) {
  auto done = db.run(
      "UPDATE users SET totp_last_step = ?1 WHERE key = ?2 AND totp_sealed <> x''"
      " AND totp_last_step < ?1",
      step, user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return db.changed_rows() == 1;
}

StoreResult<bool> write_recovery_code_use(Database& db, const UserKey& user,
                                          const crypto::Digest& code) {
  auto done = db.run("DELETE FROM recovery_codes WHERE user = ? AND digest = ?", user, code);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return db.changed_rows() == 1;
}

StoreResult<void> prune_sessions_and_links(Database& db, Time ended_before) {
  auto done = db.run("DELETE FROM sessions WHERE expires_ms < ?", ended_before);
  if (!done) return done;
  return db.run("DELETE FROM links WHERE expires_ms < ?", ended_before);
}

}  // namespace guarita::store::sqlite
