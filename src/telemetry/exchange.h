// What the record phase knows of one request: filled by proxy, read by Shard::record.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/ip.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "policy/classify.h"
#include "policy/decide.h"

namespace guarita::telemetry {

enum class UpstreamOutcome : std::uint8_t {
  NotTried,       // denied, malformed, or the caller left first
  Answered,       // a whole response head was relayed, whatever its status
  ConnectFailed,  // refused, unreachable, or its name did not resolve
  TimedOut,       // no connection or no response head within the deadline
  Closed,         // closed before a response head (upstream_closed)
  BadResponse,    // a response that the strict parser refuses
  Cut,            // the answer was begun and ended early: either side left, or a re-decision cut it
};
inline constexpr unsigned kUpstreamOutcomes = 7;

// `Malformed`: the head was refused before a decision (400, 431, …): reason, mode, class and the
// ids below mean nothing. `Draining`: answered 503.
enum class Stage : std::uint8_t { Malformed, Draining, Decided };

// Views need to live only until Shard::record returns. Nothing here is a token, a URL token
// segment, a query, a cookie or a raw path: there is no field to put one into.
struct Exchange {
  Time at{};  // when the head was complete
  Stage stage = Stage::Malformed;

  // The caller. `address` is the client's by `client_address`, not the socket's.
  IpAddress address;
  std::string_view user_agent;  // as sent; the log cuts it
  std::string_view method;
  std::string_view request_id;

  // The decision. `account_id` empty: none (public route, unknown instance, denied before).
  // `instance_id` empty: the route names none.
  bool allow = false;
  policy::Reason reason{};
  policy::Mode mode{};
  policy::TokenClass token_class{};
  // Counted by account, instance and class only when this is set: a gated request of a known
  // account that the activation check is about.
  bool classified = false;
  bool unknown_instance = false;  // not registered, forwarded because of routing.unknown_instance
  std::string_view account_id;
  std::string_view instance_id;
  std::string_view route;                         // its template ("/instances/{instance}/*"), or ""
  const crypto::Digest* matched_token = nullptr;  // of the live token that was sent, in every mode

  // What became of it.
  std::uint16_t status = 0;                  // sent to the caller; 0: it left before an answer
  std::uint64_t bytes_in = 0;                // body bytes received from the caller
  std::uint64_t bytes_out = 0;               // body bytes sent to the caller, tunnel bytes included
  std::chrono::nanoseconds decision_time{};  // routing, facts and decide(); 0: not measured
  std::chrono::microseconds duration{};      // head complete → last byte of the answer
  UpstreamOutcome upstream = UpstreamOutcome::NotTried;
  std::string_view upstream_authority;  // host:port or unix path, never a URL path; "" = not tried
};

}  // namespace guarita::telemetry
