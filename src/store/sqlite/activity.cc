#include "store/sqlite/activity.h"

#include <map>
#include <tuple>

namespace guarita::store::sqlite {
namespace {

// Every hour of a range by itself: the primary keys have the hour before what is looked for, so
// each hour is one probe and nothing is scanned.
#define GUARITA_HOURS                    \
  "WITH RECURSIVE h (hour) AS (SELECT ?" \
  " UNION ALL SELECT hour + 1 FROM h WHERE hour + 1 < ?)"

struct Sum {
  std::uint64_t count = 0;
  std::uint64_t denied = 0;
};
using SumKey = std::tuple<std::string, std::int64_t, std::string>;  // account, hour, word

StoreResult<void> add_sums(Database& db, const std::map<SumKey, Sum>& sums) {
  Statement s = db.prepare(
      "INSERT INTO account_traffic (account, hour, class, count, denied)"
      " SELECT key, ?, ?, ?, ? FROM accounts WHERE id = ?"
      " ON CONFLICT (account, hour, class)"
      " DO UPDATE SET count = count + excluded.count, denied = denied + excluded.denied");
  for (const auto& [key, sum] : sums) {
    s.bind(std::get<1>(key)).bind(std::get<2>(key)).bind(sum.count).bind(sum.denied);
    s.bind(std::get<0>(key));
    if (auto ok = s.finish(); !ok) return ok;
    s.rewind();
  }
  return {};
}

// Addresses that the account has in the hour; asked once for each pair.
class Room {
 public:
  explicit Room(Database& db) : db_(db) {}

  StoreResult<bool> take(const AccountKey& account, std::int64_t hour) {
    const auto [known, is_new] = used_.try_emplace({account, hour}, 0);
    if (is_new) {
      Statement s = db_.prepare("SELECT count(*) FROM caller_hours WHERE account = ? AND hour = ?");
      s.bind(account).bind(hour);
      if (s.next()) known->second = s.count(0);
      if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
    }
    if (known->second >= kCallersPerAccountMax) return false;
    ++known->second;
    return true;
  }

