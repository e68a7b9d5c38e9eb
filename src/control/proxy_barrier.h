// control::Barrier over the real data plane.
#pragma once

#include "control/barrier.h"
#include "proxy/data_plane.h"

namespace guarita::control {

// `plane` outlives it and every receipt.
class ProxyBarrier final : public Barrier {
 public:
  explicit ProxyBarrier(proxy::DataPlane& plane) : plane_(plane) {}
  BarrierReport pass(const Redecide& scope, Millis timeout) override;

 private:
  proxy::DataPlane& plane_;
};

}  // namespace guarita::control
