// What every use case is made of: read, commit, publish, settle. Internal to control.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/bookkeeping.h"
#include "control/control.h"
#include "control/receipts.h"
#include "policy/decide.h"
#include "policy/snapshot.h"
#include "policy/state_machine.h"
#include "telemetry/hub.h"

namespace guarita::control {

// How far back the panel looks for callers; what is older is forgotten.
inline constexpr Millis kCallersWindow = std::chrono::hours(24);

// An account as the store has it, read before a commit and carried forward in memory after it:
// what is published never needs a read that could fail.
struct AccountState {
  store::AccountRow row;
  std::vector<store::TokenRow> tokens;  // live and dead, oldest first
  std::vector<store::IpEntry> ip_list;
};

policy::AccountPolicy policy_of(const AccountState& state);
AccountView view_of(const AccountState& state, Time now);
bool is_live(const store::TokenRow& token);

// A change that is committed and published, and whose barrier is to be passed.
struct Published {
  store::Revision revision = 0;
  Instant committed_at{};
  std::uint64_t mark = 0;
  Redecide scope;
};

// Making a token row, see tokens.cc.
struct PreparedToken {
  store::TokenRow row;
  Secret made;  // empty for an import
};

// What a verb makes of an account, before it is committed.
struct PlannedPolicy {
  AccountState after;
  store::ChangePolicy body;
  std::vector<policy::EndedToken> ended;
};

struct Control::Engine {
  struct Batch;  // batch.cc

  Engine(Options o, Ports p)
      : options(std::move(o)), ports(p), receipts(options.receipts_max), books(p.store, p.hub) {}

  using Lock = std::unique_lock<std::mutex>;

  Options options;
  Ports ports;
  Receipts receipts;
  Bookkeeping books;
  Time started_at{};

  std::mutex mutex;  // commit and publish; guards the snapshot's writer and what follows
  UnknownInstance unknown_instance = UnknownInstance::Deny;
  std::array<std::uint64_t, 5> token_counts{};  // by TokenState
  // Accounts that time alone would lock, and the warnings given: 0 none, 1 at 7 d, 2 at 1 d,
  // 3 at 1 h.
  struct Expiry {
    Time locks_at;
    std::string account_id;
    unsigned announced = 0;
  };
  std::map<AccountKey, Expiry> expiries;
  double barrier_seconds = 0;
  std::uint64_t barriers_incomplete = 0;
  Instant committed_at{};  // when the last change was on disk
  std::map<AdminTokenKey, Time> admin_touched;
  Time next_prune{};

  Time now() const { return ports.clock.now(); }

  // ---- reading (the lock is needed only where a commit follows) ------------------------------
  Outcome<AccountState> load_account(std::string_view id);
  Outcome<AccountState> load_account(const AccountKey& key);
  Outcome<AccountState> load_rest(store::AccountRow row);
  Outcome<AccountView> view(const store::AccountRow& row);
  Outcome<store::InstanceRow> load_instance(std::string_view id);

  // Counts since a token was made.
  Outcome<Evidence> evidence_since(const AccountState& state, Time made);
  TestAnswer answer_of(const CheckAnswer& decided, const TestQuestion& question,
                       std::string_view token) const;
  Outcome<std::vector<InstanceView>> views_of(std::vector<store::InstanceRow> rows);
  struct TrafficScope {
    std::optional<store::AccountRow> account;  // none: all
    std::optional<store::InstanceRow> instance;
  };
  Outcome<TrafficScope> scope_of_traffic(const TrafficQuery& query);
  bool concerns(const store::AuditRow& row, const LiveCursor& cursor);

  // ---- under the lock -------------------------------------------------------------------------
  store::StoreResult<store::Committed> apply(const store::Change& change);
  Outcome<store::Committed> commit(const Request& request, store::ChangeBody body,
                                   std::optional<store::Revision> seen);
  void publish_account(const AccountState& state, std::span<const policy::EndedToken> ended);
  void publish_instance(const store::InstanceRow& row);
  Published published(const store::Committed& committed, Redecide scope);
  void count_tokens(std::span<const store::TokenRow> tokens, int sign);
  void set_gauges();
  void begin(store::Revision revision);  // load.cc
  Redecide scope_of(const AccountState& state) const;

