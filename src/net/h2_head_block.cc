#include "net/h2_head_block.h"

#include <algorithm>

#include "http/names.h"

namespace guarita::net {
namespace {

// Representations (RFC 7541 §6) and places in the static table (Appendix A).
constexpr unsigned kIndexed = 0x80;
constexpr unsigned kLiteral = 0x00;  // not indexed
constexpr unsigned kNeverIndexed = 0x10;
constexpr unsigned kAuthority = 1, kMethodGet = 2, kMethodPost = 3, kPath = 4, kSchemeHttp = 6;

// §5.1, behind the bits of `first`.
char* put_number(char* at, unsigned first, unsigned prefix_bits, std::size_t number) {
  const std::size_t most = (1U << prefix_bits) - 1;
  if (number < most) {
    *at++ = static_cast<char>(first | number);
    return at;
  }
  *at++ = static_cast<char>(first | most);
  for (number -= most; number >= 0x80; number >>= 7) *at++ = static_cast<char>(0x80 | number);
  *at++ = static_cast<char>(number);
  return at;
}

char* put_text(char* at, std::string_view text) {
  at = put_number(at, 0, 7, text.size());
  return std::copy(text.begin(), text.end(), at);
}

char* put_name(char* at, std::string_view name) {
  at = put_number(at, 0, 7, name.size());
  for (const char c : name) *at++ = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return at;
}

char* put_pseudo(char* at, std::string_view name, std::string_view value) {
  unsigned index = kAuthority;
  switch (name[1]) {
    case 'm':
      if (value == "GET") return put_number(at, kIndexed, 7, kMethodGet);
      if (value == "POST") return put_number(at, kIndexed, 7, kMethodPost);
      index = kMethodGet;
      break;
    case 's':
      if (value == "http") return put_number(at, kIndexed, 7, kSchemeHttp);
      index = kSchemeHttp;
      break;
    case 'p': index = kPath; break;
    default: break;
  }
  return put_text(put_number(at, kLiteral, 4, index), value);
}

// Names in any case; lengths tell nearly all apart.
bool is_credential(std::string_view name) {
  return (name.size() == 13 && http::equal_ignoring_case(name, "authorization")) ||
         (name.size() == 6 && http::equal_ignoring_case(name, "cookie"));
}

}  // namespace

void append_head_block(std::string& out, std::span<const http::SetField> fields) {
  constexpr std::size_t kNumberMax = 10;  // of a text's length; one byte more tells the kind
  std::size_t most = out.size();
  for (const http::SetField& field : fields) {
    most += field.name.size() + field.value.size() + 2 * kNumberMax + 1;
  }
  out.resize_and_overwrite(most, [&, begin = out.size()](char* block, std::size_t) {
    char* at = block + begin;
    for (const auto& [name, value] : fields) {
      if (name.front() == ':') {
        at = put_pseudo(at, name, value);
        continue;
      }
      *at++ = static_cast<char>(is_credential(name) ? kNeverIndexed : kLiteral);
      at = put_text(put_name(at, name), value);
    }
    return static_cast<std::size_t>(at - block);
  });
}

std::string_view table_size_updates(std::string_view block) {
  constexpr unsigned kUpdate = 0x20, kKind = 0xe0, kLong = 0x1f;
  const auto byte = [block](std::size_t i) { return static_cast<unsigned char>(block[i]); };
  std::size_t end = 0;
  while (end < block.size() && (byte(end) & kKind) == kUpdate) {
    const bool is_long = (byte(end++) & kLong) == kLong;
    while (is_long && end < block.size() && (byte(end++) & 0x80U) != 0) {
    }
  }
  return block.substr(0, end);
}

}  // namespace guarita::net
