// Where a request comes from and how it travelled: Host, Origin, TLS, and the proof against
// cross-site requests. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/problem.h"
#include "base/secret.h"
#include "net/admin_http.h"

namespace guarita::admin {

// How a browser's cookies travel. A TLS terminator in front counts when [console] public_url is
// https and the Host header names it; loopback is what the Host header says, because a browser
// never sends that name to another machine.
enum class Transport : std::uint8_t { Secure, Loopback, Plain };
Transport transport_of(const net::AdminRequest& request, std::string_view public_url);

// Against DNS rebinding: the Host is a loopback name or public_url's. None: it is.
std::optional<Problem> check_host(const net::AdminRequest& request, std::string_view public_url);

// check_host(), and that Origin, when sent, is this server's own.
std::optional<Problem> check_site(const net::AdminRequest& request, std::string_view public_url);

// Against another site's page that makes this browser send a change. Of a request by session.
std::optional<Problem> check_csrf(const net::AdminRequest& request, const Secret& csrf);
// Of a public request that begins a session: JSON only, and not from another site.
std::optional<Problem> check_sign_in(const net::AdminRequest& request);

// "https://Guarita.example:8443/x" → "guarita.example:8443"; "" when it is no URL.
std::string authority_of(std::string_view url);
std::string_view without_port(std::string_view authority);

}  // namespace guarita::admin
