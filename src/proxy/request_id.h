// Request ids: unique, made per thread without a shared counter.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace guarita::proxy {

// 32 hex digits: a random half per thread and start, a scrambled counter.
class RequestIds {
 public:
  static constexpr std::size_t kBytes = 32;
  using Text = std::array<char, kBytes>;

  RequestIds();
  Text next();

 private:
  std::array<char, 16> prefix_{};
  std::uint64_t counter_ = 0;
};

// What is kept of an inbound X-Request-Id from a trusted proxy: 1–128 of letters, digits, `-_.:`.
bool is_request_id(std::string_view text);

}  // namespace guarita::proxy
