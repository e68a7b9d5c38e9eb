// The use cases. Each mutation: commit → publish into the snapshot → barrier → re-decide → answer
// (DESIGN §4). Whatever happens after the commit, the answer is a receipt, never an error.
//
// Thread-safe and blocking (the store's disk, the barrier): never call from a data-plane thread.
// One mutex covers commit and publish, so that the snapshot sees changes in the order of their
// revisions; it is released before the barrier is waited for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "control/activity.h"
#include "control/barrier.h"
#include "control/batch.h"
#include "control/outcome.h"
#include "crypto/crypto.h"
#include "policy/decide.h"
#include "policy/token_text.h"
#include "store/store.h"

namespace guarita::policy {
class Snapshot;
}
namespace guarita::telemetry {
class Hub;
}

namespace guarita::control {

struct CatchUp;  // snapshot_file.h

enum class UnknownInstance : std::uint8_t { Deny, Allow };  // [route] unknown_instance

struct SealingKey {
  crypto::SealKey key;
  std::string id;
};

struct Options {
  policy::TokenFormat token_format;
  std::optional<SealingKey> sealing;  // set: [token] storage = "encrypted"
  UnknownInstance unknown_instance = UnknownInstance::Deny;
  Millis barrier_timeout{2000};     // then the answer says complete:false
  std::size_t receipts_max = 1024;  // remembered; the oldest goes
  // What the gate sends where it denies, byte for byte, and where it forwards to when an instance
  // has no upstream of its own. The app gives proxy::DataPlane's; none: "".
  struct GateAnswers {
    std::function<std::string(policy::Reason, const IpAddress&, std::string_view token)> denial;
    std::function<std::string()> default_upstream;
  } gate;
  // Empty text: usable; else what is wrong. The app gives proxy::check_upstream.
  std::function<std::string(std::string_view)> check_upstream;
};

// Outlive Control.
struct Ports {
  store::Store& store;
  policy::Snapshot& snapshot;  // Control is its only writer
  Barrier& barrier;
  const Clock& clock;
  telemetry::Hub* hub = nullptr;  // none: nothing to flush
};

// Who asks, and the revision of the account that they have seen (If-Match).
struct Request {
  store::Actor actor;
  std::optional<store::Revision> if_revision;
};

enum class Confirm : std::uint8_t { No, Yes };
enum class Weak : std::uint8_t { Refuse, Accept };
enum class CutOff : std::uint8_t { Refuse, Accept };
enum class Lock : std::uint8_t { Refuse, Accept };
enum class Force : std::uint8_t { No, Yes };

struct NewToken {
  Secret import;  // empty: a token is made
  Weak weak = Weak::Refuse;
  std::optional<Time> expires_at;
};
struct TokenMade {
  AccountView account;
  store::TokenRow token;
  Secret secret;  // shown once; empty for an import
};

struct NewInstance {
  std::string id;
  std::string account_id;
  std::string name;
  std::string upstream;  // "" = the default
  std::optional<Secret> instance_token;
};
struct InstanceUpdate {  // what is not set stays
  std::optional<std::string> name;
  std::optional<std::string> upstream;                  // "" = the default
  std::optional<std::optional<Secret>> instance_token;  // set, and empty inside: removed
};
struct InstanceQuery {
  std::optional<std::string> account_id;
  std::string search;
  store::PageRequest page;
};

// What the owner writes: an address or network, and a note of at most kNoteBytesMax without
// controls. No note given: the one that stands there stays.
struct IpEntryText {
  std::string cidr;
  std::optional<std::string> note{};
  bool operator==(const IpEntryText&) const = default;
};
inline constexpr std::size_t kNoteBytesMax = 200;
struct IpListView {
  std::vector<IpEntryText> entries;  // in the owner's order, with notes
  store::Revision revision = 0;
};
enum class IpListVerb : std::uint8_t { Set, Add, Remove };
// What a change of the list would do; nothing is changed by asking.
struct IpListCheck {
  std::vector<std::string> before, after, added, removed;
  bool needs_confirmation = false;
  // Of the last 24 h, let in by the list as it is and not by the list to be; the latest first.
  std::vector<store::CallerRow> shut_out;
};

// What was counted in a time, judged as an enforcing account would.
struct Evidence {
  Time since{}, until{};
  std::uint64_t accepted = 0, refused = 0;
  struct Class {
    std::string name;
    std::uint64_t requests;
    bool refused;
    std::string why;  // the public reason that it would be refused with; "" = accepted
  };
  struct Place {
    std::string instance_id, class_name;
    std::uint64_t requests;
  };
  std::vector<Class> classes;  // most first
  std::vector<Place> places;   // of the refused, most first, at most 100
};
// "Who would be refused if I activated now?", by the counters of the last 24 h and by those since
// the newest live token was made.
struct ActivationCheck : Evidence {
  std::string account_id;
  policy::Mode mode = policy::Mode::Unset;
  // Begins with a whole minute (a token made within the hour) or hour; none: there is no token.
  std::optional<Evidence> since_generation;
  std::optional<Error> problem;  // why activation itself would be refused
};

struct AdminScope {
  enum class Kind : std::uint8_t { Read, Write, Account } kind = Kind::Read;
  std::string account_id;
};
struct AdminTokenMade {
  store::AdminTokenRow token;
  Secret secret;
};
struct AdminIdentity {
  AdminTokenKey key;
  AdminScope scope;
};

struct CheckQuestion {
  std::string instance_id;
  std::optional<IpAddress> address;  // none: the IP list is asked with 127.0.0.1
  std::optional<Secret> token;       // none: the header is absent
  Audience audience = Audience::Operator;
};
struct CheckAnswer {
  bool allow = false;
  std::string reason, token_class, why;
  policy::Mode mode = policy::Mode::Unset;
  std::string account_id, upstream;
  store::Revision revision = 0;
};

struct Status {
  store::Revision revision = 0, in_force = 0;
  Time started_at{}, now{};
  std::uint64_t accounts = 0, instances = 0, receipts_pending = 0;
  UnknownInstance unknown_instance = UnknownInstance::Deny;
};

class Control {
 public:
  Control(Options options, Ports ports);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Builds the snapshot from the store. Once, before the data plane serves.
  Outcome<store::Revision> load();
  // The same where the snapshot came from a file: puts into it what has changed since.
  store::Revision catch_up(const CatchUp& since);
  // Writes the snapshot for the next start. REQUIRES: the data plane and all that asks for changes
  // have stopped. The text says what went wrong; what was there before stays.
  Result<void, std::string> save_snapshot(const std::filesystem::path& file);

