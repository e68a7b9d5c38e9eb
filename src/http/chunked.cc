#include "http/chunked.h"

#include <algorithm>

#include "http/field_line.h"
#include "http/scan.h"

namespace guarita::http {
namespace {

// 15 hexadecimal digits stay below 2^60; leading zeros count.
constexpr std::uint8_t kSizeDigitsMax = 15;

bool is_token_byte(char c) {
  return (byte_class(c) & kTokenBit) != 0;
}
bool is_quotable(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// A section within which everything counts as trailers: their limit is the only one.
Limits trailer_limits(const Limits& limits) {
  Limits own = limits;
  own.head_bytes_max = limits.trailer_bytes_max;
  own.field_bytes_max = limits.trailer_bytes_max;
  own.fields_max = limits.trailers_max;
  return own;
}

ErrorCode trailer_error(ErrorCode code) {
  if (code == ErrorCode::HeadTooLarge || code == ErrorCode::FieldTooLarge)
    return ErrorCode::TrailerTooLarge;
  return code == ErrorCode::TooManyFields ? ErrorCode::TooManyTrailers : ErrorCode::BadTrailer;
}

}  // namespace

void ChunkedDecoder::reset() {
  state_ = State::Size;
  digits_ = 0;
  error_ = ErrorCode::None;
  extension_bytes_ = 0;
  left_ = 0;
  body_bytes_ = 0;
  trailer_text_.clear();
  trailers_.clear();
  cursor_ = {};
}

ChunkedDecoder::Step ChunkedDecoder::fail(ErrorCode error, std::size_t at) {
  state_ = State::Failed;
  error_ = error;
  return {What::Error, error, at, {}};
}

ErrorCode ChunkedDecoder::size_byte(char c, const Limits& limits) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > kSizeDigitsMax) return ErrorCode::BadChunk;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return ErrorCode::None;
  }
  if (digits_ == 0) return ErrorCode::BadChunk;
  if (c == ';') {
    state_ = State::ExtensionStart;
    return extension_byte_paid(limits);
  }
#if GUARITA_PLANTED_BUG == 2  // fuzz/CMakeLists.txt: the fuzzer must find it
  if (c == '\n') return begin_chunk(limits);
#endif
  if (c != '\r') return ErrorCode::BadChunk;
  state_ = State::SizeLf;
  return ErrorCode::None;
}

ErrorCode ChunkedDecoder::extension_byte_paid(const Limits& limits) {
  return ++extension_bytes_ > limits.chunk_extension_bytes_max ? ErrorCode::ChunkExtensionTooLarge
                                                               : ErrorCode::None;
}

// *( ";" name [ "=" ( token / quoted-string ) ] ), without white space: RFC 9112 §7.1.1 has it
// for bad senders only, and it is where parsers differ.
ErrorCode ChunkedDecoder::extension_byte(char c, const Limits& limits) {
  const bool name_over = state_ == State::ExtensionName || state_ == State::ExtensionToken ||
                         state_ == State::ExtensionQuoteEnd;
  if (c == '\r' && name_over) {
    state_ = State::SizeLf;
    return ErrorCode::None;
  }
  if (const ErrorCode e = extension_byte_paid(limits); e != ErrorCode::None) return e;
  if (c == ';' && name_over) {
    state_ = State::ExtensionStart;
    return ErrorCode::None;
  }
  switch (state_) {
    case State::ExtensionStart:
    case State::ExtensionName:
      if (c == '=' && state_ == State::ExtensionName) {
        state_ = State::ExtensionValue;
        return ErrorCode::None;
      }
      state_ = State::ExtensionName;
      return is_token_byte(c) ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionValue:
      if (c == '"') {
        state_ = State::ExtensionQuoted;
        return ErrorCode::None;
      }
      state_ = State::ExtensionToken;
      return is_token_byte(c) ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionToken: return is_token_byte(c) ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionQuoted:
      if (c == '"') state_ = State::ExtensionQuoteEnd;
      if (c == '\\') state_ = State::ExtensionPair;
      return is_quotable(c) ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionPair:
      state_ = State::ExtensionQuoted;
      return is_quotable(c) ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionQuoteEnd:
    case State::Size:
    case State::SizeLf:
    case State::Data:
    case State::DataCr:
    case State::DataLf:
    case State::Trailers:
    case State::Ended:
    case State::Failed: return ErrorCode::BadChunk;
  }
  return ErrorCode::BadChunk;
}

