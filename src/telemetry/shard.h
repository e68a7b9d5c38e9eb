// One data-plane thread's counters.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "telemetry/exchange.h"

namespace guarita::telemetry {

class Hub;
struct Tally;

// Events that are not the end of a request. `…Opened`/`…Closed` pairs make gauges.
enum class Event : std::uint8_t {
  ConnectionOpened,  // from a caller
  ConnectionClosed,
  TunnelOpened,
  TunnelClosed,
  UpstreamOpened,  // a connection to an upstream was made
  UpstreamClosed,
  UpstreamReused,     // a request went out on a pooled connection
  UpstreamRetried,    // the one retry on a new connection
  StreamCut,          // an open exchange was closed by a re-decision
  LingerDropped,      // a lingering close given up for limits.lingering
  AcceptPaused,       // the connection limit was reached
  ConnectionTimedOut  // head or idle deadline
};
inline constexpr unsigned kEvents = 12;

// Written by its one thread only; read by the Hub at any time. No lock, no cache line shared with
// another writer, no allocation once warm: a tally is handed back and forth by one atomic pointer
// (the writer takes it out, adds, puts it back; the Hub replaces a full one by an empty one).
// Its tables are bounded; what does not fit is counted as lost, never waited for.
// The atomic exchanges cost no more than the line being the thread's own, which it is but for the
// moment, once a second, in which the Hub looks.
class alignas(64) Shard {
 public:
  explicit Shard(Hub& hub);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // The end of a request: counts it and, as `[log] access` says, writes its access line.
  void record(const Exchange& exchange) noexcept;

  void count(Event event, std::uint64_t n = 1) noexcept {
    auto& cell = events_[static_cast<unsigned>(event)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

 private:
  friend class Hub;

  Hub& hub_;
  std::atomic<Tally*> tally_;                                 // null only while record() holds it
  std::unique_ptr<Tally> spare_;                              // the Hub's, under its mutex
  std::array<std::atomic<std::uint64_t>, kEvents> events_{};  // written by the shard's thread only
};

}  // namespace guarita::telemetry
