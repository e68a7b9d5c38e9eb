// The upstream of the benchmarks: as little work as a server can do, so that the gate is what is
// measured. One thread, epoll, level-triggered; answers every complete request head with the same
// bytes (bodies by Content-Length are read and thrown away). Benchmarks only: it trusts its input.
//
//   bench_upstream PORT|unix:PATH BODY_BYTES
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

struct Connection {
  std::string in;             // bytes of a head that is not complete
  std::size_t body_left = 0;  // of the request being read
  std::size_t pending = 0;    // answers owed
  std::size_t sent = 0;       // of the answer under way
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on(std::string_view where) {
  int fd = -1;
  if (where.starts_with("unix:")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    where.remove_prefix(5);
    if (where.size() >= sizeof address.sun_path) fail("path too long");
    where.copy(address.sun_path, where.size());
    unlink(address.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(std::string(where))));
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  }
  if (listen(fd, 4096) != 0) fail("listen");
  return fd;
}

std::size_t content_length(std::string_view head) {
  const std::size_t at = head.find("ontent-");
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = head.substr(at);
  if (!rest.starts_with("ontent-Length: ") && !rest.starts_with("ontent-length: ")) {
    return content_length(rest.substr(1));
  }
  return std::strtoul(rest.data() + 15, nullptr, 10);
}

// Consumes `bytes`, counting the answers that are owed.
void take(Connection& c, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t body = std::min(bytes.size(), c.body_left);
    bytes.remove_prefix(body);
    c.body_left -= body;
    if (body != 0 && c.body_left == 0) ++c.pending;
    if (bytes.empty()) return;
    c.in.append(bytes);
    const std::size_t end = c.in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::size_t before = c.in.size() - bytes.size();
    bytes.remove_prefix(end + 4 - before);
    c.body_left = content_length(std::string_view(c.in).substr(0, end));
    c.in.clear();
    if (c.body_left == 0) ++c.pending;
  }
}

// False: the peer is gone.
bool answer(int fd, Connection& c, const std::string& response) {
  while (c.pending != 0) {
    const ssize_t n = send(fd, response.data() + c.sent, response.size() - c.sent, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    c.sent += static_cast<std::size_t>(n);
    if (c.sent == response.size()) {
      c.sent = 0;
      --c.pending;
    }
  }
  return true;
}

void serve(int listener, const std::string& response) {
  const int poll = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  std::unordered_map<int, Connection> connections;
  std::string buffer(256 * 1024, '\0');
  epoll_event events[512];
  for (;;) {
    const int count = epoll_wait(poll, events, 512, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        const int one = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_event add{.events = EPOLLIN, .data = {.fd = accepted}};
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &add);
        connections.emplace(accepted, Connection{});
        continue;
      }
      Connection& c = connections[fd];
      bool alive = true;
      if (c.pending == 0) {
        const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
        alive = n > 0 || (n < 0 && errno == EAGAIN);
        if (n > 0) take(c, std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
      }
      const bool waited = c.sent != 0;
      alive = alive && answer(fd, c, response);
      if (!alive) {
        close(fd);
        connections.erase(fd);
      } else if (waited != (c.sent != 0)) {
        epoll_event change{.events = c.sent != 0 ? EPOLLOUT : EPOLLIN, .data = {.fd = fd}};
        epoll_ctl(poll, EPOLL_CTL_MOD, fd, &change);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_upstream PORT|unix:PATH BODY_BYTES\n", stderr);
    return 2;
  }
  const std::string body(std::stoul(argv[2]), 'x');
  serve(listen_on(argv[1]),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
}