// After the size line: a piece of data, or the trailers.
ErrorCode ChunkedDecoder::begin_chunk(const Limits& limits) {
  digits_ = 0;
  if (left_ == 0) {
    state_ = State::Trailers;
    return ErrorCode::None;
  }
  state_ = State::Data;
  if (limits.body_bytes_max != 0 && left_ > limits.body_bytes_max - body_bytes_)
    return ErrorCode::BodyTooLarge;
  if (left_ > INT64_MAX - body_bytes_) return ErrorCode::BadChunk;
  return ErrorCode::None;
}

ErrorCode ChunkedDecoder::framing_byte(char c, const Limits& limits) {
  switch (state_) {
    case State::Size: return size_byte(c, limits);
    case State::SizeLf: return c == '\n' ? begin_chunk(limits) : ErrorCode::BadChunk;
    case State::DataCr:
      state_ = State::DataLf;
      return c == '\r' ? ErrorCode::None : ErrorCode::BadChunk;
    case State::DataLf:
      state_ = State::Size;
      return c == '\n' ? ErrorCode::None : ErrorCode::BadChunk;
    case State::ExtensionStart:
    case State::ExtensionName:
    case State::ExtensionValue:
    case State::ExtensionToken:
    case State::ExtensionQuoted:
    case State::ExtensionPair:
    case State::ExtensionQuoteEnd: return extension_byte(c, limits);
    case State::Data:
    case State::Trailers:
    case State::Ended:
    case State::Failed: break;
  }
  return ErrorCode::BadChunk;
}

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view input, const Limits& limits) {
  for (std::size_t at = 0; at < input.size();) {
    switch (state_) {
      case State::Failed: return {What::Error, error_, 0, {}};
      case State::Ended: return {What::End, ErrorCode::None, at, {}};
      case State::Trailers: return trailer_bytes(input, at, limits);
      case State::Data: {
        const auto n = static_cast<std::size_t>(
            std::min<std::uint64_t>(left_, std::uint64_t{input.size() - at}));
        left_ -= n;
        body_bytes_ += n;
        if (left_ == 0) state_ = State::DataCr;
        return {What::Data, ErrorCode::None, at + n, input.substr(at, n)};
      }
      case State::Size:
      case State::SizeLf:
      case State::DataCr:
      case State::DataLf:
      case State::ExtensionStart:
      case State::ExtensionName:
      case State::ExtensionValue:
      case State::ExtensionToken:
      case State::ExtensionQuoted:
      case State::ExtensionPair:
      case State::ExtensionQuoteEnd:
        if (const ErrorCode e = framing_byte(input[at], limits); e != ErrorCode::None)
          return fail(e, at);
        ++at;
        break;
    }
  }
  if (state_ == State::Failed) return {What::Error, error_, 0, {}};
  if (state_ == State::Ended) return {What::End, ErrorCode::None, input.size(), {}};
  return {What::NeedMore, ErrorCode::None, input.size(), {}};
}

// Line by line, so that not a byte beyond the section is taken.
ChunkedDecoder::Step ChunkedDecoder::trailer_bytes(std::string_view input, std::size_t from,
                                                   const Limits& limits) {
  const Limits own = trailer_limits(limits);
  std::size_t at = from;
  while (at < input.size()) {
    if (trailer_text_.empty() && input.substr(at, 2) == "\r\n") {  // none, the common case
      state_ = State::Ended;
      return {What::End, ErrorCode::None, at + 2, {}};
    }
    const std::size_t lf = input.find('\n', at);
    const std::size_t line = (lf == std::string_view::npos ? input.size() : lf + 1) - at;
    const std::size_t room = own.head_bytes_max - trailer_text_.size();
    trailer_text_.append(input.substr(at, std::min(line, room)));
    at += std::min(line, room);
    trailers_.rebase(trailer_text_.data());
    const FieldSection section = scan_fields(trailer_text_, own, cursor_, trailers_);
    if (section.kind == FieldLine::Kind::Error) return fail(trailer_error(section.error), at);
    if (section.kind == FieldLine::Kind::EndOfHead) {
      state_ = State::Ended;
      return {What::End, ErrorCode::None, at, {}};
    }
  }
  return {What::NeedMore, ErrorCode::None, at, {}};
}

ChunkHead chunk_head(std::uint64_t size) {
  constexpr char kHex[] = "0123456789abcdef";
  ChunkHead head{};
  int shift = 60;
  while (shift > 0 && (size >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) head.bytes[head.size++] = kHex[(size >> shift) & 15];
  head.bytes[head.size++] = '\r';
  head.bytes[head.size++] = '\n';
  return head;
}

}  // namespace guarita::http
