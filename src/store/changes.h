// Every audited change to the store, in domain words. A change is one value: who asked, when, and
// what. Applying it writes its rows, the next revision, its line in the change log and its audit
// row, or nothing (DESIGN §4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/rows.h"

namespace guarita::store {

enum class ActorKind : std::uint8_t {
  System,      // the server itself: an expiry made final, a migration
  Operator,    // over the Unix socket; `name` is e.g. "uid:0"
  AdminToken,  // over TCP; `name` is the id of the admin token
  User,        // the console; `name` is the key of the user, `email` its address
};

// Who asked. `address` and `email` are personal: they are kept apart from the audit row and can be
// erased without breaking the chain. `name` and `request_id` must not hold personal data.
struct Actor {
  ActorKind kind = ActorKind::System;
  std::string name{};
  std::string address{};
  std::string email{};
  std::string request_id{};
};

struct CreateAccount {
  AccountKey key{};
  std::string id{};  // AlreadyExists when taken; compared byte by byte
  std::string name{};
};
struct RenameAccount {
  AccountKey account{};
  std::string name{};
};
enum class Cascade : std::uint8_t { Refuse, DeleteInstances };
struct DeleteAccount {
  AccountKey account{};
  Cascade cascade = Cascade::Refuse;  // Refuse: InUse while it owns instances
};
struct CreateInstance {
  InstanceKey key{};
  std::string id{};
  AccountKey account{};
  std::string name{};
  std::string upstream{};  // "" = the default upstream
  std::optional<InstanceTokenDigest> token{};
};
// New accounts and instances by the thousand. One audit row names them all ("batch.create"); in the
// change log each has its own line, at a revision of its own, in the order given. The accounts, and
// those that get instances, are at the last of these revisions, which Committed tells.
// if_revision is ignored. Refused as a whole: AlreadyExists, NotFound, Invalid; also when empty.
struct CreateMany {
  struct Account {
    AccountKey key{};
    std::string id{};
    std::string name{};
    bool enforce = false;             // needs a token
    std::optional<TokenRow> token{};  // its first one, current; `account` is ignored
  };
  std::vector<Account> accounts{};
  std::vector<CreateInstance> instances{};  // of these accounts or of others that exist
};
struct UpdateInstance {  // what is not set stays
  InstanceKey instance{};
  std::optional<std::string> name{};
  std::optional<std::string> upstream{};
  std::optional<std::optional<InstanceTokenDigest>> token{};  // set, and empty inside: removed
};
struct MoveInstance {  // raises the revision of both accounts; if_revision is the source's
  InstanceKey instance{};
  AccountKey to{};
};
struct DeleteInstance {
  InstanceKey instance{};
};
struct EndedToken {
  TokenKey key{};
  TokenState state = TokenState::Revoked;  // Revoked or Expired
};
// The outcome of one verb of the state machine: the bit, the tokens that are live afterwards and
// were made or changed by it, the tokens that died of it. Live tokens not named stay.
struct ChangePolicy {
  AccountKey account{};
  std::string verb{};  // the audit's word: "token.generate", "token.activate", …
  bool enforce = false;
  std::vector<TokenRow> upserts{};  // `account` and `ended_at` in the rows are ignored
  std::vector<EndedToken> ended{};  // ended_at becomes the change's `at`; dead already: no effect
};
struct SetIpList {  // replaces the whole list; at most kIpEntriesMax
  AccountKey account{};
  std::vector<IpEntry> entries{};
};
struct CreateAdminToken {
  AdminTokenKey key{};
  crypto::Digest digest{};
  std::string scope{};                  // "read", "write", …: the store does not interpret it
  std::optional<AccountKey> account{};  // limited to this one; dies with it
  std::string name{};
};
struct RevokeAdminToken {  // revoked already: committed all the same, the first time stands
  AdminTokenKey key{};
};

// ---- users: the gate does not decide by them; `subject` in the audit is the key, never the email
struct CreateUser {  // AlreadyExists when email_folded is taken
  UserRow user{};    // without password; memberships name existing accounts
};
struct UpdateUser {  // what is not set stays
  UserKey user{};
  std::optional<std::string> name{};
  std::optional<std::string> language{};
  std::optional<bool> is_operator{};
};
struct SetMembership {
  UserKey user{};
  AccountKey account{};
  std::optional<Role> role{};  // none: removed; NotFound when there was none
};
struct DeleteUser {  // sessions, links and memberships go with it
  UserKey user{};
};
// Ends every session of the user but `keep`, and every unused link of the user. `link`: spent by
// it; NotFound when it is unknown, DeadToken when it was used or has expired at `at`, and then
// nothing is changed.
struct SetPassword {
  UserKey user{};
  std::string password_hash{};
  std::optional<SessionKey> keep{};
  std::optional<LinkKey> link{};
};
// Two-factor on (a sealed secret) or off (empty: recovery codes go too).
struct SetTwoFactor {
  UserKey user{};
  std::string totp_sealed{};
  std::string totp_key_id{};
  std::uint64_t totp_last_step = 0;
  std::vector<crypto::Digest> recovery_codes{};
};
struct SetRecoveryCodes {  // replaces all
  UserKey user{};
  std::vector<crypto::Digest> recovery_codes{};
};
struct IssueLink {  // Invitation, Reset: earlier unused ones of that user die
  LinkRow link{};
};
// Raises the user's last_login_at. `link`: spent by it, see SetPassword.
struct StartSession {
  SessionRow session{};
  std::optional<LinkKey> link{};
};
struct EndSession {  // NotFound when it has ended
  SessionKey session{};
};
struct EndSessions {  // all of the user but `keep`
  UserKey user{};
  std::optional<SessionKey> keep{};
};

using ChangeBody =
    std::variant<CreateAccount, RenameAccount, DeleteAccount, CreateInstance, CreateMany,
                 UpdateInstance, MoveInstance, DeleteInstance, ChangePolicy, SetIpList,
                 CreateAdminToken, RevokeAdminToken, CreateUser, UpdateUser, SetMembership,
                 DeleteUser, SetPassword, SetTwoFactor, SetRecoveryCodes, IssueLink, StartSession,
                 EndSession, EndSessions>;

struct Change {
  Actor actor{};
  Time at{};  // the caller's clock
  ChangeBody body;
  // The revision of the account (of the instance's owner) that the caller has seen. Another one:
  // RevisionMismatch with the present one in StoreError::current. Ignored for admin
  // tokens and users.
  std::optional<Revision> if_revision = std::nullopt;
};

}  // namespace guarita::store
