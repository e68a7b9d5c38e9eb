#include "telemetry/hub.h"

#include <thread>

#include "base/log.h"
#include "telemetry/hub_state.h"

namespace guarita::telemetry {
namespace {

std::uint64_t random_seed() {
  std::array<std::uint8_t, 8> bytes{};
  crypto::random_bytes(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

void write_key(std::string& key, const UsageDelta& row) {
  key.clear();
  key += std::to_string(row.hour.time_since_epoch().count());
  key += '/';
  key += std::to_string(static_cast<unsigned>(row.word.code()));
  key += '/';
  key += row.account_id;  // an account id holds no slash
  key += '/';
  key += row.instance_id;
}

template <class Map>
auto take_values_of(Map& map, std::string_view account_id) {
  std::vector<typename Map::mapped_type> out;
  std::erase_if(map, [&](auto& entry) {
    if (entry.second.account_id != account_id) return false;
    out.push_back(std::move(entry.second));
    return true;
  });
  return out;
}

template <class Map>
auto take_values(Map& map) {
  std::vector<typename Map::mapped_type> out;
  out.reserve(map.size());
  for (auto& [key, value] : map) out.push_back(std::move(value));
  map.clear();
  return out;
}

}  // namespace

Shard::Shard(Hub& hub)
    : hub_(hub),
      tally_(new Tally(hub.state_->hash)),
      spare_(std::make_unique<Tally>(hub.state_->hash)) {}

void Hub::State::add(UsageDelta&& row) {
  write_key(row_key, row);
  if (const auto found = usage.find(row_key); found != usage.end()) {
    found->second.count += row.count;
    found->second.denied += row.denied;
    found->second.last = std::max(found->second.last, row.last);
  } else if (usage.size() < kPendingRowsMax) {
    usage.emplace(row_key, std::move(row));
  } else {
    totals.lost_usage += row.count;
  }
}

void Hub::State::add(LastUsed&& row) {
  std::string key(reinterpret_cast<const char*>(row.digest.data()), row.digest.size());
  key += row.account_id;
  if (const auto found = last_used.find(key); found != last_used.end()) {
    found->second.at = std::max(found->second.at, row.at);
  } else if (last_used.size() < kPendingRowsMax) {
    last_used.emplace(std::move(key), std::move(row));
  } else {
    ++totals.lost_last_used;
  }
}

void Hub::State::add(UnknownInstance&& row) {
  if (const auto found = unknown.find(row.instance_id); found != unknown.end()) {
    UnknownInstance& into = found->second;
    into.count += row.count;
    into.first = std::min(into.first, row.first);
    into.last = std::max(into.last, row.last);
  } else if (unknown.size() < kUnknownRowsMax) {
    std::string key = row.instance_id;
    unknown.emplace(std::move(key), std::move(row));
  } else {
    ++totals.lost_unknown;
  }
}

void Hub::State::add(CallerDelta&& row) {
  std::string key(reinterpret_cast<const char*>(row.address.bytes.data()),
                  row.address.bytes.size());
  key += row.account_id;
  if (const auto found = callers.find(key); found != callers.end()) {
    CallerDelta& into = found->second;
    into.requests += row.requests;
    into.accepted += row.accepted;
    into.first = std::min(into.first, row.first);
    into.last = std::max(into.last, row.last);
  } else if (callers.size() < kPendingRowsMax) {
    callers.emplace(std::move(key), std::move(row));
  } else {
    totals.lost_callers += row.requests;
  }
}

void Hub::State::absorb(const Tally& tally) {
  totals.merge(tally.sums);
  totals.lost_denials += tally.denials.lost();
  denials.absorb(tally.denials);
  for (const auto& row : tally.usage.rows()) {
    UsageDelta usage_row{hour_of_tag(row.tag),
                         std::string(tally.usage.first(row)),
                         std::string(tally.usage.second(row)),
                         word_of_tag(row.tag),
                         row.value.count,
                         row.value.denied,
                         row.value.last};
    // The hub looks every second: the newest call's minute is the minute of all but a few.
    recent.prune(usage_row.last);
    const MinuteCount counted{.minute = usage_row.last,
                              .instance_id = {},
                              .word = usage_row.word,
                              .count = usage_row.count,
                              .denied = usage_row.denied};
    recent.add(usage_row.account_id, usage_row.instance_id, counted);
    recent.add({}, {}, counted);  // all accounts together
    add(std::move(usage_row));
  }
  for (const auto& row : tally.callers.rows()) {
    CallerDelta caller{std::string(tally.callers.first(row)),
                       {},
                       row.value.count,
                       row.value.accepted,
                       row.value.first,
                       row.value.last};
    const std::string_view address = tally.callers.second(row);
    std::memcpy(caller.address.bytes.data(), address.data(), caller.address.bytes.size());
    add(std::move(caller));
  }
  for (const auto& row : tally.last_used.rows()) {
    LastUsed used{std::string(tally.last_used.second(row)), {}, row.value};
    std::memcpy(used.digest.data(), tally.last_used.first(row).data(), used.digest.size());
    add(std::move(used));
  }
  for (const auto& row : tally.unknown.rows()) {
    add(UnknownInstance{std::string(tally.unknown.first(row)), row.value.count, row.value.first,
                        row.value.last});
  }
}

Hub::Hub() : state_(std::make_unique<State>(random_seed())) {
  state_->started = std::chrono::floor<Millis>(std::chrono::system_clock::now());
}
Hub::~Hub() = default;

Shard& Hub::add_shard() {
  const std::scoped_lock lock(state_->mutex);
  state_->shards.push_back(std::make_unique<Shard>(*this));
  return *state_->shards.back();
}

void Hub::set_store(const StoreGauges& gauges) {
  const std::scoped_lock lock(state_->mutex);
  state_->store = gauges;
}

void Hub::collect_locked(State& state) {
  for (const auto& shard : state.shards) {
    Tally* filled = shard->tally_.load(std::memory_order_relaxed);
    // Null: its thread is inside record(), for a microsecond.
    while (filled == nullptr ||
           !shard->tally_.compare_exchange_weak(
               filled, shard->spare_.get(), std::memory_order_acq_rel, std::memory_order_relaxed)) {
      if (filled == nullptr) {
        std::this_thread::yield();
        filled = shard->tally_.load(std::memory_order_relaxed);
      }
    }
    Tally* handed_over = shard->spare_.release();  // the shard's now
    (void)handed_over;
    shard->spare_.reset(filled);
    state.absorb(*filled);
    filled->clear();
  }
}

Deltas Hub::take_deltas() {
  const std::scoped_lock lock(state_->mutex);
  collect_locked(*state_);
  return {take_values(state_->usage), take_values(state_->last_used), take_values(state_->unknown),
          take_values(state_->callers)};
}

Deltas Hub::take_deltas(std::string_view account_id) {
  const std::scoped_lock lock(state_->mutex);
  collect_locked(*state_);
  return {.usage = take_values_of(state_->usage, account_id),
          .last_used = take_values_of(state_->last_used, account_id),
          .unknown_instances = {},
          .callers = take_values_of(state_->callers, account_id)};
}

void Hub::put_back(Deltas&& deltas) {
  const std::scoped_lock lock(state_->mutex);
  for (UsageDelta& row : deltas.usage) state_->add(std::move(row));
  for (LastUsed& row : deltas.last_used) state_->add(std::move(row));
  for (UnknownInstance& row : deltas.unknown_instances) state_->add(std::move(row));
  for (CallerDelta& row : deltas.callers) state_->add(std::move(row));
}

void Hub::collect() {
  const std::scoped_lock lock(state_->mutex);
  collect_locked(*state_);
}

std::vector<MinuteCount> Hub::minutes(std::string_view account_id,
                                      const std::optional<std::string>& instance_id,
                                      Time from) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->recent.series(account_id, instance_id, from);
}

std::vector<MinuteCount> Hub::places(std::string_view account_id, Time from) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->recent.places(account_id, from);
}

std::vector<WordCount> Hub::totals(std::string_view account_id) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->recent.totals(account_id);
}

