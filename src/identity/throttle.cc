#include "identity/throttle.h"

#include <algorithm>

#include "base/ip.h"

namespace guarita::identity {

Millis delay_after(unsigned failures, Millis most) {
  if (failures <= kFreeFailures) return Millis{0};
  const unsigned doublings = std::min(failures - kFreeFailures - 1, 30U);
  return std::min(kFirstDelay * (std::int64_t{1} << doublings), most);
}

// ---- FailureTable -------------------------------------------------------------------------------

const FailureTable::Row* FailureTable::find(const crypto::Hash128& key, Time now) const {
  const auto at = index_.find(key);
  if (at == index_.end() || now - at->second->last >= kForgetAfter) return nullptr;
  return &*at->second;
}

Millis FailureTable::wait(const crypto::Hash128& key, Time now) const {
  const Row* row = find(key, now);
  if (row == nullptr) return Millis{0};
  return std::max(Millis{0}, row->last + delay_after(row->failures, delay_max_) - now);
}

unsigned FailureTable::failures(const crypto::Hash128& key, Time now) const {
  const Row* row = find(key, now);
  return row == nullptr ? 0 : row->failures;
}

void FailureTable::add(const crypto::Hash128& key, Time now) {
  if (const auto at = index_.find(key); at != index_.end()) {
    Row& row = *at->second;
    if (now - row.last >= kForgetAfter) row.failures = 0;
    row.before = row.last;
    row.last = now;
    ++row.failures;
    rows_.splice(rows_.end(), rows_, at->second);
    return;
  }
  if (rows_.size() >= size_max_) {
    index_.erase(rows_.front().key);
    rows_.pop_front();
  }
  rows_.push_back({.key = key, .failures = 1, .last = now, .before = {}});
  index_.emplace(key, std::prev(rows_.end()));
}

void FailureTable::take_back(const crypto::Hash128& key, unsigned failures) {
  const auto at = index_.find(key);
  if (at == index_.end() || failures == 0) return;
  Row& row = *at->second;
  if (failures >= row.failures) {
    rows_.erase(at->second);
    index_.erase(at);
    return;
  }
  row.failures -= failures;
  row.last = row.before == Time{} ? row.last : row.before;
}

// ---- Throttle -----------------------------------------------------------------------------------

std::string throttled_network(std::string_view address) {
  auto parsed = parse_ip(address);
  if (!parsed) return std::string(address);
  if (!parsed->is_v4()) std::fill(parsed->bytes.begin() + 8, parsed->bytes.end(), std::uint8_t{0});
  return format_ip(*parsed);
}

Throttle::Throttle(const crypto::HashKey& key, std::size_t counts_max)
    : key_(key),
      addresses_(kAddressDelayMax, counts_max),
      users_(kUserDelayMax, counts_max),
      pairs_(kUserDelayMax, counts_max) {}

Throttle::Attempt Throttle::attempt(std::string_view address, std::string_view user) const {
  const std::string network = throttled_network(address);
  std::string pair = network;
  pair += '\0';
  pair += user;
  return {.address = crypto::keyed_hash(key_, network),
          .user = crypto::keyed_hash(key_, user),
          .pair = crypto::keyed_hash(key_, pair)};
}

Millis Throttle::wait(const Attempt& attempt, Place place, Time now) const {
  switch (place) {
    case Place::Known: return pairs_.wait(attempt.pair, now);
    case Place::Strange: break;
  }
  return std::max(addresses_.wait(attempt.address, now), users_.wait(attempt.user, now));
}

bool Throttle::place_matters(const Attempt& attempt, Time now) const {
  return wait(attempt, Place::Strange, now) > Millis{0};
}

void Throttle::failed(const Attempt& attempt, Time now) {
  addresses_.add(attempt.address, now);
  users_.add(attempt.user, now);
  pairs_.add(attempt.pair, now);
}

void Throttle::taken_back(const Attempt& attempt) {
  addresses_.take_back(attempt.address, 1);
  users_.take_back(attempt.user, 1);
  pairs_.take_back(attempt.pair, 1);
}

void Throttle::succeeded(const Attempt& attempt, Time now) {
  const unsigned own = pairs_.failures(attempt.pair, now);
  addresses_.take_back(attempt.address, own);
  users_.take_back(attempt.user, own);
  pairs_.take_back(attempt.pair, own);
}

}  // namespace guarita::identity
