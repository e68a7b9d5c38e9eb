// ActivityBook over one connection. Internal to store/sqlite.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/activity.h"
#include "store/sqlite/database.h"

namespace guarita::store::sqlite {

// Hours since 1970.
inline std::int64_t hour_of(Time t) {
  return std::chrono::floor<std::chrono::hours>(t.time_since_epoch()).count();
}

// The sums of whole accounts, and of all of them, in the caller's transaction.
StoreResult<void> write_account_traffic(Database& db, std::span<const CounterRow> deltas);
StoreResult<void> write_activity(Database& db, std::span<const CallerRow> callers,
                                 std::span<const InstanceCall> calls);
StoreResult<std::vector<CallerRow>> read_callers(Database& db, const AccountKey& account,
                                                 Time since);
StoreResult<void> remove_callers(Database& db, Time before);
StoreResult<std::vector<InstanceActivity>> read_instance_activity(
    Database& db, std::span<const InstanceRow> instances, Time since);
StoreResult<std::vector<CounterRow>> read_account_traffic(Database& db,
                                                          const std::optional<AccountKey>& account,
                                                          Time from, Time until);
StoreResult<std::vector<CounterRow>> read_instance_traffic(Database& db, const AccountKey& account,
                                                           const InstanceKey& instance, Time from,
                                                           Time until);
StoreResult<std::vector<CounterRow>> read_places(Database& db, const AccountKey& account, Time from,
                                                 std::span<const std::string_view> except,
                                                 std::size_t limit);

}  // namespace guarita::store::sqlite
