#include "telemetry/shard.h"

#include "base/log.h"
#include "telemetry/access_log.h"
#include "telemetry/hub.h"
#include "telemetry/tally.h"

namespace guarita::telemetry {

Shard::~Shard() {
  delete tally_.load(std::memory_order_acquire);
}

void Shard::record(const Exchange& exchange) noexcept {
  Tally* const tally = tally_.exchange(nullptr, std::memory_order_acquire);
  tally->add(exchange);
  tally_.store(tally, std::memory_order_release);

  const AccessLog access = hub_.access_log();
  if (access == AccessLog::Off) return;
  const bool denied = exchange.stage != Stage::Decided || !exchange.allow;
  if (access == AccessLog::All || denied) log::line(access_line(exchange));
}

}  // namespace guarita::telemetry
