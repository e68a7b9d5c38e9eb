// What the hub holds under its mutex. Internal to telemetry.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "telemetry/denials.h"
#include "telemetry/hub.h"
#include "telemetry/recent.h"
#include "telemetry/tally.h"

namespace guarita::telemetry {

// Deltas wait here for the store between two ticks; a store that is away for hours must not take
// the memory with it.
inline constexpr std::size_t kPendingRowsMax = 200'000;

struct Hub::State {
  explicit State(std::uint64_t seed) : hash(seed) {}

  std::mutex mutex;
  TextHash hash;
  std::vector<std::unique_ptr<Shard>> shards;
  Sums totals;
  StoreGauges store;
  Time started{};
  // Keyed by what makes a row distinct; the values are what take_deltas() hands out.
  std::unordered_map<std::string, UsageDelta> usage;
  std::string row_key;  // of the row at hand
  std::unordered_map<std::string, LastUsed> last_used;
  std::unordered_map<std::string, UnknownInstance> unknown;
  std::unordered_map<std::string, CallerDelta> callers;
  // What stays here.
  Recent recent;
  DenialStore denials;

  void add(UsageDelta&& row);
  void add(LastUsed&& row);
  void add(UnknownInstance&& row);
  void add(CallerDelta&& row);
  void absorb(const Tally& tally);
};

// Everything that /metrics shows besides `totals` and `store`.
struct Observed {
  std::array<std::uint64_t, kEvents> events{};
  std::size_t threads = 0;
  std::uint64_t dropped_log_lines = 0;
  Time started{};
};
std::string render_prometheus(const Sums& totals, const StoreGauges& store,
                              const Observed& observed);

}  // namespace guarita::telemetry
