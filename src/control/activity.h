// What the panel shows of an account's traffic, as values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/secret.h"
#include "base/time.h"
#include "control/outcome.h"
#include "store/store.h"
#include "telemetry/activity.h"

namespace guarita::control {

enum class TrafficRange : std::uint8_t {
  Hour,  // by minute, kept in memory: since the start at most
  Day,   // by hour
  Week,  // by three hours
};
struct TrafficQuery {
  std::optional<std::string> account_id;  // none: all accounts together
  TrafficRange range = TrafficRange::Hour;
  std::optional<std::string> instance_id;  // of that account; needs one
};

// `words` are what telemetry counts by. The series are those words, most first, but for the live
// tokens' words, which are one series, "accepted", at the beginning.
struct Traffic {
  using Counts = std::vector<std::uint64_t>;  // one for each of `series`

  Time from{}, until{};
  std::chrono::seconds step{};
  std::vector<std::string> series;
  std::vector<std::pair<Time, Counts>> points;  // without gaps, oldest first
  std::vector<std::pair<std::string, std::uint64_t>> words;
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;  // let through with a live token
  std::uint64_t denied = 0;    // the rest was let through without
  std::optional<Time> last_request_at;
};

struct Denials {
  std::vector<telemetry::Denial> items;  // newest first
  Time since{};                          // of this process
};

struct Callers {
  std::vector<store::CallerRow> items;  // the latest first
  Time since{};
};

// Whose news a stream brings, and what it has brought.
struct LiveCursor {
  std::string account_id;
  std::uint64_t denial = 0;
  std::vector<telemetry::WordCount> totals;
  store::Revision revision = 0;
};
struct LiveChange {
  store::Revision revision = 0;
  std::string verb;
};
struct LiveNews {
  std::vector<telemetry::Denial> denials;    // oldest first
  std::vector<telemetry::WordCount> counts;  // since the news before
  std::vector<LiveChange> changes;           // oldest first
};

struct InstanceView {
  store::InstanceRow row;
  policy::Mode mode = policy::Mode::Unset;  // of its account
  store::InstanceActivity activity;         // `requests`: of the last 24 h
};

// Who looks at the answer of a test: an owner never learns that a text is somebody else's token.
enum class Audience : std::uint8_t { Owner, Operator };
struct TestQuestion {
  std::string account_id;
  std::string instance_id;           // of that account
  std::optional<IpAddress> address;  // none: 127.0.0.1
  std::optional<Secret> token;
  Audience audience = Audience::Owner;
};
struct TestAnswer {
  bool allow = false;
  std::string reason, token_class, why;
  unsigned status = 0;                  // 0: forwarded
  std::string bytes;                    // "": forwarded
  std::optional<std::string> upstream;  // forwarded, and an operator asks
};
struct TestAnswers {
  TestAnswer without;
  std::optional<TestAnswer> with;  // where a token was given
};

}  // namespace guarita::control
