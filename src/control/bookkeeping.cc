#include "control/bookkeeping.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"

namespace guarita::control {
namespace {

// A slice is as large as this, or what empties the queue in so many ticks.
constexpr std::size_t kSliceMin = 500;
constexpr std::size_t kTicksToEmpty = 30;

std::size_t share_of(std::size_t rows) {
  return std::max(kSliceMin, (rows + kTicksToEmpty - 1) / kTicksToEmpty);
}

template <class Row>
std::vector<Row> cut(std::vector<Row>& from, std::size_t most) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, from.size()));
  std::vector<Row> out(std::move_iterator(from.end() - count), std::move_iterator(from.end()));
  from.erase(from.end() - count, from.end());
  return out;
}

template <class Row>
void cut_account(std::vector<Row>& from, std::string_view account_id, std::vector<Row>& into) {
  const auto mine = std::partition(from.begin(), from.end(), [account_id](const Row& row) {
    return row.account_id != account_id;
  });
  into.insert(into.end(), std::move_iterator(mine), std::move_iterator(from.end()));
  from.erase(mine, from.end());
}

template <class Row>
void append(std::vector<Row>& into, std::vector<Row>&& rows) {
  into.insert(into.end(), std::move_iterator(rows.begin()), std::move_iterator(rows.end()));
}

bool taken(const store::StoreResult<void>& done) {
  if (!done) log::warn("control", "counters not kept", {{"internal", done.error().internal}});
  return done.has_value();
}

// What went in is taken out of `deltas`: it must not be handed out again.
void write(store::Store& store, telemetry::Deltas& deltas) {
  std::vector<store::CounterRow> counters;
  std::vector<store::InstanceCall> calls;
  for (const telemetry::UsageDelta& usage : deltas.usage) {
    counters.push_back({usage.hour, usage.account_id, usage.instance_id,
                        std::string(usage.word.text()), usage.count, usage.denied});
    if (!usage.instance_id.empty()) calls.push_back({usage.instance_id, usage.last});
  }
  std::vector<store::CallerRow> callers;
  for (const telemetry::CallerDelta& caller : deltas.callers) {
    callers.push_back({caller.account_id, caller.address, caller.first, caller.last,
                       caller.requests, caller.accepted});
  }
  std::vector<store::TokenUse> uses;
  for (const telemetry::LastUsed& used : deltas.last_used) {
    uses.push_back({used.digest, used.at, {}});
  }
  std::vector<store::UnknownInstanceRow> unknown;
  for (const telemetry::UnknownInstance& seen : deltas.unknown_instances) {
    unknown.push_back({seen.instance_id, seen.first, seen.last, seen.count});
  }
  // A last call that was not kept is told by the next one.
  if ((callers.empty() && calls.empty()) || taken(store.note_activity(callers, calls))) {
    deltas.callers.clear();
  }
  if (counters.empty() || taken(store.add_counters(counters))) deltas.usage.clear();
  if (uses.empty() || taken(store.touch_tokens(uses))) deltas.last_used.clear();
  if (unknown.empty() || taken(store.touch_unknown_instances(unknown))) {
    deltas.unknown_instances.clear();
  }
}

}  // namespace

void Bookkeeping::keep(telemetry::Deltas&& deltas) {
  if (deltas.empty()) return;
  write(store_, deltas);
  if (!deltas.empty()) hub_->put_back(std::move(deltas));
}

void Bookkeeping::refill() {
  leaving_ = hub_->take_deltas();
  share_ = {share_of(leaving_.usage.size()), share_of(leaving_.last_used.size()),
            share_of(leaving_.unknown_instances.size()), share_of(leaving_.callers.size())};
}

void Bookkeeping::tick() {
  if (hub_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  if (leaving_.empty()) {
    refill();
  } else {
    hub_->collect();  // the shards' tables are bounded
  }
  keep({cut(leaving_.usage, share_[0]), cut(leaving_.last_used, share_[1]),
        cut(leaving_.unknown_instances, share_[2]), cut(leaving_.callers, share_[3])});
}

void Bookkeeping::flush(std::string_view account_id) {
  if (hub_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  telemetry::Deltas mine = hub_->take_deltas(account_id);
  cut_account(leaving_.usage, account_id, mine.usage);
  cut_account(leaving_.last_used, account_id, mine.last_used);
  cut_account(leaving_.callers, account_id, mine.callers);
  keep(std::move(mine));
}

void Bookkeeping::flush() {
  if (hub_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  telemetry::Deltas all = hub_->take_deltas();
  append(all.usage, std::exchange(leaving_.usage, {}));
  append(all.last_used, std::exchange(leaving_.last_used, {}));
  append(all.unknown_instances, std::exchange(leaving_.unknown_instances, {}));
  append(all.callers, std::exchange(leaving_.callers, {}));
  keep(std::move(all));
}

}  // namespace guarita::control
