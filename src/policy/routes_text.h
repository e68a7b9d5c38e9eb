// URL text: what `routes` decodes. Internal to policy.
#pragma once

#include <optional>
#include <string_view>

#include "policy/routes.h"

namespace guarita::policy::detail {

enum class Escapes : std::uint8_t {
  Percent,  // RFC 3986 §2.1
  Form,     // and "+" is a space (application/x-www-form-urlencoded)
};

// The value of the two hexadecimal digits at `at`, if they are there.
std::optional<char> hex_byte(std::string_view text, std::size_t at);

// One decoding of `text` from left to right, without memory. A "%" without two hexadecimal digits
// stands for itself and sets `malformed`.
class Decoder {
 public:
  Decoder(std::string_view text, Escapes escapes) : text_(text), escapes_(escapes) {}
  bool done() const { return at_ == text_.size(); }
  char next();
  bool malformed() const { return malformed_; }

 private:
  std::string_view text_;
  Escapes escapes_;
  std::size_t at_ = 0;
  bool malformed_ = false;
};

bool decodes_to(std::string_view text, Escapes escapes, std::string_view plain);

// False when malformed or longer than N; `out` is then empty.
template <std::size_t N>
bool decode_into(FixedText<N>& out, std::string_view text, Escapes escapes) {
  // Most texts have nothing to decode.
  if (text.find('%') == std::string_view::npos &&
      (escapes == Escapes::Percent || text.find('+') == std::string_view::npos)) {
    if (out.assign(text)) return true;
    out.clear();
    return false;
  }
  out.clear();
  Decoder decoder(text, escapes);
  while (!decoder.done()) {
    if (!out.push(decoder.next())) {
      out.clear();
      return false;
    }
  }
  if (decoder.malformed()) out.clear();
  return !decoder.malformed();
}

// What one query key holds. Pairs are parted by "&"; names are decoded before they are compared.
struct QueryValue {
  enum class Count : std::uint8_t {
    None,
    Folded,  // only a key that some frameworks read as this one: other case, `key[]` …
    One,
    Many,
  } count = Count::None;
  std::string_view raw;  // of One: not decoded
};
// Also Many when a reader that parts pairs by ";" as well, or one that folds keys, would see the
// key once more.
QueryValue find_query(std::string_view query, std::string_view name);

inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool equal_fold(std::string_view a, std::string_view b);

}  // namespace guarita::policy::detail
