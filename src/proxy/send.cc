// Phases: a connection to the upstream, the request on it, and what to do when it fails.
#include "base/ip_text.h"
#include "proxy/connection.h"
#include "proxy/retry.h"

namespace guarita::proxy {
namespace {

// What the gate says of the request, in buffers that live through append_request().
struct IdentityFields {
  std::array<http::SetField, 6> fields;
  std::size_t count = 0;
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) fields[count++] = {name, value};
  }
};

// Visible ASCII as it is, all else and `%` itself percent-encoded, so that two ids stay two.
void append_encoded(std::string& out, std::string_view id) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
}

// The scheme the caller used: that of its connection, unless a trusted proxy knows better.
std::string_view forwarded_proto(const Connection& c) {
  const http::FieldLines lines = c.x->request.fields.lines("x-forwarded-proto");
  const bool known = lines.one() && (lines.value == "https" || lines.value == "http");
  if (known && http::is_trusted(c.peer, c.x->rules().tuning->trusted_proxies)) return lines.value;
  return c.down->secure() ? "https" : "http";
}

// Written into up_out, or handed to the stream.
void compose(Connection& c, net::H2Request::Body body) {
  Exchange& x = *c.x;
  const Tuning& tuning = *x.rules().tuning;
  const net::UpstreamUrl& url = x.upstream->url();
  IdentityFields set;
  const IpText address(x.address);
  std::string& instance = x.out;  // free until there is an answer
  instance.clear();
  if (x.match.outcome == policy::RouteMatch::Outcome::Gated) {
    append_encoded(instance, x.match.instance_id.view());
  }
  set.add("X-Account-Id", x.account_id.view());
  set.add("X-Instance-Id", instance);
  set.add("X-Forwarded-For", address.view());
  set.add("X-Forwarded-Proto", forwarded_proto(c));
  set.add("X-Forwarded-Host", x.request.host());
  set.add("X-Request-Id", x.request_id);
  const bool preserve = tuning.host_header == HostHeader::Preserve && !x.request.host().empty();
  const http::OutgoingRequest outgoing{
      .path_prefix = url.prefix,
      .host = preserve ? x.request.host() : std::string_view(url.authority),
      .set = {set.fields.data(), set.count},
      .max_forwards = x.max_forwards,
      .expect = http::ExpectForwarding::Forward};
  x.up_out.clear();
  if (net::H2Stream* stream = x.to.stream()) {
    http::list_request(x.up_fields, x.request, x.target, x.rules().request, outgoing);
    stream->submit({.fields = x.up_fields.fields,
                    .context = {.method = x.request.method},
                    .limits = &tuning.head_limits,
                    .body = body});
  } else {
    http::append_request(x.up_out, x.request, x.target, x.rules().request, outgoing);
  }
  x.out.clear();
}

Trouble trouble_of(net::NetError error) {
  return error == net::NetError::TimedOut ? Trouble::UpstreamTimedOut
                                          : Trouble::UpstreamUnavailable;
}

// A tunnel goes over HTTP/1.1 whatever the upstream's URL says: WebSockets begin by its Upgrade.
bool wants_stream(Connection& c) {
  return c.x->request.upgrade == http::Upgrade::None && c.worker.pool().h2().speaks(*c.x->upstream);
}

// What the buffer held of the body is there again. False: some of it is gone for good.
bool rewind_body(Exchange& x) {
  if (x.upload != Upload::None) return !x.body_taken;
  x.used = x.body_begin;
  x.request_body.begin(x.request.framing, x.request.content_length);
  x.body_taken = false;
  return true;
}

Flow not_connected(Connection& c, net::NetError error) {
  Exchange& x = *c.x;
  if (x.cut) return Flow::Close;
  const bool final = error == net::NetError::Cancelled || error == net::NetError::OverLimit ||
                     error == net::NetError::TimedOut;
  if (!final && may_retry({.at = FailedAt::Connect, .attempts = x.attempts})) return Flow::Connect;
  x.outcome = error == net::NetError::TimedOut ? telemetry::UpstreamOutcome::TimedOut
                                               : telemetry::UpstreamOutcome::ConnectFailed;
  return trouble(x, trouble_of(error));
}

}  // namespace

