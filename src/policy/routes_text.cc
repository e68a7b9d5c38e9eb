#include "policy/routes_text.h"

#include <algorithm>

#include "policy/bytes.h"

namespace guarita::policy {
namespace {

// The number of bytes of the well-formed UTF-8 sequence at the start of `text`, 0 when there is
// none (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return n;
}

bool is_control(std::string_view sequence) {
  const auto lead = static_cast<std::uint8_t>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
  // U+0080 to U+009F are C2 80 to C2 9F.
  return lead == 0xC2 && static_cast<std::uint8_t>(sequence[1]) < 0xA0;
}

}  // namespace

bool is_instance_id(std::string_view text) {
  if (text.empty() || text.size() > kInstanceIdBytesMax) return false;
  const bool plain = has_none(text, [](std::uint8_t c) {
    return static_cast<unsigned>(c < 0x20) | static_cast<unsigned>(c > 0x7e) |
           static_cast<unsigned>(c == '/');
  });
  if (plain) return true;
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    if (n == 0 || text[0] == '/' || is_control(text.substr(0, n))) return false;
    text.remove_prefix(n);
  }
  return true;
}

namespace detail {

std::optional<char> hex_byte(std::string_view text, std::size_t at) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  if (at + 2 > text.size()) return std::nullopt;
  const int high = digit(text[at]);
  const int low = digit(text[at + 1]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

char Decoder::next() {
  const char c = text_[at_++];
  if (c == '+' && escapes_ == Escapes::Form) return ' ';
  if (c != '%') return c;
  const auto byte = hex_byte(text_, at_);
  if (!byte) {
    malformed_ = true;
    return c;
  }
  at_ += 2;
  return *byte;
}

bool decodes_to(std::string_view text, Escapes escapes, std::string_view plain) {
  Decoder decoder(text, escapes);
  for (const char c : plain) {
    if (decoder.done() || decoder.next() != c) return false;
  }
  return decoder.done();
}

namespace {

// Some frameworks read other keys as this one: in other letters (ASP.NET), behind spaces, with `.`
// or a space for `_` (PHP), cut at NUL, or as an array `key[]` (PHP, Rails, qs).
bool may_read_as(std::string_view key, std::string_view name) {
  const auto folded = [](char c) { return c == '.' || c == ' ' ? '_' : to_lower(c); };
  Decoder decoder(key, Escapes::Form);
  char c = '\0';
  bool more = false;
  const auto next = [&] {
    more = !decoder.done();
    if (more) c = decoder.next();
  };
  do next();
  while (more && c == ' ');
  for (const char wanted : name) {
    if (!more || folded(c) != folded(wanted)) return false;
    next();
  }
  return !more || c == '[' || c == '\0';
}

}  // namespace

QueryValue find_query(std::string_view query, std::string_view name) {
  QueryValue found;
  bool folded = false;
  // The pairs of readers that part by "&" alone are runs of the pieces of those that take ";"
  // too. A key that only the latter see is one that two readers disagree about.
  const auto count = [&](std::string_view raw) {
    found.count =
        found.count == QueryValue::Count::None ? QueryValue::Count::One : QueryValue::Count::Many;
    found.raw = raw;
  };
  const auto visit = [&](std::string_view pair) {
    const std::size_t equals = pair.find('=');
    const std::string_view key = pair.substr(0, equals);
    if (!decodes_to(key, Escapes::Form, name)) {
      folded = folded || may_read_as(key, name);
      return false;
    }
    count(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    return true;
  };
  while (true) {
    const std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    visit(pair);
    for (std::size_t semicolon = pair.find(';'); semicolon != std::string_view::npos;
         semicolon = pair.find(';')) {
      pair.remove_prefix(semicolon + 1);
      // Seen by one reader, not by the other: as good as named twice.
      if (visit(pair.substr(0, pair.find(';')))) found.count = QueryValue::Count::Many;
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  if (folded && found.count == QueryValue::Count::None) found.count = QueryValue::Count::Folded;
  if (folded && found.count == QueryValue::Count::One) found.count = QueryValue::Count::Many;
  return found;
}

bool equal_fold(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

}  // namespace detail
}  // namespace guarita::policy