  // One verb of the state machine. `made`: the row of the verb's new token. None: nothing changes.
  Outcome<std::optional<PlannedPolicy>> plan_policy(const AccountState& state,
                                                    std::string verb_name, const policy::Verb& verb,
                                                    const store::TokenRow* made);
  void publish_policy(const AccountState& before, const PlannedPolicy& planned);
  // The same, from what was read to what is published. `state` is carried forward.
  Outcome<std::optional<Published>> change_policy(const Request& request, AccountState& state,
                                                  std::string verb_name, const policy::Verb& verb,
                                                  const store::TokenRow* made);
  // May it become a token of the account?
  Outcome<void> check_new_token(const AccountState& state, const crypto::Digest& digest);
  // Commits and publishes.
  Outcome<Published> remove_account(const Request& request, const AccountState& state,
                                    store::Cascade cascade);
  // The ids of its instances, which go with it.
  Outcome<std::vector<std::string>> check_deletable(const AccountState& state,
                                                    store::Cascade cascade);
  Outcome<PreparedToken> prepare_token(const AccountState& state, const NewToken& wanted);
  Outcome<void> check_instance_token(const AccountState& state,
                                     const std::optional<store::InstanceTokenDigest>& digest);
  // `guard` may refuse by what the account is; null: nothing to ask.
  // While moving in, an instance that is deleted is an unknown one, and those pass.
  Outcome<void> check_deleting_opens_nothing(const AccountState& state) const;
  using Guard = Outcome<void> (*)(const AccountState& state, Time now);
  Outcome<Done<AccountView>> verb(const Request& request, std::string_view id,
                                  std::string verb_name, const policy::Verb& verb,
                                  Guard guard = nullptr);
  Outcome<Done<TokenMade>> making_verb(
      const Request& request, std::string_view id, std::string verb_name, const NewToken& wanted,
      const std::function<policy::Verb(const policy::NewToken&)>& make);

  // ---- without the lock -----------------------------------------------------------------------
  // Passes the barrier and writes the receipt.
  Receipt settle(const Published& change, Millis timeout);
  Receipt settle(const Published& change) { return settle(change, options.barrier_timeout); }
  // A no-op's: the state that is asked for came with `revision`, which may still be on its way.
  Receipt unchanged(store::Revision revision);
  void refresh_receipts();

  // ---- tick -----------------------------------------------------------------------------------
  void expire_due();
  void announce();
  void prune();
};

// ---- errors.cc --------------------------------------------------------------------------------
Err<Error> fail(ErrorCode code, std::string detail);
Err<Error> invalid(std::string member, std::string detail);
Err<Error> account_not_found(std::string_view id);
Err<Error> instance_not_found(std::string_view id);
Err<Error> conflict(store::Revision present);
// Logs what is for the log. NotFound and the like must have been dealt with by the caller, who
// knows what was asked for.
Err<Error> store_failed(const store::StoreError& error);
Err<Error> verb_failed(policy::VerbError error, std::string_view account_id);
Outcome<void> check_seen(const Request& request, store::Revision present);
Outcome<void> check_name(std::string_view name);
Outcome<void> check_account_id(std::string_view id);
Outcome<void> check_instance_id(std::string_view id);
// ---- instances.cc -----------------------------------------------------------------------------
Outcome<void> check_upstream(const Options& options, std::string_view upstream);
Outcome<std::optional<store::InstanceTokenDigest>> digest_of(const std::optional<Secret>& token);
Outcome<void> check_moving_opens_nothing(const store::AccountRow& from, const store::AccountRow& to,
                                         Force force);

}  // namespace guarita::control
