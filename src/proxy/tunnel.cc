// Phase: a connection that became a tunnel (RFC 9110 §7.8, RFC 6455): bytes both ways until both
// sides have ended, silence, or a re-decision.
#include "proxy/connection.h"

namespace guarita::proxy {

net::Task<Flow> open_tunnel(Connection& c) {
  Exchange& x = *c.x;
  x.response_begun = true;
  x.tunnel = true;
  c.worker.shard().count(telemetry::Event::TunnelOpened);
  c.worker.became_stream(x);
  x.status = x.response.status;
  const http::SetField request_id{"X-Request-Id", x.request_id};
  x.out.clear();
  http::append_response(x.out, x.response,
                        {.method = x.request.method,
                         .caller = x.request.version,
                         .token_header = {},
                         .date = c.worker.date().text(x.at),
                         .via_name = x.rules().via_name,
                         .set = {&request_id, 1}});
  // What the upstream sent behind its 101; what the caller sent behind its request was held.
  const std::array<std::string_view, 2> pieces{x.out, x.up.view()};
  c.watch(Watch::Stream);
  const auto written = co_await c.down->write(pieces);
  if (!written) co_return Flow::Close;
  x.bytes_out += x.up.size();
  x.up.clear();
  if (!x.body) x.body = std::make_unique<Buffer>(Exchange::kBodyBytes);
  x.body->clear();
  x.body->append(x.in.view().substr(x.used));
  x.used = x.in.size();
  co_return Flow::Tunnel;
}

net::Task<void> pump_tunnel(Connection& c, Way way) {
  Exchange& x = *c.x;
  net::Stream& from = way == Way::Up ? *c.down : x.to.wire();
  net::Stream& to = way == Way::Up ? x.to.wire() : *c.down;
  Buffer& buffer = way == Way::Up ? *x.body : x.up;
  for (;;) {
    if (!buffer.empty()) {
      const auto written = co_await to.write(buffer.view());
      if (!written) break;
      if (way == Way::Down) x.bytes_out += buffer.size();
    }
    buffer.clear();
    const auto got = co_await from.read_some(buffer.space());
    if (!got) {
      if (got.error() == net::NetError::EndOfStream) {
        to.finish_sending();
        co_return;
      }
      break;
    }
    buffer.filled(*got);
  }
  // Not in order: neither side can go on.
  buffer.clear();
  from.cancel(net::NetError::Cancelled);
  to.cancel(net::NetError::Cancelled);
}

}  // namespace guarita::proxy
