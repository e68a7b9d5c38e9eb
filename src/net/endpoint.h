// Socket addresses: TCP over IPv4 and IPv6, and Unix paths.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "net/error.h"

namespace guarita::net {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }

  IpAddress ip() const;        // all zeros for a Unix socket
  std::uint16_t port() const;  // 0 for a Unix socket
};

Endpoint make_endpoint(const IpAddress& ip, std::uint16_t port);
// None when the path is empty or does not fit (107 bytes).
std::optional<Endpoint> make_unix_endpoint(std::string_view path);

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};
// "host:port", "[v6]:port"; with `default_port` the port may be left out.
std::optional<HostPort> parse_host_port(std::string_view text,
                                        std::optional<std::uint16_t> default_port = {});

// "127.0.0.1:8080", "[::1]:8080", "unix:/path".
std::string format_endpoint(const Endpoint& endpoint);

// The local address of a bound or connected socket.
Endpoint local_endpoint(int fd);

// Non-blocking, close-on-exec; TCP with NODELAY. The descriptor or what went wrong.
Result<int, NetError> open_socket(int family);

}  // namespace guarita::net
