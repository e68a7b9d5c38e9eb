// E-mail addresses as names of users. Whether one is reachable, nobody here finds out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guarita::identity {

inline constexpr std::size_t kEmailBytesMax = 254;  // RFC 5321 §4.5.3.1.3, less the brackets

struct Email {
  std::string written;  // trimmed
  // What is unique: ASCII letters in lower case, other characters as they are. (By RFC 5321 the
  // local part may tell cases apart; no mail system does, and people do not.)
  std::string folded;
};

// One '@', both sides not empty, printable UTF-8 without spaces and without the characters that
// come along when "Name <a@b>" or a list is pasted.
std::optional<Email> parse_email(std::string_view text);

}  // namespace guarita::identity
