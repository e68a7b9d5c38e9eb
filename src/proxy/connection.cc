#include "proxy/connection.h"

#include <algorithm>
#include <optional>

namespace guarita::proxy {
namespace {

// The upload ends at its next step; join it after.
void stop_upload(Connection& c) {
  c.x->stop_upload = true;
  c.down->interrupt(net::NetError::Cancelled);
  c.x->to.interrupt(net::NetError::Cancelled);
}

bool is_over(Flow flow) {
  return flow == Flow::Next || flow == Flow::Linger || flow == Flow::Close;
}

// What came after a streamed body belongs to the next request.
void finish_exchange(Connection& c) {
  Exchange& x = *c.x;
  record(c);
  x.to.reset();
  if (x.upstream != nullptr) {
    c.worker.pool().release(*x.upstream);
    x.upstream = nullptr;
  }
  c.worker.leave_open(x);
  c.worker.unpin(x);
  if (x.body && !x.body->empty()) x.in.append(x.body->view());
  x.in.compact();
  if (std::exchange(x.bulk, false)) c.worker.bulk().give_back(x.up, Exchange::kUpBytes);
  x.reset();
}

void give_back_exchange(Connection& c) {
  c.worker.give_back(std::exchange(c.x, nullptr));
}

}  // namespace

Connection::Connection(Worker& worker_in, std::unique_ptr<net::Stream> stream,
                       const IpAddress& peer_in)
    : worker(worker_in),
      down(std::move(stream)),
      peer(peer_in),
      deadline_(&Connection::expired, this) {}

std::uint64_t Connection::progress() const {
  std::uint64_t sum = down->bytes_read() + down->bytes_written();
  if (x != nullptr) sum += x->to.progress();
  return sum;
}

std::int64_t Connection::patience_ms(Watch what) const {
  const Timeouts& timeouts =
      x != nullptr && x->pinned != nullptr ? x->rules().timeouts() : worker.rules().timeouts();
  switch (what) {
    case Watch::Nothing: break;
    case Watch::Idle: return timeouts.idle.count();
    case Watch::Head: return timeouts.head.count();
    case Watch::ResponseHead: return timeouts.response_head.count();
    case Watch::Progress: return timeouts.stall.count();
    case Watch::Stream: return timeouts.stream_idle.count();
    case Watch::Lingering: return timeouts.lingering_silence.count();
  }
  return 0;
}

void Connection::watch(Watch what) {
  watching_ = what;
  if (what == Watch::Nothing) {
    worker.wheel().disarm(deadline_);
    return;
  }
  const std::int64_t now = worker.loop().now_ms();
  if (what == Watch::Lingering) {
    lingering_until_ms_ = now + worker.rules().timeouts().lingering.count();
  }
  progress_seen_ = progress();
  arm(now);
}

void Connection::arm(std::int64_t now) {
  std::int64_t due = now + patience_ms(watching_);
  if (watching_ == Watch::Lingering) due = std::min(due, lingering_until_ms_);
  worker.wheel().arm(deadline_, due);
}

void Connection::expired(void* self) {
  auto& c = *static_cast<Connection*>(self);
  const Watch what = c.watching_;
  const std::int64_t now = c.worker.loop().now_ms();
  if (what == Watch::Progress || what == Watch::Stream || what == Watch::Lingering) {
    const std::uint64_t progress = c.progress();
    const bool over = what == Watch::Lingering && now >= c.lingering_until_ms_;
    if (progress != std::exchange(c.progress_seen_, progress) && !over) {
      c.arm(now);
      return;
    }
  }
  c.arm(now);  // again and again: an interrupt finds nothing when bytes came in this very turn
  if (c.x != nullptr) c.x->timed_out = true;
  UpstreamSide* up = c.x != nullptr && c.x->to ? &c.x->to : nullptr;
  switch (what) {
    case Watch::Nothing: return;
    case Watch::Idle:
    case Watch::Lingering: c.down->cancel(net::NetError::TimedOut); return;
    case Watch::Head:  // there may be an answer yet
      c.worker.shard().count(telemetry::Event::ConnectionTimedOut);
      c.down->interrupt(net::NetError::TimedOut);
      return;
    case Watch::ResponseHead:  // on the caller's side an interim answer may be waited for
      c.down->interrupt(net::NetError::TimedOut);
      if (up != nullptr) up->cancel(net::NetError::TimedOut);
      return;
    case Watch::Progress:
    case Watch::Stream:
      if (c.x != nullptr && !c.x->response_begun && up != nullptr) {
        c.down->interrupt(net::NetError::TimedOut);
      } else {
        c.down->cancel(net::NetError::TimedOut);
      }
      if (up != nullptr) up->cancel(net::NetError::TimedOut);
      return;
  }
}

void Connection::watch_caller() {
  watching_caller_ = down->watch(&Connection::caller_event, this);
  if (!watching_caller_) caller_event(this);
}

void Connection::unwatch_caller() {
  if (std::exchange(watching_caller_, false)) down->unwatch();
}

void Connection::caller_event(void* self) noexcept {
  auto& c = *static_cast<Connection*>(self);
  c.watching_caller_ = false;
  // A next request, pipelined: it waits its turn.
  if (!c.down->peer_ended() || c.x == nullptr || !c.x->to) return;
  c.x->to.cancel(net::NetError::Cancelled);
}

void Connection::cut() {
  if (x != nullptr) {
    x->cut = true;
    x->to.cancel(net::NetError::Cancelled);
  }
  down->cancel(net::NetError::Cancelled);
}

net::Task<void> serve(Connection& c) {
  Flow flow = Flow::Next;
  while (flow == Flow::Next) {
    flow = co_await read_head(c);
    if (c.x == nullptr) break;
    if (flow == Flow::Decide) flow = decide_request(c);
    std::optional<net::Joinable> uploading;
    while (!is_over(flow)) {
      if (uploading && (flow == Flow::Connect || flow == Flow::Answer)) {
        stop_upload(c);
        co_await uploading->join();
        uploading.reset();
      }
      switch (flow) {
        case Flow::Connect:
          flow = borrow_idle(c);
          if (flow == Flow::Connect) flow = co_await connect(c);
          break;
        case Flow::Send:
          flow = co_await send_request(c);
          if (flow == Flow::Await && !c.x->request_body.ended()) uploading.emplace(upload(c));
          break;
        case Flow::Await: flow = co_await read_response(c); break;
        case Flow::Relay: flow = co_await relay_response(c); break;
        case Flow::Tunnel:
          flow = co_await open_tunnel(c);
          if (flow != Flow::Tunnel) break;
          uploading.emplace(pump_tunnel(c, Way::Up));
          co_await pump_tunnel(c, Way::Down);
          co_await uploading->join();
          uploading.reset();
          flow = Flow::Close;
          break;
        case Flow::Answer: flow = co_await answer(c); break;
        case Flow::Decide:
        case Flow::Next:
        case Flow::Linger:
        case Flow::Close: flow = Flow::Close; break;
      }
    }
    if (uploading) {
      if (!uploading->finished()) stop_upload(c);
      co_await uploading->join();
    }
    if (flow == Flow::Next && !c.x->request_body.ended()) flow = co_await read_rest(c);
    c.watch(Watch::Nothing);
    finish_exchange(c);
    if (flow != Flow::Next || c.x->in.empty()) give_back_exchange(c);
  }
  if (flow == Flow::Linger) co_await linger(c);
}

}  // namespace guarita::proxy
