// A caller's connection: one long-lived coroutine, serve(), that takes each request through the
// phases below. Each phase is one function in a file of its own and says by its Flow what follows.
//
//   read_head ─→ decide_request ─┬─ Answer ──→ answer ────────────────────────┐
//                                └─ Connect → connect → send → read_response  │
//                                                 ↑ retry ┘      ├→ relay ────┼→ record → next
//                                                                └→ tunnel ───┘      or linger
#pragma once

#include <cstdint>
#include <memory>

#include "base/ip.h"
#include "net/deadlines.h"
#include "net/recycler.h"
#include "net/stream.h"
#include "net/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace guarita::proxy {

enum class Flow : std::uint8_t {
  Decide,   // a head is complete
  Answer,   // Exchange::local or ::malformed says what
  Connect,  // to the upstream, or anew
  Send,     // a connection is there
  Await,    // the request is on its way: read the response's head
  Relay,    // a final response head is there
  Tunnel,   // 101
  Next,     // the exchange is over, the connection lives on
  Linger,   // the exchange is over, the connection ends in order
  Close,    // nothing more can be said to the caller
};

// What a connection waits for, for the watchdog.
enum class Watch : std::uint8_t {
  Nothing,
  Idle,          // the first byte of a request
  Head,          // the rest of a head: a deadline, progress does not move it
  ResponseHead,  // likewise
  Progress,      // bytes on either side
  Stream,        // bytes on a tunnel or event stream
  Lingering,     // bytes that are thrown away
};

class Connection : public net::Recycled {
 public:
  Connection(Worker& worker, std::unique_ptr<net::Stream> stream, const IpAddress& peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts the watchdog anew for `what`.
  void watch(Watch what);
  // During an answer that may be silent for long: ends the upstream's side when the caller goes.
  // Not while a request body is under way, whose reader would see it.
  void watch_caller();
  void unwatch_caller();
  // Ends both sides now.
  void cut();
  bool idle() const { return x == nullptr; }

  Worker& worker;
  std::unique_ptr<net::Stream> down;
  IpAddress peer;
  Exchange* x = nullptr;  // while a request is under way
  bool fresh = true;      // no request yet

  // The worker's lists.
  Connection* next = nullptr;
  Connection** at = nullptr;
  Connection* newer_lingering = nullptr;
  Connection* older_lingering = nullptr;
  bool lingering = false;

 private:
  static void expired(void* self);
  static void caller_event(void* self) noexcept;
  std::uint64_t progress() const;
  std::int64_t patience_ms(Watch what) const;
  void arm(std::int64_t now);

  net::Deadline deadline_;
  Watch watching_ = Watch::Nothing;
  bool watching_caller_ = false;
  std::uint64_t progress_seen_ = 0;
  std::int64_t lingering_until_ms_ = 0;
};

net::Task<void> serve(Connection& c);

// ---- the phases ------------------------------------------------------------------------------

net::Task<Flow> read_head(Connection& c);       // Decide, Answer, Close
Flow decide_request(Connection& c);             // Answer, Connect
net::Task<Flow> answer(Connection& c);          // Next, Linger, Close
Flow borrow_idle(Connection& c);                // Send, Connect (none idle), Answer
net::Task<Flow> connect(Connection& c);         // Send, Connect (once more), Answer
net::Task<Flow> send_request(Connection& c);    // Await, and as failed()
net::Task<Flow> read_response(Connection& c);   // Relay, Tunnel, and as failed()
net::Task<Flow> relay_response(Connection& c);  // Next, Linger, Close
net::Task<Flow> open_tunnel(Connection& c);     // Tunnel, Close
net::Task<Flow> read_rest(Connection& c);       // Next, Close: a short body nobody wanted
net::Task<void> linger(Connection& c);

// Beside the phases from send to relay, while a request body is not all sent.
net::Task<void> upload(Connection& c);
enum class Way : std::uint8_t { Up, Down };
net::Task<void> pump_tunnel(Connection& c, Way way);

// The upstream's side ended before a response head: Connect, Answer or Close.
Flow failed(Connection& c, net::NetError error);
Flow trouble(Exchange& x, Trouble what);
// So little of the request body is unread that the connection is worth reading it.
bool is_little_left(const Exchange& x);

void classify_exchange(Connection& c);
void record(Connection& c);

}  // namespace guarita::proxy
