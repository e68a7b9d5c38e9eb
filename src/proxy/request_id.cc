#include "proxy/request_id.h"

#include <algorithm>

#include "crypto/crypto.h"

namespace guarita::proxy {
namespace {

void put_hex(char* out, std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, number >>= 4) out[i] = kDigits[number & 15];
}

}  // namespace

RequestIds::RequestIds() {
  std::array<std::uint8_t, 16> random{};
  crypto::random_bytes(random);
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | random[i];
    counter_ = counter_ << 8 | random[i + 8];
  }
  put_hex(prefix_.data(), prefix);
}

RequestIds::Text RequestIds::next() {
  Text text;
  std::ranges::copy(prefix_, text.begin());
  // An odd multiplier permutes the 64-bit numbers: no id comes twice.
  put_hex(text.data() + 16, ++counter_ * 0x9e3779b97f4a7c15ULL);
  return text;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

}  // namespace guarita::proxy
