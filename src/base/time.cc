#include "base/time.h"

#include <charconv>
#include <cstdint>
#include <cstdio>

namespace guarita {
namespace {

using namespace std::chrono;

// Exactly `n` digits at the front of `text`, which is advanced past them.
std::optional<int> take_digits(std::string_view& text, std::size_t n) {
  if (text.size() < n) return std::nullopt;
  int value = 0;
  for (char c : text.substr(0, n)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(n);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return minutes{0};
  const int sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || *h > 23 || !take(text, ':')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || *m > 59) return std::nullopt;
  return minutes{sign * (*h * 60 + *m)};
}

struct Unit {
  std::string_view suffix;
  std::int64_t ms;
};
constexpr Unit kUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

}  // namespace

std::string format_rfc3339(Time t) {
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{t - day};
  char buffer[40];
  const int n = std::snprintf(
      buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {buffer, static_cast<std::size_t>(n)};
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto mo = take_digits(text, 2);
  if (!mo || !take(text, '-')) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  const auto mi = take_digits(text, 2);
  if (!mi || !take(text, ':')) return std::nullopt;
  const auto s = take_digits(text, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  int ms = 0;
  if (take(text, '.')) {
    int place = 100;
    std::size_t count = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count, place /= 10) {
      ms += (text.front() - '0') * place;
      text.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} + milliseconds{ms} - *offset;
}

std::optional<Millis> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::int64_t kMax = std::int64_t{3650} * 86'400'000;
  for (const Unit& unit : kUnits) {
    if (suffix != unit.suffix) continue;
    if (value > kMax / unit.ms) return std::nullopt;
    return Millis{value * unit.ms};
  }
  return std::nullopt;
}

std::string format_duration(Millis d) {
  for (const Unit& unit : kUnits) {
    if (d.count() != 0 && d.count() % unit.ms == 0) {
      return std::to_string(d.count() / unit.ms).append(unit.suffix);
    }
  }
  return "0s";
}

Time SystemClock::now() const {
  const auto system =
      duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::int64_t floor = floor_ms_.load(std::memory_order_relaxed);
  while (system > floor &&
         !floor_ms_.compare_exchange_weak(floor, system, std::memory_order_relaxed)) {
  }
  return Time{Millis{std::max(system, floor)}};
}

void SystemClock::raise_floor(Time t) {
  const std::int64_t wanted = t.time_since_epoch().count();
  std::int64_t floor = floor_ms_.load(std::memory_order_relaxed);
  while (wanted > floor &&
         !floor_ms_.compare_exchange_weak(floor, wanted, std::memory_order_relaxed)) {
  }
}

}  // namespace guarita
