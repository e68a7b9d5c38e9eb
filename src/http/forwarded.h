// Who calls: the address that the IP list, the logs and X-Forwarded-For mean (RFC 7239).
#pragma once

#include <cstdint>
#include <span>

#include "base/ip.h"
#include "http/head.h"

namespace guarita::http {

enum class AddressSource : std::uint8_t {
  Socket,  // the peer of the connection; headers are not looked at
  XForwardedFor,
  Forwarded,
};

// Exactly one source counts. All lines of its header joined, walked from right to left while the
// hop at hand is a trusted proxy; an element that is no address ends the walk, and the last good
// hop counts. Never fails: without trusted proxies it is `peer`.
// Elements: address, address:port, [v6], [v6]:port; for Forwarded the `for` parameter.
IpAddress client_address(AddressSource source, const IpAddress& peer, const Fields& fields,
                         std::span<const Cidr> trusted_proxies);

// Whether the peer itself is a trusted proxy: only then an inbound X-Request-Id is kept.
bool is_trusted(const IpAddress& peer, std::span<const Cidr> trusted_proxies);

}  // namespace guarita::http
