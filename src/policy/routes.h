// Which requests are gated, and which instance each names (DESIGN §3 "Routes", WIRE "Target").
// Compiled once, then immutable: matching is pure, linear and allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace guarita::policy {

// One [[route]] of the configuration, as written.
struct RouteConfig {
  std::string path;                         // "/bot{instance}:{instance_token}/*"
  std::vector<std::string> methods;         // none = any; compared with case, HEAD is not GET
  std::string host;                         // "" = any; "{instance}.api.example.com"
  std::string access = "gated";             // or "public"
  std::string instance;                     // "path", "header:NAME", "query:NAME", "host"; "" =
                                            // where {instance} stands
  std::string instance_token = "required";  // or "optional"
  std::vector<std::string> shadow;          // "query:NAME", "header:NAME": other readers
  bool overlaps = false;  // public: yes, it takes requests of gated routes below it
};

// The two routes of DESIGN §3, for a configuration without any.
std::vector<RouteConfig> default_routes();

inline constexpr std::size_t kRoutesMax = 1000;
inline constexpr std::size_t kRouteTemplateBytesMax = 1024;
inline constexpr std::size_t kInstanceIdBytesMax = 128;
inline constexpr std::size_t kInstanceTokenBytesMax = 256;

struct RouteError {
  std::size_t number = 0;  // 1 is the first [[route]]; 0 when it is about the list
  std::string key;         // "path", "instance", …
  std::string message;     // "route 2, path: …; remedy", complete
};

// No line, one line or many of a header field; `value` is the first line's.
struct FieldLines {
  unsigned count = 0;
  std::string_view value;
};
struct FieldLookup {
  const void* context = nullptr;
  FieldLines (*get)(const void* context, std::string_view lower_case_name) = nullptr;
};
struct RequestView {
  std::string_view method;
  std::string_view host;   // lower case, no port
  std::string_view path;   // canonical (WIRE "Target"), with leading slash, no query
  std::string_view query;  // raw, without "?"
  FieldLookup fields;
};

// Text in a buffer of its own: copies are independent, nothing is on the heap. The buffer is not
// cleared first.
template <std::size_t N>
class FixedText {
 public:
  FixedText() {}  // not defaulted: value-initialisation would clear the buffer
  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  [[nodiscard]] bool push(char c) {
    if (size_ == N) return false;
    bytes_[size_++] = c;
    return true;
  }
  [[nodiscard]] bool assign(std::string_view text) {
    if (text.size() > N) return false;
    if (!text.empty()) std::memcpy(bytes_.data(), text.data(), text.size());
    size_ = static_cast<std::uint16_t>(text.size());
    return true;
  }

 private:
  std::uint16_t size_ = 0;
  std::array<char, N> bytes_;
};

struct RouteMatch {
  enum class Outcome : std::uint8_t {
    Unmatched,   // no route: unmatched_route, 404
    BadTarget,   // a route fits, but what it reads has two readings: 400
    Ambiguous,   // two places name different instances, or one place names two
    NoInstance,  // absent, or nothing an instance could be called: instance_not_found
    Public,      // forwarded undecided
    Gated,       // `instance_id` holds 1-128 bytes of UTF-8
  };
  Outcome outcome = Outcome::Unmatched;
  std::uint16_t route = 0;                           // index in the table; undefined when Unmatched
  bool instance_token_seen = false;                  // the route has the placeholder
  bool instance_token_optional = false;              // instance_token = "optional"
  FixedText<kInstanceIdBytesMax> instance_id;        // Gated only; percent-decoded once
  FixedText<kInstanceTokenBytesMax> instance_token;  // if seen, decoded once; "" when longer
};

namespace detail {
struct CompiledRoute;
}

class RouteTable {
 public:
  // At least one route. Any error: the first one.
  static Result<RouteTable, RouteError> parse(std::span<const RouteConfig> configs);

  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;
  ~RouteTable();

  std::size_t size() const;
  // The path template as written: for logs and metrics, where real paths must not stand.
  std::string_view template_of(std::size_t route) const;
  // Lower-case names of the header fields that routes read (WIRE: `Connection` may not name
  // them). Sorted, unique.
  const std::vector<std::string>& header_names() const { return header_names_; }
  // Some route takes some methods only.
  bool reads_methods() const;

  std::span<const detail::CompiledRoute> routes() const;

 private:
  RouteTable();

  std::vector<detail::CompiledRoute> routes_;
  std::vector<std::string> header_names_;
};

// First match wins. Any thread.
RouteMatch match(const RouteTable& table, const RequestView& request) noexcept;

// 1-128 bytes of UTF-8 (no surrogates, no overlong forms), no control characters (C0, DEL, C1),
// no '/'.
bool is_instance_id(std::string_view text);

}  // namespace guarita::policy
