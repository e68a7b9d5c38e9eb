#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ip_text.h"

namespace guarita {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::uint8_t mask_byte(unsigned prefix_bits, std::size_t index) {
  const unsigned before = static_cast<unsigned>(index) * 8;
  if (prefix_bits >= before + 8) return 0xff;
  if (prefix_bits <= before) return 0;
  return static_cast<std::uint8_t>(0xff00U >> (prefix_bits - before));
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  IpAddress address;
  if (inet_pton(AF_INET, buffer, address.bytes.data() + 12) == 1) {
    std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
    return address;
  }
  if (inet_pton(AF_INET6, buffer, address.bytes.data()) == 1) return address;
  return std::nullopt;
}

IpText::IpText(const IpAddress& address) {
  static_assert(sizeof bytes_ == INET6_ADDRSTRLEN);
  if (!address.is_v4()) {
    inet_ntop(AF_INET6, address.bytes.data(), bytes_.data(), INET6_ADDRSTRLEN);
    size_ = std::strlen(bytes_.data());
    return;
  }
  // inet_ntop goes through printf: a quarter of a microsecond.
  char* at = bytes_.data();
  for (std::size_t i = 12; i < 16; ++i) {
    if (i > 12) *at++ = '.';
    at = std::to_chars(at, bytes_.data() + bytes_.size(), address.bytes[i]).ptr;
  }
  size_ = static_cast<std::size_t>(at - bytes_.data());
}

std::string format_ip(const IpAddress& address) {
  return std::string(IpText(address).view());
}

Result<Cidr, CidrError> parse_cidr(std::string_view text) {
  const auto malformed = Err<CidrError>({CidrErrorKind::Malformed, {}});
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return malformed;
  // A dotted text is IPv4; "::ffff:10.0.0.0/104" counts its bits in the v6 space.
  const bool dotted = text.find(':') == std::string_view::npos;
  const unsigned width = dotted ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > width) {
      return malformed;
    }
    if (digits.size() > 1 && digits.front() == '0') return malformed;
  }
  Cidr cidr{*address, static_cast<std::uint8_t>(bits + (128 - width))};
  for (std::size_t i = 0; i < 16; ++i) cidr.network.bytes[i] &= mask_byte(cidr.prefix_bits, i);
  if (cidr.network != *address) {
    return Err<CidrError>({CidrErrorKind::HostBitsSet, format_cidr(cidr)});
  }
  return cidr;
}

std::string format_cidr(const Cidr& cidr) {
  const bool v4 = cidr.network.is_v4() && cidr.prefix_bits >= 96;
  const unsigned bits = cidr.prefix_bits - (v4 ? 96U : 0U);
  return format_ip(cidr.network).append("/").append(std::to_string(bits));
}

bool contains(const Cidr& cidr, const IpAddress& address) {
  for (std::size_t i = 0; i < 16; ++i) {
    if ((address.bytes[i] & mask_byte(cidr.prefix_bits, i)) != cidr.network.bytes[i]) return false;
  }
  return true;
}

}  // namespace guarita
