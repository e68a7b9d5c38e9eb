// Beside the phases from send to relay: the part of a request body that was not there with the
// head. Streams through one buffer; the upstream's pace is the caller's.
#include "proxy/connection.h"

namespace guarita::proxy {
namespace {

bool over_body_limit(const Exchange& x) {
  const std::uint64_t most = x.rules().tuning->head_limits.body_bytes_max;
  return most != 0 && x.request_body.bytes() > most;
}

// The head's reader is to wake up and answer.
void give_up(Exchange& x, Upload how) {
  x.upload = how;
  x.to.cancel(net::NetError::Cancelled);
}

// Reads once into the body buffer. False: the upload is over.
net::Task<bool> read_more(Connection& c, Buffer& body) {
  Exchange& x = *c.x;
  body.clear();
  const std::size_t most = std::min(body.space().size(), x.request_body.readable_max());
  const auto got = co_await c.down->read_some(body.space().first(most));
  if (x.stop_upload) {
    if (got) body.filled(*got);
    x.upload = Upload::Stopped;
    co_return false;
  }
  if (!got && got.error() == net::NetError::TimedOut && !c.down->cancelled()) {
    trouble(x, Trouble::HeadTimedOut);
    give_up(x, Upload::Malformed);
    co_return false;
  }
  if (!got) {
    give_up(x, Upload::CallerGone);
    co_return false;
  }
  body.filled(*got);
  co_return true;
}

}  // namespace

net::Task<void> upload(Connection& c) {
  Exchange& x = *c.x;
  if (x.upload == Upload::UpstreamGone) co_return;
  x.upload = Upload::Running;
  if (!x.body) x.body = std::make_unique<Buffer>(Exchange::kBodyBytes);
  // What an attempt before this one had read and not used is there still.
  Buffer& body = *x.body;
  // A chunked body whose buffered part did not fit into the first batch goes on from there.
  body.append(x.in.view().substr(x.used));
  x.used = x.in.size();
  while (true) {
    while (!body.empty() && !x.request_body.ended()) {
      const BodyBatch batch = x.request_body.take(body.view(), x.rules().tuning->head_limits);
      if (batch.error != http::ErrorCode::None || over_body_limit(x)) {
        x.malformed =
            batch.error != http::ErrorCode::None ? batch.error : http::ErrorCode::BodyTooLarge;
        give_up(x, Upload::Malformed);
        co_return;
      }
      x.body_taken = true;
      const bool ended = x.request_body.ended();
      Result<void, net::NetError> written;
      if (net::H2Stream* stream = x.to.stream()) {
        written = co_await stream->write(
            batch.pieces(), ended ? net::H2Stream::Last::Yes : net::H2Stream::Last::No);
      } else {
        x.request_framed.assign(batch, x.request.framing,
                                ended ? FramedBody::Last::Yes : FramedBody::Last::No);
        written = co_await x.to.wire().write(x.request_framed.pieces());
      }
      body.consume(batch.consumed);
      if (x.stop_upload || !written) {
        x.upload = x.stop_upload ? Upload::Stopped : Upload::UpstreamGone;
        co_return;
      }
      if (batch.consumed == 0) break;
    }
    if (x.request_body.ended()) break;
    if (!co_await read_more(c, body)) co_return;
  }
  x.upload = Upload::Done;
  if (!x.response_begun) c.watch(Watch::ResponseHead);
}

}  // namespace guarita::proxy
