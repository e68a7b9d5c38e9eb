// The rows that the store holds, in domain words. Times are UTC milliseconds; ids are UTF-8 text
// compared byte by byte; keys are UUIDs, so that a reused id inherits nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "policy/state_machine.h"

namespace guarita::store {

using policy::TokenState;
using Revision = std::uint64_t;
// The first 16 bytes of the SHA-256 of an instance token.
using InstanceTokenDigest = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kIpEntriesMax = 1000;          // DESIGN §4
inline constexpr std::size_t kPageRowsMax = 1000;           // a larger limit is cut to this
inline constexpr std::size_t kUnknownInstancesMax = 10000;  // a scan must not fill the disk

struct AccountRow {
  AccountKey key{};
  std::string id{};
  std::string name{};
  bool enforce = false;
  Revision revision = 0;  // of the last change to it or to which instances it owns: the ETag
  Time created_at{};
};

struct InstanceRow {
  InstanceKey key{};
  std::string id{};
  AccountKey account{};
  std::string account_id{};
  std::string name{};
  std::string upstream{};  // "" = the default upstream
  std::optional<InstanceTokenDigest> token{};
  Revision revision = 0;
  Time created_at{};
};

struct TokenRow {
  TokenKey key{};
  AccountKey account{};
  crypto::Digest digest{};
  std::string hint{};
  TokenState state = TokenState::Current;
  bool weak = false;
  Time created_at{};
  std::optional<Time> expires_at{};
  std::optional<Time> retires_at{};
  std::optional<Time> ended_at{};
  std::optional<Time> last_used_at{};
  std::string sealed{};         // "" = no encrypted copy; dropped when the token dies
  std::string sealed_key_id{};  // which sealing key
};

struct IpEntry {
  Cidr cidr{};
  std::string note{};
};

struct AdminTokenRow {
  AdminTokenKey key{};
  crypto::Digest digest{};
  std::string scope{};
  std::optional<AccountKey> account{};
  std::string account_id{};
  std::string name{};
  Time created_at{};
  std::optional<Time> revoked_at{};
  std::optional<Time> last_used_at{};
};

// What a user may do with one account. Operators (UserRow::is_operator) need none.
enum class Role : std::uint8_t { Viewer, Owner };
struct MembershipRow {
  AccountKey account{};
  std::string account_id{};
  Role role = Role::Viewer;
};
struct UserRow {
  UserKey key{};
  std::string email{};         // as it was written
  std::string email_folded{};  // unique; who folds is identity, the store compares bytes
  std::string name{};
  std::string language{};  // "pt-BR", "en", "es"; "" = the browser's
  bool is_operator = false;
  std::string password_hash{};  // Argon2id in libsodium's text form; "" = none yet: no login
  std::optional<Time> password_changed_at{};
  std::string totp_sealed{};  // "" = two-factor is off
  std::string totp_key_id{};
  std::uint64_t totp_last_step = 0;          // the newest time step that was used: no replay
  unsigned recovery_codes_left = 0;          // unused ones
  std::vector<MembershipRow> memberships{};  // by account id
  Revision revision = 0;
  Time created_at{};
  std::optional<Time> last_login_at{};
};

// A signed-in browser. The cookie's secret is held as a digest only.
struct SessionRow {
  SessionKey key{};
  crypto::Digest digest{};
  std::optional<UserKey> user{};  // none: of a console link
  // Of a console link: the one account, what may be done ("view", "rotate", "activate", a space
  // between), and whom the operator vouches for.
  std::optional<AccountKey> account{};
  std::string account_id{};
  std::string rights{};
  std::string end_user{};
  std::string address{};  // where it was begun
  std::string user_agent{};
  Time created_at{};
  Time last_seen_at{};
  Time expires_at{};  // whatever happens; the idle limit is identity's
  std::optional<Time> reauthenticated_at{};
};

enum class LinkKind : std::uint8_t { Invitation, Reset, Console };
// A one-time link: an invitation or a password reset of a user, or a console link of an account.
struct LinkRow {
  LinkKey key{};
  crypto::Digest digest{};
  LinkKind kind = LinkKind::Invitation;
  std::optional<UserKey> user{};
  std::optional<AccountKey> account{};
  std::string account_id{};
  std::string rights{};
  std::string end_user{};
  Time created_at{};
  Time expires_at{};
  std::optional<Time> used_at{};
};

enum class ChangeKind : std::uint8_t { Account, Instance, AdminToken, User };
// One line of the change log. `row_before` is the SHA-256 of the changed row as it was (zeros: it
// did not exist): a follower whose own row hashes differently has diverged.
struct ChangeRow {
  Revision revision = 0;
  ChangeKind kind = ChangeKind::Account;
  Uuid key{};
  crypto::Digest row_before{};
};

struct DeletedRow {
  ChangeKind kind = ChangeKind::Account;  // or Instance
  Uuid key{};
  std::string id{};
};

struct AuditRow {
  std::uint64_t seq = 0;  // 1, 2, 3 … without gaps
  Revision revision = 0;
  Time at{};
  std::string actor_kind{};  // "system" "operator" "admin_token" "user"
  std::string actor_name{};
  std::string request_id{};
  std::string verb{};                     // "account.create", "token.rotate", …
  std::string subject{};                  // the id of the account, instance or admin token
  std::string detail{};                   // a JSON object without secrets
  std::optional<std::string> personal{};  // a JSON object (address, email …); none = erased
  crypto::Digest previous{};              // zeros in the first row
  crypto::Digest hash{};
};

struct AuditHead {
  std::uint64_t seq = 0;  // 0: no row yet, the hash is zeros
  crypto::Digest hash{};
};

enum class AuditFault : std::uint8_t {
  Edited,        // the row's content does not give its hash
  BrokenLink,    // its `previous` is not the hash of the row before
  Gap,           // sequence numbers or revisions are missing
  PersonalEdit,  // the personal fields do not give the digest in the row (erased ones are fine)
  WrongEnd,      // the last row is not the one the store says is its head
  HeadNotFound,  // the head to compare is nowhere in the chain: a cut tail or a rewrite
};
struct AuditFinding {
  AuditFault fault;
  std::uint64_t seq{};
  std::string text{};
};
struct AuditReport {
  std::uint64_t rows = 0;
  AuditHead head{};
  std::vector<AuditFinding> findings{};  // empty: the chain is whole; at most 100
};

// An increment of, or a sum in, the hourly counters.
struct CounterRow {
  Time hour{};                // cut to the hour by the store
  std::string account_id{};   // "" = none (public route, unknown instance)
  std::string instance_id{};  // "" = none
  std::string token_class{};  // the classifier's word, or a public reason
  std::uint64_t count = 0;
  std::uint64_t denied = 0;  // of them
};

struct TokenUse {
  crypto::Digest digest{};
  Time at{};
  std::string account_id{};  // "" = every account that has this token
};

struct UnknownInstanceRow {
  std::string id{};
  Time first_seen{};
  Time last_seen{};
  std::uint64_t count = 0;  // in touch_unknown_instances: how many to add
};

template <class Row>
struct Page {
  std::vector<Row> rows{};
  std::string next{};  // the cursor of the next page; "" = this was the last
};
struct PageRequest {
  std::string cursor{};  // "" = from the start; else `next` of the page before
  std::size_t limit = 100;
};

struct StoreInfo {
  Uuid store_id{};
  std::uint64_t epoch = 0;  // raised by every restore that accepted a loss
  Revision revision = 0;
  AuditHead head{};
  Time newest{};  // the newest time in the store: the floor of the clock
  unsigned schema = 0;
};

}  // namespace guarita::store
