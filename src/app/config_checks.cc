#include "app/config_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "app/tls_files.h"
#include "proxy/data_plane.h"

namespace guarita::app {
namespace {

struct Listener {
  IpAddress address;
  std::uint16_t port = 0;
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return port;
}

std::optional<Listener> parse_listener(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() && !bracketed) host = "0.0.0.0";
  const auto address = parse_ip(host);
  if (!port || !address || address->is_v4() == bracketed) return {};
  return Listener{*address, *port};
}

bool is_loopback(const IpAddress& address) {
  static const Cidr v4 = *parse_cidr("127.0.0.0/8");
  static const IpAddress v6 = *parse_ip("::1");
  return contains(v4, address) || address == v6;
}
bool is_wildcard(const IpAddress& address) {
  return address == *parse_ip("0.0.0.0") || address == IpAddress{};
}

bool is_token_character(char c) {
  // RFC 9110 §5.6.2
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

constexpr std::string_view kFramingHeaders[] = {
    "host",     "content-length", "transfer-encoding", "connection",
    "te",       "trailer",        "upgrade",           "expect",
    "via",      "date",           "keep-alive",        "proxy-connection",
    "forwarded"};

bool is_framing_header(std::string_view name) {
  return std::ranges::find(kFramingHeaders, lower(name)) != std::end(kFramingHeaders);
}

// The authority of "http://host:port/prefix" as host and port.
std::optional<std::pair<std::string, std::uint16_t>> authority_of(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("h2c://")) return {};
  url.remove_prefix(url.find("//") + 2);
  url = url.substr(0, url.find('/'));
  const std::size_t colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && !url.ends_with(']');
  std::string_view host = has_port ? url.substr(0, colon) : url;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = has_port ? parse_port(url.substr(colon + 1)) : std::uint16_t{80};
  if (!port) return {};
  return std::pair(lower(host), *port);
}

struct Named {
  std::string key;
  std::string text;
};
std::vector<Named> listeners_of(const Settings& s) {
  std::vector<Named> out;
  out.reserve(s.gate.listen.size() + 2);
  for (const std::string& l : s.gate.listen) out.push_back({"gate.listen", l});
  if (!s.console.listen.empty()) out.push_back({"console.listen", s.console.listen});
  if (!s.status.listen.empty()) out.push_back({"status.listen", s.status.listen});
  return out;
}

bool reaches(const std::pair<std::string, std::uint16_t>& authority, const Listener& listener) {
  if (listener.port == 0 || authority.second != listener.port) return false;
  if (authority.first == "localhost") {
    return is_wildcard(listener.address) || is_loopback(listener.address);
  }
  const auto address = parse_ip(authority.first);
  if (!address) return false;
  // A wildcard listens on every address of this machine; which those are only loopback tells.
  return *address == listener.address ||
         (is_wildcard(listener.address) && (is_loopback(*address) || is_wildcard(*address)));
}

void check_listeners(const Settings& s, Findings& out) {
  const auto all = listeners_of(s);
  if (s.gate.listen.empty()) {
    out.errors.push_back({"gate.listen", "is empty: the gate would listen nowhere",
                          "name at least one address, for example \"0.0.0.0:8080\""});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto one = parse_listener(all[i].text);
    for (std::size_t j = i + 1; one && one->port != 0 && j < all.size(); ++j) {
      const auto other = parse_listener(all[j].text);
      if (!other || other->port != one->port) continue;
      if (one->address != other->address && !is_wildcard(one->address) &&
          !is_wildcard(other->address)) {
        continue;
      }
      out.errors.push_back(
          {all[j].key, fmt::format("{} is taken by {} ({})", all[j].text, all[i].key, all[i].text),
           "give each listener a port of its own"});
    }
  }
  const auto authority = authority_of(s.upstream.default_url);
  for (const Named& listener : all) {
    const auto parsed = parse_listener(listener.text);
    if (!authority || !parsed || !reaches(*authority, *parsed)) continue;
    out.errors.push_back(
        {"upstream.default",
         fmt::format("\"{}\" is this server's own {}", s.upstream.default_url, listener.key),
         "name the service behind the gate; requests would run in a circle"});
  }
  if (s.upstream.default_url == "unix:" + s.admin.socket ||
      s.upstream.default_url == "h2c+unix:" + s.admin.socket) {
    out.errors.push_back({"upstream.default", "is this server's own admin.socket",
                          "name the service behind the gate"});
  }
}

void warn_of_exposure(const Settings& s, Findings& out) {
  const auto outside = [](const std::string& text) {
    const auto listener = parse_listener(text);
    return listener && !is_loopback(listener->address);
  };
  const bool own_tls = !s.console.tls.certificates.empty();
  if (outside(s.console.listen) && !own_tls && !s.console.public_url.starts_with("https://")) {
    out.warnings.push_back({"console.listen", "the admin API is reachable from outside without TLS",
                            "set console.tls_certificates and console.tls_keys, or put a TLS proxy "
                            "in front and set console.public_url = \"https://…\", or listen on "
                            "127.0.0.1"});
  }
  if (own_tls && s.console.public_url.starts_with("http://")) {
    out.errors.push_back(
        {"console.public_url", "is http, but the console speaks https", "write \"https://…\""});
  }
  if (own_tls && outside(s.console.listen) && s.console.public_url.empty()) {
    out.warnings.push_back({"console.public_url",
                            "is not set: by any name but a loopback's the console answers 421",
                            "set it to the https address that people use"});
  }
  if (outside(s.status.listen)) {
    out.warnings.push_back({"status.listen", "/metrics can be read from outside",
                            "listen on 127.0.0.1, or restrict the port in the firewall"});
  }
  const bool by_header = s.gate.client_address != proxy::ClientAddress::Socket;
  if (by_header && s.gate.trusted_proxies.empty()) {
    out.warnings.push_back({"gate.client_address",
                            "no proxy is trusted, so that the header is never believed",
                            "list the proxies in gate.trusted_proxies"});
  }
  for (const Cidr& cidr : s.gate.trusted_proxies) {
    if (cidr.prefix_bits > 96 + 7 || (cidr.prefix_bits > 7 && cidr.prefix_bits < 96)) continue;
    out.warnings.push_back({"gate.trusted_proxies",
                            format_cidr(cidr) + " lets anybody choose their own address",
                            "list only the proxies' own networks"});
  }
}

void warn_of_policy(const Settings& s, Findings& out) {
  if (s.upstream.default_url.empty()) {
    out.warnings.push_back({"upstream.default",
                            "is not set: instances without an upstream of their own get 502",
                            "set it, for example to \"http://127.0.0.1:3000\""});
  }
  if (s.routing.unknown_instance == policy::UnknownInstance::Allow) {
    out.warnings.push_back({"routing.unknown_instance",
                            "requests to instances that are not registered pass unchecked",
                            "register what `guarita instance unknown` lists, then set \"deny\""});
  }
  if (s.token.forward == proxy::TokenForwarding::Forward) {
    out.warnings.push_back({"token.forward", "upstreams (and their logs) get to see the tokens",
                            "leave it false unless an upstream checks the token itself"});
  }
  if (s.cors.preflight == proxy::Preflight::Answer && s.cors.origins.empty()) {
    out.warnings.push_back({"cors.origins", "is empty: no preflight will be answered",
                            "list the origins, for example \"https://app.example.com\""});
  }
  if (s.timeouts.upstream_idle >= Millis(5000)) {
    out.warnings.push_back({"timeouts.upstream_idle",
                            "Node closes idle connections after 5 s: requests may meet a closed "
                            "one",
                            "keep it below the upstream's own idle time"});
  }
  if (s.head_limits.target_bytes_max > s.head_limits.head_bytes_max ||
      s.head_limits.field_bytes_max > s.head_limits.head_bytes_max) {
    out.errors.push_back({"limits.head_bytes",
                          "is below limits.target_bytes or "
                          "limits.header_bytes, which it holds",
                          "make it the largest of the three"});
  }
}

void check_answers(const Settings& s, Findings& out) {
  for (std::size_t i = 1; i < policy::kReasons; ++i) {
    const std::uint64_t status = s.answers.by_reason[i].status;
    const std::string key =
        fmt::format("answers.{}.status", policy::text_of(static_cast<policy::Reason>(i)));
    if (status == 401) {
      out.warnings.push_back({key, "401 needs a WWW-Authenticate challenge, which is not sent",
                              "403 is what callers expect"});
    }
    if (status == 429) {
      out.errors.push_back(
          {key, "429 makes clients try again and again", "choose another status, 400 to 499"});
    } else if (status != 0 && status < 400) {
      out.errors.push_back({key, fmt::format("{} would tell the caller that all went well", status),
                            "choose a status from 400 to 499, or 0 for the documented one"});
    }
  }
}

}  // namespace

