// IP addresses and networks, v4 and v6 in one 128-bit space (RFC 4291 §2.5.5.2, RFC 5952).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace guarita {

// An IPv4 address a.b.c.d is held as ::ffff:a.b.c.d, so that a mapped address is its IPv4.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const IpAddress&) const = default;
  bool is_v4() const;
};

// Dotted IPv4 (four decimal parts, no leading zeros) or IPv6 without zone or brackets.
std::optional<IpAddress> parse_ip(std::string_view text);

// RFC 5952 text; a mapped address prints as its IPv4.
std::string format_ip(const IpAddress& address);

struct Cidr {
  IpAddress network;
  std::uint8_t prefix_bits = 128;  // in the 128-bit space: 10.0.0.0/8 has 104
  auto operator<=>(const Cidr&) const = default;
};

enum class CidrErrorKind : std::uint8_t {
  Malformed,    // no address, or no decimal prefix length in range
  HostBitsSet,  // 10.0.0.1/8: `suggestion` names the network that was probably meant
};
struct CidrError {
  CidrErrorKind kind;
  std::string suggestion;
};

// "10.0.0.0/8", "2001:db8::/32", or a single address (a network of one).
Result<Cidr, CidrError> parse_cidr(std::string_view text);
std::string format_cidr(const Cidr& cidr);
bool contains(const Cidr& cidr, const IpAddress& address);

}  // namespace guarita