  // Makes expiry final, announces expiries that end in `locked`, flushes counters, finishes
  // receipts. Every second or so, from one thread at a time.
  void tick();
  // All that was counted so far is in the store when this returns. Before the end.
  void keep_counters();

  // SIGHUP.
  void set_unknown_instance(UnknownInstance policy);

  Outcome<store::Page<AccountView>> accounts(const store::PageRequest& page,
                                             const store::AccountFilter& filter = {});
  // The same without what hangs on them.
  Outcome<store::Page<store::AccountRow>> account_rows(const store::PageRequest& page);
  Outcome<AccountView> account(std::string_view id);
  Outcome<Done<AccountView>> create_account(const Request&, std::string id, std::string name);
  Outcome<Done<AccountView>> rename_account(const Request&, std::string_view id, std::string name);
  Outcome<Done<Nothing>> delete_account(const Request&, std::string_view id,
                                        store::Cascade cascade);

  Outcome<Done<AccountView>> activate(const Request&, std::string_view id);
  Outcome<ActivationCheck> check_activation(std::string_view id);
  Outcome<Done<AccountView>> deactivate(const Request&, std::string_view id, Confirm confirm);

  // Live ones first, then dead ones, newest first; at most 100.
  Outcome<std::vector<store::TokenRow>> tokens(std::string_view id);
  Outcome<Done<TokenMade>> generate(const Request&, std::string_view id, NewToken token);
  Outcome<Done<TokenMade>> regenerate(const Request&, std::string_view id, NewToken token,
                                      CutOff cut_off);
  Outcome<Done<TokenMade>> rotate(const Request&, std::string_view id, NewToken token);
  Outcome<Done<AccountView>> promote(const Request&, std::string_view id, Millis grace, Lock lock);
  Outcome<Done<AccountView>> revoke(const Request&, std::string_view id, const TokenKey& token,
                                    Lock lock);
  Outcome<Done<AccountView>> revoke_all(const Request&, std::string_view id, Lock lock);
  // The text of a live token, where storage is "encrypted"; TokenNotFound where no copy is. A
  // change like any other: the audit says who has seen it.
  Outcome<Secret> reveal(const Request&, std::string_view id, const TokenKey& token);

