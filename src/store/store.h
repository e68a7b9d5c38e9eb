// The store: the only truth about accounts, instances, tokens and who changed them. Never read on
// the request path: the gate decides by its snapshot (DESIGN §4).
//
// Thread-safe: every call may come from any thread. apply() and the bookkeeping calls are served
// one after the other; reads run beside them and see whole commits only. Calls block on the disk:
// never from a data-plane thread.
//
// After any error the store is as it was before the call, and usable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/activity.h"
#include "store/changes.h"
#include "store/rows.h"

namespace guarita::store {

enum class StoreErrorKind : std::uint8_t {
  // of the question
  NotFound,          // no such account, instance, token, admin token
  AlreadyExists,     // the id (or key) is taken
  InUse,             // the account owns instances and Cascade::Refuse was asked
  RevisionMismatch,  // if_revision is not `current`
  DeadToken,         // the change would revive a revoked or expired token
  Invalid,           // a value the store cannot hold: too many entries, a bad cursor, an empty id
  // of the store
  FolderInUse,  // another server holds the lock
  CannotOpen,   // missing folder, no permission
  NotAStore,    // the file is no database, or not one of ours
  NewerSchema,  // written by a newer guarita
  RolledBack,   // behind its high-water file: a backup was put back
  ReadOnly,     // opened for reading, or the file system is
  Full,         // the disk
  Busy,         // another process holds the database for too long
  Corrupt,      // the database is damaged
  FileExists,   // backup and restore never overwrite
  Io,           // anything else; `internal` says what
};

struct StoreError {
  StoreErrorKind kind = StoreErrorKind::Io;
  std::string text{};      // for the public: one sentence, names the thing
  std::string remedy{};    // what to do; a command where there is one
  std::string internal{};  // for the log only
  Revision current = 0;    // RevisionMismatch: the account's present revision
};

template <class T>
using StoreResult = Result<T, StoreError>;

struct Committed {
  Revision revision = 0;
  Time at{};
  AuditHead head{};  // the audit row of this change
};

// Gets the whole store in one consistent read: every account once, then every instance. References
// are valid during the call only; the rows' memory is reused.
class SnapshotVisitor {
 public:
  virtual ~SnapshotVisitor() = default;
  // `tokens`: live and dead ones, oldest first.
  virtual void account(const AccountRow& row, std::span<const TokenRow> tokens,
                       std::span<const IpEntry> ip_list) = 0;
  // Of the row: id, account, upstream and token. The rest costs time, and no snapshot holds it.
  virtual void instance(const InstanceRow& row) = 0;
};

struct AccountFilter {
  std::string search{};  // part of the id or of the name, ASCII case ignored; "" = all
};
struct InstanceFilter {
  std::optional<AccountKey> account{};
  std::string search{};  // part of the id or of the name, ASCII case ignored; "" = all
};
struct UserFilter {
  std::optional<AccountKey> member_of{};
  std::string search{};  // part of the email or of the name, ASCII case ignored; "" = all
};
struct AuditFilter {
  std::string verb{};    // exact, or a group of them when it ends in a dot: "token."; "" = all
  std::string search{};  // part of subject, actor, request id or personal fields; "" = all
  std::optional<AccountKey> account{};  // rows that name this account in their detail
  Time from = Time::min();
  Time until = Time::max();  // exclusive
};
struct CounterFilter {
  std::optional<AccountKey> account{};
  Time from{};
  Time until = Time::max();  // exclusive
};
struct PruneOptions {  // what is older goes
  std::optional<Time> counters_before{};
  std::optional<Time> unknown_before{};     // by last_seen
  std::optional<Time> personal_before{};    // audit: the personal fields, never the row
  std::optional<Revision> changes_until{};  // the change log, this revision included
  std::optional<Time> ended_before{};       // sessions and links, by expires_at
};

// What there is of what was asked for, place by place.
struct NamedRows {
  struct Account {
    AccountRow row;
    std::vector<TokenRow> tokens;  // live and dead, oldest first
  };
  std::vector<std::optional<Account>> accounts;
  std::vector<std::optional<InstanceRow>> instances;
};

class Store : public ActivityBook {
 public:
  // All in one COMMIT; each in its own savepoint, with its own revision, in the order given; one
  // result per change. A refused change leaves nothing and costs no revision; the others stand.
  // A failure of the store itself fails all of them, and none is done.
  virtual std::vector<StoreResult<Committed>> apply(std::span<const Change> changes) = 0;
  StoreResult<Committed> apply_one(const Change& change) {
    return std::move(apply(std::span<const Change>(&change, 1)).front());
  }

  // The revision that was loaded.
  virtual StoreResult<Revision> load_all(SnapshotVisitor& visitor) = 0;