 private:
  Database& db_;
  std::map<std::pair<AccountKey, std::int64_t>, std::uint64_t> used_;
};

StoreResult<std::optional<AccountKey>> key_of(Database& db, std::string_view account_id) {
  Statement s = db.prepare("SELECT key FROM accounts WHERE id = ?");
  s.bind(account_id);
  std::optional<AccountKey> key;
  if (s.next()) key = AccountKey{s.uuid(0)};
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return key;
}

StoreResult<void> write_caller(Database& db, Room& room, const CallerRow& row) {
  const auto account = key_of(db, row.account_id);
  if (!account) return Err<StoreError>(account.error());
  if (!*account) return {};
  const std::int64_t hour = hour_of(row.last_seen);
  auto done = db.run(
      "UPDATE caller_hours SET first_ms = min(first_ms, ?), last_ms = max(last_ms, ?),"
      " requests = requests + ?, accepted = accepted + ?"
      " WHERE account = ? AND hour = ? AND address = ?",
      row.first_seen, row.last_seen, row.requests, row.accepted, **account, hour,
      row.address.bytes);
  if (!done || db.changed_rows() > 0) return done;
  const auto fits = room.take(**account, hour);
  if (!fits) return Err<StoreError>(fits.error());
  if (!*fits) return {};
  return db.run("INSERT INTO caller_hours VALUES (?, ?, ?, ?, ?, ?, ?)", **account, hour,
                row.address.bytes, row.first_seen, row.last_seen, row.requests, row.accepted);
}

StoreResult<std::vector<CounterRow>> hourly_rows(Statement& s) {
  std::vector<CounterRow> rows;
  while (s.next()) {
    rows.push_back({.hour = Time(std::chrono::hours(s.integer(0))),
                    .token_class = std::string(s.text(1)),
                    .count = s.count(2),
                    .denied = s.count(3)});
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

}  // namespace

StoreResult<void> write_account_traffic(Database& db, std::span<const CounterRow> deltas) {
  std::map<SumKey, Sum> of_accounts;
  std::map<std::pair<std::int64_t, std::string>, Sum> of_all;
  for (const CounterRow& row : deltas) {
    for (Sum* sum : {&of_accounts[{row.account_id, hour_of(row.hour), row.token_class}],
                     &of_all[{hour_of(row.hour), row.token_class}]}) {
      sum->count += row.count;
      sum->denied += row.denied;
    }
  }
  if (auto ok = add_sums(db, of_accounts); !ok) return ok;
  for (const auto& [key, sum] : of_all) {
    auto done = db.run(
        "INSERT INTO account_traffic (account, hour, class, count, denied)"
        " VALUES (x'', ?, ?, ?, ?) ON CONFLICT (account, hour, class)"
        " DO UPDATE SET count = count + excluded.count, denied = denied + excluded.denied",
        key.first, key.second, sum.count, sum.denied);
    if (!done) return done;
  }
  return {};
}

StoreResult<void> write_activity(Database& db, std::span<const CallerRow> callers,
                                 std::span<const InstanceCall> calls) {
  Time newest{};
  Room room(db);
  for (const CallerRow& row : callers) {
    newest = std::max(newest, row.last_seen);
    if (auto done = write_caller(db, room, row); !done) return done;
  }
  for (const InstanceCall& call : calls) {
    newest = std::max(newest, call.at);
    auto done = db.run(
        "INSERT INTO instance_calls SELECT key, ?1 FROM instances"
        " WHERE id_hash = id_hash(?2) AND id = ?2"
        " ON CONFLICT (instance) DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)",
        call.at, call.instance_id);
    if (!done) return done;
  }
  return db.run("UPDATE store SET newest_ms = ?1 WHERE one = 1 AND newest_ms < ?1", newest);
}

StoreResult<std::vector<CallerRow>> read_callers(Database& db, const AccountKey& account,
                                                 Time since) {
  Statement s = db.prepare(
      "SELECT a.id, c.address, min(c.first_ms), max(c.last_ms) AS last, sum(c.requests),"
      " sum(c.accepted) FROM caller_hours c JOIN accounts a ON a.key = c.account"
      " WHERE c.account = ? AND c.hour >= ? GROUP BY c.address HAVING last >= ?"
      " ORDER BY last DESC, c.address LIMIT ?");
  s.bind(account).bind(hour_of(since)).bind(since);
  s.bind(static_cast<std::uint64_t>(kCallersPerAccountMax));
  std::vector<CallerRow> rows;
  while (s.next()) {
    rows.push_back({.account_id = std::string(s.text(0)),
                    .address = {s.fixed<16>(1)},
                    .first_seen = s.time(2),
                    .last_seen = s.time(3),
                    .requests = s.count(4),
                    .accepted = s.count(5)});
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<void> remove_callers(Database& db, Time before) {
  return db.run("DELETE FROM caller_hours WHERE hour < ?", hour_of(before));
}

StoreResult<std::vector<InstanceActivity>> read_instance_activity(
    Database& db, std::span<const InstanceRow> instances, Time since) {
  std::vector<InstanceActivity> out;
  out.reserve(instances.size());
  // No hour after the last call's can hold anything.
  Statement last = db.prepare("SELECT last_ms FROM instance_calls WHERE instance = ?");
  Statement sum = db.prepare(GUARITA_HOURS
                             " SELECT coalesce(sum(c.count), 0) FROM h"
                             " CROSS JOIN counters_hourly c"
                             " ON c.account = ? AND c.hour = h.hour AND c.instance = ?");
  for (const InstanceRow& row : instances) {
    InstanceActivity& activity = out.emplace_back();
    last.bind(row.key);
    if (last.next()) activity.last_call = last.time(0);
    if (auto ok = last.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
    last.rewind();
    if (!activity.last_call || *activity.last_call < since) continue;
    sum.bind(hour_of(since)).bind(hour_of(*activity.last_call) + 1).bind(row.account).bind(row.key);
    if (sum.next()) activity.requests = sum.count(0);
    if (auto ok = sum.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
    sum.rewind();
  }
  return out;
}

StoreResult<std::vector<CounterRow>> read_account_traffic(Database& db,
                                                          const std::optional<AccountKey>& account,
                                                          Time from, Time until) {
  Statement s = db.prepare(account ? "SELECT hour, class, count, denied FROM account_traffic"
                                     " WHERE account = ? AND hour >= ? AND hour < ? ORDER BY 1, 2"
                                   : "SELECT hour, class, count, denied FROM account_traffic"
                                     " WHERE account = x'' AND hour >= ? AND hour < ?"
                                     " ORDER BY 1, 2");
  if (account) s.bind(*account);
  s.bind(hour_of(from)).bind(hour_of(until));
  return hourly_rows(s);
}

StoreResult<std::vector<CounterRow>> read_instance_traffic(Database& db, const AccountKey& account,
                                                           const InstanceKey& instance, Time from,
                                                           Time until) {
  if (hour_of(until) <= hour_of(from)) return std::vector<CounterRow>();
  Statement s = db.prepare(GUARITA_HOURS
                           " SELECT c.hour, c.class, c.count, c.denied FROM h"
                           " CROSS JOIN counters_hourly c"
                           " ON c.account = ? AND c.hour = h.hour AND c.instance = ?"
                           " ORDER BY 1, 2");
  s.bind(hour_of(from)).bind(hour_of(until)).bind(account).bind(instance);
  return hourly_rows(s);
}

StoreResult<std::vector<CounterRow>> read_places(Database& db, const AccountKey& account, Time from,
                                                 std::span<const std::string_view> except,
                                                 std::size_t limit) {
  Statement s = db.prepare(
      "SELECT coalesce(i.id, ''), c.class, sum(c.count) AS requests, sum(c.denied)"
      " FROM counters_hourly c LEFT JOIN instances i ON i.key = c.instance"
      " WHERE c.account = ? AND c.hour >= ? AND c.class NOT IN (?, ?, ?, ?)"
      " GROUP BY c.instance, c.class"
      " ORDER BY requests DESC, 1, 2 LIMIT ?");
  s.bind(account).bind(hour_of(from));
  for (std::size_t i = 0; i < ActivityBook::kExceptMax; ++i) {
    s.bind(i < except.size() ? except[i] : std::string_view());
  }
  s.bind(static_cast<std::uint64_t>(limit));
  std::vector<CounterRow> rows;
  while (s.next()) {
    rows.push_back({.hour = from,
                    .instance_id = std::string(s.text(0)),
                    .token_class = std::string(s.text(1)),
                    .count = s.count(2),
                    .denied = s.count(3)});
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

}  // namespace guarita::store::sqlite
