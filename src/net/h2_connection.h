// A connection that speaks HTTP/2, driven by two coroutines of its own: one reads into the session,
// one writes what the session makes of a turn of the loop.
#pragma once

#include <coroutine>
#include <optional>

#include "net/deadlines.h"
#include "net/h2_session.h"
#include "net/task.h"
#include "net/upstream_pool.h"

namespace guarita::net {

class H2Connection : public Recycled {
 public:
  H2Connection(H2Pool& pool, UpstreamConnectionPtr carrier);
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;
  // At any time but from its own coroutines.
  ~H2Connection();

  // SETTINGS go out, the upstream's are waited for.
  void start();
  H2Session& session() { return session_; }
  Upstream& upstream() { return carrier_->upstream(); }
  // The turn's end: sends.
  void flush();
  // No stream is under way, and none will be: ends in order.
  void finish();
  // Ends at once; the pool buries it.
  void fail(NetError error);

 private:
  friend class H2Pool;
  static constexpr std::size_t kBufferBytes = 64 * 1024;
  struct WorkAwaiter;

  Task<void> read();
  Task<void> write();
  bool take_in(std::string_view bytes);
  void settle();
  static void expired(void* self);

  H2Pool& pool_;
  UpstreamConnectionPtr carrier_;
  H2Session session_;
  Deadline deadline_;  // until ready: the handshake's; then while no stream is under way
  H2Connection* next_marked_ = nullptr;
  bool marked_ = false;
  bool ready_ = false;
  bool dead_ = false;
  char* in_ = nullptr;  // while bytes are read
  std::coroutine_handle<> idle_writer_;
  std::optional<Joinable> reading_;
  std::optional<Joinable> writing_;
};

}  // namespace guarita::net
