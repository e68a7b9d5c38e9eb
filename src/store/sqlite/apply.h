// Changes into rows: each in its own savepoint, all in one COMMIT.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/sqlite/database.h"
#include "store/sqlite/encode.h"
#include "store/store.h"

namespace guarita::store::sqlite {

std::vector<StoreResult<Committed>> apply_all(Database& db, std::span<const Change> changes);

// Revision and audit row of a change that is not one of the domain's (a restore), in the caller's
// transaction.
StoreResult<Committed> record_event(Database& db, const Actor& actor, Time at, std::string verb,
                                    std::string detail);

// Did the question fail, and not the store? Then the other changes of the batch stand.
bool is_refusal(StoreErrorKind kind);

// What one change did to its rows, for the change log and the audit.
struct Effect {
  ChangeKind kind = ChangeKind::Account;
  Uuid key;
  crypto::Digest row_before{};
  std::string verb;
  std::string subject;
  JsonObject detail;
  JsonObject personal;    // what may have to be erased, beside the actor's own
  Revision revision = 0;  // 0: the context's. Else the last of several, the others being logged
};

struct ApplyContext {
  Database& db;
  const Change& change;
  Revision revision;
};

// StaleRevision check, then the account as it is.
StoreResult<AccountRow> account_for(const ApplyContext& context, const AccountKey& key);
StoreResult<void> bump_account(const ApplyContext& context, const AccountKey& key);
StoreResult<void> check_id(std::string_view what, std::string_view id);
// AlreadyExists: the id, or one with the same id_hash.
StoreResult<void> insert_instance(const ApplyContext& context, const CreateInstance& row,
                                  Revision revision);
StoreResult<void> insert_token(Database& db, const AccountKey& account, const TokenRow& row);
StoreResult<void> log_change(Database& db, Revision revision, ChangeKind kind, const Uuid& key,
                             const crypto::Digest& row_before);

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateAccount& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const RenameAccount& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteAccount& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const CreateInstance& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const CreateMany& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const UpdateInstance& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const MoveInstance& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteInstance& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const ChangePolicy& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const SetIpList& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const CreateAdminToken& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const RevokeAdminToken& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const CreateUser& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const UpdateUser& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const SetMembership& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteUser& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const SetPassword& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const SetTwoFactor& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const SetRecoveryCodes& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const IssueLink& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const StartSession& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const EndSession& body);
StoreResult<Effect> apply_body(const ApplyContext& context, const EndSessions& body);

}  // namespace guarita::store::sqlite
