// Phase: the bytes of a request's head. Strict parsing is http's; here are waiting and limits.
#include "http/parser.h"
#include "proxy/connection.h"

namespace guarita::proxy {
namespace {

// Room beyond the longest head, so that the parser sees that a head is too long.
constexpr std::size_t kHeadSlack = 1024;

// An exchange is taken only when bytes have come: an idle connection holds none.
net::LazyBuffer lazy_buffer(Connection& c) {
  return {.take = [](void* self) noexcept -> std::span<char> {
            auto& connection = *static_cast<Connection*>(self);
            connection.x = connection.worker.take_exchange(connection);
            return connection.x->in.space();
          },
          .give_back =
              [](void* self) noexcept {
                auto& connection = *static_cast<Connection*>(self);
                connection.worker.give_back(std::exchange(connection.x, nullptr));
              },
          .context = &c,
          .is_new = true};
}

Flow head_failed(Connection& c, net::NetError error) {
  if (error != net::NetError::TimedOut || c.down->cancelled()) return Flow::Close;
  return trouble(*c.x, Trouble::HeadTimedOut);
}

}  // namespace

net::Task<Flow> read_head(Connection& c) {
  if (c.x == nullptr) {
    // Its first request may be here already, from the accept queue: it is answered.
    if (c.worker.draining() && !c.fresh) co_return Flow::Linger;
    // A connection that never said anything has the shorter time of a head.
    c.watch(c.fresh ? Watch::Head : Watch::Idle);
    const auto got = co_await c.down->read_some(lazy_buffer(c));
    if (!got) {
      // Between requests an end is in order, whoever wants it: over TLS that is said.
      if (c.down->secure()) c.down->finish_sending();
      co_return Flow::Close;
    }
    c.x->in.filled(*got);
  }
  Exchange& x = *c.x;
  c.worker.pin(x);
  const http::Limits& limits = x.rules().tuning->head_limits;
  bool waited = false;
  for (;;) {
    const http::Progress progress = http::parse(x.in.view(), limits, x.request);
    if (progress.done()) {
      x.used = progress.consumed;
      c.fresh = false;
      co_return Flow::Decide;
    }
    if (progress.failed() || !x.in.make_room(limits.head_bytes_max + kHeadSlack)) {
      x.malformed = progress.failed() ? progress.error : http::ErrorCode::HeadTooLarge;
      co_return Flow::Answer;
    }
    if (!std::exchange(waited, true)) c.watch(Watch::Head);
    const auto got = co_await c.down->read_some(x.in.space());
    if (!got) co_return head_failed(c, got.error());
    x.in.filled(*got);
  }
}

}  // namespace guarita::proxy
