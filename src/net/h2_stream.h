// One exchange on a shared HTTP/2 connection, as its coroutines see it: the request's body in, the
// response's heads, body and trailers out. Sans I/O: an H2Session fills and empties it. One thread.
//
// What is received and not yet read is held here, at most the stream's window (kStreamWindow).
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/received_head.h"
#include "http/serialise.h"
#include "net/error.h"
#include "net/h2_wakes.h"
#include "net/recycler.h"

namespace guarita::net {

class H2Session;
class H2Streams;
struct H2StreamReleaser;

// How the stream stands.
enum class H2Outcome : std::uint8_t {
  Open,
  Whole,        // the response and its end are there
  Unprocessed,  // the upstream says that it did not look at the request: safe to send again
  Reset,        // by the upstream, after it had looked
  Malformed,    // no HTTP, or over a limit
  Lost,         // the connection ended
  Cancelled,    // from this side
};

struct H2Request {
  std::span<const http::SetField> fields;  // http::list_request(): the method first
  http::ResponseContext context;
  const http::Limits* limits = nullptr;  // outlives the stream
  enum class Body : std::uint8_t { None, Follows } body = Body::None;
};

class H2Stream {
 public:
  enum class Last : std::uint8_t { No, Yes };
  class HeadAwaiter;
  class ReadAwaiter;
  class WriteAwaiter;

  explicit H2Stream(H2Streams& home) : home_(home) {}
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;
  ~H2Stream() { drop_blocks(); }

  // Once, first. Fields are copied. What goes wrong is told by what is awaited next.
  void submit(const H2Request& request);
  // All pieces are with the session (their memory may go), or an error; Last ends the body.
  WriteAwaiter write(std::span<const std::string_view> pieces, Last last);
  // The next head, interim or final; take_head() has it then.
  HeadAwaiter head();
  void take_head(http::ResponseHead& head, std::string& text);
  // Body bytes, at least one; EndOfStream after the last of a whole response.
  ReadAwaiter read_some(std::span<char> into);
  // The same without waiting; 0: none are there.
  std::size_t take(std::span<char> into);

  // The response is whole and all of it was read.
  bool at_end() const { return got_end_ && blocks_ == nullptr && !cut_; }
  const http::Fields& trailers() const { return trailers_.fields; }
  H2Outcome outcome() const { return outcome_; }
  // A frame of an answer came, be it a reset.
  bool answered() const { return answered_; }

  // What is awaited or will be ends with `why`; the upstream is told to stop. Sticky.
  void cancel(NetError why);
  // What is awaited now ends with `why`. A write so ended leaves a torso: cancel() must follow.
  void interrupt(NetError why);
  // cancel() because no answer came in time; a connection that was silent all along takes no
  // further streams.
  void time_out();

  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  friend class H2Session;
  friend class H2Streams;
  friend struct H2StreamReleaser;
  friend struct H2Callbacks;

  // Received heads that wait to be taken: interim ones that find no place are dropped, they only
  // announce.
  static constexpr unsigned kHeads = 4;
  static constexpr std::size_t kBlockBytes = 16 * 1024;
  struct Block {
    Block* next;
    std::uint32_t begin, end;
    char bytes[kBlockBytes - 16];
  };

  // ---- by the session
  void begin_section();
  http::ErrorCode add(std::string_view name, std::string_view value);
  http::ErrorCode end_section(http::BodyAfter body);
  void received(std::string_view bytes);
  void ended(H2Outcome outcome, NetError error);
  std::size_t give_body(std::span<char> into, bool& last);

  void wake_reader();
  void wake_writer();
  void keep(std::string_view bytes);
  void drop_blocks();
  void consumed(std::size_t bytes);
  void reset();
  bool closed() const { return outcome_ != H2Outcome::Open; }
  NetError error() const { return cut_.value_or(error_); }
  http::ReceivedHead& newest() { return heads_[(first_head_ + heads_count_) % kHeads]; }

  H2Streams& home_;
  H2Session* session_ = nullptr;  // while the session knows the stream
  H2Stream* next_ = nullptr;      // the session's list
  H2Stream** at_ = nullptr;
  std::int32_t id_ = 0;  // 0: not submitted
  const http::Limits* limits_ = nullptr;
  http::ResponseContext context_;
  std::uint64_t session_bytes_before_ = 0;
  std::string head_block_;  // of the request; empty: nghttp2 writes it

  std::array<http::ReceivedHead, kHeads> heads_;
  unsigned first_head_ = 0, heads_count_ = 0;
  http::ReceivedFields trailers_;
  Block* blocks_ = nullptr;
  Block* last_block_ = nullptr;
  bool final_head_ = false;
  bool answered_ = false;
  bool got_end_ = false;
  bool malformed_ = false;
  bool peer_reset_ = false;
  H2Outcome outcome_ = H2Outcome::Open;
  NetError error_ = NetError::Other;
  std::optional<NetError> cut_;

  struct Reading {
    H2Wake wake;
    std::span<char> into;  // empty: a head is awaited
    std::size_t filled = 0;
    std::optional<NetError> interrupted;
  } reading_;
  struct Writing {
    H2Wake wake;
    static constexpr std::size_t kPiecesMax = 16;
    std::array<std::string_view, kPiecesMax> pieces;
    std::size_t first = 0, count = 0;
    bool last = false;  // after the pieces the body is over
    bool pending = false;
    std::optional<NetError> interrupted;
  } writing_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;

 public:
  class [[nodiscard]] HeadAwaiter {
   public:
    explicit HeadAwaiter(H2Stream& stream) : stream_(stream) {}
    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<void, NetError> await_resume() noexcept;

   private:
    H2Stream& stream_;
  };
  class [[nodiscard]] ReadAwaiter {
   public:
    ReadAwaiter(H2Stream& stream, std::span<char> into) : stream_(stream), into_(into) {}
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<std::size_t, NetError> await_resume() noexcept;

   private:
    H2Stream& stream_;
    std::span<char> into_;
    std::size_t taken_ = 0;
  };
  class [[nodiscard]] WriteAwaiter {
   public:
    explicit WriteAwaiter(H2Stream& stream) : stream_(stream) {}
    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> waiting) noexcept;
    Result<void, NetError> await_resume() noexcept;

   private:
    H2Stream& stream_;
  };
};

// Gives the stream back to its store; one that is not over is cancelled.
struct H2StreamReleaser {
  void operator()(H2Stream* stream) const noexcept;
};
using H2StreamPtr = std::unique_ptr<H2Stream, H2StreamReleaser>;

// A thread's streams, reused with their storage.
class H2Streams {
 public:
  explicit H2Streams(H2Wakes& wakes) : wakes_(wakes) {}
  H2Streams(const H2Streams&) = delete;
  H2Streams& operator=(const H2Streams&) = delete;

  H2StreamPtr take();
  H2Wakes& wakes() { return wakes_; }

 private:
  friend struct H2StreamReleaser;
  static constexpr std::size_t kSpareMax = 256;
  H2Wakes& wakes_;
  std::vector<std::unique_ptr<H2Stream>> spare_;
};

}  // namespace guarita::net
