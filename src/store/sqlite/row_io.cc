#include "store/sqlite/row_io.h"

#include "store/sqlite/encode.h"
#include "store/sqlite/schema.h"

namespace guarita::store::sqlite {

bool is_dead(TokenState state) {
  return state == TokenState::Revoked || state == TokenState::Expired;
}

std::string_view text_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::Account: return "account";
    case ChangeKind::Instance: return "instance";
    case ChangeKind::AdminToken: return "admin_token";
    case ChangeKind::User: return "user";
  }
  return "account";
}

std::string_view text_of(ActorKind kind) {
  switch (kind) {
    case ActorKind::System: return "system";
    case ActorKind::Operator: return "operator";
    case ActorKind::AdminToken: return "admin_token";
    case ActorKind::User: return "user";
  }
  return "system";
}

std::string like_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string like_pattern_of(std::string_view search) {
  return search.empty() ? "%" : "%" + like_escaped(search) + "%";
}

StoreResult<void> raise_newest(Database& db, Time at) {
  return db.run("UPDATE store SET newest_ms = ?1 WHERE one = 1 AND newest_ms < ?1", at);
}

void read_account(const Statement& s, AccountRow& row) {
  row.key.uuid = s.uuid(0);
  row.id = s.text(1);
  row.name = s.text(2);
  row.enforce = s.integer(3) != 0;
  row.revision = s.count(4);
  row.created_at = s.time(5);
}

void read_instance(const Statement& s, InstanceRow& row) {
  row.key.uuid = s.uuid(0);
  row.id = s.text(1);
  row.account.uuid = s.uuid(2);
  row.account_id.clear();
  row.name = s.text(3);
  row.upstream = s.text(4);
  row.token.reset();
  if (!s.is_null(5)) row.token = s.fixed<16>(5);
  row.revision = s.count(6);
  row.created_at = s.time(7);
}

void read_token(const Statement& s, TokenRow& row) {
  row.key.uuid = s.uuid(0);
  row.account.uuid = s.uuid(1);
  row.digest = s.fixed<32>(2);
  row.hint = s.text(3);
  // The schema's CHECK lets no other word in.
  row.state = policy::parse_token_state(s.text(4)).value_or(TokenState::Revoked);
  row.weak = s.integer(5) != 0;
  row.created_at = s.time(6);
  row.expires_at = s.maybe_time(7);
  row.retires_at = s.maybe_time(8);
  row.ended_at = s.maybe_time(9);
  row.last_used_at = s.maybe_time(10);
  const Bytes sealed = s.bytes(11);
  row.sealed.assign(sealed.begin(), sealed.end());
  row.sealed_key_id = s.text(12);
}

void read_audit(const Statement& s, AuditRow& row) {
  row.seq = s.count(0);
  row.revision = s.count(1);
  row.at = s.time(2);
  row.actor_kind = s.text(3);
  row.actor_name = s.text(4);
  row.request_id = s.text(5);
  row.verb = s.text(6);
  row.subject = s.text(7);
  row.detail = s.text(8);
  row.previous = s.fixed<32>(10);
  row.hash = s.fixed<32>(11);
}

IpEntry read_ip_entry(const Statement& s, int first_column) {
  IpEntry entry;
  entry.cidr.network.bytes = s.fixed<16>(first_column);
  entry.cidr.prefix_bits = static_cast<std::uint8_t>(s.integer(first_column + 1));
  entry.note = s.text(first_column + 2);
  return entry;
}

namespace {

template <class Row, class Bound>
StoreResult<Row> find_one(Database& db, std::string_view sql, const Bound& bound,
                          void (*read)(const Statement&, Row&), std::string missing,
                          const char* remedy) {
  Statement s = db.prepare(sql);
  s.bind(bound);
  Row row;
  const bool found = s.next();
  if (found) read(s, row);
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (!found) return Err<StoreError>(refuse(StoreErrorKind::NotFound, std::move(missing), remedy));
  return row;
}

void read_instance_and_owner(const Statement& s, InstanceRow& row) {
  read_instance(s, row);
  row.account_id = s.text(8);
}

}  // namespace

StoreResult<AccountRow> find_account(Database& db, const AccountKey& key) {
  return find_one<AccountRow>(
      db, "SELECT " GUARITA_ACCOUNT_COLUMNS " FROM accounts a WHERE a.key = ?", key, read_account,
      "the account does not exist", "guarita account list");
}

StoreResult<AccountRow> find_account(Database& db, std::string_view id) {
  return find_one<AccountRow>(
      db, "SELECT " GUARITA_ACCOUNT_COLUMNS " FROM accounts a WHERE a.id = ?", id, read_account,
      "the account '" + std::string(id) + "' does not exist", "guarita account list");
}

StoreResult<InstanceRow> find_instance(Database& db, const InstanceKey& key) {
  return find_one<InstanceRow>(
      db,
      "SELECT " GUARITA_INSTANCE_COLUMNS
      ", a.id FROM instances i JOIN accounts a ON a.key = i.account WHERE i.key = ?",
      key, read_instance_and_owner, "the instance does not exist", "guarita instance list");
}

