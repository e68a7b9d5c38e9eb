// All shards together: totals for /metrics, deltas for the store.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/crypto.h"
#include "policy/state_machine.h"
#include "telemetry/activity.h"
#include "telemetry/shard.h"

namespace guarita::telemetry {

// `[log] access`.
enum class AccessLog : std::uint8_t { Off, Denials, All };

// Requests of one account, instance and word in one hour, since the last take_deltas().
struct UsageDelta {
  Time hour;  // its beginning, UTC
  std::string account_id;
  std::string instance_id;  // "" when the route names none, or when the table was full
  Word word;
  std::uint64_t count = 0;
  std::uint64_t denied = 0;  // of them
  Time last;                 // of the newest of them
};
// Who called an account since then.
struct CallerDelta {
  std::string account_id;
  IpAddress address;
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;  // of them: let through with a live token
  Time first, last;
};
struct LastUsed {
  std::string account_id;
  crypto::Digest digest;  // of a live token
  Time at;
};
struct UnknownInstance {
  std::string instance_id;
  std::uint64_t count = 0;
  Time first, last;
};
// What the store is to add. Each call hands out what came since the one before, exactly once.
struct Deltas {
  std::vector<UsageDelta> usage;
  std::vector<LastUsed> last_used;
  std::vector<UnknownInstance> unknown_instances;
  std::vector<CallerDelta> callers;
  bool empty() const {
    return usage.empty() && last_used.empty() && unknown_instances.empty() && callers.empty();
  }
};

// What control knows and /metrics shows.
struct StoreGauges {
  std::uint64_t revision = 0;
  std::uint64_t accounts = 0;
  std::uint64_t instances = 0;
  std::array<std::uint64_t, 5> tokens{};  // by policy::TokenState
  double barrier_seconds = 0;             // the last one
  std::uint64_t barriers_incomplete = 0;  // since the start
};

// Thread-safe. Must outlive its shards' threads.
class Hub {
 public:
  Hub();
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // One per data-plane thread, before it serves. Owned by the hub, lives as long as it.
  Shard& add_shard();

  void set_access_log(AccessLog what) { access_.store(what, std::memory_order_relaxed); }
  AccessLog access_log() const { return access_.load(std::memory_order_relaxed); }

  // Control: after each published change and each tick.
  void set_store(const StoreGauges& gauges);

  Deltas take_deltas();
  // The account's alone; no unknown instances.
  Deltas take_deltas(std::string_view account_id);
  // Puts back what the store could not take, to be handed out again by the next take_deltas().
  void put_back(Deltas&& deltas);

  // ---- what is kept in memory only, up to the last take_deltas() or collect() -----------------
  // Control's tick, every second or so: the shards' tables are bounded.
  void collect();
  // The last 60 minutes from `from` on: of the account ("": all together), or of one of its
  // instances.
  std::vector<MinuteCount> minutes(std::string_view account_id,
                                   const std::optional<std::string>& instance_id, Time from) const;
  // The same, summed by instance and word.
  std::vector<MinuteCount> places(std::string_view account_id, Time from) const;
  // Rising sums by word; they begin anew for an account that was silent for an hour.
  std::vector<WordCount> totals(std::string_view account_id) const;
  // The last refusals of the account, newest first: those with a larger seq than `after`.
  std::vector<Denial> denials(std::string_view account_id, std::uint64_t after,
                              std::size_t limit) const;
  std::uint64_t newest_denial() const;  // its seq, over all accounts
  // Prometheus text format 0.0.4, HELP and TYPE for each family, base units.
  std::string prometheus();

  // Sums since the start, for status pages and tests.
  std::uint64_t requests_total();
  std::uint64_t event_total(Event event) const;

 private:
  struct State;
  friend class Shard;

  void collect_locked(State& state);

  std::atomic<AccessLog> access_{AccessLog::Denials};
  std::unique_ptr<State> state_;
};

}  // namespace guarita::telemetry
