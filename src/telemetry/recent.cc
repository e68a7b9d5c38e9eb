#include "telemetry/recent.h"

#include <algorithm>

namespace guarita::telemetry {
namespace {

std::uint32_t minute_of(Time at) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count());
}
Time time_of(std::uint32_t minute) {
  return Time(std::chrono::minutes(minute));
}

}  // namespace

bool Recent::count(Cells& cells, const MinuteCount& what) {
  const std::uint32_t minute = minute_of(what.minute);
  auto at = cells.end();
  while (at != cells.begin() && std::prev(at)->minute >= minute) {
    --at;
    if (at->minute != minute || at->word != what.word) continue;
    at->count += static_cast<std::uint32_t>(what.count);
    at->denied += static_cast<std::uint32_t>(what.denied);
    return true;
  }
  if (cells_ == kRecentCellsMax) return false;
  ++cells_;
  cells.insert(at, {minute, what.word, static_cast<std::uint32_t>(what.count),
                    static_cast<std::uint32_t>(what.denied)});
  return true;
}

void Recent::add(std::string_view account_id, std::string_view instance_id,
                 const MinuteCount& what) {
  auto account = accounts_.find(account_id);
  if (account == accounts_.end()) {
    if (accounts_.size() == kRecentAccountsMax) {
      lost_ += what.count;
      return;
    }
    account = accounts_.try_emplace(std::string(account_id)).first;
  }
  Account& into = account->second;
  if (!count(into.all, what)) lost_ += what.count;
  auto total = std::ranges::find(into.totals, what.word, &WordCount::word);
  if (total == into.totals.end()) total = into.totals.insert(total, {what.word, 0});
  total->count += what.count;

  auto instance = into.instances.find(instance_id);
  if (instance == into.instances.end()) {
    if (instances_ == kRecentInstancesMax) return;
    ++instances_;
    instance = into.instances.try_emplace(std::string(instance_id)).first;
  }
  count(instance->second, what);
}

std::vector<MinuteCount> Recent::series(std::string_view account_id,
                                        const std::optional<std::string>& instance_id,
                                        Time from) const {
  std::vector<MinuteCount> out;
  const auto account = accounts_.find(account_id);
  if (account == accounts_.end()) return out;
  const Cells* cells = &account->second.all;
  if (instance_id) {
    const auto instance = account->second.instances.find(*instance_id);
    if (instance == account->second.instances.end()) return out;
    cells = &instance->second;
  }
  for (const Cell& cell : *cells) {
    if (time_of(cell.minute) < from) continue;
    out.push_back({.minute = time_of(cell.minute),
                   .instance_id = instance_id.value_or(""),
                   .word = cell.word,
                   .count = cell.count,
                   .denied = cell.denied});
  }
  return out;
}

std::vector<MinuteCount> Recent::places(std::string_view account_id, Time from) const {
  std::vector<MinuteCount> out;
  const auto account = accounts_.find(account_id);
  if (account == accounts_.end()) return out;
  for (const auto& [instance_id, cells] : account->second.instances) {
    const std::size_t first = out.size();
    for (const Cell& cell : cells) {
      if (time_of(cell.minute) < from) continue;
      auto known = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                                [&](const MinuteCount& row) { return row.word == cell.word; });
      if (known == out.end()) {
        known = out.insert(known, {.minute = from,
                                   .instance_id = instance_id,
                                   .word = cell.word,
                                   .count = 0,
                                   .denied = 0});
      }
      known->count += cell.count;
      known->denied += cell.denied;
    }
  }
  return out;
}

std::vector<WordCount> Recent::totals(std::string_view account_id) const {
  const auto account = accounts_.find(account_id);
  return account == accounts_.end() ? std::vector<WordCount>() : account->second.totals;
}

void Recent::prune(Time now) {
  const std::uint32_t minute = minute_of(now);
  if (minute <= pruned_) return;
  pruned_ = minute;
  const std::uint32_t oldest = minute - std::min(minute, kRecentMinutes);
  const auto trim = [&](Cells& cells) {
    const auto keep =
        std::ranges::find_if(cells, [oldest](const Cell& cell) { return cell.minute >= oldest; });
    cells_ -= static_cast<std::size_t>(keep - cells.begin());
    cells.erase(cells.begin(), keep);
    return cells.empty();
  };
  for (auto account = accounts_.begin(); account != accounts_.end();) {
    for (auto& [id, cells] : account->second.instances) trim(cells);
    instances_ -= std::erase_if(account->second.instances,
                                [](const auto& instance) { return instance.second.empty(); });
    const bool silent = trim(account->second.all) && account->second.instances.empty();
    account = silent ? accounts_.erase(account) : std::next(account);
  }
}

}  // namespace guarita::telemetry
