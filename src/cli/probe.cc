#include "cli/probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace guarita::cli {
namespace {

class Socket {
 public:
  explicit Socket(int domain)
      : fd_(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string error_text(int code) {
  return std::generic_category().message(code);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// The error text when the name does not resolve.
std::pair<Addresses, std::string> resolve(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(endpoint.host.empty() ? nullptr : endpoint.host.c_str(),
                               endpoint.port.c_str(), &hints, &found);
  return {Addresses(code == 0 ? found : nullptr, freeaddrinfo),
          code == 0 ? "" : endpoint.host + ": " + gai_strerror(code)};
}

// 0 when connected.
int connect_code(int fd, const sockaddr* address, socklen_t length, Millis timeout) {
  if (::connect(fd, address, length) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{fd, POLLOUT, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

std::optional<std::string> connect_unix(const std::string& path, Millis timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "the path is too long for a socket";
  std::memcpy(address.sun_path, path.data(), path.size());
  const Socket socket(AF_UNIX);
  const int code = connect_code(socket.fd(), reinterpret_cast<const sockaddr*>(&address),
                                sizeof address, timeout);
  if (code == 0) return std::nullopt;
  return error_text(code);
}

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view text) {
  if (text.starts_with("h2c+unix:")) text.remove_prefix(4);
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    if (text.empty()) return std::nullopt;
    return Endpoint{{}, {}, std::string(text)};
  }
  Endpoint endpoint{{}, {}, {}};
  if (text.starts_with("http://") || text.starts_with("h2c://")) {
    text.remove_prefix(text.find("//") + 2);
    text = text.substr(0, text.find_first_of("/?#"));
    endpoint.port = "80";
  }
  std::size_t host_end = text.rfind(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    endpoint.host = text.substr(1, bracket - 1);
    host_end = bracket + 1;
  } else {
    endpoint.host = text.substr(0, host_end);
  }
  if (host_end < text.size()) {
    if (text[host_end] != ':') return std::nullopt;
    endpoint.port = text.substr(host_end + 1);
  }
  if (endpoint.port.empty()) return std::nullopt;
  return endpoint;
}

std::optional<std::string> connect_error(const Endpoint& endpoint, Millis timeout) {
  if (!endpoint.path.empty()) return connect_unix(endpoint.path, timeout);
  const auto [addresses, unresolved] = resolve(endpoint, 0);
  if (!addresses) return unresolved;
  std::string last = "no address";
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    const Socket socket(at->ai_family);
    const int code = connect_code(socket.fd(), at->ai_addr, at->ai_addrlen, timeout);
    if (code == 0) return std::nullopt;
    last = error_text(code);
  }
  return last;
}

std::optional<std::string> listen_error(const Endpoint& endpoint) {
  const auto [addresses, unresolved] = resolve(endpoint, AI_PASSIVE);
  if (!addresses) return unresolved;
  const addrinfo* at = addresses.get();
  const Socket socket(at->ai_family);
  if (socket.fd() < 0) return error_text(errno);
  const int on = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Bound but never listening: nobody can connect to a doctor.
  if (::bind(socket.fd(), at->ai_addr, at->ai_addrlen) != 0) return error_text(errno);
  return std::nullopt;
}

std::uint64_t open_files_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur;
}

}  // namespace guarita::cli
