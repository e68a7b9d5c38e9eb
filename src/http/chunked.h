// Chunked bodies (RFC 9112 §7.1): decoder and encoder, sans I/O, nothing held but trailers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"

namespace guarita::http {

// Feed it bytes until End or Error. Reused with reset(); allocates only when trailers come.
class ChunkedDecoder {
 public:
  enum class What : std::uint8_t {
    NeedMore,  // all of the input is consumed
    Data,      // `data` is a piece of the body; call again with what lies after `consumed`
    End,       // the body is over; what lies after `consumed` is the next message
    Error,
  };
  struct Step {
    What what = What::NeedMore;
    ErrorCode error = ErrorCode::None;
    std::size_t consumed = 0;  // of the input, `data` included
    std::string_view data;     // into the input
  };

  void reset();
  // `input` begins where the last step's `consumed` ended. Extensions are checked against the
  // limit and dropped. `limits` must not change during a body.
  Step next(std::string_view input, const Limits& limits);

  std::uint64_t body_bytes() const { return body_bytes_; }
  // After End: the trailer section, parsed as strictly as a head; valid until reset().
  const Fields& trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    Size,
    SizeLf,
    ExtensionStart,
    ExtensionName,
    ExtensionValue,
    ExtensionToken,
    ExtensionQuoted,
    ExtensionPair,
    ExtensionQuoteEnd,
    Data,
    DataCr,
    DataLf,
    Trailers,
    Ended,
    Failed,
  };
  Step fail(ErrorCode error, std::size_t at);
  ErrorCode framing_byte(char c, const Limits& limits);
  ErrorCode size_byte(char c, const Limits& limits);
  ErrorCode extension_byte(char c, const Limits& limits);
  ErrorCode extension_byte_paid(const Limits& limits);
  ErrorCode begin_chunk(const Limits& limits);
  Step trailer_bytes(std::string_view input, std::size_t from, const Limits& limits);

  State state_ = State::Size;
  std::uint8_t digits_ = 0;
  ErrorCode error_ = ErrorCode::None;
  std::uint32_t extension_bytes_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string trailer_text_;
  Fields trailers_;
  ParseCursor cursor_;
};

// "1f40\r\n" for a piece of `size` > 0 bytes; after the piece comes kChunkEnd.
struct ChunkHead {
  std::array<char, 18> bytes;
  std::uint8_t size;
  std::string_view view() const { return {bytes.data(), size}; }
};
ChunkHead chunk_head(std::uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kLastChunkBeforeTrailers = "0\r\n";  // trailers, then CR LF

}  // namespace guarita::http
