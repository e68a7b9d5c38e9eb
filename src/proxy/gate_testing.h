// A gate on loopback for tests: a caller's socket and a raw upstream in the test's own thread, so
// that a test says in order who sends what. Blocking sockets with a deadline instead of sleeps.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "policy/snapshot.h"
#include "proxy/data_plane.h"
#include "telemetry/hub.h"

namespace guarita::proxy::testing {

// One end of a TCP connection.
class Peer {
 public:
  explicit Peer(int fd = -1) : fd_(fd) {
    if (fd_ < 0) return;
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Peer(Peer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
  Peer& operator=(Peer&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    buffer_ = std::move(other.buffer_);
    return *this;
  }
  ~Peer() { close(); }

  bool open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // Ends by RST.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  // False: the other side takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Up to and with `end`; what came without it when the stream ends or time is up.
  std::string read_until(std::string_view end) {
    std::size_t at = std::string::npos;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!fill()) return std::exchange(buffer_, {});
    }
    return take(at + end.size());
  }
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  // What is there, at least a byte; empty when the other side has ended or time is up.
  std::string read_some() {
    if (buffer_.empty()) fill();
    return std::exchange(buffer_, {});
  }
  // Everything until the other side ends. `how`: what ended it.
  enum class End { InOrder, Reset, TimedOut };
  std::string read_all(End* how = nullptr) {
    while (fill()) {
    }
    if (how != nullptr) *how = end_;
    return std::exchange(buffer_, {});
  }
  // Ends without another byte, in order.
  bool reads_end() { return buffer_.empty() && !fill() && end_ == End::InOrder; }
  // Ends, in order or by a reset, without another byte.
  bool is_cut() { return buffer_.empty() && !fill() && end_ != End::TimedOut; }

  // A whole response with its body: by Content-Length, else head only.
  std::string read_response() {
    std::string head = read_head();
    return head + read_bytes(length_of(head));
  }
  static std::size_t length_of(std::string_view head) {
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string_view::npos
               ? 0
               : static_cast<std::size_t>(std::strtoull(head.data() + at + 16, nullptr, 10));
  }

 private:
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }
  bool fill() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) {
      buffer_.append(bytes, static_cast<std::size_t>(got));
      return true;
    }
    end_ = got == 0 ? End::InOrder : errno == EAGAIN ? End::TimedOut : End::Reset;
    return false;
  }

  int fd_;
  std::string buffer_;
  End end_ = End::InOrder;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline Peer connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ADD_FAILURE() << "cannot connect to " << port << ": " << std::strerror(errno);
  }
  return Peer(fd);
}

// A listening socket on a free port; the test accepts and speaks for the upstream.
class RawUpstream {
 public:
  RawUpstream() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(0);
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(fd_, 64);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin_port);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawUpstream() { close(); }
  RawUpstream(const RawUpstream&) = delete;
  RawUpstream& operator=(const RawUpstream&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  Peer accept() {
    const int fd = ::accept(fd_, nullptr, nullptr);
    if (fd < 0) ADD_FAILURE() << "the gate did not connect to the upstream";
    return Peer(fd);
  }
  // Whether a connection waits to be accepted now.
  bool nobody_came() {
    timeval none{};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd_, &set);
    return ::select(fd_ + 1, &set, nullptr, nullptr, &none) == 0;
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

class ManualClock final : public Clock {
 public:
  Time now() const override { return Time(Millis(ms_.load())); }
  void advance(Millis by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_{1'790'000'000'000};
};

inline constexpr std::string_view kToken = "gta_0123456789abcdefghijklmnopqrstuv";
inline constexpr std::string_view kOther = "gta_zyxwvutsrqponmlkjihgfedcba9876543";

// Accounts "acme" (enforces, kToken, owns "i1") and "mona" (monitors, kToken, owns "m1").
class Gate {
 public:
  struct Setup {
    unsigned threads = 1;
    void (*tune)(Tuning&) = nullptr;
  };
  explicit Gate(Setup setup) : snapshot(policy::SnapshotOptions{}) {
    acme = account(1, "acme", true);
    mona = account(2, "mona", false);
    put(acme);
    put(mona);
    snapshot.put_instance({"i1", acme.key, "", std::nullopt});
    snapshot.put_instance({"m1", mona.key, "", std::nullopt});
    hub.set_access_log(telemetry::AccessLog::Off);
    Options options;
    options.listen = {"127.0.0.1:0"};
    options.threads = setup.threads;
    options.node_id = "test";
    options.tuning = make_tuning(setup.tune);
    plane = std::make_unique<DataPlane>(std::move(options), snapshot, hub, clock);
    auto bound = plane->start();
    if (!bound) {
      ADD_FAILURE() << bound.error();
      return;
    }
    port = static_cast<std::uint16_t>(
        std::strtoul(bound->front().substr(bound->front().rfind(':') + 1).c_str(), nullptr, 10));
  }
  Gate() : Gate(Setup{}) {}

  std::shared_ptr<const Tuning> make_tuning(void (*tune)(Tuning&)) const {
    const auto routes = policy::default_routes();
    auto parsed = policy::RouteTable::parse(routes);
    Tuning tuning{.routes = std::move(*parsed),
                  .decide = {},
                  .token_format = {},
                  .trusted_proxies = {},
                  .answers = {},
                  .cors_origins = {},
                  .default_upstream = upstream.url(),
                  .upstream_headers = {},
                  .head_limits = {},
                  .limits = {},
                  .timeouts = {}};
    if (tune != nullptr) tune(tuning);
    return std::make_shared<const Tuning>(std::move(tuning));
  }

  policy::AccountRow account(std::uint8_t number, std::string id, bool enforce) const {
    policy::AccountRow row;
    row.key.uuid.bytes[15] = number;
    row.id = std::move(id);
    row.enforce = enforce;
    row.tokens = {{crypto::sha256(kToken), policy::TokenState::Current, std::nullopt}};
    return row;
  }
  std::uint32_t put(const policy::AccountRow& row) { return snapshot.put_account(row); }
  BarrierReport change(const policy::AccountRow& row) {
    const std::uint32_t number = put(row);
    return plane->barrier({.account_number = number, .instance = std::nullopt}, Millis(5'000));
  }

  Peer call() const { return connect_to(port); }

  static std::string get(std::string_view instance, std::string_view token,
                         std::string_view more = "") {
    return request("GET", instance, token, more);
  }
  static std::string request(std::string_view method, std::string_view instance,
                             std::string_view token, std::string_view more = "") {
    std::string text(method);
    text.append(" /instances/").append(instance).append("/status HTTP/1.1\r\nHost: gate\r\n");
    if (!token.empty()) text.append("Client-Token: ").append(token).append("\r\n");
    text.append(more).append("\r\n");
    return text;
  }

  RawUpstream upstream;
  policy::Snapshot snapshot;
  policy::AccountRow acme, mona;
  telemetry::Hub hub;
  ManualClock clock;
  std::unique_ptr<DataPlane> plane;
  std::uint16_t port = 0;
};

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline std::string body_of(const std::string& response) {
  const std::size_t at = response.find("\r\n\r\n");
  return at == std::string::npos ? std::string() : response.substr(at + 4);
}
inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace guarita::proxy::testing
