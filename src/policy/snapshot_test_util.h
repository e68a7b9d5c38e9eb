// Rows and digests for the tests of the snapshot and what stands on it.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "policy/snapshot.h"

namespace guarita::policy::testing {

inline Time at_ms(std::int64_t ms) {
  return Time{Millis{ms}};
}

inline AccountKey account_key(std::uint64_t n) {
  AccountKey key;
  std::memcpy(key.uuid.bytes.data(), &n, sizeof n);
  key.uuid.bytes[15] = 0xac;
  return key;
}

inline crypto::Digest digest_of(std::string_view text) {
  return crypto::sha256(text);
}

// Any 32 bytes told apart by n: cheaper than a hash where the text does not matter.
inline crypto::Digest digest_number(std::uint64_t n) {
  crypto::Digest digest{};
  std::memcpy(digest.data() + 8, &n, sizeof n);
  return digest;
}

inline InstanceTokenDigest instance_token_number(std::uint64_t n) {
  InstanceTokenDigest digest{};
  std::memcpy(digest.data(), &n, sizeof n);
  return digest;
}

inline AccountRow account_row(std::uint64_t n) {
  AccountRow row;
  row.key = account_key(n);
  row.id = "acct" + std::to_string(n);
  return row;
}

inline SnapshotOptions snapshot_options(FoldedIndex folded = FoldedIndex::On) {
  SnapshotOptions options;
  options.hash_key = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  options.folded = folded;
  return options;
}

// For a single-threaded test: no reader is left behind.
inline void reclaim_all(Snapshot& snapshot) {
  snapshot.reclaim(snapshot.retire_mark());
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace guarita::policy::testing
