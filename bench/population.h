// The population that every gate is measured with, as arithmetic: instance i belongs to account
// i / 10, ids and tokens look random and are the same in every run, so nothing has to be kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::uint64_t kInstancesPerAccount = 10;
inline constexpr std::size_t kIdBytes = 32;     // upper-case hexadecimal digits
inline constexpr std::size_t kTokenBytes = 34;  // Z-API's form: F, 32 digits, S

// SplitMix64: a bijection, so two ids never meet.
constexpr std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// Writes 32 digits at `to`.
inline void write_digits(char* to, std::uint64_t high, std::uint64_t low, std::string_view digits) {
  for (int i = 0; i < 16; ++i, high <<= 4, low <<= 4) {
    to[i] = digits[high >> 60];
    to[16 + i] = digits[low >> 60];
  }
}

inline void write_instance(char* to, std::uint64_t instance) {
  write_digits(to, mixed(instance), mixed(~instance), "0123456789ABCDEF");
}

// kTokenBytes at `to`.
inline void write_token(char* to, std::uint64_t account) {
  constexpr std::uint64_t kOtherStream = 0x746F6B656E;
  to[0] = 'F';
  write_digits(to + 1, mixed(account ^ (kOtherStream << 24)),
               mixed(~account ^ (kOtherStream << 24)), "0123456789abcdef");
  to[kTokenBytes - 1] = 'S';
}

inline std::string instance_text(std::uint64_t instance) {
  std::string text(kIdBytes, '\0');
  write_instance(text.data(), instance);
  return text;
}

inline std::string token_text(std::uint64_t account) {
  std::string text(kTokenBytes, '\0');
  write_token(text.data(), account);
  return text;
}

inline std::string account_text(std::uint64_t account) {
  return "account-" + std::to_string(account);
}

}  // namespace bench
