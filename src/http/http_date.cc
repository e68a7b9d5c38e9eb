#include <algorithm>
#include <chrono>

#include "http/serialise.h"

namespace guarita::http {
namespace {

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

char* put(char* to, std::string_view text) {
  return std::ranges::copy(text, to).out;
}
char* put2(char* to, unsigned value) {
  *to++ = static_cast<char>('0' + value / 10);
  *to++ = static_cast<char>('0' + value % 10);
  return to;
}

}  // namespace

std::string_view HttpDate::text(Time now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const std::int64_t count = second.time_since_epoch().count();
  if (count == second_) return {text_, 29};
  second_ = count;
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  char* p = put(text_, kDays[std::chrono::weekday(day).c_encoding()]);
  p = put2(put(p, ", "), static_cast<unsigned>(date.day()));
  p = put(put(p, " "), kMonths[static_cast<unsigned>(date.month()) - 1]);
  p = put2(put2(put(p, " "), year / 100), year % 100);
  p = put2(put(p, " "), static_cast<unsigned>(time.hours().count()));
  p = put2(put(p, ":"), static_cast<unsigned>(time.minutes().count()));
  p = put2(put(p, ":"), static_cast<unsigned>(time.seconds().count()));
  put(p, " GMT");
  return {text_, 29};
}

}  // namespace guarita::http
