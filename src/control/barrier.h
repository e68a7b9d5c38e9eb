// The data plane as control sees it: something that can be waited for until it decides by the
// published snapshot. proxy_barrier.h is the real one; unit tests have a fake.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "crypto/crypto.h"

namespace guarita::control {

// Whose open exchanges are decided again. Neither: nobody's.
struct Redecide {
  std::optional<std::uint32_t> account_number;  // in the snapshot
  std::optional<crypto::Hash128> instance;      // hash of its id
  // Of a batch, beside these.
  std::vector<std::uint32_t> accounts = {};
  std::vector<crypto::Hash128> instances = {};
};

class PendingBarrier;

struct BarrierReport {
  bool complete = false;
  Time at{};         // when the last thread had passed
  Instant passed{};  // the same
  unsigned streams_closed = 0;
  std::shared_ptr<PendingBarrier> pending;  // while incomplete: ask again with it
};

// A barrier that was not complete in time. Any thread.
class PendingBarrier {
 public:
  virtual ~PendingBarrier() = default;
  virtual BarrierReport look() = 0;  // does not wait
};

class Barrier {
 public:
  virtual ~Barrier() = default;
  // Waits until every data-plane thread has ended the decisions begun before and decides by what
  // is published, at most `timeout`. From any thread but a data-plane one.
  virtual BarrierReport pass(const Redecide& scope, Millis timeout) = 0;
};

}  // namespace guarita::control
