#include "telemetry/tally.h"

namespace guarita::telemetry {
namespace {

template <class T, std::size_t N>
void add_all(std::array<T, N>& into, const std::array<T, N>& from) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if constexpr (std::is_integral_v<T>) {
      into[i] += from[i];
    } else {
      add_all(into[i], from[i]);
    }
  }
}

std::uint64_t nanoseconds(std::chrono::nanoseconds d) noexcept {
  return d.count() < 0 ? 0 : static_cast<std::uint64_t>(d.count());
}

template <std::size_t N>
std::string_view bytes_of(const std::array<std::uint8_t, N>& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void Sums::add(const Exchange& e) noexcept {
  bytes_in += e.bytes_in;
  bytes_out += e.bytes_out;
  const std::size_t hundreds = e.status / 100U;
  ++responses[hundreds < responses.size() ? hundreds : 0];
  if (e.stage == Stage::Malformed) {
    ++malformed;
    return;
  }
  if (e.stage == Stage::Draining) {
    ++draining;
    return;
  }
  const std::size_t allowed = e.allow ? 1 : 0;
  const auto mode = static_cast<std::size_t>(e.mode);
  ++decisions[allowed][static_cast<std::size_t>(e.reason)][mode];
  if (e.classified) ++classes[static_cast<std::size_t>(e.token_class)][mode];
  if (e.unknown_instance) ++unknown_instances;
  ++upstream[static_cast<std::size_t>(e.upstream)];
  if (e.decision_time.count() > 0) decision_time.add(kDecisionBounds, nanoseconds(e.decision_time));
  duration[allowed].add(kDurationBounds, nanoseconds(e.duration));
}

void Sums::merge(const Sums& other) noexcept {
  add_all(decisions, other.decisions);
  add_all(classes, other.classes);
  add_all(responses, other.responses);
  add_all(upstream, other.upstream);
  decision_time.merge(other.decision_time);
  for (std::size_t i = 0; i < duration.size(); ++i) duration[i].merge(other.duration[i]);
  malformed += other.malformed;
  draining += other.draining;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  unknown_instances += other.unknown_instances;
  lost_usage += other.lost_usage;
  lost_last_used += other.lost_last_used;
  lost_unknown += other.lost_unknown;
  lost_callers += other.lost_callers;
  lost_denials += other.lost_denials;
}

void Tally::add_usage(const Exchange& e, const Hashes& hashes) noexcept {
  const std::uint32_t tag = usage_tag(e.at, word_of(e));
  UsageCell* cell = usage.find_or_add(hash_.both(hashes.account, hashes.instance), e.account_id,
                                      e.instance_id, tag);
  // Full: the account's evidence matters more than which instance it was.
  if (cell == nullptr) {
    cell = usage.find_or_add(hash_.both(hashes.account, hash_({})), e.account_id, {}, tag);
  }
  if (cell == nullptr) {
    ++sums.lost_usage;
    return;
  }
  ++cell->count;
  cell->denied += e.allow ? 0U : 1U;
  cell->last = std::max(cell->last, e.at);
}

CallerCell* Tally::caller_of(const Exchange& e, const Hashes& hashes) noexcept {
  const std::string_view address = bytes_of(e.address.bytes);
  if (last_caller_ != nullptr && callers.second(*last_caller_) == address &&
      callers.first(*last_caller_) == e.account_id) {
    return last_cell_;
  }
  auto* row =
      callers.find_or_add_row(hash_.both(hashes.account, hash_(address)), e.account_id, address, 0);
  if (row == nullptr) return nullptr;
  last_caller_ = row;
  last_cell_ = &row->value;
  return last_cell_;
}

void Tally::add_caller(const Exchange& e, const Hashes& hashes) noexcept {
  CallerCell* cell = caller_of(e, hashes);
  if (cell == nullptr) {
    ++sums.lost_callers;
    return;
  }
  if (cell->count++ == 0) cell->first = e.at;
  cell->accepted += is_accepted(e) ? 1U : 0U;
  cell->last = std::max(cell->last, e.at);
}

void Tally::add_last_used(const Exchange& e, const Hashes& hashes) noexcept {
  // A digest of a live token is as good as random, and nobody chooses it: a part of it is a hash.
  std::uint64_t part = 0;
  std::memcpy(&part, e.matched_token->data(), sizeof part);
  Time* last = last_used.find_or_add(hash_.both(hashes.account, part), bytes_of(*e.matched_token),
                                     e.account_id, 0);
  if (last != nullptr) {
    *last = std::max(*last, e.at);
  } else {
    ++sums.lost_last_used;
  }
}

void Tally::add_unknown(const Exchange& e, const Hashes& hashes) noexcept {
  UnknownCell* cell = unknown.find_or_add(hashes.instance, e.instance_id, {}, 0);
  if (cell == nullptr) {
    ++sums.lost_unknown;
    return;
  }
  if (cell->count++ == 0) cell->first = e.at;
  cell->last = std::max(cell->last, e.at);
}

void Tally::add(const Exchange& e) noexcept {
  sums.add(e);
  if (e.stage != Stage::Decided) return;
  const Hashes hashes{.account = hash_(e.account_id), .instance = hash_(e.instance_id)};
  if (e.classified) {
    add_usage(e, hashes);
    add_caller(e, hashes);
    if (!e.allow) denials.add(e);
  }
  if (e.matched_token != nullptr) add_last_used(e, hashes);
  if (e.unknown_instance && !e.instance_id.empty()) add_unknown(e, hashes);
}

void Tally::clear() {
  sums = Sums{};
  usage.clear();
  last_used.clear();
  unknown.clear();
  callers.clear();
  denials.clear();
  last_caller_ = nullptr;
  last_cell_ = nullptr;
}

}  // namespace guarita::telemetry
