// What people type: UTF-8, trimmed, folded, free of what does not print.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace guarita::identity {

// The code points of well-formed UTF-8 (no surrogates, no overlong forms); none when it is not.
std::optional<std::u32string> decode_utf8(std::string_view text);

std::string fold_ascii(std::string_view text);       // A–Z to a–z, the rest as it is
std::string_view trim_ascii(std::string_view text);  // spaces, tabs, line ends

// Well-formed, no controls, none of the characters that turn or hide text (bidirectional
// overrides, zero-width space, byte order mark). Combining marks and joiners are fine.
bool is_printable(std::string_view text);

// For values that a program sent (a user agent): each byte that is not visible ASCII or a space
// becomes '?', and what is over `bytes_max` is cut.
std::string clean_ascii(std::string_view text, std::size_t bytes_max);

}  // namespace guarita::identity
