#include "net/admin_crowd.h"

#include <algorithm>
#include <map>

namespace guarita::net {
namespace {

bool waits(const AdminGuest& guest, std::chrono::steady_clock::time_point now) {
  switch (guest.phase) {
    case AdminPhase::Awaited: return true;
    case AdminPhase::Answered: return now - guest.since >= kStalledAfter;
    case AdminPhase::Handled:
    case AdminPhase::Streaming: return false;
  }
  return false;
}

}  // namespace

IpAddress block_of(std::string_view address) {
  IpAddress block = parse_ip(address).value_or(IpAddress{});
  if (!block.is_v4()) std::fill(block.bytes.begin() + 8, block.bytes.end(), std::uint8_t{0});
  return block;
}

std::optional<std::size_t> who_leaves(std::span<const AdminGuest> guests,
                                      std::chrono::steady_clock::time_point now) {
  std::map<IpAddress, std::size_t> waiting;
  for (const AdminGuest& guest : guests) {
    if (waits(guest, now)) ++waiting[guest.block];
  }
  std::optional<std::size_t> chosen;
  const auto order = [&](const AdminGuest& guest) {
    return std::pair(waiting[guest.block] <= kWaitingShare, guest.since);
  };
  for (std::size_t i = 0; i < guests.size(); ++i) {
    if (!waits(guests[i], now)) continue;
    if (!chosen || order(guests[i]) < order(guests[*chosen])) chosen = i;
  }
  return chosen;
}

}  // namespace guarita::net
