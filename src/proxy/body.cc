#include "proxy/body.h"

#include <algorithm>
#include <limits>

namespace guarita::proxy {

void BodyReader::begin(http::Framing framing, std::uint64_t content_length) {
  framing_ = framing;
  left_ = framing == http::Framing::Length ? content_length : 0;
  bytes_ = 0;
  ended_ = framing == http::Framing::None || (framing == http::Framing::Length && left_ == 0);
  if (framing == http::Framing::Chunked) chunks_.reset();
}

void BodyReader::add(BodyBatch& batch, std::string_view span) {
  batch.spans[batch.count++] = span;
  batch.bytes += span.size();
  bytes_ += span.size();
}

BodyBatch BodyReader::take(std::string_view input, const http::Limits& limits) {
  BodyBatch batch;
  if (ended_ || input.empty()) return batch;
  switch (framing_) {
    case http::Framing::None: break;
    case http::Framing::Length: {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      add(batch, input.substr(0, size));
      batch.consumed = size;
      left_ -= size;
      ended_ = left_ == 0;
      break;
    }
    case http::Framing::Chunked: return take_chunked(input, limits);
    case http::Framing::UntilClose:
      add(batch, input);
      batch.consumed = input.size();
      break;
  }
  return batch;
}

BodyBatch BodyReader::take_chunked(std::string_view input, const http::Limits& limits) {
  BodyBatch batch;
  while (batch.count < BodyBatch::kSpansMax) {
    const auto step = chunks_.next(input.substr(batch.consumed), limits);
    batch.consumed += step.consumed;
    switch (step.what) {
      case http::ChunkedDecoder::What::Data: add(batch, step.data); continue;
      case http::ChunkedDecoder::What::End: ended_ = true; return batch;
      case http::ChunkedDecoder::What::Error: batch.error = step.error; return batch;
      case http::ChunkedDecoder::What::NeedMore: return batch;
    }
  }
  return batch;
}

bool BodyReader::close() {
  if (framing_ != http::Framing::UntilClose) return ended_;
  ended_ = true;
  return true;
}

std::size_t BodyReader::readable_max() const {
  if (framing_ != http::Framing::Length) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(left_, std::numeric_limits<std::size_t>::max()));
}

void FramedBody::assign(const BodyBatch& batch, http::Framing out, Last last_chunk,
                        std::string_view last) {
  count_ = 1;
  const bool chunked = out == http::Framing::Chunked;
  if (batch.bytes > 0) {
    if (chunked) {
      chunk_head_ = http::chunk_head(batch.bytes);
      pieces_[count_++] = chunk_head_.view();
    }
    for (std::size_t i = 0; i < batch.count; ++i) pieces_[count_++] = batch.spans[i];
    if (chunked) pieces_[count_++] = http::kChunkEnd;
  }
  if (chunked && last_chunk == Last::Yes) pieces_[count_++] = last;
}

std::span<const std::string_view> FramedBody::pieces() {
  pieces_[0] = std::exchange(head_, {});
  const std::size_t first = pieces_[0].empty() ? 1 : 0;
  return {pieces_.data() + first, count_ - first};
}

}  // namespace guarita::proxy
