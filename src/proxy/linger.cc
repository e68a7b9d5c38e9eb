// Phase: an orderly end. The sending side is closed, and what the caller still sends is read and
// thrown away: a close with unread bytes is a reset, and a reset destroys the answer on its way.
#include "proxy/connection.h"

namespace guarita::proxy {

net::Task<void> linger(Connection& c) {
  c.down->finish_sending();
  c.worker.enter_lingering(c);
  c.watch(Watch::Lingering);
  const std::uint64_t most = c.worker.rules().limits().lingering_bytes;
  std::uint64_t thrown_away = 0;
  while (thrown_away <= most) {
    const auto got = co_await c.down->read_some(c.worker.sink());
    if (!got) break;
    thrown_away += *got;
  }
  c.worker.leave_lingering(c);
}

}  // namespace guarita::proxy
