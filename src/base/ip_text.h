// An address as text without the heap: for what is written per request.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/ip.h"

namespace guarita {

// The same text as format_ip's.
class IpText {
 public:
  explicit IpText(const IpAddress& address);
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 46> bytes_;  // INET6_ADDRSTRLEN
  std::size_t size_ = 0;
};

}  // namespace guarita
