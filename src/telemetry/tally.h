// What one shard has counted since the hub last looked. Internal to telemetry.
#pragma once

#include <array>
#include <cstdint>

#include "telemetry/activity.h"
#include "telemetry/denials.h"
#include "telemetry/exchange.h"
#include "telemetry/text_table.h"

namespace guarita::telemetry {

// Bounds of one shard's tables between two looks of the hub (a second). 100,000 requests a second
// to as many instances would overflow them: then counts lack their instance, never the request.
inline constexpr std::size_t kUsageRowsMax = 16384;
inline constexpr std::size_t kLastUsedRowsMax = 8192;
inline constexpr std::size_t kUnknownRowsMax = 1024;
inline constexpr std::size_t kCallerRowsMax = 4096;  // pairs of account and address
// Array sizes with room: an enum that grows is noticed by the static_asserts in shard.cc.
inline constexpr std::size_t kReasonsMax = 16;
inline constexpr std::size_t kModes = 4;
inline constexpr std::size_t kClassesMax = 32;

template <std::size_t Buckets>
struct Histogram {
  std::array<std::uint64_t, Buckets + 1> counts{};  // the last: above every bound
  std::uint64_t sum_ns = 0;

  void add(const std::array<std::uint64_t, Buckets>& bounds_ns, std::uint64_t ns) noexcept {
    std::size_t at = 0;
    while (at < Buckets && ns > bounds_ns[at]) ++at;
    ++counts[at];
    sum_ns += ns;
  }
  void merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum_ns += other.sum_ns;
  }
};

// Upper bounds, nanoseconds.
inline constexpr std::array<std::uint64_t, 12> kDecisionBounds{
    100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000, 500'000, 1'000'000, 10'000'000};
inline constexpr std::array<std::uint64_t, 15> kDurationBounds{
    500'000,       1'000'000,     2'500'000,     5'000'000,      10'000'000,
    25'000'000,    50'000'000,    100'000'000,   250'000'000,    500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 60'000'000'000};

// Plain sums: mergeable by adding.
struct Sums {
  // [denied, allowed][reason][mode]
  std::array<std::array<std::array<std::uint64_t, kModes>, kReasonsMax>, 2> decisions{};
  std::array<std::array<std::uint64_t, kModes>, kClassesMax> classes{};
  std::array<std::uint64_t, 6> responses{};  // by hundreds of the status; [0]: none was sent
  std::array<std::uint64_t, kUpstreamOutcomes> upstream{};
  Histogram<kDecisionBounds.size()> decision_time;
  std::array<Histogram<kDurationBounds.size()>, 2> duration;  // [denied, allowed]
  std::uint64_t malformed = 0;
  std::uint64_t draining = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t unknown_instances = 0;
  std::uint64_t lost_usage = 0;
  std::uint64_t lost_last_used = 0;
  std::uint64_t lost_unknown = 0;
  std::uint64_t lost_callers = 0;
  std::uint64_t lost_denials = 0;

  void add(const Exchange& exchange) noexcept;
  void merge(const Sums& other) noexcept;
};

struct UsageCell {
  std::uint64_t count = 0;
  std::uint64_t denied = 0;  // of them
  Time last{};
};
struct CallerCell {
  std::uint64_t count = 0;
  std::uint64_t accepted = 0;  // of them
  Time first{}, last{};
};
struct UnknownCell {
  std::uint64_t count = 0;
  Time first{}, last{};
};

// On cache lines of its own: written by one thread, request after request.
struct alignas(64) Tally {
  explicit Tally(TextHash hash)
      : usage(kUsageRowsMax, kUsageRowsMax * 64),
        last_used(kLastUsedRowsMax, kLastUsedRowsMax * 96),
        unknown(kUnknownRowsMax, kUnknownRowsMax * 128),
        callers(kCallerRowsMax, kCallerRowsMax * 80),
        hash_(hash) {}

  void add(const Exchange& exchange) noexcept;
  void clear();

  Sums sums;
  TextTable<UsageCell> usage;      // account, instance, word | hour << 8
  TextTable<Time> last_used;       // digest bytes, account
  TextTable<UnknownCell> unknown;  // instance, ""
  TextTable<CallerCell> callers;   // account, address bytes
  DenialRing denials;

 private:
  // Each text of an exchange is hashed once, for all tables.
  struct Hashes {
    std::uint64_t account, instance;
  };
  void add_usage(const Exchange& exchange, const Hashes& hashes) noexcept;
  void add_caller(const Exchange& exchange, const Hashes& hashes) noexcept;
  void add_last_used(const Exchange& exchange, const Hashes& hashes) noexcept;
  void add_unknown(const Exchange& exchange, const Hashes& hashes) noexcept;
  CallerCell* caller_of(const Exchange& exchange, const Hashes& hashes) noexcept;

  TextHash hash_;
  // Of the request before: mostly the same caller comes again, and then no hash is computed.
  const TextTable<CallerCell>::Row* last_caller_ = nullptr;
  CallerCell* last_cell_ = nullptr;
};

// The key's number: hours since 1970 and what the request is counted under.
constexpr std::uint32_t usage_tag(Time at, Word word) {
  const auto hours = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
  return (static_cast<std::uint32_t>(hours) << 8U) | word.code();
}
constexpr Time hour_of_tag(std::uint32_t tag) {
  return Time(std::chrono::hours(tag >> 8U));
}
constexpr Word word_of_tag(std::uint32_t tag) {
  return Word::of_code(static_cast<std::uint8_t>(tag));
}

}  // namespace guarita::telemetry
