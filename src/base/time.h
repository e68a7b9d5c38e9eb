// Wall-clock time in milliseconds, its text form (RFC 3339, UTC), instants for durations, and the
// clock seam.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace guarita {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using Time = std::chrono::sys_time<Millis>;
using Instant = std::chrono::steady_clock::time_point;

// "2026-11-24T10:51:23.417Z". Years 1970 to 9999.
std::string format_rfc3339(Time t);

// RFC 3339 with "Z" or an offset, fraction optional (cut to milliseconds). None when malformed.
std::optional<Time> parse_rfc3339(std::string_view text);

// "90s", "15m", "24h", "7d", "250ms". Digits and one unit; none when malformed or over 10 years.
std::optional<Millis> parse_duration(std::string_view text);

// The largest unit that divides it: "15m".
std::string format_duration(Millis d);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;  // any thread
  // For durations: finer, and set by nobody. Any thread.
  virtual Instant instant() const { return std::chrono::steady_clock::now(); }
};

// The system's clock behind a floor: now() never goes back, whatever the system's clock does.
// The floor starts at the newest time found in the store and rises to the largest time seen.
class SystemClock final : public Clock {
 public:
  Time now() const override;
  void raise_floor(Time t);

 private:
  mutable std::atomic<std::int64_t> floor_ms_{0};
};

}  // namespace guarita
