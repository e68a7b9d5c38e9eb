#include "ours.h"

namespace guarita::fuzz {
namespace {

void add_fields(const http::Fields& fields, Message& message) {
  for (const http::FieldEntry& entry : fields.entries())
    message.fields.emplace_back(std::string(fields.view(entry.name)),
                                std::string(fields.view(entry.value)));
}

const char* version_text(http::Version version) {
  return version == http::Version::Http11 ? " 11" : " 10";
}

}  // namespace

bool read_body(http::Framing framing, std::uint64_t length, std::string_view bytes,
               Message& message) {
  switch (framing) {
    case http::Framing::None: return true;
    case http::Framing::UntilClose:
      message.body = bytes;
      message.consumed += bytes.size();
      return true;
    case http::Framing::Length:
      if (bytes.size() < length) return false;
      message.body = bytes.substr(0, length);
      message.consumed += length;
      return true;
    case http::Framing::Chunked: break;
  }
  http::ChunkedDecoder decoder;
  decoder.reset();
  for (;;) {
    const http::ChunkedDecoder::Step step = decoder.next(bytes, http::Limits{});
    message.body += step.data;
    message.consumed += step.consumed;
    bytes.remove_prefix(step.consumed);
    switch (step.what) {
      case http::ChunkedDecoder::What::Data: continue;
      case http::ChunkedDecoder::What::End: add_fields(decoder.trailers(), message); return true;
      case http::ChunkedDecoder::What::NeedMore:
      case http::ChunkedDecoder::What::Error: return false;
    }
  }
}

OurRequest read_request(std::string_view bytes, const http::Limits& limits) {
  OurRequest ours;
  const http::Progress progress = http::parse(bytes, limits, ours.head);
  if (!progress.done()) {
    ours.message.error = http::name_of(progress.error);
    return ours;
  }
  ours.head_bytes = progress.consumed;
  Message& message = ours.message;
  message.consumed = progress.consumed;
  message.start = std::string(ours.head.method_text()) + " " + std::string(ours.head.target()) +
                  version_text(ours.head.version);
  message.keep_alive = ours.head.keep_alive;
  add_fields(ours.head.fields, message);
  message.ok = read_body(ours.head.framing, ours.head.content_length,
                         bytes.substr(progress.consumed), message);
  normalise(message);
  return ours;
}

OurResponse read_response(std::string_view bytes, const Context& context,
                          const http::Limits& limits) {
  OurResponse ours;
  const http::ResponseContext answers{
      context.head ? http::Method::Head : http::Method::Get,
      context.websocket ? http::Upgrade::WebSocket : http::Upgrade::None};
  const http::Progress progress = http::parse(bytes, limits, answers, ours.head);
  if (!progress.done()) {
    ours.message.error = http::name_of(progress.error);
    return ours;
  }
  ours.head_bytes = progress.consumed;
  Message& message = ours.message;
  message.consumed = progress.consumed;
  message.start = std::to_string(ours.head.status) + " " + std::string(ours.head.reason()) +
                  version_text(ours.head.version);
  message.keep_alive = ours.head.keep_alive;
  add_fields(ours.head.fields, message);
  message.ok = read_body(ours.head.framing, ours.head.content_length,
                         bytes.substr(progress.consumed), message);
  normalise(message);
  return ours;
}

}  // namespace guarita::fuzz
