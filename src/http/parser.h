// Strict HTTP/1.x head parsers, sans I/O (RFC 9112 §2–7). The result does not depend on how the
// bytes were split: an error is told at the first byte that makes it certain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"

namespace guarita::http {

struct Progress {
  enum class State : std::uint8_t { NeedMore, Done, Error };
  State state = State::NeedMore;
  ErrorCode error = ErrorCode::None;
  std::size_t consumed = 0;  // when Done: bytes of the head; what follows is body or next head

  bool done() const { return state == State::Done; }
  bool failed() const { return state == State::Error; }
};

// `buffer` holds everything from the head's first byte on, and is given whole again (it may have
// moved) after NeedMore with more bytes at its end. Call head.clear() before a new message.
// One empty line before the request line is skipped (RFC 9112 §2.2).
// After Done the head is checked in itself: framing, Host, Expect, Connection syntax, Upgrade.
Progress parse(std::string_view buffer, const Limits& limits, RequestHead& head);

// What the response answers: decides whether it has a body and whether 101 is in order.
struct ResponseContext {
  Method method = Method::Get;
  Upgrade upgrade = Upgrade::None;
};
Progress parse(std::string_view buffer, const Limits& limits, const ResponseContext& context,
               ResponseHead& head);

// `Keep-Alive: timeout=5` of a response, in seconds; -1 when absent or malformed.
int keep_alive_timeout_s(const ResponseHead& head);

}  // namespace guarita::http
