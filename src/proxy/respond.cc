// Phases: the upstream's response head, then its body on to the caller.
#include "http/parser.h"
#include "proxy/connection.h"
#include "proxy/retry.h"

namespace guarita::proxy {
namespace {

constexpr std::size_t kHeadSlack = 1024;

bool is_event_stream(const http::ResponseHead& head) {
  constexpr std::string_view kType = "text/event-stream";
  const http::FieldLines type = head.fields.lines(http::HeaderId::ContentType);
  return type.value.size() >= kType.size() &&
         http::equal_ignoring_case(type.value.substr(0, kType.size()), kType);
}

bool request_sent(const Exchange& x) {
  return x.request_body.ended() && (x.upload == Upload::None || x.upload == Upload::Done);
}

// Heads that only announce (100, 103) go on to callers that know them.
net::Task<bool> pass_interim(Connection& c) {
  Exchange& x = *c.x;
  if (x.request.version != http::Version::Http11) co_return true;
  x.out.clear();
  http::append_interim(x.out, x.response);
  const auto written = co_await c.down->write(x.out);
  x.out.clear();
  co_return written.has_value();
}

// The head for the caller into x.out; how its body is framed.
http::SentBody compose(Connection& c) {
  Exchange& x = *c.x;
  const bool guarded =
      x.decision.mode == policy::Mode::Enforce || x.decision.mode == policy::Mode::Locked;
  const http::SetField request_id{"X-Request-Id", x.request_id};
  x.out.clear();
  return http::append_response(
      x.out, x.response,
      {.method = x.request.method,
       .caller = x.request.version,
       .keep_alive =
           x.request.keep_alive && !c.worker.draining() && (request_sent(x) || is_little_left(x)),
       .te_trailers = x.request.te_trailers,
       .cache = guarded ? http::CacheGuard::Private : http::CacheGuard::Off,
       .token_header = x.rules().tuning->token_header,
       .date = c.worker.date().text(x.at),
       .via_name = x.rules().via_name,
       .set = {&request_id, 1}});
}

// Answers without the end that their framing promises must not look whole.
Flow cut_short(Connection& c, http::Framing out) {
  c.unwatch_caller();
  c.x->outcome = telemetry::UpstreamOutcome::Cut;
  if (out == http::Framing::UntilClose) c.down->reset_on_close();
  return Flow::Close;
}

// The response is over on our side.
Flow finish(Connection& c) {
  Exchange& x = *c.x;
  c.unwatch_caller();
  const bool sent = request_sent(x);
  if (x.to.stream() == nullptr && may_pool({.response_keep_alive = x.response.keep_alive,
                                            .response_complete = x.response_body.ended(),
                                            .request_complete = sent,
                                            .surplus_bytes = !x.up.empty(),
                                            .switched = x.response.switched,
                                            .head = x.request.method == http::Method::Head})) {
    const std::int64_t keep_ms = net::idle_keep_ms(x.rules().timeouts().upstream_idle.count(),
                                                   http::keep_alive_timeout_s(x.response));
    c.worker.pool().give_back(x.to.release_connection(), keep_ms);
  }
  if (!x.keep_alive || (!sent && !is_little_left(x))) return Flow::Linger;
  x.in.consume(x.used);
  return Flow::Next;
}

// The last piece: trailers only where the caller takes them.
std::string_view last_chunk(Exchange& x, std::string& storage) {
  const net::H2Stream* stream = x.to.stream();
  if (!x.request.te_trailers ||
      (stream == nullptr && x.response_body.framing() != http::Framing::Chunked)) {
    return http::kLastChunk;
  }
  storage.clear();
  http::append_last_chunk(storage,
                          stream != nullptr ? stream->trailers() : x.response_body.trailers());
  return storage;
}

// The next pieces for the caller, `head` in front; takes it. False: the body is malformed.
bool frame_next(Exchange& x, http::Framing out, std::string_view& head, std::size_t& consumed) {
  const BodyBatch batch = x.response_body.take(x.up.view(), x.rules().tuning->head_limits);
  if (batch.error != http::ErrorCode::None) return false;
  if (x.to.stream() != nullptr && x.to.stream()->at_end() && batch.consumed == x.up.size()) {
    x.response_body.close();
  }
  const bool ended = x.response_body.ended();
  x.response_framed.assign(batch, out, ended ? FramedBody::Last::Yes : FramedBody::Last::No,
                           ended ? last_chunk(x, x.up_out) : std::string_view());
  x.response_framed.prepend(std::exchange(head, {}));
  x.bytes_out += batch.bytes;
  consumed = batch.consumed;
  return true;
}

net::Task<Flow> read_response_of_stream(Connection& c, net::H2Stream& stream) {
  Exchange& x = *c.x;
  x.up.clear();
  for (;;) {
    const auto got = co_await stream.head();
    if (!got) co_return failed(c, got.error());
    stream.take_head(x.response, x.response_text);
    if (!x.response.interim()) break;
    if (!co_await pass_interim(c)) {
      x.upload = Upload::CallerGone;
      co_return failed(c, net::NetError::Cancelled);
    }
  }
  x.outcome = telemetry::UpstreamOutcome::Answered;
  x.up.filled(stream.take(x.up.space()));
  co_return Flow::Relay;
}

// The body is over by its length; whether the upstream thinks so too.
net::Task<bool> ends_here(Exchange& x, net::H2Stream& stream) {
  x.up.clear();
  const auto got = co_await stream.read_some(x.up.space());
  co_return !got && got.error() == net::NetError::EndOfStream;
}

}  // namespace

net::Task<Flow> read_response(Connection& c) {
  Exchange& x = *c.x;
  if (net::H2Stream* stream = x.to.stream()) co_return co_await read_response_of_stream(c, *stream);
  const http::Limits& limits = x.rules().tuning->head_limits;
  const http::ResponseContext context{.method = x.request.method, .upgrade = x.request.upgrade};
  x.up.clear();
  x.response.clear();
  for (;;) {
    const http::Progress progress =
        x.up.empty() ? http::Progress{} : http::parse(x.up.view(), limits, context, x.response);
    if (progress.failed() ||
        (!progress.done() && !x.up.make_room(limits.head_bytes_max + kHeadSlack))) {
      x.outcome = telemetry::UpstreamOutcome::BadResponse;
      co_return trouble(x, Trouble::UpstreamBadResponse);
    }
    if (progress.done()) {
      if (!x.response.interim()) {
        x.up.consume(progress.consumed);
        x.outcome = telemetry::UpstreamOutcome::Answered;
        co_return x.response.switched ? Flow::Tunnel : Flow::Relay;
      }
      if (!co_await pass_interim(c)) {
        x.upload = Upload::CallerGone;
        co_return failed(c, net::NetError::Cancelled);
      }
      x.up.consume(progress.consumed);
      x.up.compact();
      x.response.clear();
      continue;
    }
    const auto got = co_await x.to.wire().read_some(x.up.space());
    if (!got) co_return failed(c, got.error());
    x.up.filled(*got);
  }
}

net::Task<Flow> relay_response(Connection& c) {
  Exchange& x = *c.x;
  x.response_begun = true;
  x.event_stream = is_event_stream(x.response);
  if (x.event_stream) c.worker.became_stream(x);
  if (x.event_stream && request_sent(x)) c.watch_caller();
  const http::SentBody sent = compose(c);
  x.keep_alive = sent.keep_alive;
  x.status = x.response.status;
  x.response_body.begin(x.response.framing, x.response.content_length);
  c.watch(x.event_stream ? Watch::Stream : Watch::Progress);
  std::string_view head = x.out;
  net::H2Stream* const stream = x.to.stream();
  for (;;) {
    std::size_t consumed = 0;
    do {
      if (!frame_next(x, sent.framing, head, consumed)) co_return cut_short(c, sent.framing);
      const auto written = co_await c.down->write(x.response_framed.pieces());
      if (!written) co_return cut_short(c, sent.framing);
      x.up.consume(consumed);
    } while (consumed > 0 && !x.up.empty() && !x.response_body.ended());
    if (x.response_body.ended()) {
      if (stream != nullptr && !stream->at_end() && !co_await ends_here(x, *stream)) {
        co_return cut_short(c, sent.framing);
      }
      co_return finish(c);
    }
    x.up.clear();
    if (!x.bulk && !x.event_stream && x.response_body.bytes() >= Exchange::kBulkFrom) {
      x.bulk = c.worker.bulk().enlarge(x.up);
    }
    const auto got = stream == nullptr ? co_await x.to.wire().read_some(x.up.space())
                                       : co_await stream->read_some(x.up.space());
    if (got) {
      x.up.filled(*got);
      continue;
    }
    if (got.error() != net::NetError::EndOfStream || !x.response_body.close()) {
      co_return cut_short(c, sent.framing);
    }
    if (sent.framing == http::Framing::Chunked) {
      const auto written = co_await c.down->write(last_chunk(x, x.up_out));
      if (!written) co_return cut_short(c, sent.framing);
    }
    co_return finish(c);
  }
}

}  // namespace guarita::proxy
