#include "net/endpoint.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace guarita::net {

Endpoint make_endpoint(const IpAddress& ip, std::uint16_t port) {
  Endpoint made;
  if (ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes.data() + 12, 4);
    std::memcpy(&made.storage, &v4, sizeof v4);
    made.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
    std::memcpy(&made.storage, &v6, sizeof v6);
    made.size = sizeof v6;
  }
  return made;
}

std::optional<Endpoint> make_unix_endpoint(std::string_view path) {
  sockaddr_un unix_address{};
  if (path.empty() || path.size() >= sizeof unix_address.sun_path) return std::nullopt;
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  Endpoint made;
  std::memcpy(&made.storage, &unix_address, sizeof unix_address);
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return made;
}

IpAddress Endpoint::ip() const {
  IpAddress ip;
  if (family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    ip.bytes[10] = ip.bytes[11] = 0xff;
    std::memcpy(ip.bytes.data() + 12, &v4.sin_addr, 4);
  } else if (family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    std::memcpy(ip.bytes.data(), &v6.sin6_addr, 16);
  }
  return ip;
}

std::uint16_t Endpoint::port() const {
  // The port stands at the same place in both families.
  if (family() != AF_INET && family() != AF_INET6) return 0;
  sockaddr_in v4{};
  std::memcpy(&v4, &storage, sizeof v4);
  return ntohs(v4.sin_port);
}

std::optional<HostPort> parse_host_port(std::string_view text,
                                        std::optional<std::uint16_t> default_port) {
  std::string_view host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    const auto ip = parse_ip(host);
    if (!ip || ip->is_v4()) return std::nullopt;
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (host.empty()) return std::nullopt;
  for (const char c : host) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '/' || c == '@') {
      return std::nullopt;
    }
  }
  HostPort parsed{.host = std::string(host), .port = default_port.value_or(0)};
  if (rest.empty()) return default_port ? std::optional(parsed) : std::nullopt;
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), parsed.port);
  if (error != std::errc() || end != rest.data() + rest.size() || rest.front() == '+') {
    return std::nullopt;
  }
  return parsed;
}

std::string format_endpoint(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    sockaddr_un unix_address{};
    std::memcpy(&unix_address, &endpoint.storage, sizeof unix_address);
    return std::string("unix:") + unix_address.sun_path;
  }
  const std::string host = format_ip(endpoint.ip());
  const std::string port = std::to_string(endpoint.port());
  return endpoint.ip().is_v4() ? host + ":" + port : "[" + host + "]:" + port;
}

Endpoint local_endpoint(int fd) {
  Endpoint local;
  local.size = sizeof local.storage;
  if (::getsockname(fd, local.address(), &local.size) != 0) local.size = 0;
  return local;
}

Result<int, NetError> open_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Err(from_errno(errno));
  if (family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

}  // namespace guarita::net
