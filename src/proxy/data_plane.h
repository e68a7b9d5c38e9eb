// The data plane as its owner sees it: threads, listeners, requests; and the barrier, by which
// the control plane learns that a change is in force.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "policy/decide.h"
#include "proxy/tuning.h"

namespace guarita::net {
class TlsStore;
}
namespace guarita::policy {
class Snapshot;
}
namespace guarita::telemetry {
class Hub;
}

namespace guarita::proxy {

// The many of a batch, each sorted, instances by `less`.
struct RedecideMany {
  std::vector<std::uint32_t> accounts;
  std::vector<crypto::Hash128> instances;
  static bool less(const crypto::Hash128& a, const crypto::Hash128& b) {
    return a.low != b.low ? a.low < b.low : a.high < b.high;
  }
};

// Which open exchanges a change may concern: those of the account or of the instance. Neither:
// the barrier only waits for the decisions already begun.
struct Redecide {
  std::optional<std::uint32_t> account_number;    // Decision::account
  std::optional<crypto::Hash128> instance;        // Facts::instance
  std::shared_ptr<const RedecideMany> many = {};  // null: none beside these
};

class BarrierTicket;  // one per barrier; owned by shared_ptr, filled by the threads

struct BarrierReport {
  bool complete = false;  // every data-plane thread decides by the new state
  Time at{};              // when the last thread passed; when incomplete: when given up
  Instant passed{};       // the same
  unsigned threads = 0;   // that passed
  unsigned threads_of = 0;
  unsigned streams_closed = 0;  // cut: tunnels, event streams, exchanges past stream_after
  unsigned left_to_finish = 0;  // would be refused now; cut if still open at stream_after
  std::shared_ptr<BarrierTicket> ticket;  // ask again with it while incomplete
};

struct Options {
  std::vector<std::string> listen = {"0.0.0.0:8080"};  // "host:port", "[v6]:port"; port 0: any
  unsigned threads = 0;                                // 0: one per core
  std::string node_id = "1";                           // Via: 1.1 guarita-<node_id>
  std::shared_ptr<const Tuning> tuning;                // not null
  std::shared_ptr<const net::TlsStore> tls;            // null: plain HTTP
};

// An ordinary request (HTTP/1.1, no body left unread) that is denied. `token`: of the one line of
// the token header, or empty. REQUIRES: reason is not None.
struct DeniedCall {
  policy::Reason reason{};
  IpAddress address;
  std::string_view token;
};

struct DataPlaneStatus {
  std::uint64_t connections = 0;
  std::uint64_t open_exchanges = 0;
  bool draining = false;
};

// Thread-safe, except that its members must not be called from a data-plane thread.
class DataPlane {
 public:
  // The three references outlive it. The snapshot is only read, synchronously, by its threads.
  DataPlane(Options options, const policy::Snapshot& snapshot, telemetry::Hub& hub,
            const Clock& clock);
  ~DataPlane();  // stops
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  // Binds and starts serving. The addresses really bound ("127.0.0.1:43121"), in the order of
  // Options::listen, or an error text for the operator; then nothing is left running.
  Result<std::vector<std::string>, std::string> start();

  // Posts one task to every data-plane thread and waits at most `timeout` for all of them. A
  // thread that ran it has ended every decision begun before, and has re-decided its open
  // exchanges. Call after the snapshot holds the change. Before start() and after stop() there
  // are no threads: complete at once.
  BarrierReport barrier(const Redecide& redecide, Millis timeout);
  // The same barrier, later. Does not wait.
  static BarrierReport query(const std::shared_ptr<BarrierTicket>& ticket);

  // From the next request on, on every thread, when it returns.
  void apply_tuning(std::shared_ptr<const Tuning> tuning);

  // Stops accepting, closes idle connections, lets open exchanges finish until `deadline`, then
  // closes them. New requests on open connections meanwhile: 503 and close. True: all finished.
  bool drain(Millis deadline);
  // Joins the threads. Idempotent.
  void stop();

  DataPlaneStatus status() const;

  // Byte for byte what the caller of an ordinary request would be sent by the rules of the moment,
  // with a request id that no request has.
  std::string answer_text(const DeniedCall& denied) const;
  // Of the rules of the moment; "" = none is configured.
  std::string default_upstream() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// An upstream's URL as Tuning and instance rows hold it: empty when usable, else what is wrong.
std::string check_upstream(std::string_view url);

}  // namespace guarita::proxy
