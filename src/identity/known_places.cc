#include "identity/known_places.h"

#include <algorithm>
#include <iterator>

namespace guarita::identity {

void KnownPlaces::remember(const crypto::Hash128& pair) {
  if (const auto at = index_.find(pair); at != index_.end()) {
    places_.splice(places_.end(), places_, at->second);
    return;
  }
  if (places_.size() >= kMax) {
    index_.erase(places_.front());
    places_.pop_front();
  }
  places_.push_back(pair);
  index_.emplace(pair, std::prev(places_.end()));
}

void PendingSetups::put(const SessionKey& session, Secret secret, Time now) {
  std::erase_if(setups_, [&](const Setup& setup) {
    return setup.session == session || now - setup.begun_at >= kLife;
  });
  if (setups_.size() >= kMax) setups_.pop_front();
  setups_.push_back({.session = session, .secret = std::move(secret), .begun_at = now});
}

const Secret* PendingSetups::find(const SessionKey& session, Time now) const {
  const auto at = std::ranges::find(setups_, session, &Setup::session);
  return at == setups_.end() || now - at->begun_at >= kLife ? nullptr : &at->secret;
}

std::optional<Secret> PendingSetups::take(const SessionKey& session) {
  const auto at = std::ranges::find(setups_, session, &Setup::session);
  if (at == setups_.end()) return std::nullopt;
  std::optional<Secret> secret(std::move(at->secret));
  setups_.erase(at);
  return secret;
}

}  // namespace guarita::identity
