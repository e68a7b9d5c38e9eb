// Users, sessions and links out of statements, and the words that their columns use.
#pragma once

#include <string_view>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace guarita::store::sqlite {

std::string_view text_of(Role role);
std::string_view text_of(LinkKind kind);

// NotFound with a text for people. Several statements: the caller holds a transaction.
StoreResult<UserRow> find_user(Database& db, const UserKey& key);
StoreResult<UserRow> find_user(Database& db, std::string_view email_folded);
StoreResult<SessionRow> find_session(Database& db, const SessionKey& key);
StoreResult<SessionRow> find_session(Database& db, const crypto::Digest& digest);
StoreResult<LinkRow> find_link(Database& db, const LinkKey& key);
StoreResult<LinkRow> find_link(Database& db, const crypto::Digest& digest);

// Of a user with its memberships; without what is noted beside the changes (the last login, the
// last time step, the recovery codes).
crypto::Digest hash_user(const UserRow& row);

// The reads of the interface, each in a transaction of its own.
StoreResult<UserRow> read_user(Database& db, const UserKey& key);
StoreResult<UserRow> read_user(Database& db, std::string_view email_folded);
StoreResult<Page<UserRow>> read_users(Database& db, const UserFilter& filter,
                                      const PageRequest& page);
StoreResult<std::vector<SessionRow>> read_sessions(Database& db, const UserKey& user);

// Bookkeeping, in the caller's transaction.
StoreResult<void> write_session_seen(Database& db, const SessionKey& key, Time at);
StoreResult<void> write_reauthenticated(Database& db, const SessionKey& key, Time at);
StoreResult<bool> write_totp_step(Database& db, const UserKey& user, std::uint64_t step);
StoreResult<bool> write_recovery_code_use(Database& db, const UserKey& user,
                                          const crypto::Digest& code);
StoreResult<void> prune_sessions_and_links(Database& db, Time ended_before);

}  // namespace guarita::store::sqlite