std::string check_listener(std::string_view text) {
  return parse_listener(text)
             ? ""
             : "is no listener; write \"address:port\", \"[v6]:port\" or \":port\"";
}
std::string check_listener_or_off(std::string_view text) {
  if (text == "off" || text.empty()) return "";
  return check_listener(text);
}
std::string whole_listener(std::string_view text) {
  return text.starts_with(':') ? "0.0.0.0" + std::string(text) : std::string(text);
}

std::string check_cidr(std::string_view text) {
  const auto cidr = parse_cidr(text);
  if (cidr) return "";
  if (cidr.error().kind == CidrErrorKind::HostBitsSet) {
    return "has host bits set; the network is " + cidr.error().suggestion;
  }
  return "is no network; write \"10.0.0.0/8\", \"2001:db8::/32\" or one address";
}

std::string check_upstream_url(std::string_view text) {
  return text.empty() ? "" : proxy::check_upstream(text);
}

std::string check_header_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !std::ranges::all_of(text, is_token_character)) {
    return "is no header name: 1 to 64 letters, digits and -_.";
  }
  return "";
}
std::string check_token_header(std::string_view text) {
  if (std::string wrong = check_header_name(text); !wrong.empty()) return wrong;
  return is_framing_header(text) ? "is a header with a meaning of its own in HTTP" : "";
}
std::string check_upstream_header(std::string_view text) {
  return check_token_header(text);
}

