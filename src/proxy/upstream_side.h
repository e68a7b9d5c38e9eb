// The upstream's half of an exchange: an HTTP/1.1 connection of its own, or one stream of a shared
// HTTP/2 connection. What is done to both alike stands here; the phases branch by stream() where
// bytes are sent and read, once a call and never a byte.
#pragma once

#include <cstdint>
#include <utility>

#include "net/h2_stream.h"
#include "net/upstream_pool.h"

namespace guarita::proxy {

class UpstreamSide {
 public:
  explicit operator bool() const { return connection_ != nullptr || stream_ != nullptr; }
  void take(net::UpstreamConnectionPtr connection) { connection_ = std::move(connection); }
  void take(net::H2StreamPtr stream) { stream_ = std::move(stream); }
  // An HTTP/1.1 connection is closed, a stream that is not over is cancelled: that stream alone.
  void reset() {
    connection_.reset();
    stream_.reset();
  }

  net::H2Stream* stream() { return stream_.get(); }  // null: HTTP/1.1
  net::Stream& wire() { return connection_->stream(); }
  net::UpstreamConnectionPtr release_connection() { return std::move(connection_); }

  // From here on answered() counts.
  void begin() { read_before_ = stream_ || !connection_ ? 0 : wire().bytes_read(); }
  // Bytes of an answer; for a stream 1 stands for any frame of one.
  std::uint64_t answered() const {
    if (stream_) return stream_->answered() ? 1 : 0;
    return connection_ ? connection_->stream().bytes_read() - read_before_ : 0;
  }
  net::H2Outcome outcome() const { return stream_ ? stream_->outcome() : net::H2Outcome::Open; }

  // For the watchdog: grows with every byte either way.
  std::uint64_t progress() const {
    if (stream_) return stream_->bytes_read() + stream_->bytes_written();
    if (!connection_) return 0;
    return connection_->stream().bytes_read() + connection_->stream().bytes_written();
  }
  // Whatever is awaited or will be ends with `why`. Sticky.
  void cancel(net::NetError why) {
    if (stream_ && why == net::NetError::TimedOut) {
      stream_->time_out();
    } else if (stream_) {
      stream_->cancel(why);
    } else if (connection_) {
      connection_->stream().cancel(why);
    }
  }
  // What is awaited now ends with `why`.
  void interrupt(net::NetError why) {
    if (stream_) {
      stream_->interrupt(why);
    } else if (connection_) {
      connection_->stream().interrupt(why);
    }
  }

 private:
  net::UpstreamConnectionPtr connection_;
  net::H2StreamPtr stream_;
  std::uint64_t read_before_ = 0;  // bytes this connection had read before this exchange
};

}  // namespace guarita::proxy
