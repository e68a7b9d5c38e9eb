// The Store over one SQLite file. Two long-lived connections, each behind its own mutex: one
// writes, one reads beside it (WAL: a reader sees whole commits only and never waits for the
// writer). What takes long (load_all, verify_audit, backup) opens a connection of its own.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "store/sqlite/audit_sink.h"
#include "store/sqlite/database.h"
#include "store/sqlite/files.h"
#include "store/sqlite_store.h"

namespace guarita::store::sqlite {

// Reads of one connection, grouped by what they read.
StoreResult<Page<AccountRow>> read_accounts(Database& db, const AccountFilter& filter,
                                            const PageRequest& page);
StoreResult<Page<InstanceRow>> read_instances(Database& db, const InstanceFilter& filter,
                                              const PageRequest& page);
StoreResult<std::uint64_t> read_account_count(Database& db);
StoreResult<std::uint64_t> read_instance_count(Database& db, const std::optional<AccountKey>& of);
StoreResult<std::vector<TokenRow>> read_due_tokens(Database& db, Time now);
StoreResult<NamedRows> read_named(Database& db, std::span<const std::string_view> account_ids,
                                  std::span<const std::string_view> instance_ids);
StoreResult<bool> read_has_instance_token(Database& db, const AccountKey& account,
                                          const InstanceTokenDigest& digest);
StoreResult<std::vector<AdminTokenRow>> read_admin_tokens(Database& db);
StoreResult<std::vector<ChangeRow>> read_changes(Database& db, Revision since, std::size_t limit);
StoreResult<Revision> stream_all(Database& db, SnapshotVisitor& visitor);

// Bookkeeping, each in one transaction.
StoreResult<void> write_counters(Database& db, std::span<const CounterRow> deltas);
StoreResult<std::vector<CounterRow>> read_counters(Database& db, const CounterFilter& filter);
StoreResult<void> write_token_uses(Database& db, std::span<const TokenUse> uses);
StoreResult<void> write_admin_token_use(Database& db, const AdminTokenKey& key, Time at);
StoreResult<void> write_unknown_instances(Database& db, std::span<const UnknownInstanceRow> seen);
StoreResult<Page<UnknownInstanceRow>> read_unknown_instances(Database& db, const PageRequest& page);
StoreResult<void> prune_rows(Database& db, const PruneOptions& options);

// A consistent copy of `from` in a new file, on disk when this returns.
StoreResult<void> copy_database(Database& from, const Path& to);

class SqliteStore final : public Store {
 public:
  static StoreResult<std::unique_ptr<Store>> open(const SqliteOptions& options);
  ~SqliteStore() override;

