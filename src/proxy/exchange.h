// One request and its answer, from the first byte of the head to the record. Big (buffers), so a
// connection has one only while a request is under way; a thread's exchanges are reused, last in
// first out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/head.h"
#include "http/target.h"
#include "net/recycler.h"
#include "policy/classify.h"
#include "policy/decide.h"
#include "policy/facts.h"
#include "policy/routes.h"
#include "proxy/answers.h"
#include "proxy/body.h"
#include "proxy/buffer.h"
#include "proxy/request_id.h"
#include "proxy/rules.h"
#include "proxy/upstream_side.h"
#include "telemetry/exchange.h"

namespace guarita::proxy {

class Connection;

// A worker's use of one set of rules; not shared between threads, so that no shared count is
// touched per request.
struct PinnedRules {
  std::shared_ptr<const Rules> rules;
  unsigned pins = 0;
};

enum class Upload : std::uint8_t {
  None,  // not begun: no body, or all of it went out with the head
  Running,
  Done,
  CallerGone,    // the caller's side ended first
  UpstreamGone,  // the upstream takes no more; its answer may still come
  Malformed,     // `malformed` says why
  Stopped,
};

// The gate's own answer, when it gives one.
struct LocalAnswer {
  Answer answer;
  std::string value;  // for `{value}`
  bool close = false;
  bool preflight_granted = false;  // 204 with what the browser may do
};

struct Exchange : net::Recycled {
  static constexpr std::size_t kInBytes = 16 * 1024;
  static constexpr std::size_t kUpBytes = 32 * 1024;
  static constexpr std::size_t kBodyBytes = 64 * 1024;
  static constexpr std::size_t kBulkFrom = 128 * 1024;  // bytes of a response, then BulkBuffers

  Connection* connection = nullptr;
  PinnedRules* pinned = nullptr;
  const Rules& rules() const { return *pinned->rules; }

  // Downstream. `in` holds the head from its first byte, what follows it, and the next requests.
  Buffer in{kInBytes};
  std::unique_ptr<Buffer> body;  // of a streamed request body; made at first need
  std::string out;               // heads and texts on their way to the caller
  http::RequestHead request;
  http::Target target;
  BodyReader request_body;
  FramedBody request_framed;
  std::size_t used = 0;  // bytes of `in` that belong to this request and are done with
  http::ErrorCode malformed = http::ErrorCode::None;
  std::int64_t max_forwards = -1;

  // The decision; its views are cut, what outlives the decision is copied.
  policy::RouteMatch match;
  policy::Facts facts;
  policy::Decision decision;
  policy::FixedText<128> account_id;
  policy::TokenClass token_class = policy::TokenClass::None;
  policy::Reason public_reason = policy::Reason::None;
  bool decided = false;
  bool classified = false;
  LocalAnswer local;

  // Upstream.
  net::Upstream* upstream = nullptr;  // held
  UpstreamSide to;
  unsigned attempts = 0;
  std::size_t body_begin = 0;  // in `in`; before it the head
  std::string up_out;
  http::FieldList up_fields;  // HTTP/2's up_out
  Buffer up{kUpBytes};
  bool bulk = false;  // `up` is one of BulkBuffers, until the exchange is finished
  http::ResponseHead response;
  std::string response_text;  // of a head that came by HTTP/2
  BodyReader response_body;
  FramedBody response_framed;
  Upload upload = Upload::None;
  bool stop_upload = false;
  bool body_taken = false;      // body bytes went to this or an earlier upstream connection
  bool response_begun = false;  // a final head is on its way to the caller
  bool timed_out = false;       // a deadline ended a side
  bool keep_alive = false;      // the caller's connection, after this answer

  // Re-decision: on the worker's list while forwarded.
  Exchange* next_open = nullptr;
  Exchange** at_open = nullptr;
  std::int64_t forwarded_ms = 0;  // loop time at which it was allowed
  bool tunnel = false;
  bool event_stream = false;
  bool marked = false;  // would be refused now: cut once it is a stream
  bool cut = false;

  // Record.
  RequestIds::Text own_request_id{};
  std::string_view request_id;
  IpAddress address;
  Time at{};
  std::int64_t began_ns = 0;
  std::int64_t decided_ns = 0;
  std::uint16_t status = 0;
  std::uint64_t bytes_out = 0;
  telemetry::UpstreamOutcome outcome = telemetry::UpstreamOutcome::NotTried;

  // For the next request on the same connection; storage and `in` stay.
  void reset();
};

}  // namespace guarita::proxy
