// Accounts and instances by the thousand: one transaction, every statement prepared once.
#include "store/sqlite/row_io.h"
#include "store/sqlite/sqlite_store.h"

namespace guarita::store::sqlite {
namespace {

StoreResult<void> read_accounts(Database& db, std::span<const std::string_view> ids,
                                NamedRows& out) {
  Statement account =
      db.prepare("SELECT " GUARITA_ACCOUNT_COLUMNS " FROM accounts a WHERE a.id = ?");
  Statement tokens = db.prepare("SELECT " GUARITA_TOKEN_COLUMNS
                                " FROM tokens t WHERE t.account = ? ORDER BY t.created_ms, t.key");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    account.rewind();
    account.bind(ids[i]);
    if (account.next()) {
      NamedRows::Account& found = out.accounts[i].emplace();
      read_account(account, found.row);
      tokens.rewind();
      tokens.bind(found.row.key);
      while (tokens.next()) read_token(tokens, found.tokens.emplace_back());
      if (auto ok = tokens.outcome(); !ok) return ok;
    }
    if (auto ok = account.outcome(); !ok) return ok;
  }
  return {};
}

StoreResult<void> read_instances(Database& db, std::span<const std::string_view> ids,
                                 NamedRows& out) {
  Statement s = db.prepare("SELECT " GUARITA_INSTANCE_COLUMNS
                           ", a.id FROM instances i JOIN accounts a ON a.key = i.account "
                           "WHERE " GUARITA_INSTANCE_HAS_ID);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    s.rewind();
    s.bind(ids[i]);
    if (s.next()) {
      InstanceRow& row = out.instances[i].emplace();
      read_instance(s, row);
      row.account_id = s.text(8);
    }
    if (auto ok = s.outcome(); !ok) return ok;
  }
  return {};
}

}  // namespace

StoreResult<NamedRows> read_named(Database& db, std::span<const std::string_view> account_ids,
                                  std::span<const std::string_view> instance_ids) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Read);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  NamedRows out;
  out.accounts.resize(account_ids.size());
  out.instances.resize(instance_ids.size());
  if (auto ok = read_accounts(db, account_ids, out); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  if (auto ok = read_instances(db, instance_ids, out); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  if (auto ok = transaction->commit(); !ok) return Err<StoreError>(std::move(ok.error()));
  return out;
}

}  // namespace guarita::store::sqlite