StoreResult<InstanceRow> find_instance(Database& db, std::string_view id) {
  return find_one<InstanceRow>(
      db,
      "SELECT " GUARITA_INSTANCE_COLUMNS
      ", a.id FROM instances i JOIN accounts a ON a.key = i.account WHERE " GUARITA_INSTANCE_HAS_ID,
      id, read_instance_and_owner, "the instance '" + std::string(id) + "' does not exist",
      "guarita instance list");
}

void read_admin_token(const Statement& s, AdminTokenRow& row) {
  row.key.uuid = s.uuid(0);
  row.digest = s.fixed<32>(1);
  row.scope = s.text(2);
  if (!s.is_null(3)) row.account = AccountKey{s.uuid(3)};
  row.account_id = s.text(4);
  row.name = s.text(5);
  row.created_at = s.time(6);
  row.revoked_at = s.maybe_time(7);
  row.last_used_at = s.maybe_time(8);
}

StoreResult<AdminTokenRow> find_admin_token(Database& db, const AdminTokenKey& key) {
  return find_one<AdminTokenRow>(db, "SELECT " GUARITA_ADMIN_TOKEN_COLUMNS " WHERE t.key = ?", key,
                                 read_admin_token, "the admin token does not exist",
                                 "guarita admin-token list");
}

StoreResult<AdminTokenRow> find_admin_token(Database& db, const crypto::Digest& digest) {
  return find_one<AdminTokenRow>(db, "SELECT " GUARITA_ADMIN_TOKEN_COLUMNS " WHERE t.digest = ?",
                                 digest, read_admin_token, "the admin token does not exist",
                                 "guarita admin-token list");
}

StoreResult<std::vector<TokenRow>> find_tokens(Database& db, const AccountKey& account) {
  Statement s = db.prepare("SELECT " GUARITA_TOKEN_COLUMNS
                           " FROM tokens t WHERE t.account = ? ORDER BY t.created_ms, t.key");
  s.bind(account);
  std::vector<TokenRow> rows;
  while (s.next()) read_token(s, rows.emplace_back());
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<std::vector<IpEntry>> find_ip_list(Database& db, const AccountKey& account) {
  Statement s =
      db.prepare("SELECT network, prefix, note FROM ip_entries WHERE account = ? ORDER BY place");
  s.bind(account);
  std::vector<IpEntry> rows;
  while (s.next()) rows.push_back(read_ip_entry(s, 0));
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<StoreInfo> read_info(Database& db) {
  auto version = schema_version(db);
  if (!version) return Err<StoreError>(std::move(version.error()));
  Statement s = db.prepare(
      "SELECT id, epoch, revision, audit_seq, audit_head, newest_ms FROM store WHERE one = 1");
  StoreInfo info;
  const bool found = s.next();
  if (found) {
    info = StoreInfo{.store_id = s.uuid(0),
                     .epoch = s.count(1),
                     .revision = s.count(2),
                     .head = {s.count(3), s.fixed<32>(4)},
                     .newest = s.time(5),
                     .schema = *version};
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (!found) return Err<StoreError>(db.error(SQLITE_CORRUPT, "the store row is missing"));
  return info;
}

namespace {

std::uint64_t millis(Time t) {
  return static_cast<std::uint64_t>(t.time_since_epoch().count());
}
std::uint64_t millis(const std::optional<Time>& t) {
  return t ? millis(*t) : 0;
}

}  // namespace

StoreResult<crypto::Digest> hash_account(Database& db, const AccountKey& key) {
  auto account = find_account(db, key);
  if (!account) {
    if (account.error().kind == StoreErrorKind::NotFound) return crypto::Digest{};
    return Err<StoreError>(std::move(account.error()));
  }
  RowEncoder out;
  out.put(account->key.uuid.bytes).put(account->id).put(account->name);
  out.put(std::uint64_t{account->enforce}).put(account->revision);
  out.put(millis(account->created_at));
  Statement live = db.prepare("SELECT " GUARITA_TOKEN_COLUMNS
                              " FROM tokens t WHERE t.account = ? AND t.ended_ms IS NULL"
                              " ORDER BY t.key");
  live.bind(key);
  TokenRow token;
  while (live.next()) {
    read_token(live, token);
    out.put(token.key.uuid.bytes).put(token.digest).put(text_of(token.state));
    out.put(millis(token.expires_at)).put(millis(token.retires_at));
  }
  if (auto ok = live.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  auto list = find_ip_list(db, key);
  if (!list) return Err<StoreError>(std::move(list.error()));
  for (const IpEntry& entry : *list) {
    out.put(entry.cidr.network.bytes).put(std::uint64_t{entry.cidr.prefix_bits}).put(entry.note);
  }
  return out.digest();
}

crypto::Digest hash_instance(const InstanceRow& row) {
  RowEncoder out;
  out.put(row.key.uuid.bytes).put(row.id).put(row.account.uuid.bytes).put(row.name);
  out.put(row.upstream).put(std::uint64_t{row.token.has_value()});
  if (row.token) out.put(*row.token);
  out.put(row.revision).put(millis(row.created_at));
  return out.digest();
}

crypto::Digest hash_admin_token(const AdminTokenRow& row) {
  RowEncoder out;
  out.put(row.key.uuid.bytes).put(row.digest).put(row.scope);
  out.put(row.account ? row.account->uuid.bytes : Uuid{}.bytes).put(row.name);
  out.put(millis(row.created_at)).put(millis(row.revoked_at));
  return out.digest();
}

}  // namespace guarita::store::sqlite
