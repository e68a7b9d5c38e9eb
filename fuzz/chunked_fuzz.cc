#include "http/chunked.h"

#include "compare.h"
#include "ours.h"
#include "targets.h"

namespace guarita::fuzz {
namespace {

// Body, then how it ended, then what is left: the same for every size of pieces.
std::string decode(std::string_view bytes, std::size_t piece) {
  http::ChunkedDecoder decoder;
  decoder.reset();
  std::string text;
  std::size_t at = 0;
  for (std::size_t there = std::min(piece, bytes.size());;
       there = std::min(there + piece, bytes.size())) {
    for (;;) {
      const auto step = decoder.next(bytes.substr(at, there - at), http::Limits{});
      text += step.data;
      at += step.consumed;
      if (step.what == http::ChunkedDecoder::What::Error)
        return text + "|" + std::string(http::name_of(step.error));
      if (step.what == http::ChunkedDecoder::What::End)
        return text + "|end " + std::to_string(bytes.size() - at) + " " +
               std::to_string(decoder.trailers().size());
      if (step.what == http::ChunkedDecoder::What::NeedMore) break;
    }
    if (there == bytes.size()) return text + "|more";
  }
}

}  // namespace

void fuzz_chunked(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t piece = 1 + static_cast<unsigned char>(bytes[0]) % 16;
  bytes.remove_prefix(1);
  if (decode(bytes, piece) != decode(bytes, SIZE_MAX / 2))
    return disagree("the pieces change the outcome", bytes);
  Message body;
  if (!read_body(http::Framing::Chunked, 0, bytes, body)) return;
  fuzz_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
               std::string(bytes));
}

}  // namespace guarita::fuzz
