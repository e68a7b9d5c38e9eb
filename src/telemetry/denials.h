// The last refusals: a ring in each shard, filled without allocating, and the hub's bounded store
// that the rings are emptied into. Internal to telemetry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/routes.h"
#include "telemetry/activity.h"

namespace guarita::telemetry {

// Between two looks of the hub (a second). A power of two.
inline constexpr std::size_t kDenialRingRows = 256;
inline constexpr std::size_t kDenialsPerAccountMax = 200;
inline constexpr std::size_t kDenialsMax = 20'000;
inline constexpr std::size_t kDenialUserAgentBytes = 128;

struct DenialSlot {
  Time at;
  IpAddress address;
  policy::Reason reason;
  Word word;
  policy::FixedText<64> account_id;
  policy::FixedText<128> instance_id;
  policy::FixedText<kDenialUserAgentBytes> user_agent;
  policy::FixedText<128> request_id;
};

// Keeps the newest kDenialRingRows; older ones are counted as lost.
class DenialRing {
 public:
  DenialRing();
  // REQUIRES: a classified refusal.
  void add(const Exchange& exchange) noexcept;
  void clear() { added_ = 0; }
  std::uint64_t lost() const { return added_ > kDenialRingRows ? added_ - kDenialRingRows : 0; }
  std::size_t size() const { return static_cast<std::size_t>(added_ - lost()); }
  // 0: the oldest that is kept.
  const DenialSlot& operator[](std::size_t i) const {
    return slots_[(lost() + i) % kDenialRingRows];
  }

 private:
  std::unique_ptr<DenialSlot[]> slots_;  // pages that were never needed cost nothing
  std::uint64_t added_ = 0;
};

class DenialStore {
 public:
  void absorb(const DenialRing& ring);
  // Newest first, those after `after`.
  std::vector<Denial> of(std::string_view account_id, std::uint64_t after, std::size_t limit) const;
  std::uint64_t newest() const { return seq_; }

 private:
  using Rows = std::list<Denial>;
  void add(const DenialSlot& slot);
  void drop_oldest();

  std::uint64_t seq_ = 0;
  Rows rows_;  // oldest first
  std::unordered_map<std::string, std::deque<Rows::iterator>> by_account_;
};

// At most `bytes_max` of it; what is no UTF-8, and controls, become '?'.
std::string printable_text(std::string_view text, std::size_t bytes_max);

}  // namespace guarita::telemetry
