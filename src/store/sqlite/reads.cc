#include "store/sqlite/row_io.h"
#include "store/sqlite/sqlite_store.h"

namespace guarita::store::sqlite {

namespace {

std::size_t limit_of(const PageRequest& page) {
  return std::clamp<std::size_t>(page.limit, 1, kPageRowsMax);
}

// Reads one row more than asked for: it tells whether there is a next page. The cursor is the id
// of the last row, so a page is found by an index, however far it is.
template <class Row>
StoreResult<Page<Row>> read_page(Statement& s, std::size_t limit,
                                 void (*read)(const Statement&, Row&)) {
  Page<Row> out;
  while (s.next()) {
    if (out.rows.size() == limit) {
      out.next = out.rows.back().id;
      break;
    }
    read(s, out.rows.emplace_back());
  }
  if (auto ok = s.outcome(); !ok) return Err<StoreError>(std::move(ok.error()));
  return out;
}

void read_unknown(const Statement& s, UnknownInstanceRow& row) {
  row = {std::string(s.text(0)), s.time(1), s.time(2), s.count(3)};
}

// As far as one row more than a page has.
StoreResult<void> gather_instances(Statement s, std::size_t limit, std::vector<InstanceRow>& rows) {
  while (rows.size() <= limit && s.next()) {
    InstanceRow& row = rows.emplace_back();
    read_instance(s, row);
    row.account_id = s.text(8);
  }
  return s.outcome();
}

}  // namespace

StoreResult<Page<AccountRow>> read_accounts(Database& db, const AccountFilter& filter,
                                            const PageRequest& page) {
  const std::size_t limit = limit_of(page);
  const std::string pattern = like_pattern_of(filter.search);
  Statement s = db.prepare("SELECT " GUARITA_ACCOUNT_COLUMNS
                           " FROM accounts a WHERE a.id > ?1"
                           " AND (a.id LIKE ?2 ESCAPE '\\' OR a.name LIKE ?2 ESCAPE '\\')"
                           " ORDER BY a.id LIMIT ?3");
  s.bind(page.cursor).bind(pattern).bind(static_cast<std::uint64_t>(limit + 1));
  return read_page<AccountRow>(s, limit, read_account);
}

// The cursor over all accounts is ACCOUNT/INSTANCE, the ids of the last row: neither holds a slash.
StoreResult<Page<InstanceRow>> read_instances(Database& db, const InstanceFilter& filter,
                                              const PageRequest& page) {
  const std::size_t limit = limit_of(page);
  const std::uint64_t most = limit + 1;
  const std::string pattern = filter.search.empty() ? "" : like_pattern_of(filter.search);
  const std::string_view cursor = page.cursor;
  const std::size_t slash = filter.account ? 0 : cursor.find('/');
  const std::string_view account_id = cursor.substr(0, slash);

  std::optional<AccountKey> first = filter.account;
  if (!first && slash != std::string_view::npos) {
    auto account = find_account(db, account_id);
    if (account) {
      first = account->key;
    } else if (account.error().kind != StoreErrorKind::NotFound) {
      return Err<StoreError>(std::move(account.error()));
    }
  }
  Page<InstanceRow> out;
  if (first) {
    Statement s = db.prepare(kInstancesOfAccount);
    s.bind(*first)
        .bind(filter.account ? cursor : cursor.substr(slash + 1))
        .bind(pattern)
        .bind(most);
    auto ok = gather_instances(std::move(s), limit, out.rows);
    if (!ok) return Err<StoreError>(std::move(ok.error()));
  }
  if (!filter.account && out.rows.size() <= limit) {
    Statement s = db.prepare(kInstancesOfLaterAccounts);
    s.bind(account_id).bind(pattern).bind(most);
    auto ok = gather_instances(std::move(s), limit, out.rows);
    if (!ok) return Err<StoreError>(std::move(ok.error()));
  }
  if (out.rows.size() <= limit) return out;
  out.rows.pop_back();
  const InstanceRow& last = out.rows.back();
  out.next = filter.account ? last.id : last.account_id + '/' + last.id;
  return out;
}

StoreResult<Page<UnknownInstanceRow>> read_unknown_instances(Database& db,
                                                             const PageRequest& page) {
  const std::size_t limit = limit_of(page);
  Statement s = db.prepare(
      "SELECT id, first_ms, last_ms, count FROM unknown_instances WHERE id > ?"
      " ORDER BY id LIMIT ?");
  s.bind(page.cursor).bind(static_cast<std::uint64_t>(limit + 1));
  return read_page<UnknownInstanceRow>(s, limit, read_unknown);
}

StoreResult<std::uint64_t> read_account_count(Database& db) {
  auto n = db.number("SELECT count(*) FROM accounts");
  if (!n) return Err<StoreError>(std::move(n.error()));
  return static_cast<std::uint64_t>(*n);
}

StoreResult<std::uint64_t> read_instance_count(Database& db, const std::optional<AccountKey>& of) {
  Statement s = db.prepare(of ? "SELECT count(*) FROM instances WHERE account = ?"
                              : "SELECT count(*) FROM instances");
  if (of) s.bind(*of);
  const std::uint64_t n = s.next() ? s.count(0) : 0;
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return n;
}

StoreResult<std::vector<TokenRow>> read_due_tokens(Database& db, Time now) {
  Statement s = db.prepare(kDueTokens);
  s.bind(now);
  std::vector<TokenRow> rows;
  while (s.next()) read_token(s, rows.emplace_back());
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<bool> read_has_instance_token(Database& db, const AccountKey& account,
                                          const InstanceTokenDigest& digest) {
  Statement s =
      db.prepare("SELECT EXISTS (SELECT 1 FROM instances WHERE account = ? AND token_digest = ?)");
  s.bind(account).bind(digest);
  const bool found = s.next() && s.integer(0) != 0;
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return found;
}

StoreResult<std::vector<AdminTokenRow>> read_admin_tokens(Database& db) {
  Statement s = db.prepare("SELECT " GUARITA_ADMIN_TOKEN_COLUMNS " ORDER BY t.created_ms, t.key");
  std::vector<AdminTokenRow> rows;
  while (s.next()) read_admin_token(s, rows.emplace_back());
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<std::vector<ChangeRow>> read_changes(Database& db, Revision since, std::size_t limit) {
  Statement s = db.prepare(
      "SELECT revision, kind, key, row_before FROM changes WHERE revision > ?"
      " ORDER BY revision LIMIT ?");
  s.bind(since).bind(static_cast<std::uint64_t>(limit));
  std::vector<ChangeRow> rows;
  while (s.next()) {
    ChangeRow& row = rows.emplace_back();
    row.revision = s.count(0);
    for (const ChangeKind kind : {ChangeKind::Instance, ChangeKind::AdminToken, ChangeKind::User}) {
      if (text_of(kind) == s.text(1)) row.kind = kind;
    }
    row.key = s.uuid(2);
    row.row_before = s.fixed<32>(3);
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

namespace {

// Accounts, tokens and IP entries come as three streams in the order of the account's key, and
// are merged: three statements for the whole store instead of two per account.
class AccountStream {
 public:
  explicit AccountStream(Database& db)
      : accounts_(db.prepare("SELECT " GUARITA_ACCOUNT_COLUMNS " FROM accounts a ORDER BY a.key")),
        tokens_(db.prepare("SELECT " GUARITA_TOKEN_COLUMNS
                           " FROM tokens t ORDER BY t.account, t.created_ms, t.key")),
        entries_(db.prepare("SELECT account, network, prefix, note FROM ip_entries"
                            " ORDER BY account, place")) {}

  StoreResult<void> run(SnapshotVisitor& visitor) {
    bool token_left = tokens_.next();
    bool entry_left = entries_.next();
    AccountRow account;
    std::vector<TokenRow> tokens;
    std::vector<IpEntry> list;
    while (accounts_.next()) {
      read_account(accounts_, account);
      list.clear();
      std::size_t used = 0;
      for (; token_left && tokens_.uuid(1) == account.key.uuid; token_left = tokens_.next()) {
        if (used == tokens.size()) tokens.emplace_back();
        read_token(tokens_, tokens[used++]);
      }
      for (; entry_left && entries_.uuid(0) == account.key.uuid; entry_left = entries_.next()) {
        list.push_back(read_ip_entry(entries_, 1));
      }
      visitor.account(account, std::span(tokens.data(), used), list);
    }
    for (Statement* s : {&accounts_, &tokens_, &entries_}) {
      if (auto ok = s->outcome(); !ok) return ok;
    }
    return {};
  }

 private:
  Statement accounts_;
  Statement tokens_;
  Statement entries_;
};

}  // namespace

StoreResult<Revision> stream_all(Database& db, SnapshotVisitor& visitor) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Read);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  if (auto ok = AccountStream(db).run(visitor); !ok) return Err<StoreError>(std::move(ok.error()));
  Statement s = db.prepare("SELECT id, account, upstream, token_digest FROM instances");
  InstanceRow row;
  while (s.next()) {
    row.id = s.text(0);
    row.account.uuid = s.uuid(1);
    row.upstream = s.text(2);
    row.token.reset();
    if (!s.is_null(3)) row.token = s.fixed<16>(3);
    visitor.instance(row);
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return info->revision;
}

}  // namespace guarita::store::sqlite
