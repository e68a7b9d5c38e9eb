#include "policy/token_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "policy/bytes.h"

namespace guarita::policy {
namespace {

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kBodyBytes = 36;
constexpr std::size_t kChecksumBytes = 6;  // 62^6 > 2^32
constexpr std::size_t kZapiDigits = 32;
constexpr std::string_view kMasked = "****";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_base62(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c);
}
bool is_lower_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_visible(char c) {
  return c >= 0x21 && c <= 0x7e;
}
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

// CRC-32 as of IEEE 802.3 (reflected, polynomial 0xEDB88320): zlib's.
constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}();

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t c = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    c = kCrcTable[(c ^ static_cast<std::uint8_t>(byte)) & 0xFF] ^ (c >> 8);
  }
  return c ^ 0xFFFFFFFFU;
}

// Six base62 digits, the most significant first, filled with zeros.
std::array<char, kChecksumBytes> checksum_of(std::string_view bytes) {
  std::array<char, kChecksumBytes> digits{};
  std::uint32_t rest = crc32(bytes);
  for (std::size_t i = kChecksumBytes; i-- > 0; rest /= 62) digits[i] = kBase62[rest % 62];
  return digits;
}

void append_checksum(std::string& text) {
  const auto digits = checksum_of(text);
  text.append(digits.data(), digits.size());
}

bool equal_without_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, {}, to_lower);
}

// The bits one character brings when all are drawn alike from what the text seems to draw from.
double bits_per_character(std::string_view text) {
  bool digit = false;
  bool lower = false;
  bool upper = false;
  bool other = false;
  std::array<bool, 128> seen{};
  std::size_t distinct = 0;
  for (const char c : text) {
    digit |= is_digit(c);
    lower |= is_lower(c);
    upper |= is_upper(c);
    other |= !is_base62(c);
    bool& known = seen[static_cast<std::uint8_t>(c) & 0x7F];
    distinct += known ? 0 : 1;
    known = true;
  }
  const bool hex = !other && !(lower && upper) &&
                   std::ranges::all_of(text, [](char c) { return is_lower_hex(to_lower(c)); });
  double alphabet = (digit ? 10 : 0) + (lower ? 26 : 0) + (upper ? 26 : 0) + (other ? 32 : 0);
  if (hex) alphabet = lower || upper ? 16 : 10;
  // Few different characters are drawn from few: twice the number seen is generous.
  return std::log2(std::min(alphabet, 2.0 * static_cast<double>(distinct)));
}

// The longest match at `at` of something that stands before it.
std::size_t longest_repeat(std::string_view text, std::size_t at) {
  std::size_t best = 0;
  for (std::size_t from = 0; from < at; ++from) {
    std::size_t n = 0;
    while (at + n < text.size() && text[from + n] == text[at + n]) ++n;
    best = std::max(best, n);
  }
  return best;
}

}  // namespace

std::optional<std::string> prefix_problem(std::string_view prefix) {
  if (prefix.size() < 2 || prefix.size() > 16) return "must have 2 to 16 characters";
  for (const char c : prefix) {
    if (!is_base62(c) && c != '_' && c != '-') return "may hold letters, digits, _ and - only";
  }
  if (is_base62(prefix.back())) return "must end in _ or -, so that scanners see where it ends";
  return std::nullopt;
}

Secret make_token(const TokenFormat& format, const RandomBelow& random) {
  std::string text;
  // Reserved in full: a growing string would leave copies of the token behind on the heap.
  text.reserve(format.prefix.size() + kBodyBytes + kChecksumBytes);
  const auto draw = [&](std::string_view alphabet) {
    text += alphabet[random(static_cast<std::uint32_t>(alphabet.size()))];
  };
  switch (format.format) {
    case Format::Prefixed:
      text += format.prefix;
      for (std::size_t i = 0; i < kBodyBytes; ++i) draw(kBase62);
      append_checksum(text);
      break;
    case Format::Zapi:
      text += 'F';
      for (std::size_t i = 0; i < kZapiDigits; ++i) draw(kHex);
      text += 'S';
      break;
  }
  return Secret(std::move(text));
}

bool is_own_token(const TokenFormat& format, std::string_view text) {
  switch (format.format) {
    case Format::Prefixed: {
      const std::size_t checked = format.prefix.size() + kBodyBytes;
      if (text.size() != checked + kChecksumBytes || !text.starts_with(format.prefix)) return false;
      if (!std::ranges::all_of(text.substr(format.prefix.size()), is_base62)) return false;
      return std::ranges::equal(text.substr(checked), checksum_of(text.substr(0, checked)));
    }
    case Format::Zapi:
      return text.size() == kZapiDigits + 2 && text.front() == 'F' && text.back() == 'S' &&
             std::ranges::all_of(text.substr(1, kZapiDigits), is_lower_hex);
  }
  return false;
}

Result<Imported, ImportError> check_import(const TokenFormat& format, std::string_view text,
                                           ImportStrength strength) {
  using Out = Result<Imported, ImportError>;
  if (text.size() < kTokenBytesMin) return Out(std::unexpect, ImportError::TooShort);
  if (text.size() > kTokenBytesMax) return Out(std::unexpect, ImportError::TooLong);
  if (!is_wellformed_header_value(text)) return Out(std::unexpect, ImportError::BadCharacter);
  if (is_placeholder(text)) return Out(std::unexpect, ImportError::Placeholder);
  const bool claims = format.format == Format::Prefixed && text.starts_with(format.prefix);
  if (claims && !is_own_token(format, text)) return Out(std::unexpect, ImportError::BadChecksum);
  const bool weak = estimate_bits(text) < kStrongBits;
  if (weak && strength == ImportStrength::Strong) return Out(std::unexpect, ImportError::Weak);
  return Imported{.weak = weak};
}

