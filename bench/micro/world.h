// What the micro-benchmarks work on: a snapshot of N instances with random ids, ten an account,
// every account enforcing with one token; and a random walk through them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "policy/snapshot.h"

namespace guarita::bench {

inline constexpr std::uint64_t kPerAccount = 10;
inline constexpr Time kNow{Millis{1'790'000'000'000}};

// One caller's request: texts at hand, as in a request head.
struct Pick {
  std::array<char, 32> id;     // upper-case hexadecimal
  std::array<char, 46> token;  // of the instance's account

  std::string_view id_view() const { return {id.data(), id.size()}; }
  std::string_view token_view() const { return {token.data(), token.size()}; }
};

class World {
 public:
  // `picks`: how long the walk is before it begins anew. More of them than caches can hold of what
  // they lead to; a power of two.
  World(std::uint64_t instances, std::size_t picks);

  const policy::Snapshot& snapshot() const { return snapshot_; }
  const Pick& pick(std::uint64_t i) const { return picks_[i & (picks_.size() - 1)]; }

 private:
  policy::Snapshot snapshot_;
  std::vector<Pick> picks_;
};

// A fixed sequence without state: number i of stream `stream`.
std::uint64_t scrambled(std::uint64_t stream, std::uint64_t i);

}  // namespace guarita::bench
