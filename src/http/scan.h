// Byte scanning for the parsers: tables and 16 bytes at a time. Internal to src/http.
#pragma once

#include <array>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace guarita::http {

inline constexpr std::uint8_t kTokenBit = 1;       // RFC 9110 §5.6.2
inline constexpr std::uint8_t kAliasBit = 2;       // `_` and `.`: token bytes that frameworks fold
inline constexpr std::uint8_t kUnreservedBit = 8;  // RFC 3986 §2.3
inline constexpr std::uint8_t kHostBit = 16;       // letters, digits, - . _ ~

constexpr std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto at = [&table](char c) -> std::uint8_t& { return table[static_cast<std::uint8_t>(c)]; };
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (digit || letter) table[c] |= kTokenBit | kUnreservedBit | kHostBit;
  }
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    at(c) |= kTokenBit;
  for (const char c : {'-', '.', '_', '~'}) at(c) |= kUnreservedBit | kHostBit;
  at('_') |= kAliasBit;
  at('.') |= kAliasBit;
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kByteClass = make_byte_classes();

constexpr std::uint8_t byte_class(char c) {
  return kByteClass[static_cast<std::uint8_t>(c)];
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr std::array<char, 256> kLower = [] {
  std::array<char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    table[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20U : c);
  }
  return table;
}();
constexpr char lower(char c) {
  return kLower[static_cast<std::uint8_t>(c)];
}
constexpr char fold_byte(char c) {
  return c == '_' || c == '.' ? '-' : lower(c);
}
constexpr bool is_ows(char c) {
  return c == ' ' || c == '\t';
}

// The value of a hexadecimal digit; -1 for any other byte.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

#if defined(__SSE2__)
// Which of 16 bytes are letters, digits or `-`: what nearly every name is made of.
inline unsigned plain_name_bytes(const char* p) {
  const auto below = [](__m128i v, char from, int count) {  // from ≤ byte < from + count
    const __m128i moved = _mm_add_epi8(v, _mm_set1_epi8(static_cast<char>(-128 - from)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8(static_cast<char>(count - 128)));
  };
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i letters = below(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26);
  const __m128i others = _mm_or_si128(below(v, '0', 10), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letters, others)));
}
#endif

// The first byte that is no token byte; `classes` collects kAliasBit of those before it.
inline const char* scan_token(const char* p, const char* end, std::uint8_t& classes) {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const unsigned others = plain_name_bytes(p) ^ 0xffffU;
    if (others != 0) {
      p += __builtin_ctz(others);
      break;
    }
    p += 16;
  }
#endif
  while (p != end) {
    const std::uint8_t c = byte_class(*p);
    if ((c & kTokenBit) == 0) break;
    classes |= c;
    ++p;
  }
  return p;
}

// The first control byte but HTAB (what ends or spoils a header value).
inline const char* scan_value(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i controls = _mm_set1_epi8(0x1f);
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i tab = _mm_set1_epi8('\t');
  while (end - p >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, controls), v);
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(v, tab), low), _mm_cmpeq_epi8(v, del));
    if (const int mask = _mm_movemask_epi8(bad))
      return p + __builtin_ctz(static_cast<unsigned>(mask));
    p += 16;
  }
#endif
  while (p != end) {
    const auto c = static_cast<std::uint8_t>(*p);
    if ((c < 0x20 && c != '\t') || c == 0x7f) break;
    ++p;
  }
  return p;
}

// The first byte outside 21–7E, or `#` (what ends or spoils a request target).
inline const char* scan_target(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i hash = _mm_set1_epi8('#');
  while (end - p >= 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i good = _mm_cmpgt_epi8(v, space);  // signed: 80–FF fail as negative
    const __m128i bad = _mm_or_si128(_mm_cmpeq_epi8(v, del), _mm_cmpeq_epi8(v, hash));
    const int mask = _mm_movemask_epi8(_mm_andnot_si128(bad, good)) ^ 0xffff;
    if (mask) return p + __builtin_ctz(static_cast<unsigned>(mask));
    p += 16;
  }
#endif
  while (p != end) {
    const auto c = static_cast<std::uint8_t>(*p);
    if (c <= 0x20 || c >= 0x7f || c == '#') break;
    ++p;
  }
  return p;
}

}  // namespace guarita::http