std::string_view code_of(ImportError error) {
  switch (error) {
    case ImportError::TooShort: return "token_too_short";
    case ImportError::TooLong: return "token_too_long";
    case ImportError::BadCharacter: return "token_bad_character";
    case ImportError::Placeholder: return "token_is_placeholder";
    case ImportError::BadChecksum: return "token_bad_checksum";
    case ImportError::Weak: return "token_weak";
  }
  return "";
}

std::string_view message_of(ImportError error) {
  switch (error) {
    case ImportError::TooShort: return "A token has at least 16 characters; generate one instead.";
    case ImportError::TooLong: return "A token has at most 256 characters; generate one instead.";
    case ImportError::BadCharacter:
      return "A token is visible ASCII without spaces, quotes, comma, semicolon and backslash.";
    case ImportError::Placeholder:
      return "This is a placeholder of a template; give the token that stands in its place.";
    case ImportError::BadChecksum:
      return "It starts with this gate's prefix and its checksum is wrong: a mangled copy. Copy it "
             "again, whole.";
    case ImportError::Weak:
      return "It may be guessed (under 96 bits by estimate); generate one, or confirm with weak.";
  }
  return "";
}

double estimate_bits(std::string_view text) {
  if (text.empty()) return 0;
  constexpr std::size_t kRepeatMin = 4;  // shorter ones happen by chance
  const double each = bits_per_character(text);
  double bits = each;
  for (std::size_t i = 1; i < text.size();) {
    const std::size_t repeat = longest_repeat(text, i);
    if (repeat >= kRepeatMin) {
      // Where it stands before and how long it is: what an attacker has to guess of a copy.
      bits += std::min(std::log2(static_cast<double>(i)) + 2, each * static_cast<double>(repeat));
      i += repeat;
      continue;
    }
    const int step = text[i] - text[i - 1];
    const bool run = i >= 2 && step == text[i - 1] - text[i - 2] && step >= -1 && step <= 1;
    bits += run ? std::min(1.0, each) : each;
    ++i;
  }
  return bits;
}

bool is_wellformed_header_value(std::string_view text) {
  if (text.size() < kTokenBytesMin || text.size() > kTokenBytesMax) return false;
  return has_none(text, [](std::uint8_t c) {
    return static_cast<unsigned>(c < 0x21) | static_cast<unsigned>(c > 0x7e) |
           static_cast<unsigned>(c == '"') | static_cast<unsigned>(c == '\'') |
           static_cast<unsigned>(c == ',') | static_cast<unsigned>(c == ';') |
           static_cast<unsigned>(c == '\\');
  });
}

bool is_placeholder(std::string_view text) {
  for (const std::string_view word : {"null", "undefined", "none", "nil", "[token]"}) {
    if (equal_without_case(text, word)) return true;
  }
  return text.size() >= 4 && text.starts_with("{{") && text.ends_with("}}");
}

std::string mask(std::string_view text) {
  const bool tellable = text.size() >= kHintedBytesMin && std::ranges::all_of(text, [](char c) {
                          return is_visible(c) && c != '"' && c != '\\';
                        });
  std::string masked;
  if (tellable) masked += text.substr(0, 4);
  masked += kMasked;
  if (tellable) masked += text.substr(text.size() - 2);
  return masked;
}

std::string hint(std::string_view token) {
  return token.size() < kHintedBytesMin ? std::string()
                                        : std::string(token.substr(token.size() - 4));
}

RepairedToken::~RepairedToken() {
  explicit_bzero(bytes_.data(), bytes_.size());
}

void RepairedToken::append(std::string_view part) {
  std::memcpy(bytes_.data() + size_, part.data(), part.size());
  size_ += part.size();
}

RepairCandidates repair_candidates(const TokenFormat& format, std::string_view value) {
  RepairCandidates found;
  if (is_own_token(format, value)) return found;
  const auto next = [&]() -> RepairedToken& {
    found.tokens[found.count].clear();
    return found.tokens[found.count];
  };
  const auto keep_if_whole = [&] {
    if (is_own_token(format, found.tokens[found.count].reveal())) ++found.count;
  };
  switch (format.format) {
    case Format::Prefixed: {
      // What is left of the prefix is one of its ends (the start of the copy was missed), longest
      // first; then 36 characters; then what is left of the checksum, which must fit.
      const std::string_view prefix = format.prefix;
      const std::size_t whole = prefix.size() + kBodyBytes + kChecksumBytes;
      if (whole > RepairedToken::kBytesMax || value.size() > whole) break;
      for (std::size_t cut = 0; cut <= prefix.size() && found.count < found.tokens.size(); ++cut) {
        const std::string_view left = prefix.substr(cut);
        if (!value.starts_with(left) || value.size() < left.size() + kBodyBytes) continue;
        RepairedToken& token = next();
        token.append(prefix);
        token.append(value.substr(left.size(), kBodyBytes));
        const auto checksum = checksum_of(token.reveal());
        token.append({checksum.data(), checksum.size()});
        if (token.reveal().substr(cut).starts_with(value)) keep_if_whole();
      }
      break;
    }
    case Format::Zapi: {
      if (value.size() < kZapiDigits || value.size() > kZapiDigits + 1) break;
      RepairedToken& token = next();
      token.append("F");
      token.append(value.substr(value.front() == 'F' ? 1 : 0, kZapiDigits));
      token.append("S");
      // 33 characters are "F" + digits or digits + "S"; anything else fails the shape.
      if (value.size() == kZapiDigits || token.reveal().find(value) != std::string_view::npos) {
        keep_if_whole();
      }
      break;
    }
  }
  return found;
}

}  // namespace guarita::policy
