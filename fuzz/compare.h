// Comparison with the oracles, and the known differences between them and us.
#pragma once

#include <string_view>

#include "http/head.h"
#include "message.h"

namespace guarita::fuzz {

// `shift`: how many bytes longer the oracle's input is than ours.
void expect_same(std::string_view who, const Message& ours, const Message& theirs,
                 std::ptrdiff_t shift, std::string_view input);

// Beast reads Proxy-Connection as if it were Connection. RFC 9110 does not know it and the gate
// drops it, so it is shown under another name of the same length.
inline constexpr std::string_view kProxyConnection = "proxy-connection";
inline constexpr std::string_view kDisguise = "broxy-connection";
void disguise_proxy_connection(Message& message);

// Both oracles apply their rules for framing to trailers as well; ours are dropped or filtered
// before anybody reads them. True when a trailer has such a name.
bool trailers_frame(const http::Fields& head, const Message& message);
// llhttp 8.1 refuses a second chunk extension on a line after one with a value; only where that
// can be, its refusal is not held against us.
void expect_same_llhttp(const Message& ours, const Message& theirs, std::ptrdiff_t shift,
                        std::string_view input);

unsigned count_field(const Message& message, std::string_view lower_case_name);

}  // namespace guarita::fuzz
