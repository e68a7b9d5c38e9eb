// The process log: JSON, one object a line, RFC 3339 times. Any thread, never blocks: lines go
// through a bounded queue to one writer; when it is full the oldest line is dropped and counted.
//
//   log::info("upstream", "connected", {{"host", host}, {"ms", elapsed}});
//
// Never pass a secret: Secret does not convert, and URLs are logged without their path.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace guarita::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error };

struct Value {
  std::variant<std::string_view, std::int64_t, bool> held;
  Value(const char* v) : held(std::string_view(v)) {}
  Value(std::string_view v) : held(v) {}
  Value(const std::string& v) : held(std::string_view(v)) {}
  Value(bool v) : held(v) {}
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  Value(I v) : held(static_cast<std::int64_t>(v)) {}
};
struct Field {
  std::string_view name;
  Value value;
};
using Fields = std::initializer_list<Field>;

// Until start() lines go to standard error at once, so that start-up errors are seen.
// `path` empty: standard error. An error text when the file cannot be opened; what was there
// before goes on. Again while other threads log: the file is opened anew (SIGHUP).
std::string start(Level level, const std::string& path);
// Flushes what is queued. REQUIRES: no other thread logs any more.
void stop();

void set_level(Level level);
bool enabled(Level level);
std::uint64_t dropped_lines();

void write(Level level, std::string_view component, std::string_view message, Fields fields = {});
inline void debug(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::Debug, c, m, f);
}
inline void info(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::Info, c, m, f);
}
inline void warn(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::Warn, c, m, f);
}
inline void error(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::Error, c, m, f);
}

// A complete line made elsewhere (the access log). Not filtered by level.
void line(std::string&& json);

// `text` as the inside of a JSON string: quotes, backslashes, controls and bytes that are not
// UTF-8 escaped. Appends to `out`.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace guarita::log
