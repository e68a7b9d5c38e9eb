#include "net/h2_connection.h"

namespace guarita::net {
namespace {

struct OutBuffer {
  explicit OutBuffer(std::size_t size_in)
      : bytes(static_cast<char*>(recycled_new(size_in))), size(size_in) {}
  OutBuffer(const OutBuffer&) = delete;
  OutBuffer& operator=(const OutBuffer&) = delete;
  ~OutBuffer() { recycled_delete(bytes, size); }
  char* bytes;
  std::size_t size;
};

}  // namespace

// The writer's pause, until flush().
struct H2Connection::WorkAwaiter {
  H2Connection& connection;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    connection.idle_writer_ = waiting;
  }
  void await_resume() const noexcept {}
};

H2Connection::H2Connection(H2Pool& pool, UpstreamConnectionPtr carrier)
    : pool_(pool),
      carrier_(std::move(carrier)),
      session_({.to_send =
                    [](void* self) noexcept {
                      auto* connection = static_cast<H2Connection*>(self);
                      connection->pool_.mark(*connection);
                    },
                .freed =
                    [](void* self) noexcept {
                      auto* connection = static_cast<H2Connection*>(self);
                      connection->pool_.mark(*connection);
                    },
                .context = this}),
      deadline_(&H2Connection::expired, this) {}

H2Connection::~H2Connection() {
  dead_ = true;
  session_.lose(NetError::Cancelled);
  carrier_.reset();  // the socket first: then nobody resumes the coroutines, and they may go
  reading_.reset();
  writing_.reset();
  if (in_ != nullptr) recycled_delete(in_, kBufferBytes);
}

void H2Connection::start() {
  pool_.wheel_.arm(deadline_, pool_.loop_.now_ms() + pool_.pool_.options_.connect_ms);
  writing_.emplace(write());
  if (!dead_) reading_.emplace(read());
}

Task<void> H2Connection::write() {
  while (!dead_) {
    NetError error = NetError::EndOfStream;
    std::size_t made = 0;
    {
      const OutBuffer out(kBufferBytes);
      made = session_.produce({out.bytes, out.size});
      if (made > 0) {
        const auto written = co_await carrier_->stream().write({out.bytes, made});
        if (written) continue;
        error = written.error();
      }
    }
    if (made > 0 || session_.over()) {
      fail(error);
      co_return;
    }
    co_await WorkAwaiter{*this};
  }
}

Task<void> H2Connection::read() {
  const LazyBuffer into{.take = [](void* self) noexcept -> std::span<char> {
                          auto* connection = static_cast<H2Connection*>(self);
                          connection->in_ = static_cast<char*>(recycled_new(kBufferBytes));
                          return {connection->in_, kBufferBytes};
                        },
                        .give_back =
                            [](void* self) noexcept {
                              auto* connection = static_cast<H2Connection*>(self);
                              recycled_delete(std::exchange(connection->in_, nullptr),
                                              kBufferBytes);
                            },
                        .context = this};
  while (!dead_) {
    const auto got = co_await carrier_->stream().read_some(into);
    if (!got) {
      fail(got.error());
      co_return;
    }
    const bool good = take_in({in_, *got});
    recycled_delete(std::exchange(in_, nullptr), kBufferBytes);
    if (!good) co_return;
  }
}

bool H2Connection::take_in(std::string_view bytes) {
  // A frame that begins with an H would be longer than any may be: it is an answer in HTTP/1.
  if (session_.bytes_received() == 0 && bytes.front() == 'H') {
    pool_.is_http1(upstream());
    fail(NetError::Other);
    return false;
  }
  if (!session_.receive(bytes)) {
    fail(NetError::Other);
    return false;
  }
  if (!ready_ && session_.ready()) {
    ready_ = true;
    pool_.wheel_.disarm(deadline_);
    pool_.ready(*this);
  }
  pool_.mark(*this);
  return true;
}

void H2Connection::flush() {
  if (dead_) return;
  if (idle_writer_) std::exchange(idle_writer_, nullptr).resume();
  if (!dead_) settle();
}

void H2Connection::settle() {
  if (!ready_) return;
  if (session_.streams() > 0) {
    pool_.wheel_.disarm(deadline_);
  } else if (session_.retired()) {
    fail(NetError::EndOfStream);
  } else if (!deadline_.armed()) {
    pool_.wheel_.arm(deadline_, pool_.loop_.now_ms() + pool_.pool_.options_.idle_ms);
  }
}

void H2Connection::expired(void* self) {
  auto* connection = static_cast<H2Connection*>(self);
  if (!connection->ready_) {
    connection->fail(NetError::TimedOut);
  } else {
    connection->finish();
  }
}

void H2Connection::finish() {
  session_.finish();
}

void H2Connection::fail(NetError error) {
  if (std::exchange(dead_, true)) return;
  pool_.wheel_.disarm(deadline_);
  session_.lose(error);
  pool_.dead(*this, error);
}

}  // namespace guarita::net
