// Who makes room when an AdminServer is full. Pure. Internal to net.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ip.h"

namespace guarita::net {

enum class AdminPhase : std::uint8_t {
  Awaited,    // no whole request yet: idle, in a handshake, in a head or body, or lingering
  Handled,    // its handler runs or waits for a thread
  Answered,   // its answer is being written
  Streaming,  // its answer is an event stream
};

struct AdminGuest {
  IpAddress block{};  // block_of() its address
  AdminPhase phase = AdminPhase::Awaited;
  // Awaited: since when. Answered: when the peer last took bytes.
  std::chrono::steady_clock::time_point since{};
};

// An address with more waiting connections than this pays first. A browser holds six; what stands
// behind one reverse proxy or NAT is never refused for it.
inline constexpr std::size_t kWaitingShare = 16;
// An answer of which nothing was taken for so long counts as waiting.
inline constexpr std::chrono::seconds kStalledAfter{5};

// What one caller can easily have: an IPv4 address, an IPv6 /64. "unix" and the like: one block.
IpAddress block_of(std::string_view address);

// Index of the guest to close for a newcomer: of those that wait, the longest, but those of an
// address over its share before all others. None: everybody is being served.
std::optional<std::size_t> who_leaves(std::span<const AdminGuest> guests,
                                      std::chrono::steady_clock::time_point now);

}  // namespace guarita::net
