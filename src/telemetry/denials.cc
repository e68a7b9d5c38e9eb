#include "telemetry/denials.h"

#include <algorithm>
#include <ranges>
#include <tuple>

namespace guarita::telemetry {
namespace {

template <std::size_t N>
void assign_cut(policy::FixedText<N>& into, std::string_view text) noexcept {
  std::ignore = into.assign(text.substr(0, N));
}

// Bytes of the UTF-8 sequence at the start of `text`; 0: none is there.
std::size_t sequence_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t from, std::size_t until) {
    if (text.size() < until) return false;
    for (std::size_t i = from; i < until; ++i) {
      if ((byte(i) & 0xc0U) != 0x80U) return false;
    }
    return true;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 2) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!follows(1, 3)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (first == 0xed && byte(1) >= 0xa0) return 0;  // a surrogate
    return 3;
  }
  if (first < 0xf0 || first > 0xf4 || !follows(1, 4)) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) >= 0x90) return 0;
  return 4;
}

}  // namespace

std::string printable_text(std::string_view text, std::size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    if (out.size() + std::max<std::size_t>(bytes, 1) > bytes_max) break;
    if (bytes == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out += text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
  }
  return out;
}

DenialRing::DenialRing() : slots_(std::make_unique_for_overwrite<DenialSlot[]>(kDenialRingRows)) {}

void DenialRing::add(const Exchange& e) noexcept {
  DenialSlot& slot = slots_[added_ % kDenialRingRows];
  ++added_;
  slot.at = e.at;
  slot.address = e.address;
  slot.reason = e.reason;
  slot.word = word_of(e);
  assign_cut(slot.account_id, e.account_id);
  assign_cut(slot.instance_id, e.instance_id);
  assign_cut(slot.user_agent, e.user_agent);
  assign_cut(slot.request_id, e.request_id);
}

void DenialStore::absorb(const DenialRing& ring) {
  for (std::size_t i = 0; i < ring.size(); ++i) add(ring[i]);
}

void DenialStore::drop_oldest() {
  const auto owner = by_account_.find(rows_.front().account_id);
  owner->second.pop_front();  // its oldest is the oldest of all
  if (owner->second.empty()) by_account_.erase(owner);
  rows_.pop_front();
}

void DenialStore::add(const DenialSlot& slot) {
  if (rows_.size() == kDenialsMax) drop_oldest();
  rows_.push_back({.seq = ++seq_,
                   .at = slot.at,
                   .account_id = std::string(slot.account_id.view()),
                   .instance_id = std::string(slot.instance_id.view()),
                   .reason = slot.reason,
                   .word = slot.word,
                   .address = slot.address,
                   .user_agent = printable_text(slot.user_agent.view(), kDenialUserAgentBytes),
                   .request_id = std::string(slot.request_id.view())});
  auto& own = by_account_[rows_.back().account_id];
  own.push_back(std::prev(rows_.end()));
  if (own.size() > kDenialsPerAccountMax) {
    rows_.erase(own.front());
    own.pop_front();
  }
}

std::vector<Denial> DenialStore::of(std::string_view account_id, std::uint64_t after,
                                    std::size_t limit) const {
  std::vector<Denial> found;
  const auto own = by_account_.find(std::string(account_id));
  if (own == by_account_.end()) return found;
  // By time: the shards' rings come one after the other.
  for (const auto& row : std::views::reverse(own->second)) {
    if (row->seq <= after) break;
    found.push_back(*row);
  }
  std::ranges::sort(found, [](const Denial& a, const Denial& b) {
    return std::tie(a.at, a.seq) > std::tie(b.at, b.seq);
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace guarita::telemetry