  Outcome<IpListView> ip_list(std::string_view id);
  Outcome<IpListCheck> check_ip_list(std::string_view id, IpListVerb verb,
                                     const std::vector<IpEntryText>& entries);
  Outcome<Done<IpListView>> change_ip_list(const Request&, std::string_view id, IpListVerb verb,
                                           const std::vector<IpEntryText>& entries,
                                           Confirm confirm);

  Outcome<store::Page<store::InstanceRow>> instances(const InstanceQuery& query);
  Outcome<store::InstanceRow> instance(std::string_view id);
  Outcome<Done<store::InstanceRow>> create_instance(const Request&, NewInstance instance);
  Outcome<Done<store::InstanceRow>> update_instance(const Request&, std::string_view id,
                                                    InstanceUpdate update);
  Outcome<Done<store::InstanceRow>> move_instance(const Request&, std::string_view id,
                                                  std::string_view to_account, Force force);
  Outcome<Done<Nothing>> delete_instance(const Request&, std::string_view id);
  Outcome<store::Page<store::UnknownInstanceRow>> unknown_instances(const store::PageRequest& page);

  // At most kBatchItemsMax items, in order; DryRun::Yes: what would be, and nothing is changed. An
  // error only where nothing was done: too many items, or a store that failed.
  Outcome<BatchDone> apply_batch(const Request&, std::span<const BatchItem> items, DryRun dry_run);

  Outcome<std::vector<store::AdminTokenRow>> admin_tokens();
  Outcome<Done<AdminTokenMade>> create_admin_token(const Request&, const AdminScope& scope,
                                                   std::string name);
  Outcome<Done<Nothing>> revoke_admin_token(const Request&, const AdminTokenKey& key);
  // Whose token this is; none when unknown or revoked. Asks the store.
  std::optional<AdminIdentity> authenticate(std::string_view admin_token);

  // A change that the gate does not decide by (users, sessions, links): committed in its turn, in
  // force with the commit. REQUIRES: no account, instance, token or IP list is in it. The store's
  // own refusal comes back as it is, for the caller knows what it asked.
  store::StoreResult<store::Committed> apply(const store::Actor& actor, store::ChangeBody body);

  Outcome<store::Page<store::AuditRow>> audit(const store::PageRequest& page,
                                              const store::AuditFilter& filter = {});
  Outcome<store::AuditReport> verify_audit(const std::optional<crypto::Digest>& head);

  // What the gate would decide, and why, on the published snapshot.
  CheckAnswer check(const CheckQuestion& question);

  // ---- traffic: activity.h -------------------------------------------------------------------
  Outcome<Traffic> traffic(const TrafficQuery& query);
  Outcome<Denials> denials(std::string_view id, std::size_t limit);
  Outcome<Callers> callers(std::string_view id);  // of the last 24 h, at most 200
  Outcome<store::Page<InstanceView>> instance_views(const InstanceQuery& query);
  Outcome<InstanceView> instance_view(std::string_view id);
  // Decides on the published snapshot for an instance of the account, without and with the token,
  // and says what the gate would send.
  Outcome<TestAnswers> test(const TestQuestion& question);
  // News from now on, and what there is since. Cheap; the store is read when something changed.
  LiveCursor live_from_now(std::string_view account_id);
  LiveNews live(LiveCursor& cursor);

  // As it is now: an incomplete barrier is looked at again, without waiting.
  Outcome<Receipt> receipt(store::Revision revision);
  Status status();

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace guarita::control