Flow borrow_idle(Connection& c) {
  Exchange& x = *c.x;
  x.to.reset();
  ++x.attempts;
  if (x.attempts > 1) {
    c.worker.shard().count(telemetry::Event::UpstreamRetried);
    return Flow::Connect;
  }
  if (wants_stream(c)) {
    x.to.take(c.worker.pool().h2().try_stream(*x.upstream));
  } else {
    x.to.take(c.worker.pool().take_idle(*x.upstream));
  }
  if (!x.to) return Flow::Connect;
  c.worker.shard().count(telemetry::Event::UpstreamReused);
  return Flow::Send;
}

net::Task<Flow> connect(Connection& c) {
  Exchange& x = *c.x;
  c.watch(Watch::Nothing);  // each address has a deadline of its own
  if (wants_stream(c)) {
    auto opened = co_await c.worker.pool().h2().stream(*x.upstream);
    if (!opened) co_return not_connected(c, opened.error());
    if (*opened) {
      x.to.take(std::move(*opened));
      co_return x.cut ? Flow::Close : Flow::Send;
    }
  }
  auto connected = co_await c.worker.pool().connect(*x.upstream);
  if (!connected) co_return not_connected(c, connected.error());
  x.to.take(std::move(*connected));
  co_return x.cut ? Flow::Close : Flow::Send;
}

net::Task<Flow> send_request(Connection& c) {
  Exchange& x = *c.x;
  x.upload = Upload::None;
  x.stop_upload = false;
  x.to.begin();
  if (!x.body_taken) x.body_begin = x.used;
  const auto body =
      x.request_body.ended() ? net::H2Request::Body::None : net::H2Request::Body::Follows;

  // What the buffer holds of the body goes along: one write for most requests.
  const BodyBatch batch =
      x.request_body.take(x.in.view().substr(x.used), x.rules().tuning->head_limits);
  if (batch.error != http::ErrorCode::None) {
    x.malformed = batch.error;
    co_return Flow::Answer;
  }
  x.used += batch.consumed;
  if (batch.bytes > 0) x.body_taken = true;
  compose(c, body);
  x.request_framed.assign(batch, x.request.framing,
                          x.request_body.ended() ? FramedBody::Last::Yes : FramedBody::Last::No);
  x.request_framed.prepend(x.up_out);
  c.watch(Watch::Progress);
  Result<void, net::NetError> written;
  if (net::H2Stream* stream = x.to.stream(); stream == nullptr) {
    written = co_await x.to.wire().write(x.request_framed.pieces());
  } else if (body == net::H2Request::Body::Follows) {
    written =
        co_await stream->write(batch.pieces(), x.request_body.ended() ? net::H2Stream::Last::Yes
                                                                      : net::H2Stream::Last::No);
  }
  classify_exchange(c);
  // An upstream that takes no more may have answered already: that is for read_response to find.
  if (!written && written.error() == net::NetError::Cancelled) co_return failed(c, written.error());
  if (!written && !x.request_body.ended()) {
    x.upload = Upload::UpstreamGone;
    co_return Flow::Await;
  }
  c.watch(x.request_body.ended() ? Watch::ResponseHead : Watch::Progress);
  co_return Flow::Await;
}

Flow failed(Connection& c, net::NetError error) {
  Exchange& x = *c.x;
  if (x.cut || c.down->cancelled() || x.upload == Upload::CallerGone) {
    x.outcome = telemetry::UpstreamOutcome::Cut;
    return Flow::Close;
  }
  if (x.upload == Upload::Malformed) return Flow::Answer;
  if (x.timed_out || error == net::NetError::TimedOut) {
    x.outcome = telemetry::UpstreamOutcome::TimedOut;
    return trouble(x, Trouble::UpstreamTimedOut);
  }
  if (x.to.outcome() == net::H2Outcome::Malformed) {
    x.outcome = telemetry::UpstreamOutcome::BadResponse;
    return trouble(x, Trouble::UpstreamBadResponse);
  }
  const bool unprocessed = x.to.outcome() == net::H2Outcome::Unprocessed && rewind_body(x);
  if (may_retry({.at = FailedAt::Exchange,
                 .attempts = x.attempts,
                 .method = x.request.method,
                 .response_bytes = x.to.answered(),
                 .body_bytes = x.body_taken ? 1U : 0U,
                 .unprocessed = unprocessed})) {
    return Flow::Connect;
  }
  x.outcome = telemetry::UpstreamOutcome::Closed;
  return trouble(x, Trouble::UpstreamClosed);
}

}  // namespace guarita::proxy
