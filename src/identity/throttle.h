// How long somebody has to wait after failures. Pure: the clock is handed in, no lock, no I/O.
//
// Three counts, because each alone is a weapon or a hole:
//   of the address  An attacker who tries many users from one place. Doubles from a second up to
//                   kAddressDelayMax. IPv6 counts by /64, which is what one customer gets.
//   of the user     An attacker who tries one user from many places. Doubles up to kUserDelayMax
//                   only: guessing becomes hopeless (at most 2,880 a day), and nobody can shut the
//                   owner out for long.
//   of the pair     Where the user has signed in before ("known"), the other two do not count: the
//                   owner at the usual desk is never delayed by what happens elsewhere, nor by
//                   other people's failures behind the same proxy. Only failures for this user
//                   from this address delay, up to kUserDelayMax.
// So whoever shares neither address nor link with the attacker waits for nothing; the worst for
// everybody else is kUserDelayMax at a known address and kAddressDelayMax at an unknown one; and an
// operator's reset link is not delayed by the user's count at all.
//
// An attempt counts as a failure from its beginning and is taken back when it succeeds, so that
// a thousand at once count as a thousand. A success takes the pair's failures out of the other two
// counts as well, and no more: whoever has a user of their own cannot clean an address with it.
// Waiting attempts are not counted: asking again in vain never prolongs the wait.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "crypto/crypto.h"

namespace guarita::identity {

inline constexpr unsigned kFreeFailures = 4;  // typos cost nothing
inline constexpr Millis kFirstDelay = std::chrono::seconds(1);
inline constexpr Millis kUserDelayMax = std::chrono::seconds(30);
inline constexpr Millis kAddressDelayMax = std::chrono::minutes(15);
// Without a failure for this long a count is forgotten.
inline constexpr Millis kForgetAfter = std::chrono::hours(2);
// About 100 bytes each, three tables. Full: the one that failed longest ago goes.
inline constexpr std::size_t kCountsMax = 20'000;

// 0 up to kFreeFailures, then kFirstDelay doubled with each, at most `most`.
Millis delay_after(unsigned failures, Millis most);

// Failures by key, bounded.
class FailureTable {
 public:
  FailureTable(Millis delay_max, std::size_t size_max)
      : delay_max_(delay_max), size_max_(size_max) {}

  Millis wait(const crypto::Hash128& key, Time now) const;
  unsigned failures(const crypto::Hash128& key, Time now) const;
  void add(const crypto::Hash128& key, Time now);
  // A failure that is taken back leaves its delay behind only where others remain.
  void take_back(const crypto::Hash128& key, unsigned failures);
  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    crypto::Hash128 key;
    unsigned failures = 0;
    Time last{};
    Time before{};  // the failure before the last one
  };
  struct HashOf {
    std::size_t operator()(const crypto::Hash128& key) const { return key.low; }
  };
  using Rows = std::list<Row>;  // the last failure at the back

  const Row* find(const crypto::Hash128& key, Time now) const;

  Millis delay_max_;
  std::size_t size_max_;
  Rows rows_;
  std::unordered_map<crypto::Hash128, Rows::iterator, HashOf> index_;
};

// The network that counts as one address: itself, or the /64 of an IPv6 address. What is no
// address at all is one by its text.
std::string throttled_network(std::string_view address);

class Throttle {
 public:
  explicit Throttle(const crypto::HashKey& key, std::size_t counts_max = kCountsMax);

  enum class Place : std::uint8_t { Strange, Known };
  struct Attempt {
    crypto::Hash128 address, user, pair;
  };
  Attempt attempt(std::string_view address, std::string_view user) const;

  // What this attempt has to wait; 0: it may go on.
  Millis wait(const Attempt& attempt, Place place, Time now) const;
  // Would it matter whether the place is known?
  bool place_matters(const Attempt& attempt, Time now) const;
  void failed(const Attempt& attempt, Time now);
  void taken_back(const Attempt& attempt);  // it was no failure, and no success
  void succeeded(const Attempt& attempt, Time now);

 private:
  crypto::HashKey key_;
  FailureTable addresses_, users_, pairs_;
};

}  // namespace guarita::identity