std::vector<Denial> Hub::denials(std::string_view account_id, std::uint64_t after,
                                 std::size_t limit) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->denials.of(account_id, after, limit);
}

std::uint64_t Hub::newest_denial() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->denials.newest();
}

std::uint64_t Hub::event_total(Event event) const {
  const std::scoped_lock lock(state_->mutex);
  std::uint64_t sum = 0;
  for (const auto& shard : state_->shards) {
    sum += shard->events_[static_cast<std::size_t>(event)].load(std::memory_order_relaxed);
  }
  return sum;
}

std::uint64_t Hub::requests_total() {
  const std::scoped_lock lock(state_->mutex);
  collect_locked(*state_);
  std::uint64_t sum = 0;
  for (const std::uint64_t n : state_->totals.responses) sum += n;
  return sum;
}

std::string Hub::prometheus() {
  Observed observed;
  for (unsigned i = 0; i < kEvents; ++i) observed.events[i] = event_total(static_cast<Event>(i));
  observed.dropped_log_lines = log::dropped_lines();
  const std::scoped_lock lock(state_->mutex);
  collect_locked(*state_);
  observed.threads = state_->shards.size();
  observed.started = state_->started;
  return render_prometheus(state_->totals, state_->store, observed);
}

}  // namespace guarita::telemetry
