// Bounded memories: where users have signed in, and set-ups of two-factor that wait for a code.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/secret.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/crypto.h"

namespace guarita::identity {

// (user, network) pairs by their keyed hash; full: the one that signed in longest ago goes.
class KnownPlaces {
 public:
  static constexpr std::size_t kMax = 20'000;

  bool contains(const crypto::Hash128& pair) const { return index_.contains(pair); }
  void remember(const crypto::Hash128& pair);

 private:
  struct HashOf {
    std::size_t operator()(const crypto::Hash128& key) const { return key.low; }
  };
  std::list<crypto::Hash128> places_;  // the last sign-in at the back
  std::unordered_map<crypto::Hash128, std::list<crypto::Hash128>::iterator, HashOf> index_;
};

// One for a session at most; full: the oldest goes. Nothing of it is on disk.
class PendingSetups {
 public:
  static constexpr std::size_t kMax = 1'000;
  static constexpr Millis kLife = std::chrono::minutes(10);

  void put(const SessionKey& session, Secret secret, Time now);  // replaces an earlier one
  // The secret, as long as it is here and not too old. Valid until the next call.
  const Secret* find(const SessionKey& session, Time now) const;
  std::optional<Secret> take(const SessionKey& session);
  std::size_t size() const { return setups_.size(); }

 private:
  struct Setup {
    SessionKey session;
    Secret secret;
    Time begun_at;
  };
  std::list<Setup> setups_;  // the newest at the back
};

}  // namespace guarita::identity
