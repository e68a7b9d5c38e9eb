// Two questions about an upstream connection, each one predicate.
#pragma once

#include <cstdint>

#include "http/head.h"

namespace guarita::proxy {

enum class FailedAt : std::uint8_t {
  Connect,   // no connection came about
  Exchange,  // the connection ended, by error or in order, before a response head was complete
};

struct Failure {
  FailedAt at = FailedAt::Connect;
  unsigned attempts = 1;  // made so far, this one included
  http::Method method = http::Method::Other;
  std::uint64_t response_bytes = 0;  // of this attempt
  std::uint64_t body_bytes = 0;      // of the request, taken from the caller for this attempt
  bool timed_out = false;            // a deadline of ours ended it
  bool unprocessed = false;  // HTTP/2: the upstream says that it did not look at the request
};

// RFC 9110 §9.2.2: methods whose repetition does no more than the first.
constexpr bool is_idempotent(http::Method method) {
  using enum http::Method;
  switch (method) {
    case Get:
    case Head:
    case Put:
    case Delete:
    case Options:
    case Trace: return true;
    case Post:
    case Patch:
    case Connect:
    case Other: return false;
  }
  return false;
}

// Once more on a new connection? WIRE "Connections": connect failures always, an exchange only
// when the method is idempotent, no response byte came and no body byte was consumed; once. What
// the upstream did not look at (RFC 9113 §8.7) may be sent again whatever its method.
constexpr bool may_retry(const Failure& failure) {
  if (failure.attempts >= 2 || failure.timed_out) return false;
  if (failure.at == FailedAt::Connect) return true;
  if (failure.unprocessed) return failure.body_bytes == 0;
  return is_idempotent(failure.method) && failure.response_bytes == 0 && failure.body_bytes == 0;
}

struct Finished {
  bool response_keep_alive = false;  // by its head
  bool response_complete = false;    // its body's end was read
  bool request_complete = false;     // every byte of the request was sent
  bool surplus_bytes = false;        // something came after the response's end
  bool switched = false;             // upgraded: never HTTP again
  bool head = false;  // the answer to a HEAD: a faulty upstream sends its body all the same, late
};

// May the connection carry another exchange?
constexpr bool may_pool(const Finished& finished) {
  return finished.response_keep_alive && finished.response_complete && finished.request_complete &&
         !finished.surplus_bytes && !finished.switched && !finished.head;
}

}  // namespace guarita::proxy
