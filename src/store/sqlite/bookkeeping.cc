// What is counted and noted without a revision: the caller's transaction, no audit row.
#include "store/sqlite/activity.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/user_rows.h"

namespace guarita::store::sqlite {

StoreResult<void> write_counters(Database& db, std::span<const CounterRow> deltas) {
  Statement s = db.prepare(
      "INSERT INTO counters_hourly (account, hour, instance, class, count, denied)"
      " SELECT coalesce(a.key, x''), ?1, coalesce(i.key, x''), ?2, ?3, ?4"
      " FROM (SELECT 1) LEFT JOIN accounts a ON a.id = ?5"
      " LEFT JOIN instances i ON i.id_hash = id_hash(?6) AND i.id = ?6"
      " WHERE true"
      " ON CONFLICT (account, hour, instance, class)"
      " DO UPDATE SET count = count + excluded.count, denied = denied + excluded.denied");
  for (const CounterRow& row : deltas) {
    s.bind(hour_of(row.hour)).bind(row.token_class).bind(row.count).bind(row.denied);
    s.bind(row.account_id).bind(row.instance_id);
    if (auto ok = s.finish(); !ok) return ok;
    s.rewind();
  }
  return write_account_traffic(db, deltas);
}

StoreResult<std::vector<CounterRow>> read_counters(Database& db, const CounterFilter& filter) {
  constexpr std::string_view kOfOne =
      "SELECT c.hour, coalesce(a.id, ''), coalesce(i.id, '') AS instance_id, c.class, sum(c.count),"
      " sum(c.denied)"
      " FROM counters_hourly c LEFT JOIN accounts a ON a.key = c.account"
      " LEFT JOIN instances i ON i.key = c.instance"
      " WHERE c.hour >= ? AND c.hour < ? AND c.account = ?"
      " GROUP BY c.hour, c.account, instance_id, c.class ORDER BY 1, 2, 3, 4";
  constexpr std::string_view kOfAll =
      "SELECT c.hour, coalesce(a.id, ''), coalesce(i.id, '') AS instance_id, c.class, sum(c.count),"
      " sum(c.denied)"
      " FROM counters_hourly c LEFT JOIN accounts a ON a.key = c.account"
      " LEFT JOIN instances i ON i.key = c.instance"
      " WHERE c.hour >= ? AND c.hour < ?"
      " GROUP BY c.hour, c.account, instance_id, c.class ORDER BY 1, 2, 3, 4";
  Statement s = db.prepare(filter.account ? kOfOne : kOfAll);
  s.bind(hour_of(filter.from)).bind(hour_of(filter.until));
  if (filter.account) s.bind(*filter.account);
  std::vector<CounterRow> rows;
  while (s.next()) {
    rows.push_back({Time(std::chrono::hours(s.integer(0))), std::string(s.text(1)),
                    std::string(s.text(2)), std::string(s.text(3)), s.count(4), s.count(5)});
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

StoreResult<void> write_token_uses(Database& db, std::span<const TokenUse> uses) {
  Time newest{};
  for (const TokenUse& use : uses) {
    newest = std::max(newest, use.at);
    auto done = use.account_id.empty()
                    ? db.run(
                          "UPDATE tokens SET last_used_ms = ?1 WHERE digest = ?2"
                          " AND coalesce(last_used_ms, -1) < ?1",
                          use.at, use.digest)
                    : db.run(
                          "UPDATE tokens SET last_used_ms = ?1 WHERE digest = ?2"
                          " AND account = (SELECT key FROM accounts WHERE id = ?3)"
                          " AND coalesce(last_used_ms, -1) < ?1",
                          use.at, use.digest, use.account_id);
    if (!done) return done;
  }
  return raise_newest(db, newest);
}

StoreResult<void> write_admin_token_use(Database& db, const AdminTokenKey& key, Time at) {
  auto done = db.run(
      "UPDATE admin_tokens SET last_used_ms = ?1 WHERE key = ?2"
      " AND coalesce(last_used_ms, -1) < ?1",
      at, key);
  if (!done) return done;
  return raise_newest(db, at);
}

StoreResult<void> write_unknown_instances(Database& db, std::span<const UnknownInstanceRow> seen) {
  auto present = db.number("SELECT count(*) FROM unknown_instances");
  if (!present) return Err<StoreError>(std::move(present.error()));
  auto room = static_cast<std::int64_t>(kUnknownInstancesMax) - *present;
  for (const UnknownInstanceRow& row : seen) {
    auto done = db.run(
        "UPDATE unknown_instances SET first_ms = min(first_ms, ?), last_ms = max(last_ms, ?),"
        " count = count + ? WHERE id = ?",
        row.first_seen, row.last_seen, row.count, row.id);
    if (!done) return done;
    if (db.changed_rows() > 0 || room <= 0) continue;
    // Registered in the meantime: no longer unknown.
    done = db.run(
        "INSERT INTO unknown_instances (id, first_ms, last_ms, count) SELECT ?1, ?2, ?3, ?4"
        " WHERE NOT EXISTS (SELECT 1 FROM instances WHERE id_hash = id_hash(?1) AND id = ?1)",
        row.id, row.first_seen, row.last_seen, row.count);
    if (!done) return done;
    room -= db.changed_rows();
  }
  return {};
}

StoreResult<void> prune_rows(Database& db, const PruneOptions& options) {
  StoreResult<void> done;
  if (options.counters_before) {
    done = db.run("DELETE FROM counters_hourly WHERE hour < ?", hour_of(*options.counters_before));
    if (!done) return done;
    done = db.run("DELETE FROM account_traffic WHERE hour < ?", hour_of(*options.counters_before));
    if (!done) return done;
  }
  if (options.unknown_before) {
    done = db.run("DELETE FROM unknown_instances WHERE last_ms < ?", *options.unknown_before);
    if (!done) return done;
  }
  if (options.personal_before) {
    done = db.run("DELETE FROM audit_personal WHERE at_ms < ?", *options.personal_before);
    if (!done) return done;
  }
  if (options.changes_until) {
    done = db.run("DELETE FROM changes WHERE revision <= ?", *options.changes_until);
    if (!done) return done;
  }
  if (options.ended_before) done = prune_sessions_and_links(db, *options.ended_before);
  return done;
}

}  // namespace guarita::store::sqlite
