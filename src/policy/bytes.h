// Judging every byte of a short text without a branch a byte, so that the compiler takes 16 at
// once.
#pragma once

#include <cstdint>
#include <string_view>

namespace guarita::policy {

// No byte of `text` is one that `bad` says yes to. `bad`: of an unsigned byte, without branches
// (`|` between its parts, not `||`).
template <class Bad>
constexpr bool has_none(std::string_view text, Bad bad) noexcept {
  std::uint8_t found = 0;
  for (const char c : text) {
    found = static_cast<std::uint8_t>(found |
                                      static_cast<std::uint8_t>(bad(static_cast<std::uint8_t>(c))));
  }
  return found == 0;
}

}  // namespace guarita::policy
