// The two cookies: a user's session and a console link's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/site.h"
#include "net/admin_http.h"

namespace guarita::admin {

enum class CookieKind : std::uint8_t { User, Link };
// May another site hold the console in a frame ([console] frame_origins)?
enum class Framing : std::uint8_t { Refused, Listed };

// "__Host-guarita", "__Host-guarita-link"; on loopback without TLS "guarita", "guarita-link".
std::string_view cookie_name(CookieKind kind, Transport transport);

// Its value; none when there is none, or several of that name: somebody else has planted one.
std::optional<std::string_view> read_cookie(const net::AdminRequest& request,
                                            std::string_view name);
// Any of the names above, whatever the transport.
bool has_session_cookie(const net::AdminRequest& request);

// Values of Set-Cookie. REQUIRES: the transport is not Plain.
std::string set_cookie(CookieKind kind, Transport transport, Framing framing,
                       std::string_view value);
std::string clear_cookie(CookieKind kind, Transport transport, Framing framing);

}  // namespace guarita::admin
