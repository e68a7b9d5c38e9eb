// A byte stream: TCP or Unix, plain or TLS, one class. Reads and writes are awaited and give
// Result<…, NetError>; nothing is allocated per operation. One loop's thread.
#pragma once

#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/descriptor.h"
#include "net/endpoint.h"
#include "net/error.h"

namespace guarita::net {

// What one attempt came to. EndOfStream is an error like any other: `bytes` is never 0 when a read
// or a write is Done.
struct IoStep {
  enum class What : std::uint8_t { Done, WouldBlock, Failed } what = What::WouldBlock;
  std::size_t bytes = 0;
  NetError error = NetError::Other;
};

// The seam for TLS: a layer between a Stream and its socket. Plain streams have none and pay one
// test of a pointer. Reads wait for the socket to be readable and writes for it to be writable,
// nothing else: what a layer has to send while it reads it keeps, and what it took in a write it
// has taken for good; flush() sends what it kept.
class StreamLayer {
 public:
  virtual ~StreamLayer() = default;
  virtual IoStep read(int fd, std::span<char> into) noexcept = 0;
  // Takes at least a byte, or WouldBlock: then what it kept has to leave first.
  virtual IoStep write(int fd, std::span<const iovec> pieces) noexcept = 0;
  // Decrypted bytes at hand, without an event to come for them.
  virtual bool has_pending() const noexcept = 0;
  // What a read would come to; takes nothing.
  virtual IoStep peek(int fd) noexcept = 0;
  // Bytes that were kept and are not with the kernel yet; flush() is Done when none are left.
  virtual bool has_unsent() const noexcept { return false; }
  virtual IoStep flush(int) noexcept { return {.what = IoStep::What::Done}; }
  // Last words before the sending side is closed (close_notify). Best effort.
  virtual void finish(int fd) noexcept = 0;
};

// Where an idle connection's next bytes go: taken only when there are some.
struct LazyBuffer {
  std::span<char> (*take)(void* context) noexcept = nullptr;
  void (*give_back)(void* context) noexcept = nullptr;  // there was nothing after all
  void* context = nullptr;
  bool is_new = false;  // as in Waiter
};

class Stream : public Recycled {
 public:
  static constexpr std::size_t kPiecesMax = 16;

  // Takes over a connected, non-blocking socket. Null when the reactor refuses it.
  static std::unique_ptr<Stream> adopt(Loop& loop, int fd);
  // A socket on its way to `to`; await connected() before anything else.
  static Result<std::unique_ptr<Stream>, NetError> connect(Loop& loop, const Endpoint& to);

  ~Stream() = default;  // REQUIRES: nobody awaits. Closes.
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  class ReadAwaiter;
  class WriteAwaiter;
  class ConnectAwaiter;
  // At least one byte, at most into.size(). One read at a time; a write may be under way.
  ReadAwaiter read_some(std::span<char> into);
  ReadAwaiter read_some(const LazyBuffer& into);
  // All pieces (at most kPiecesMax), or an error. What they point at stays until then. They leave
  // at the end of the loop's turn, with those of other streams.
  WriteAwaiter write(std::span<const std::string_view> pieces);
  WriteAwaiter write(std::string_view piece);
  ConnectAwaiter connected();

  // Without waiting: bytes, WouldBlock, or an error.
  IoStep try_read(std::span<char> into) noexcept;

  // Idle connections: `event` is called once, from the loop, when anything arrives, the peer
  // closes, or the stream is cancelled. False: something is there already, nothing is watched.
  bool watch(void (*event)(void*) noexcept, void* context);
  // False: an event has come since; the connection is not to be used again.
  bool unwatch();
  // The peer has closed its sending side or reset, and all it sent before has been read.
  bool peer_ended() const;
  // Over a layer: TLS.
  bool secure() const { return layer_ != nullptr; }

  // Whatever is awaited or will be ends with `why`. Sticky.
  void cancel(NetError why);
  bool cancelled() const { return cut_.has_value(); }
  // What is awaited now ends with `why`; the stream stays usable. Nothing awaited: nothing happens.
  void interrupt(NetError why);
  // Half-close: the peer reads an end of stream after what was written.
  void finish_sending();
  // Close by RST: nothing unsent matters any more.
  void reset_on_close();

  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  int fd() const { return descriptor_->fd(); }
  Loop& loop() const { return descriptor_->loop(); }
  // Before the first read and write.
  void set_layer(std::unique_ptr<StreamLayer> layer) { layer_ = std::move(layer); }

 private:
  explicit Stream(Descriptor::Ptr descriptor) : descriptor_(std::move(descriptor)) {}
  IoStep try_write() noexcept;
  bool settle_read(const IoStep& step) noexcept;
  bool read_now() noexcept;
  bool write_now() noexcept;
  void wait_to_read() noexcept;
  // Resumes writing_.waiting once `attempt` says so.
  void wait_to_write(bool (*attempt)(void* stream) noexcept) noexcept;
  IoStep noticed(Direction direction, const IoStep& step) noexcept;
  bool must_flush() const noexcept;
  bool flush_now() noexcept;
  void flush_later();
  bool readable() noexcept;

  Descriptor::Ptr descriptor_;
  std::unique_ptr<StreamLayer> layer_;
  std::optional<NetError> cut_;
  NetError interrupted_ = NetError::Cancelled;

  struct Reading {
    std::span<char> into;
    LazyBuffer lazy;
    Result<std::size_t, NetError> result = Err(NetError::Other);
    std::coroutine_handle<> waiting;
    unsigned in_a_row = 0;  // reads that found bytes at once
    bool settled = false;
  } reading_;
  struct Writing {
    std::span<iovec> left;  // in the awaiter
    Result<void, NetError> result;
    std::coroutine_handle<> waiting;
  } writing_;
  void (*event_)(void*) noexcept = nullptr;
  void* event_context_ = nullptr;
  bool flushing_ = false;  // the writing slot is the layer's
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;

 public:
  class [[nodiscard]] ReadAwaiter {
   public:
    explicit ReadAwaiter(Stream& stream) : stream_(stream) {}
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<std::size_t, NetError> await_resume() noexcept { return stream_.reading_.result; }

   private:
    Stream& stream_;
  };
  class [[nodiscard]] WriteAwaiter {
   public:
    WriteAwaiter(Stream& stream, std::span<const std::string_view> pieces);
    WriteAwaiter(const WriteAwaiter&) = delete;
    WriteAwaiter& operator=(const WriteAwaiter&) = delete;
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<void, NetError> await_resume() noexcept { return stream_.writing_.result; }

   private:
    Stream& stream_;
    std::size_t count_ = 0;
    std::array<iovec, kPiecesMax> pieces_;
  };
  class [[nodiscard]] ConnectAwaiter {
   public:
    explicit ConnectAwaiter(Stream& stream) : stream_(stream) {}
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<void, NetError> await_resume() noexcept { return stream_.writing_.result; }

   private:
    Stream& stream_;
  };

 private:
  bool connect_now() noexcept;
};

}  // namespace guarita::net
