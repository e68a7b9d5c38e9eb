// One caller's connection of the load generator: sends a request, reads its answer, keeps alive.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

enum class Progress : std::uint8_t {
  Waiting,  // more is to come
  Done,     // an answer is complete, the connection can carry the next request
  Closed,   // an answer is complete, and the peer closes
  Failed,   // the connection is of no use, no answer
};

class Connection {
 public:
  // Connects to 127.0.0.1:port from 127.0.0.`source`, blocking, TLS if there is a context.
  // False: errno says why.
  bool open(std::uint16_t port, unsigned source, SSL_CTX* tls);
  // Throws the connection away by a reset, which leaves no TIME-WAIT behind.
  void close();

  // `head` is copied, `body` is borrowed until the answer has come.
  void start(std::string_view head, std::string_view body);
  // Goes on after an event, or at start. `room` is scratch space for reading.
  Progress advance(std::string& room);

  int fd() const { return fd_; }
  bool wants_to_write() const { return sending_; }
  int status() const { return status_; }

  std::uint64_t intended_ns = 0;  // when the request under way was due
  bool measured = false;          // that time lies in the measured window

 private:
  bool send_some();
  ssize_t read_some(std::string& room);
  Progress take(std::string_view bytes);
  void parse_head();

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  std::string out_;
  std::string_view body_;
  std::size_t sent_ = 0;  // of out_ and body_ together
  bool sending_ = false;
  std::string head_;  // of the answer, until it is complete
  bool in_body_ = false;
  bool peer_closes_ = false;
  std::size_t body_left_ = 0;
  int status_ = 0;
};

}  // namespace bench
