// The text of account tokens: making, importing, recognising and hiding it (DESIGN §2 words,
// §4 "Token text"). Pure; nothing here logs or keeps a token.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace guarita::policy {

enum class Format : std::uint8_t {
  Prefixed,  // prefix, 36 base62 characters, 6 base62 digits of the CRC32 of all that precedes
  Zapi,      // "F", 32 lower-case hexadecimal digits, "S"
};

struct TokenFormat {
  Format format = Format::Prefixed;
  std::string prefix = "gta_";  // see prefix_problem(); not used by Format::Zapi
};

inline constexpr std::size_t kTokenBytesMin = 16;
inline constexpr std::size_t kTokenBytesMax = 256;
inline constexpr std::size_t kHintedBytesMin = 24;  // shorter ones would be half told by a hint
inline constexpr double kStrongBits = 96;

// What is wrong with a configured prefix, or none: 2 to 16 of [A-Za-z0-9_-], not ending in a
// letter or digit (a scanner must see where the prefix ends).
std::optional<std::string> prefix_problem(std::string_view prefix);

// A uniform number in [0, bound): crypto::random_below. The source rejects what would bias it,
// so a modulo never meets random bytes here.
using RandomBelow = std::function<std::uint32_t(std::uint32_t bound)>;

// REQUIRES: !prefix_problem(format.prefix), random(n) < n.
Secret make_token(const TokenFormat& format, const RandomBelow& random);

enum class ImportStrength : std::uint8_t {
  Strong,     // an estimate under kStrongBits is refused
  AllowWeak,  // taken, and marked weak
};
enum class ImportError : std::uint8_t {
  TooShort,      // under 16 characters
  TooLong,       // over 256
  BadCharacter,  // not visible ASCII, or a quote, comma, semicolon or backslash
  Placeholder,   // "{{token}}" and the like: the template was never filled in
  BadChecksum,   // starts with the own prefix and is not a token that was made here
  Weak,          // under 96 bits by estimate, and the caller did not allow it
};
struct Imported {
  bool weak = false;
};
// The first error in the order of the enum. Whether it is live or dead elsewhere is control's.
Result<Imported, ImportError> check_import(const TokenFormat& format, std::string_view text,
                                           ImportStrength strength);
std::string_view code_of(ImportError error);     // "token_too_short"
std::string_view message_of(ImportError error);  // a sentence with the remedy, without the text

// A guess from above at the bits an attacker has to search: character classes, repeats and runs.
// It knows no dictionary.
double estimate_bits(std::string_view text);

// 16-256 visible ASCII characters without " ' , ; and backslash: what a header value must be to
// be worth a digest.
bool is_wellformed_header_value(std::string_view text);

// null, undefined, none, nil and [token] in any letter case, and anything between {{ and }}.
bool is_placeholder(std::string_view text);

// For answers: "gta_****9Z" for 24 or more visible ASCII characters without " and backslash,
// else "****".
std::string mask(std::string_view text);

// The last four characters, to tell tokens apart; "" for texts under 24 characters.
std::string hint(std::string_view token);

// True when `text` has the shape of a token of `format`, its checksum included.
bool is_own_token(const TokenFormat& format, std::string_view text);

// A token's text in place, each copy wiped at its end; the heap is not touched.
class RepairedToken {
 public:
  static constexpr std::size_t kBytesMax = 64;  // the longest prefix, body and checksum: 58

  RepairedToken() = default;
  RepairedToken(const RepairedToken&) = default;
  RepairedToken& operator=(const RepairedToken&) = default;
  ~RepairedToken();

  void append(std::string_view part);  // REQUIRES: it fits
  void clear() { size_ = 0; }
  std::string_view reveal() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kBytesMax> bytes_{};
  std::size_t size_ = 0;
};

struct RepairCandidates {
  std::array<RepairedToken, 2> tokens;
  std::size_t count = 0;
  std::span<const RepairedToken> view() const { return {tokens.data(), count}; }
};

// The whole tokens that `value` may be a mangled copy of: what carries no entropy (prefix,
// checksum, F and S) is put back. None when `value` is whole or lacks entropy.
RepairCandidates repair_candidates(const TokenFormat& format, std::string_view value);

}  // namespace guarita::policy
