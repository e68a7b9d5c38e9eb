// What an account's owner sees of their traffic: counted words, refusals, callers. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/time.h"
#include "policy/classify.h"
#include "policy/decide.h"
#include "telemetry/exchange.h"

namespace guarita::telemetry {

// What a request of an account is counted under: the class of its token or, where it was refused
// before its token was asked for, the public reason.
class Word {
 public:
  constexpr Word() = default;
  constexpr explicit Word(policy::TokenClass token_class)
      : code_(static_cast<std::uint8_t>(token_class)) {}
  constexpr explicit Word(policy::Reason reason)
      : code_(static_cast<std::uint8_t>(kReason | static_cast<unsigned>(reason))) {}
  static constexpr Word of_code(std::uint8_t code) {
    Word word;
    word.code_ = code;
    return word;
  }

  constexpr std::uint8_t code() const { return code_; }
  std::string_view text() const {
    if ((code_ & kReason) == 0) return policy::text_of(static_cast<policy::TokenClass>(code_));
    return policy::text_of(static_cast<policy::Reason>(code_ & ~kReason));
  }
  bool operator==(const Word&) const = default;

 private:
  static constexpr unsigned kReason = 0x80;
  std::uint8_t code_ = 0;
};

// REQUIRES: exchange.classified.
constexpr Word word_of(const Exchange& exchange) noexcept {
  using enum policy::Reason;
  const policy::Reason reason = exchange.reason;
  const bool before_the_token =
      reason == IpNotAllowed || reason == InstanceNotFound || reason == Preflight;
  return !exchange.allow && before_the_token ? Word(reason) : Word(exchange.token_class);
}

// Let through with a live token of its account.
constexpr bool is_accepted(const Exchange& exchange) noexcept {
  return exchange.allow && policy::is_valid(exchange.token_class);
}

struct MinuteCount {
  Time minute{};
  std::string instance_id{};  // "" = none, or not told apart
  Word word{};
  std::uint64_t count = 0;
  std::uint64_t denied = 0;  // of them
};

struct WordCount {
  Word word{};
  std::uint64_t count = 0;
};

// One refusal. `user_agent` is the caller's text, cut, and made UTF-8 without controls.
struct Denial {
  std::uint64_t seq = 0;  // rises by one from refusal to refusal, over all accounts
  Time at{};
  std::string account_id{};
  std::string instance_id{};
  policy::Reason reason{};
  Word word{};
  IpAddress address{};
  std::string user_agent{};
  std::string request_id{};
};

}  // namespace guarita::telemetry
