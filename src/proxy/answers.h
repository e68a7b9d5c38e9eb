// The gate's own answers: DESIGN §3 "The answers", byte for byte, and what the configuration puts
// in their place. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/decide.h"
#include "proxy/tuning.h"

namespace guarita::proxy {

// What is not a decision but still answered by the gate.
enum class Trouble : std::uint8_t {
  UpstreamUnavailable,  // refused, unreachable, unresolved, over a limit, none configured: 502
  UpstreamClosed,       // closed before a response head: 502
  UpstreamBadResponse,  // a response the strict parser refuses: 502
  UpstreamTimedOut,     // 504
  Draining,             // 503
  HeadTimedOut,         // 408
  BodyTooLarge,         // 413
};

struct Answer {
  std::uint16_t status = 0;
  std::string_view body;         // may hold one `{value}` where the text allows it
  std::string_view reason_text;  // Guarita-Reason; empty: the header is left out
};

class AnswerTable {
 public:
  explicit AnswerTable(const Tuning& tuning);
  AnswerTable(const AnswerTable&) = delete;  // by_reason_ points into bodies_
  AnswerTable& operator=(const AnswerTable&) = delete;

  // REQUIRES: reason is not None.
  const Answer& of(policy::Reason reason) const {
    return by_reason_[static_cast<std::size_t>(reason)];
  }
  static Answer of(Trouble trouble);

 private:
  std::array<std::string, policy::kReasons> bodies_;
  std::array<Answer, policy::kReasons> by_reason_;
};

// `body` with `{value}` replaced, into `out`. `value` is a mask or an address: JSON-safe.
void append_body(std::string& out, std::string_view body, std::string_view value);

}  // namespace guarita::proxy
