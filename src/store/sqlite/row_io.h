// Rows out of statements, and the words that the columns use.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace guarita::store::sqlite {

bool is_dead(TokenState state);
std::string_view text_of(ChangeKind kind);
std::string_view text_of(ActorKind kind);

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
// For LIKE ... ESCAPE '\\': the text, whose own signs lose their meaning; and '%text%'.
std::string like_escaped(std::string_view text);
std::string like_pattern_of(std::string_view search);
// The store's newest time, which is the floor of the clock, in the caller's transaction.
StoreResult<void> raise_newest(Database& db, Time at);

inline StoreError refuse(StoreErrorKind kind, std::string text, std::string remedy) {
  return StoreError{
      .kind = kind, .text = std::move(text), .remedy = std::move(remedy), .internal = {}};
}

// The columns that the read_ functions expect, in order.
#define GUARITA_ACCOUNT_COLUMNS "a.key, a.id, a.name, a.enforce, a.revision, a.created_ms"
#define GUARITA_INSTANCE_COLUMNS \
  "i.key, i.id, i.account, i.name, i.upstream, i.token_digest, i.revision, i.created_ms"
#define GUARITA_INSTANCE_HAS_ID "i.id_hash = id_hash(?1) AND i.id = ?1"
#define GUARITA_TOKEN_COLUMNS                                                         \
  "t.key, t.account, t.digest, t.hint, t.state, t.weak, t.created_ms, t.expires_ms, " \
  "t.retires_ms, t.ended_ms, t.last_used_ms, t.sealed, t.sealed_key_id"
#define GUARITA_AUDIT_COLUMNS                                                      \
  "u.seq, u.revision, u.at_ms, u.actor_kind, u.actor_name, u.request_id, u.verb, " \
  "u.subject, u.detail, u.personal_digest, u.previous, u.hash"

#define GUARITA_ADMIN_TOKEN_COLUMNS                                                 \
  "t.key, t.digest, t.scope, t.account, coalesce(a.id, ''), t.name, t.created_ms, " \
  "t.revoked_ms, t.last_used_ms FROM admin_tokens t LEFT JOIN accounts a ON a.key = t.account"

// Asked every second: by the indexes of those few that have such a time, never by reading all.
inline constexpr char kDueTokens[] =
    "SELECT " GUARITA_TOKEN_COLUMNS
    " FROM tokens t WHERE t.key IN (SELECT key FROM tokens WHERE ended_ms IS NULL"
    " AND expires_ms IS NOT NULL AND expires_ms <= ?1 UNION SELECT key FROM tokens"
    " WHERE ended_ms IS NULL AND retires_ms IS NOT NULL AND retires_ms <= ?1)"
    " ORDER BY t.account, t.created_ms";

// Lists go account by account, by their ids, and find their page by an index, however far it is.
// Parameters: the account, the id before the first one, a LIKE pattern or '', how many.
#define GUARITA_LIST_INSTANCES       \
  "SELECT " GUARITA_INSTANCE_COLUMNS \
  ", a.id FROM accounts a CROSS JOIN instances i ON i.account = a.key WHERE "
inline constexpr char kInstancesOfAccount[] = GUARITA_LIST_INSTANCES
    "a.key = ?1 AND i.id > ?2"
    " AND (?3 = '' OR i.id LIKE ?3 ESCAPE '\\' OR i.name LIKE ?3 ESCAPE '\\')"
    " ORDER BY i.id LIMIT ?4";
inline constexpr char kInstancesOfLaterAccounts[] = GUARITA_LIST_INSTANCES
    "a.id > ?1"
    " AND (?2 = '' OR i.id LIKE ?2 ESCAPE '\\' OR i.name LIKE ?2 ESCAPE '\\')"
    " ORDER BY a.id, i.id LIMIT ?3";

// Into `row`, whose strings keep their memory.
void read_account(const Statement& s, AccountRow& row);
void read_instance(const Statement& s, InstanceRow& row);  // account_id is cleared
void read_token(const Statement& s, TokenRow& row);
void read_audit(const Statement& s, AuditRow& row);           // without `personal`
IpEntry read_ip_entry(const Statement& s, int first_column);  // network, prefix, note

// NotFound with a text for people.
StoreResult<AccountRow> find_account(Database& db, const AccountKey& key);
StoreResult<AccountRow> find_account(Database& db, std::string_view id);
StoreResult<InstanceRow> find_instance(Database& db, const InstanceKey& key);
StoreResult<InstanceRow> find_instance(Database& db, std::string_view id);
StoreResult<std::vector<TokenRow>> find_tokens(Database& db, const AccountKey& account);
StoreResult<std::vector<IpEntry>> find_ip_list(Database& db, const AccountKey& account);
StoreResult<AdminTokenRow> find_admin_token(Database& db, const AdminTokenKey& key);
StoreResult<AdminTokenRow> find_admin_token(Database& db, const crypto::Digest& digest);
void read_admin_token(const Statement& s, AdminTokenRow& row);
StoreResult<StoreInfo> read_info(Database& db);

// The hashes that the change log keeps: of an account with its live tokens and its IP list, of an
// instance, of an admin token. Zeros when there is no such row.
StoreResult<crypto::Digest> hash_account(Database& db, const AccountKey& key);
crypto::Digest hash_instance(const InstanceRow& row);
crypto::Digest hash_admin_token(const AdminTokenRow& row);

}  // namespace guarita::store::sqlite
