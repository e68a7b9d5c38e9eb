#include "admin/cookies.h"

#include <array>

namespace guarita::admin {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"__Host-guarita", "__Host-guarita-link",
                                                    "guarita", "guarita-link"};

bool is_name(std::string_view header, std::string_view lower_name) {
  if (header.size() != lower_name.size()) return false;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower_name[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Calls f(name, value) for every cookie of every Cookie line.
template <class F>
void each_cookie(const net::AdminRequest& request, F&& f) {
  for (const auto& [header, line] : request.headers) {
    if (!is_name(header, "cookie")) continue;
    for (std::string_view rest = line; !rest.empty();) {
      const auto end = rest.find(';');
      const std::string_view pair = trimmed(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      f(trimmed(pair.substr(0, equals)), trimmed(pair.substr(equals + 1)));
    }
  }
}

// Everything behind the value. A cookie is cleared only by the attributes it was set with.
std::string attributes(CookieKind kind, Transport transport, Framing framing) {
  if (transport != Transport::Secure) return "; Path=/; HttpOnly; SameSite=Strict";
  if (kind == CookieKind::Link && framing == Framing::Listed) {
    return "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned";
  }
  return "; Path=/; Secure; HttpOnly; SameSite=Strict";
}

}  // namespace

std::string_view cookie_name(CookieKind kind, Transport transport) {
  const std::size_t link = kind == CookieKind::Link ? 1 : 0;
  return kNames[link + (transport == Transport::Secure ? 0 : 2)];
}

std::optional<std::string_view> read_cookie(const net::AdminRequest& request,
                                            std::string_view name) {
  std::optional<std::string_view> found;
  std::size_t count = 0;
  each_cookie(request, [&](std::string_view each, std::string_view value) {
    if (each != name) return;
    ++count;
    found = value;
  });
  return count == 1 ? found : std::nullopt;
}

bool has_session_cookie(const net::AdminRequest& request) {
  bool found = false;
  each_cookie(request, [&](std::string_view each, std::string_view) {
    for (const std::string_view name : kNames) found = found || each == name;
  });
  return found;
}

std::string set_cookie(CookieKind kind, Transport transport, Framing framing,
                       std::string_view value) {
  std::string out(cookie_name(kind, transport));
  out += '=';
  out += value;
  return out + attributes(kind, transport, framing);
}

std::string clear_cookie(CookieKind kind, Transport transport, Framing framing) {
  return set_cookie(kind, transport, framing, "") + "; Max-Age=0";
}

}  // namespace guarita::admin
