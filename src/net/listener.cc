#include "net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <system_error>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace guarita::net {
namespace {

constexpr int kBacklog = 4096;  // the system cuts it to net.core.somaxconn

std::string cannot(std::string_view what, const Endpoint& at) {
  std::string text("cannot ");
  text.append(what);
  text.append(" ");
  text.append(format_endpoint(at));
  text.append(": ");
  text.append(std::generic_category().message(errno));
  return text;
}

void set_option(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

std::string check_free(const Endpoint& at) {
  if (at.port() == 0) return {};
  const auto fd = open_socket(at.family());
  if (!fd) return cannot("open a socket for", at);
  set_option(*fd, SOL_SOCKET, SO_REUSEADDR);
  std::string problem;
  if (::bind(*fd, at.address(), at.size) != 0) problem = cannot("listen on", at);
  ::close(*fd);
  return problem;
}

Result<std::unique_ptr<Listener>, std::string> Listener::open(Loop& loop, const Endpoint& at) {
  const auto fd = open_socket(at.family());
  if (!fd) return Err(cannot("open a socket for", at));
  set_option(*fd, SOL_SOCKET, SO_REUSEADDR);
  set_option(*fd, SOL_SOCKET, SO_REUSEPORT);
  if (::bind(*fd, at.address(), at.size) != 0 || ::listen(*fd, kBacklog) != 0) {
    std::string problem = cannot("listen on", at);
    ::close(*fd);
    return Err(std::move(problem));
  }
  Descriptor::Ptr descriptor = Descriptor::adopt(loop, *fd);
  if (!descriptor) return Err(cannot("watch", at));
  return std::unique_ptr<Listener>(new Listener(std::move(descriptor)));
}

void Listener::start(Accepted accepted, void* context) {
  accepted_ = accepted;
  context_ = context;
  take_all();
}

bool Listener::accept_now() noexcept {
  for (;;) {
    taken_from_ = Endpoint{};
    taken_from_.size = sizeof taken_from_.storage;
    taken_fd_ = ::accept4(descriptor_->fd(), taken_from_.address(), &taken_from_.size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (taken_fd_ >= 0) {
      if (!taken_from_.is_unix()) set_option(taken_fd_, IPPROTO_TCP, TCP_NODELAY);
      return true;
    }
    switch (errno) {
      case EAGAIN: descriptor_->exhausted(Direction::Read); return false;
      case EBADF:
      case EINVAL: return false;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: out_of_files_ = true; return true;
      default: continue;  // that one connection failed before it was taken (accept(2))
    }
  }
}

void Listener::take_all() {
  // Not without end: the loop's other work gets its turn.
  for (unsigned taken = 0; taken < 64; ++taken) {
    if (!accept_now()) {
      listen_on();
      return;
    }
    if (out_of_files_) {
      constexpr std::int64_t kWarnEveryMs = 10'000;
      const std::int64_t now = descriptor_->loop().now_ms();
      if (now - warned_ms_ >= kWarnEveryMs) {
        warned_ms_ = now;
        log::warn("net", "out of file descriptors: accept pauses");
      }
      out_of_files_ = false;
      paused_ = true;
      return;
    }
    if (!accepted_(context_, std::exchange(taken_fd_, -1), taken_from_)) {
      paused_ = true;
      return;
    }
  }
  listen_on();
}

void Listener::listen_on() {
  descriptor_->wait(Direction::Read, {.attempt = [](void*) noexcept { return true; },
                                      .completed =
                                          [](void* self, Wake wake) noexcept {
                                            if (wake == Wake::Done) {
                                              static_cast<Listener*>(self)->take_all();
                                            }
                                          },
                                      .context = this});
}

void Listener::resume() {
  if (!paused_) return;
  paused_ = false;
  take_all();
}

void Listener::close() {
  if (!descriptor_) return;
  descriptor_->detach(Direction::Read);
  for (unsigned taken = 0;
       accepted_ != nullptr && taken < kBacklog && accept_now() && taken_fd_ >= 0; ++taken) {
    accepted_(context_, std::exchange(taken_fd_, -1), taken_from_);
  }
  descriptor_.reset();
}

}  // namespace guarita::net
