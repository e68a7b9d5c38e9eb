// Header names: compared without case, found by fingerprint, folded for aliases.
//
// Fold: lower case, and `_` and `.` read as `-`, as CGI and many frameworks do. Whatever the gate
// removes or reads is removed under every name that folds to the same text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guarita::http {

// The headers that this folder reads or treats specially, resolved once, when a line is parsed.
enum class HeaderId : std::uint8_t {
  Other,
  AltSvc,
  CacheControl,
  CdnCacheControl,
  Connection,
  ContentLength,
  ContentType,
  Date,
  Expect,
  Forwarded,
  Host,
  Http2Settings,
  KeepAlive,
  MaxForwards,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  SurrogateControl,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  Vary,
  Via,
  XForwardedFor,
};

// Case-insensitive hash of a name; equal names have equal fingerprints, not the reverse.
std::uint32_t fingerprint(std::string_view name) noexcept;
HeaderId header_id(std::string_view name, std::uint32_t fingerprint) noexcept;
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool is_token(std::string_view text) noexcept;  // RFC 9110 §5.6.2, not empty

// A name with its fingerprint, made once at start-up: the key for Fields::lines(). Does not own.
struct Name {
  std::string_view text;
  std::uint32_t print = 0;
  Name() = default;
  explicit Name(std::string_view t) : text(t), print(fingerprint(t)) {}
};

// Lower case, `_` and `.` to `-`.
std::string fold(std::string_view name);
// `name` folds to `folded`, which is folded already.
bool folds_to(std::string_view name, std::string_view folded) noexcept;

enum class AliasByte : bool { No, Yes };  // the name holds `_` or `.`

// A set of folded names, built at start-up, asked per header line without allocation.
class NameSet {
 public:
  NameSet() = default;
  // Folds each. A name ending in `*` stands for all that begin so: "guarita-*"; one that begins
  // with `*` for all that end so: "*-cdn-cache-control".
  explicit NameSet(const std::vector<std::string>& names);
  void add(std::string_view name);
  bool contains(std::string_view name) const noexcept;  // any case, any alias
  // The same with what the parser found already.
  bool contains(std::string_view name, std::uint32_t fingerprint, AliasByte alias) const noexcept;
  bool empty() const { return names_.empty() && prefixes_.empty() && suffixes_.empty(); }

 private:
  void insert(std::string_view name);
  void rebuild();
  std::vector<std::string> names_;
  std::vector<std::uint32_t> prints_;  // of names_
  std::vector<std::uint16_t> slots_;   // open addressing over names_, 0 = free, else index + 1
  std::vector<std::string> prefixes_;
  std::vector<std::string> suffixes_;
};

}  // namespace guarita::http
