// The upstream behind every gate: answers each request with the same 200, as fast as it can, on
// one thread. bench_upstream PORT|unix:PATH http1|h2c BODY_BYTES
#include "upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

namespace {

using bench::Conversation;

struct Connection {
  std::unique_ptr<Conversation> talk;
  std::uint32_t events = EPOLLIN;
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

// False: the peer is gone. Leaves `wanted` at the events to wait for.
bool send_all(int fd, Conversation& talk, std::uint32_t& wanted) {
  wanted = EPOLLIN;
  for (std::string_view out = talk.output(); !out.empty(); out = talk.output()) {
    const ssize_t n = send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    if (n < 0) {
      wanted = EPOLLIN | EPOLLOUT;
      return errno == EAGAIN;
    }
    talk.sent(static_cast<std::size_t>(n));
  }
  return true;
}

class Server {
 public:
  Server(int listener, const std::string& response, const std::string& body, bool http2)
      : listener_(listener), response_(response), body_(body), http2_(http2) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, listener, &event);
  }

  [[noreturn]] void run() {
    epoll_event events[512];
    for (;;) {
      const int count = epoll_wait(poll_, events, 512, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (!turn(fd, connections_[fd], events[i].events)) {
          close(fd);
          connections_.erase(fd);
        }
      }
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      epoll_event add{.events = EPOLLIN, .data = {.fd = fd}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &add);
      Connection& made = connections_[fd];
      made.talk = http2_ ? bench::make_http2(body_) : bench::make_http1(response_);
    }
  }

  bool turn(int fd, Connection& c, std::uint32_t ready) {
    if ((ready & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
      const ssize_t n = recv(fd, buffer_.data(), buffer_.size(), 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
      if (n > 0 &&
          !c.talk->take(std::string_view(buffer_).substr(0, static_cast<std::size_t>(n)))) {
        return false;
      }
    }
    std::uint32_t wanted = 0;
    if (!send_all(fd, *c.talk, wanted)) return false;
    if (wanted != c.events) {
      c.events = wanted;
      epoll_event change{.events = wanted, .data = {.fd = fd}};
      epoll_ctl(poll_, EPOLL_CTL_MOD, fd, &change);
    }
    return true;
  }

  const int poll_ = epoll_create1(0);
  const int listener_;
  const std::string& response_;
  const std::string& body_;
  const bool http2_;
  std::unordered_map<int, Connection> connections_;
  std::string buffer_ = std::string(256 * 1024, '\0');
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view language = argc == 4 ? argv[2] : "";
  if (language != "http1" && language != "h2c") {
    std::fputs("usage: bench_upstream PORT|unix:PATH http1|h2c BODY_BYTES\n", stderr);
    return 2;
  }
  const std::string body(std::stoul(argv[3]), 'x');
  const std::string response =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  Server(listen_on(argv[1]), response, body, language == "h2c").run();
}
