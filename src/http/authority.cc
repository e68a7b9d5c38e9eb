#include <algorithm>

#include "base/ip.h"
#include "http/scan.h"
#include "http/target.h"

namespace guarita::http {
namespace {

// Where the port's colon is, or npos. Brackets are looked past.
std::size_t port_colon(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  return authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value <= 65535;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  if (host.front() != '[')
    return std::ranges::all_of(host, [](char c) { return (byte_class(c) & kHostBit) != 0; });
  if (host.back() != ']') return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  return inside.find(':') != std::string_view::npos && parse_ip(inside).has_value();
}

}  // namespace

bool is_authority(std::string_view text) {
  const std::size_t colon = port_colon(text);
  if (colon == std::string_view::npos) return is_host(text);
  return is_port(text.substr(colon + 1)) && is_host(text.substr(0, colon));
}

std::string_view host_of(std::string_view authority) {
  return authority.substr(0, port_colon(authority));
}

std::string_view port_of(std::string_view authority) {
  const std::size_t colon = port_colon(authority);
  return colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
}

}  // namespace guarita::http
