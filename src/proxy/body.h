// Bodies, sans I/O: bytes in as framed by the sender, pieces out as framed for the receiver
// (RFC 9112 §6, §7). Nothing is copied and nothing of the sender's framing passes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"

namespace guarita::proxy {

// Body bytes found in one stretch of input. `spans` lie in the input.
struct BodyBatch {
  static constexpr std::size_t kSpansMax = 10;
  std::array<std::string_view, kSpansMax> spans;
  std::size_t count = 0;
  std::size_t bytes = 0;     // of all spans
  std::size_t consumed = 0;  // of the input, framing included
  http::ErrorCode error = http::ErrorCode::None;

  std::span<const std::string_view> pieces() const { return {spans.data(), count}; }
};

// Reads one body. begin() per message.
class BodyReader {
 public:
  void begin(http::Framing framing, std::uint64_t content_length);

  // Consumes as much as fits into one batch; call again while input is left and it is not ended().
  BodyBatch take(std::string_view input, const http::Limits& limits);
  // UntilClose: the end of the stream is the end of the body. Otherwise the body is cut short.
  bool close();

  bool ended() const { return ended_; }
  std::uint64_t bytes() const { return bytes_; }
  http::Framing framing() const { return framing_; }
  // How many bytes more may be read without reading beyond the body; chunked: unknown, SIZE_MAX.
  std::size_t readable_max() const;
  std::uint64_t left() const { return left_; }  // Length
  const http::Fields& trailers() const { return chunks_.trailers(); }

 private:
  BodyBatch take_chunked(std::string_view input, const http::Limits& limits);
  void add(BodyBatch& batch, std::string_view span);

  http::Framing framing_ = http::Framing::None;
  bool ended_ = true;
  std::uint64_t left_ = 0;
  std::uint64_t bytes_ = 0;
  http::ChunkedDecoder chunks_;
};

// The pieces to write, in order; views into the batch's input and into this object.
class FramedBody {
 public:
  // `ended`: the last-chunk is added where `out` is Chunked; `last` replaces the bare one (it holds
  // trailers, http::append_last_chunk).
  enum class Last : std::uint8_t { No, Yes };
  void assign(const BodyBatch& batch, http::Framing out, Last last_chunk,
              std::string_view last = http::kLastChunk);
  // The same with `head` in front.
  void prepend(std::string_view head) { head_ = head; }

  // Valid until the next assign().
  std::span<const std::string_view> pieces();

 private:
  std::array<std::string_view, BodyBatch::kSpansMax + 4> pieces_;
  std::size_t count_ = 1;  // the first is the head's place
  std::string_view head_;
  http::ChunkHead chunk_head_{};
};

}  // namespace guarita::proxy
