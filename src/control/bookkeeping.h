// What was counted of traffic, on its way from the hub to the store. Internal to control.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <string_view>

#include "store/store.h"
#include "telemetry/hub.h"

namespace guarita::control {

// A busy gate counts ten thousand instances a second, each again and again: rows wait for each
// other, and leave in slices, so that a change never waits long for the store. A quiet gate's rows
// are written at the next tick. A kill loses at most about a minute of counters; a stop none.
class Bookkeeping {
 public:
  Bookkeeping(store::Store& store, telemetry::Hub* hub) : store_(store), hub_(hub) {}

  // Every second: collects, and writes a slice.
  void tick();
  // All that was counted of the account is in the store when this returns.
  void flush(std::string_view account_id);
  // The same of everything.
  void flush();

 private:
  // Rows of each kind for one slice: usage, last used, unknown instances, callers.
  using Share = std::array<std::size_t, 4>;

  void refill();
  void keep(telemetry::Deltas&& deltas);

  store::Store& store_;
  telemetry::Hub* hub_;  // null: nothing is counted
  std::mutex mutex_;
  telemetry::Deltas leaving_;
  Share share_{};
};

}  // namespace guarita::control
