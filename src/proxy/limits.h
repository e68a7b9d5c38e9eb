// Every limit and deadline of the data plane: one table, from which app's configuration keys and
// their documentation are made. Heads have their own limits in http/limits.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace guarita::proxy {

struct Timeouts {
  Millis head{10'000};
  Millis idle{60'000};
  Millis connect{5'000};
  Millis response_head{120'000};
  Millis stall{60'000};
  Millis stream_idle{3'600'000};
  Millis lingering_silence{5'000};
  Millis lingering{30'000};
  Millis upstream_idle{4'000};
  Millis stream_after{10'000};
  Millis drain{30'000};
};

struct Limits {
  std::uint64_t connections = 65'536;
  std::uint64_t lingering = 256;
  std::uint64_t lingering_bytes = 64ULL << 20;
  std::uint64_t unread_body_bytes = 64ULL << 10;
  std::uint64_t upstream_connections = 4'096;
  std::uint64_t upstream_idle_connections = 1'024;
};

// `name` is the configuration key inside its section; `reason` the sentence that documents it.
struct TimeoutEntry {
  std::string_view name;
  Millis Timeouts::* member;
  Millis min, max;
  std::string_view reason;
};
struct LimitEntry {
  std::string_view name;
  std::uint64_t Limits::* member;
  std::uint64_t min, max;
  std::string_view unit;
  std::string_view reason;
};

using namespace std::chrono_literals;

inline constexpr std::array kTimeouts = {
    TimeoutEntry{"head", &Timeouts::head, 100ms, 10min,
                 "From the first byte of a request (or the accept) to the end of its head; then "
                 "408 and close. Bounds what a slow sender can hold."},
    TimeoutEntry{"idle", &Timeouts::idle, 100ms, 1h,
                 "How long a kept-alive caller's connection may wait for its next request."},
    TimeoutEntry{"connect", &Timeouts::connect, 10ms, 2min,
                 "To connect to one address of an upstream; then the next address, at last 504."},
    TimeoutEntry{"response_head", &Timeouts::response_head, 100ms, 1h,
                 "From the request's last byte to the end of the response head; then 504. Long "
                 "enough for long polls."},
    TimeoutEntry{"stall", &Timeouts::stall, 100ms, 1h,
                 "Silence allowed while a body is under way, on either side."},
    TimeoutEntry{"stream_idle", &Timeouts::stream_idle, 1s, 24h * 7,
                 "Silence allowed on tunnels (WebSocket) and text/event-stream."},
    TimeoutEntry{"lingering_silence", &Timeouts::lingering_silence, 100ms, 1min,
                 "After an early answer: how long a sender of an unread body may be silent."},
    TimeoutEntry{"lingering", &Timeouts::lingering, 100ms, 5min,
                 "After an early answer: how long an unread body is read and thrown away."},
    TimeoutEntry{"upstream_idle", &Timeouts::upstream_idle, 100ms, 10min,
                 "How long an idle upstream connection is kept. Below Node's 5 s, so that it is "
                 "ours to close first."},
    TimeoutEntry{"stream_after", &Timeouts::stream_after, 1s, 1h,
                 "An exchange older than this counts as a stream: a change that would refuse it "
                 "closes it. Younger ones may finish until this age."},
    TimeoutEntry{"drain", &Timeouts::drain, 0ms, 1h,
                 "At shutdown: how long open exchanges may take to finish."},
};

inline constexpr std::array kLimits = {
    LimitEntry{"connections", &Limits::connections, 1, 10'000'000, "connections",
               "Open callers' connections, all threads together; at the limit accept pauses."},
    LimitEntry{"lingering", &Limits::lingering, 0, 1'000'000, "connections per thread",
               "Connections whose unread body is being thrown away; over it the oldest is "
               "dropped."},
    LimitEntry{"lingering_bytes", &Limits::lingering_bytes, 0, 1ULL << 40, "bytes",
               "Of one unread body, thrown away after an early answer; then the connection is "
               "closed."},
    LimitEntry{"unread_body_bytes", &Limits::unread_body_bytes, 0, 1ULL << 30, "bytes",
               "A refused request's body up to this size is read and the connection is kept."},
    LimitEntry{"upstream_connections", &Limits::upstream_connections, 1, 1'000'000,
               "connections per upstream and thread",
               "Busy and idle ones together; over it a request gets 502."},
    LimitEntry{"upstream_idle_connections", &Limits::upstream_idle_connections, 0, 1'000'000,
               "connections per upstream and thread",
               "Idle ones kept for the next request; over it the oldest is closed."},
};

}  // namespace guarita::proxy
