// Worker: what a change does to exchanges that were allowed before it (DESIGN §4 "Re-decide").
#include <algorithm>

#include "proxy/connection.h"
#include "proxy/worker.h"

namespace guarita::proxy {
namespace {

bool concerns(const Redecide& which, const Exchange& exchange) {
  if (exchange.facts.outcome != policy::RouteMatch::Outcome::Gated) return false;
  if (which.account_number && exchange.decision.account.number == *which.account_number) {
    return true;
  }
  if (which.instance && exchange.facts.instance == *which.instance) return true;
  if (which.many == nullptr) return false;
  return std::ranges::binary_search(which.many->accounts, exchange.decision.account.number) ||
         std::ranges::binary_search(which.many->instances, exchange.facts.instance,
                                    RedecideMany::less);
}

}  // namespace

bool Worker::would_be_refused(const Exchange& exchange, Time now) const {
  return !policy::decide(snapshot(), exchange.facts, now, exchange.rules().tuning->decide).allow;
}

bool Worker::is_stream(const Exchange& exchange) const {
  const std::int64_t age_ms = parts_.loop.now_ms() - exchange.forwarded_ms;
  return exchange.tunnel || exchange.event_stream ||
         age_ms >= exchange.rules().timeouts().stream_after.count();
}

void Worker::cut(Exchange& exchange) {
  shard().count(telemetry::Event::StreamCut);
  exchange.connection->cut();
}

RedecideCounts Worker::redecide(const Redecide& which) {
  RedecideCounts counts;
  if (!which.account_number && !which.instance && which.many == nullptr) return counts;
  const Time now = clock().now();
  for (Exchange* each = first_open_; each != nullptr; each = each->next_open) {
    if (each->cut || !concerns(which, *each)) continue;
    if (!would_be_refused(*each, now)) {
      if (std::exchange(each->marked, false)) --marked_;
      continue;
    }
    if (is_stream(*each)) {
      cut(*each);
      ++counts.streams_closed;
      continue;
    }
    if (!std::exchange(each->marked, true)) ++marked_;
    ++counts.left_to_finish;
  }
  return counts;
}

void Worker::became_stream(Exchange& exchange) {
  if (exchange.marked && !exchange.cut) cut(exchange);
}

void Worker::cut_ripe() {
  for (Exchange* each = first_open_; each != nullptr; each = each->next_open) {
    if (each->marked && !each->cut && is_stream(*each)) cut(*each);
  }
}

}  // namespace guarita::proxy