  virtual StoreResult<StoreInfo> info() = 0;
  virtual StoreResult<AccountRow> account(const AccountKey& key) = 0;
  virtual StoreResult<AccountRow> account_by_id(std::string_view id) = 0;
  virtual StoreResult<Page<AccountRow>> accounts(const AccountFilter& filter,
                                                 const PageRequest& page) = 0;  // by id
  virtual StoreResult<std::uint64_t> count_accounts() = 0;
  virtual StoreResult<std::uint64_t> count_instances(const std::optional<AccountKey>& of) = 0;
  virtual StoreResult<InstanceRow> instance(const InstanceKey& key) = 0;
  virtual StoreResult<InstanceRow> instance_by_id(std::string_view id) = 0;
  // By the account's id, then by the instance's.
  virtual StoreResult<Page<InstanceRow>> instances(const InstanceFilter& filter,
                                                   const PageRequest& page) = 0;
  // Thousands of them in one read.
  virtual StoreResult<NamedRows> named(std::span<const std::string_view> account_ids,
                                       std::span<const std::string_view> instance_ids) = 0;
  // Has an instance of the account this token? (An import that equals one is refused.)
  virtual StoreResult<bool> has_instance_token(const AccountKey& account,
                                               const InstanceTokenDigest& digest) = 0;
  virtual StoreResult<std::vector<TokenRow>> tokens(const AccountKey& account) = 0;  // oldest first
  virtual StoreResult<std::vector<IpEntry>> ip_list(const AccountKey& account) = 0;
  // Live tokens with a deadline at or before `now`: what the control plane has to make final.
  virtual StoreResult<std::vector<TokenRow>> due_tokens(Time now) = 0;
  virtual StoreResult<AdminTokenRow> admin_token(const crypto::Digest& digest) = 0;  // revoked too
  virtual StoreResult<std::vector<AdminTokenRow>> admin_tokens() = 0;

  virtual StoreResult<UserRow> user(const UserKey& key) = 0;
  virtual StoreResult<UserRow> user_by_email(std::string_view folded) = 0;
  virtual StoreResult<Page<UserRow>> users(const UserFilter& filter,
                                           const PageRequest& page) = 0;  // by email_folded
  // Expired ones too, as long as they are kept: whether a session or link is good is identity's
  // question.
  virtual StoreResult<SessionRow> session(const crypto::Digest& digest) = 0;
  virtual StoreResult<std::vector<SessionRow>> sessions(const UserKey& user) = 0;  // newest first
  virtual StoreResult<LinkRow> link(const crypto::Digest& digest) = 0;

  // Ascending, after `since`, at most `limit`.
  virtual StoreResult<std::vector<ChangeRow>> changes_since(Revision since, std::size_t limit) = 0;
  virtual StoreResult<Page<AuditRow>> audit(const AuditFilter& filter,
                                            const PageRequest& page) = 0;  // newest first
  // Walks the whole chain. `head`: a hash kept elsewhere (the audit sink); must be in the chain.
  virtual StoreResult<AuditReport> verify_audit(const std::optional<crypto::Digest>& head) = 0;
  virtual StoreResult<AuditHead> audit_head() = 0;
  virtual StoreResult<crypto::Digest> audit_hash(std::uint64_t seq) = 0;  // NotFound: no such row
  // What the audit rows after `seq` say was deleted, oldest first: the change log names it by its
  // key alone. An account's instances that went with it are not listed.
  virtual StoreResult<std::vector<DeletedRow>> deleted_since(std::uint64_t seq) = 0;

  // Bookkeeping: one cheap transaction each, no revision, no audit row. Ids that the store does
  // not (any longer) know are counted without them.
  virtual StoreResult<void> add_counters(std::span<const CounterRow> deltas) = 0;
  virtual StoreResult<std::vector<CounterRow>> counters(const CounterFilter& filter) = 0;
  virtual StoreResult<void> touch_tokens(std::span<const TokenUse> uses) = 0;  // never backwards
  virtual StoreResult<void> touch_admin_token(const AdminTokenKey& key, Time at) = 0;
  virtual StoreResult<void> touch_unknown_instances(std::span<const UnknownInstanceRow> seen) = 0;
  virtual StoreResult<Page<UnknownInstanceRow>> unknown_instances(const PageRequest& page) = 0;
  virtual StoreResult<void> touch_session(const SessionKey& key, Time at) = 0;  // last_seen_at
  virtual StoreResult<void> reauthenticated(const SessionKey& key, Time at) = 0;
  // True: it is spent by this call. False: the step, or a newer one, was used before / there is no
  // such unused code. One of two that race gets true.
  virtual StoreResult<bool> use_totp_step(const UserKey& user, std::uint64_t step) = 0;
  virtual StoreResult<bool> use_recovery_code(const UserKey& user, const crypto::Digest& code) = 0;
  virtual StoreResult<void> prune(const PruneOptions& options) = 0;

  // A consistent copy into a new file, mode 0600, on disk when this returns. FileExists rather
  // than overwrite. Runs beside apply().
  virtual StoreResult<void> backup(const std::filesystem::path& file) = 0;

  // The high-water mark is at the last commit when this returns (ADR 16). Every second or so, for
  // commits do not wait for it; the store's end does it too.
  virtual StoreResult<void> save_mark() = 0;
};

}  // namespace guarita::store
