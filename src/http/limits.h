// Every limit of the HTTP parser, by name. The configuration's [limits] table fills it; the
// defaults are the documented ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guarita::http {

struct Limits {
  // Request target. 8,000 is what RFC 9112 §3 asks a server to support at least; over it: 414.
  std::uint32_t target_bytes_max = 8192;
  // A whole head, request or status line included. Over it: 431 (502 for a response).
  std::uint32_t head_bytes_max = 64 * 1024;
  // One header line, name and value. Cookies and JWTs reach 8 KiB.
  std::uint32_t field_bytes_max = 16 * 1024;
  // Header lines of one head. What a head costs in memory is this times sizeof(FieldEntry).
  std::uint32_t fields_max = 128;
  // Chunk extensions of one whole body: they are paid for and dropped.
  std::uint32_t chunk_extension_bytes_max = 4096;
  // Trailer section of one body: bytes and lines.
  std::uint32_t trailer_bytes_max = 8192;
  std::uint32_t trailers_max = 32;
  // Request body as sent. 0: no limit, because bodies are streamed and never held. Over it: 413.
  std::uint64_t body_bytes_max = 0;
};

// A method longer than every registered one is refused with 501 (RFC 9110 §9.1).
inline constexpr std::size_t kMethodBytesMax = 32;

}  // namespace guarita::http
