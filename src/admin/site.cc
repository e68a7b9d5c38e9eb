#include "admin/site.h"

#include <algorithm>

#include "admin/body.h"
#include "crypto/crypto.h"

namespace guarita::admin {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::string origin_of(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  return lower(url.substr(0, begin)) + "://" + authority_of(url);
}

bool is_loopback(std::string_view authority) {
  const std::string_view host = without_port(authority);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool names_public_url(std::string_view host, std::string_view public_url) {
  return !public_url.empty() && host == authority_of(public_url);
}

// A request for the public URL has that origin; on loopback it is what the request itself says.
bool is_own_origin(std::string_view origin, const net::AdminRequest& request,
                   std::string_view public_url) {
  if (!public_url.empty() && origin == origin_of(public_url)) return true;
  const std::string host = lower(request.header("Host").value_or(""));
  return is_loopback(host) && origin == (request.peer.tls ? "https://" : "http://") + host;
}

bool is_cross_site(const net::AdminRequest& request) {
  if (request.count("Sec-Fetch-Site") == 0) return false;  // a browser before 2023, or none
  const auto site = request.header("Sec-Fetch-Site");
  return !site || *site == "cross-site";
}

}  // namespace

std::string authority_of(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  return lower(url.substr(0, url.find('/')));
}

std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return authority;
  const std::string_view port = authority.substr(colon + 1);
  const bool digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? authority.substr(0, colon) : authority;
}

Transport transport_of(const net::AdminRequest& request, std::string_view public_url) {
  if (request.peer.tls) return Transport::Secure;
  const std::string host = lower(request.header("Host").value_or(""));
  if (names_public_url(host, public_url) && origin_of(public_url).starts_with("https://")) {
    return Transport::Secure;
  }
  return is_loopback(host) || request.peer.unix_socket ? Transport::Loopback : Transport::Plain;
}

std::optional<Problem> check_host(const net::AdminRequest& request, std::string_view public_url) {
  const auto host = request.header("Host");
  if (!host) return problem(Code::HostRequired, "the request has no Host header, or several");
  const std::string name = lower(*host);
  if (is_loopback(name) || names_public_url(name, public_url)) return std::nullopt;
  return problem(Code::Misdirected, "the Host header names another server");
}

std::optional<Problem> check_site(const net::AdminRequest& request, std::string_view public_url) {
  if (auto refused = check_host(request, public_url)) return refused;
  if (request.count("Origin") == 0) return std::nullopt;
  const auto origin = request.header("Origin");
  if (origin && is_own_origin(lower(*origin), request, public_url)) return std::nullopt;
  return problem(Code::OriginRefused, "the Origin header is not this server's own");
}

std::optional<Problem> check_csrf(const net::AdminRequest& request, const Secret& csrf) {
  if (is_cross_site(request)) {
    return problem(Code::CsrfRefused, "the browser says that another site sent this request");
  }
  const auto sent = request.header("X-Guarita-CSRF");
  // Digests of one length, so that the comparison takes the same time whatever was sent.
  if (sent && !csrf.empty() &&
      crypto::equal(crypto::sha256(*sent), crypto::sha256(csrf.reveal()))) {
    return std::nullopt;
  }
  return problem(Code::CsrfRefused,
                 "the X-Guarita-CSRF header is missing or is not this session's");
}

std::optional<Problem> check_sign_in(const net::AdminRequest& request) {
  if (is_cross_site(request)) {
    return problem(Code::CsrfRefused, "the browser says that another site sent this request");
  }
  // A form of another site cannot send this type without asking first.
  const auto type = request.header("Content-Type");
  if (type && is_json(*type)) return std::nullopt;
  return problem(Code::UnsupportedMediaType, "the Content-Type is not application/json");
}

}  // namespace guarita::admin
