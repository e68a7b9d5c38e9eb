#include "load_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace bench {
namespace {

sockaddr_in loopback(unsigned last, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7F000000 + last);
  address.sin_port = htons(port);
  return address;
}

// The value of the header line `name`, or nothing.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const std::string_view value =
        line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
    return value.substr(std::min(value.size(), value.find_first_not_of(' ')));
  }
  return {};
}

}  // namespace

bool Connection::open(std::uint16_t port, unsigned source, SSL_CTX* tls) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  const sockaddr_in from = loopback(source, 0);
  const sockaddr_in to = loopback(1, port);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return false;
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return false;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (tls != nullptr) {
    ssl_ = SSL_new(tls);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) return false;
  }
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  head_.clear();
  in_body_ = false;
  return true;
}

void Connection::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd_);
  fd_ = -1;
}

void Connection::start(std::string_view head, std::string_view body) {
  out_.assign(head);
  body_ = body;
  sent_ = 0;
  sending_ = true;
  status_ = 0;
}

// False: the peer is gone.
bool Connection::send_some() {
  while (sent_ < out_.size() + body_.size()) {
    const std::size_t from_head = std::min(sent_, out_.size());
    iovec parts[2] = {{out_.data() + from_head, out_.size() - from_head},
                      {const_cast<char*>(body_.data()) + (sent_ - from_head),
                       body_.size() - (sent_ - from_head)}};
    ssize_t n = 0;
    if (ssl_ != nullptr) {
      const iovec& part = parts[parts[0].iov_len == 0 ? 1 : 0];
      n = SSL_write(ssl_, part.iov_base,
                    static_cast<int>(std::min<std::size_t>(part.iov_len, 1 << 20)));
      if (n <= 0) return SSL_get_error(ssl_, static_cast<int>(n)) == SSL_ERROR_WANT_WRITE;
    } else {
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      n = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  sending_ = false;
  return true;
}

// Bytes read, 0: nothing there now, -1: the end.
ssize_t Connection::read_some(std::string& room) {
  if (ssl_ != nullptr) {
    const int n = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
    if (n > 0) return n;
    return SSL_get_error(ssl_, n) == SSL_ERROR_WANT_READ ? 0 : -1;
  }
  const ssize_t n = recv(fd_, room.data(), room.size(), 0);
  if (n > 0) return n;
  return n < 0 && errno == EAGAIN ? 0 : -1;
}

void Connection::parse_head() {
  status_ = head_.size() > 12 ? std::atoi(head_.c_str() + 9) : 0;
  const std::string_view length = header(head_, "content-length");
  body_left_ = length.empty() ? 0 : std::strtoull(length.data(), nullptr, 10);
  const std::string_view connection = header(head_, "connection");
  peer_closes_ = connection.size() >= 5 && strncasecmp(connection.data(), "close", 5) == 0;
}

Progress Connection::take(std::string_view bytes) {
  if (!in_body_) {
    const std::size_t before = head_.size();
    head_.append(bytes);
    const std::size_t end = head_.find("\r\n\r\n", before > 3 ? before - 3 : 0);
    if (end == std::string::npos) return Progress::Waiting;
    bytes.remove_prefix(end + 4 - before);
    head_.resize(end + 2);
    parse_head();
    head_.clear();
    in_body_ = true;
  }
  body_left_ -= std::min(body_left_, bytes.size());
  if (body_left_ != 0) return Progress::Waiting;
  in_body_ = false;
  return peer_closes_ ? Progress::Closed : Progress::Done;
}

Progress Connection::advance(std::string& room) {
  const bool fresh = sending_ && sent_ == 0;
  if (sending_ && !send_some()) return Progress::Failed;
  // Nothing can have come yet. TLS may hold decrypted bytes, so there one reads until it is empty.
  if (fresh) return Progress::Waiting;
  for (;;) {
    const ssize_t n = read_some(room);
    if (n < 0) return Progress::Failed;
    if (n == 0) return Progress::Waiting;
    const Progress progress = take(std::string_view(room).substr(0, static_cast<std::size_t>(n)));
    if (progress != Progress::Waiting) return progress;
    if (ssl_ == nullptr && static_cast<std::size_t>(n) < room.size()) return Progress::Waiting;
  }
}

}  // namespace bench