  std::vector<StoreResult<Committed>> apply(std::span<const Change> changes) override;
  StoreResult<Revision> load_all(SnapshotVisitor& visitor) override;
  StoreResult<StoreInfo> info() override;
  StoreResult<AccountRow> account(const AccountKey& key) override;
  StoreResult<AccountRow> account_by_id(std::string_view id) override;
  StoreResult<Page<AccountRow>> accounts(const AccountFilter& filter,
                                         const PageRequest& page) override;
  StoreResult<std::uint64_t> count_accounts() override;
  StoreResult<std::uint64_t> count_instances(const std::optional<AccountKey>& of) override;
  StoreResult<InstanceRow> instance(const InstanceKey& key) override;
  StoreResult<InstanceRow> instance_by_id(std::string_view id) override;
  StoreResult<Page<InstanceRow>> instances(const InstanceFilter& filter,
                                           const PageRequest& page) override;
  StoreResult<NamedRows> named(std::span<const std::string_view> account_ids,
                               std::span<const std::string_view> instance_ids) override;
  StoreResult<bool> has_instance_token(const AccountKey& account,
                                       const InstanceTokenDigest& digest) override;
  StoreResult<std::vector<TokenRow>> tokens(const AccountKey& account) override;
  StoreResult<std::vector<IpEntry>> ip_list(const AccountKey& account) override;
  StoreResult<std::vector<TokenRow>> due_tokens(Time now) override;
  StoreResult<AdminTokenRow> admin_token(const crypto::Digest& digest) override;
  StoreResult<std::vector<AdminTokenRow>> admin_tokens() override;
  StoreResult<UserRow> user(const UserKey& key) override;
  StoreResult<UserRow> user_by_email(std::string_view folded) override;
  StoreResult<Page<UserRow>> users(const UserFilter& filter, const PageRequest& page) override;
  StoreResult<SessionRow> session(const crypto::Digest& digest) override;
  StoreResult<std::vector<SessionRow>> sessions(const UserKey& user) override;
  StoreResult<LinkRow> link(const crypto::Digest& digest) override;
  StoreResult<std::vector<ChangeRow>> changes_since(Revision since, std::size_t limit) override;
  StoreResult<Page<AuditRow>> audit(const AuditFilter& filter, const PageRequest& page) override;
  StoreResult<AuditReport> verify_audit(const std::optional<crypto::Digest>& head) override;
  StoreResult<AuditHead> audit_head() override;
  StoreResult<crypto::Digest> audit_hash(std::uint64_t seq) override;
  StoreResult<std::vector<DeletedRow>> deleted_since(std::uint64_t seq) override;
  StoreResult<void> add_counters(std::span<const CounterRow> deltas) override;
  StoreResult<std::vector<CounterRow>> counters(const CounterFilter& filter) override;
  StoreResult<void> touch_tokens(std::span<const TokenUse> uses) override;
  StoreResult<void> touch_admin_token(const AdminTokenKey& key, Time at) override;
  StoreResult<void> touch_unknown_instances(std::span<const UnknownInstanceRow> seen) override;
  StoreResult<Page<UnknownInstanceRow>> unknown_instances(const PageRequest& page) override;
  StoreResult<void> touch_session(const SessionKey& key, Time at) override;
  StoreResult<void> reauthenticated(const SessionKey& key, Time at) override;
  StoreResult<bool> use_totp_step(const UserKey& user, std::uint64_t step) override;
  StoreResult<bool> use_recovery_code(const UserKey& user, const crypto::Digest& code) override;
  StoreResult<void> prune(const PruneOptions& options) override;
  StoreResult<void> backup(const std::filesystem::path& file) override;
  StoreResult<void> save_mark() override;

  StoreResult<void> note_activity(std::span<const CallerRow> callers,
                                  std::span<const InstanceCall> calls) override;
  StoreResult<std::vector<CallerRow>> callers(const AccountKey& account, Time since) override;
  StoreResult<void> forget_callers(Time before) override;
  StoreResult<std::vector<InstanceActivity>> instance_activity(
      std::span<const InstanceRow> instances, Time since) override;
  StoreResult<std::vector<CounterRow>> account_traffic(const std::optional<AccountKey>& account,
                                                       Time from, Time until) override;
  StoreResult<std::vector<CounterRow>> instance_traffic(const AccountKey& account,
                                                        const InstanceKey& instance, Time from,
                                                        Time until) override;
  StoreResult<std::vector<CounterRow>> places(const AccountKey& account, Time from,
                                              std::span<const std::string_view> except,
                                              std::size_t limit) override;

 private:
  struct Writer {
    Writer(Database d, std::optional<AuditSink> s, const HighWater& r)
        : db(std::move(d)), sink(std::move(s)), reached(r) {}
    Database db;
    std::optional<AuditSink> sink;
    HighWater reached;
  };
  SqliteStore(Path file, std::optional<File> lock, Database reader,
              std::unique_ptr<Guarded<Writer>> writer)
      : file_(std::move(file)),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        saved_(writer_ ? writer_->with([](const Writer& w) { return w.reached.revision; }) : 0),
        reader_(std::move(reader)) {}

  // f(Database&) in one transaction; what it returns.
  template <class F>
  auto write(F&& f) -> std::invoke_result_t<F, Database&>;
  static void follow_commit(Writer& writer, const Committed& last);

  Path file_;
  std::optional<File> lock_;                 // let go last
  std::unique_ptr<Guarded<Writer>> writer_;  // null: opened for reading
  Guarded<Revision> saved_;                  // in the high-water file; taken before writer_
  Guarded<Database> reader_;
};

}  // namespace guarita::store::sqlite