std::string check_prefix(std::string_view text) {
  if (auto problem = policy::prefix_problem(text)) return ": " + *problem;
  return "";
}

std::string check_origin(std::string_view text) {
  if (text == "*" || text == "null") return "";
  const std::size_t scheme = text.find("://");
  const bool web = text.starts_with("http://") || text.starts_with("https://");
  if (!web || scheme + 3 == text.size() || text.substr(scheme + 3).contains('/') ||
      lower(text) != text) {
    return "is no origin; write it as browsers send it: \"https://app.example.com\"";
  }
  return "";
}

std::string check_public_url(std::string_view text) {
  if (text.empty()) return "";
  const bool web = text.starts_with("http://") || text.starts_with("https://");
  const std::string_view rest = text.substr(std::min(text.find("://") + 3, text.size()));
  if (!web || rest.empty() || rest.contains('?') || rest.contains('#') || rest.contains('@')) {
    return "is no base URL; write \"https://guarita.example.com\"";
  }
  return "";
}

// It becomes a word of Content-Security-Policy: nothing may end that word early.
std::string check_frame_origin(std::string_view text) {
  constexpr std::string_view kBad =
      "is no origin; write it as browsers send it: \"https://app.example.com\"";
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._:[]").contains(c);
  };
  const std::size_t scheme = text.find("://");
  if (!text.starts_with("http://") && !text.starts_with("https://")) return std::string(kBad);
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && std::ranges::all_of(host, good) ? "" : std::string(kBad);
}

std::string check_node_id(std::string_view text) {
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return text.size() <= 32 && std::ranges::all_of(text, good)
             ? ""
             : "is no id; write up to 32 letters, digits and -";
}

std::string check_not_empty(std::string_view text) {
  return text.empty() ? "is empty" : "";
}

std::string check_socket(std::string_view text) {
  // sockaddr_un holds 108 bytes, its final zero included (unix(7)).
  return text.size() < 108 ? "" : "is too long for a socket's path; at most 107 bytes";
}

Findings check_whole(const Settings& settings) {
  Findings out;
  check_listeners(settings, out);
  check_answers(settings, out);
  check_tls(settings, out);
  warn_of_exposure(settings, out);
  warn_of_policy(settings, out);
  return out;
}

}  // namespace guarita::app
