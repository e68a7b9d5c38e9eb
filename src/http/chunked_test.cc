#include "http/chunked.h"

#include "http/testing.h"

namespace guarita::http {
namespace {

using namespace std::literals;
using What = ChunkedDecoder::What;

// The body, then "+trailers", then what was left over; or the error's name.
std::string decode_pieces(std::string_view text, std::size_t first, std::size_t step,
                          const Limits& limits) {
  ChunkedDecoder decoder;
  decoder.reset();
  std::string body;
  std::size_t at = 0;
  for (std::size_t size = first;; size = std::min(size + step, text.size())) {
    for (;;) {
      const std::string piece(text.substr(at, size - at));  // at its own address
      const ChunkedDecoder::Step s = decoder.next(piece, limits);
      body += s.data;
      at += s.consumed;
      if (s.what == What::Error) return std::string(name_of(s.error));
      if (s.what == What::End)
        return body + "+" + testing::text_of(decoder.trailers()) + "+" +
               std::string(text.substr(at));
      if (s.what == What::NeedMore) break;
    }
    if (size == text.size()) return body + " more";
  }
}

std::string decode(std::string_view text, const Limits& limits = {}) {
  const std::string whole = decode_pieces(text, text.size(), 1, limits);
  for (std::size_t split = 0; split < text.size(); ++split)
    EXPECT_EQ(decode_pieces(text, split, text.size(), limits), whole) << split << ": " << text;
  EXPECT_EQ(decode_pieces(text, 0, 1, limits), whole) << "byte by byte: " << text;
  return whole;
}

TEST(Chunked, DecodesAndStopsAtTheEnd) {
  EXPECT_EQ(decode("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET /"), "hello!++GET /");
  EXPECT_EQ(decode("0\r\n\r\n"), "++");
  EXPECT_EQ(decode("a\r\n0123456789\r\n00\r\n\r\n"), "0123456789++");
  EXPECT_EQ(decode("00A\r\n0123456789\r\n0\r\n\r\n"), "0123456789++");
  EXPECT_EQ(decode("4\r\n\r\n\0x\r\n0\r\n\r\n"s), "\r\n\0x++"s);
  EXPECT_EQ(decode("5\r\nhel"), "hel more");
}

TEST(Chunked, SizesAreHexadecimalDigitsAlone) {
  for (const auto* bad :
       {"\r\n", "g\r\n", "+5\r\nhello\r\n", "-1\r\n", "0x5\r\nhello\r\n", " 5\r\nhello\r\n",
        "5 \r\nhello\r\n", "5\nhello\n", "5\rhello", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n",
        "5\r\nhello\rX", "4\r\nhello\r\n", "6\r\nhello\r\n0\r\n\r\n", "1000000000000000\r\n",
        "0000000000000001\r\na\r\n", "0\n\r\n", "5\x80\r\n"})
    EXPECT_EQ(decode(bad), "bad_chunk") << bad;
  EXPECT_EQ(decode("0\r\n\n"), "bad_trailer");
}

TEST(Chunked, ExtensionsAreReadAndDropped) {
  EXPECT_EQ(decode("5;a\r\nhello\r\n0;b=c;d=\"e\\\"; ,f\"\r\n\r\n"), "hello++");
  EXPECT_EQ(decode("1;chunk-signature=0f9a\r\na\r\n0\r\n\r\n"), "a++");
  for (const auto* bad : {"1;\r\na\r\n", "1;a=\r\n", "1;a=\"b\r\n", "1;a\n", "1;a\rb", "1; a\r\n",
                          "1;a =b\r\n", "1;a=\"b\"c\r\n", "1;=b\r\n", "1;a=\"\x7f\"\r\n"})
    EXPECT_EQ(decode(bad), "bad_chunk") << bad;
  Limits limits;
  limits.chunk_extension_bytes_max = 6;
  EXPECT_EQ(decode("1;aa\r\nx\r\n1;bb\r\ny\r\n0\r\n\r\n", limits), "xy++");
  EXPECT_EQ(decode("1;aa\r\nx\r\n1;bbb\r\ny\r\n0\r\n\r\n", limits), "chunk_extension_too_large")
      << "the limit is for the whole body";
}

TEST(Chunked, TrailersAreAsStrictAsHeaders) {
  EXPECT_EQ(decode("0\r\nA: b\r\nC:\td \r\n\r\nrest"), "+A=b|C=d|+rest");
  for (const auto* bad :
       {"0\r\nA : b\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\nA: b\r\n c\r\n\r\n", "0\r\n: b\r\n\r\n",
        "0\r\nA: b\rC: d\r\n\r\n", "0\r\nAb\r\n\r\n", "0\r\n\rX", "0\r\nA: b\r\n\rX"})
    EXPECT_EQ(decode(bad), "bad_trailer") << bad;
  EXPECT_EQ(decode("0\r\nA: \0\r\n\r\n"s), "bad_trailer");
  Limits limits;
  limits.trailer_bytes_max = 16;
  limits.trailers_max = 2;
  EXPECT_EQ(decode("0\r\nA: b\r\nC: d123\r\n\r\n", limits), "trailer_too_large");
  EXPECT_EQ(decode("0\r\nA: b\r\nC: d\r\n\r\n", limits), "+A=b|C=d|+");
  EXPECT_EQ(decode("0\r\nA:\r\nB:\r\nC:\r\n\r\n", limits), "too_many_trailers");
}

TEST(Chunked, BodyLimitCountsAllChunks) {
  Limits limits;
  limits.body_bytes_max = 6;
  EXPECT_EQ(decode("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", limits), "hello!++");
  EXPECT_EQ(decode("5\r\nhello\r\n2\r\n!!\r\n0\r\n\r\n", limits), "body_too_large");
}

TEST(Chunked, EncoderIsReadBack) {
  EXPECT_EQ(chunk_head(1).view(), "1\r\n");
  EXPECT_EQ(chunk_head(0x1f40).view(), "1f40\r\n");
  EXPECT_EQ(chunk_head(UINT64_MAX).view(), "ffffffffffffffff\r\n");
  std::string text;
  std::string body;
  for (const std::size_t size : {1u, 15u, 16u, 255u, 256u, 4097u}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    body += piece;
    text.append(chunk_head(size).view()).append(piece).append(kChunkEnd);
  }
  text += kLastChunk;
  EXPECT_EQ(decode_pieces(text, text.size(), 1, {}), body + "++");
  EXPECT_EQ(decode_pieces(text, 0, 7, {}), body + "++");
}

}  // namespace
}  // namespace guarita::http
