#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>

#include <algorithm>

#include "base/log.h"
#include "store/sqlite/activity.h"
#include "store/sqlite/apply.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/user_rows.h"

namespace guarita::store::sqlite {

namespace {

StoreError read_only() {
  return refuse(StoreErrorKind::ReadOnly, "the store was opened for reading",
                "make the change through the running server");
}

void complain(const char* what, const StoreError& e) {
  log::error("store", what, {{"error", e.text}, {"internal", e.internal}});
}

// Backs an existing database up before its schema changes. The name says what it is.
StoreResult<void> back_up_before_migrating(Database& db, const Path& file) {
  auto version = schema_version(db);
  if (!version) return Err<StoreError>(std::move(version.error()));
  auto revision = db.number("SELECT revision FROM store");
  if (!revision) return Err<StoreError>(std::move(revision.error()));
  const std::string suffix =
      ".schema-" + std::to_string(*version) + "-revision-" + std::to_string(*revision) + ".backup";
  const Path copy = beside(file, suffix.c_str());
  auto made = copy_database(db, copy);
  // There already: an earlier start was stopped between the copy and the migration, and nothing
  // was served since, for this binary serves only what it has migrated.
  if (!made && made.error().kind != StoreErrorKind::FileExists) return made;
  log::warn("store", "migrating the database; a backup was written",
            {{"backup", copy.string()}, {"schema", static_cast<std::int64_t>(*version)}});
  return {};
}

StoreResult<void> make_current(Database& db, const Path& file, const SqliteOptions& options) {
  auto state = check_schema(db);
  if (!state) return Err<StoreError>(std::move(state.error()));
  if (auto ok = db.use_wal(); !ok) return ok;
  if (options.pages_max != 0) {
    auto ok = db.script("PRAGMA max_page_count = " + std::to_string(options.pages_max));
    if (!ok) return ok;
  }
  if (*state == SchemaState::Present) return {};
  if (*state == SchemaState::Older) {
    if (auto ok = back_up_before_migrating(db, file); !ok) return ok;
  }
  return migrate(db);
}

// The mark that is on disk from now on.
StoreResult<HighWater> check_mark(Database& db, const Path& file) {
  auto mark = load_high_water(file);
  if (!mark) return Err<StoreError>(std::move(mark.error()));
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  if (*mark) {
    auto ok = check_high_water(db, *info, **mark);
    if (!ok) return Err<StoreError>(std::move(ok.error()));
  }
  const HighWater reached = high_water_of(*info);
  auto saved = save_high_water(file, reached);
  if (!saved) return Err<StoreError>(std::move(saved.error()));
  return reached;
}

// A database that vanished is not a new one.
StoreResult<void> refuse_missing(const Path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {};
  auto mark = load_high_water(file);
  if (!mark) return Err<StoreError>(std::move(mark.error()));
  if (!*mark || (*mark)->revision == 0) return {};
  return Err<StoreError>(
      refuse(StoreErrorKind::RolledBack,
             "the database " + file.string() + " is missing, but one was served here before",
             "put it back, or restore a backup: guarita restore FILE --accept-loss"));
}

StoreResult<Database> open_for_writing(const SqliteOptions& options) {
  if (auto ok = refuse_missing(options.file); !ok) return Err<StoreError>(std::move(ok.error()));
  {  // SQLite would make it readable for everybody
    auto created = File::open(options.file, O_RDWR | O_CREAT);
    if (!created) return Err<StoreError>(std::move(created.error()));
  }
  auto db = Database::open(options.file, Access::Write);
  if (!db) return db;
  if (auto ok = make_current(*db, options.file, options); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  return db;
}

StoreResult<Database> open_for_reading(const Path& file) {
  auto db = Database::open(file, Access::Read);
  if (!db) return db;
  auto state = check_schema(*db);
  if (!state) return Err<StoreError>(std::move(state.error()));
  if (*state == SchemaState::Empty) {
    return Err<StoreError>(refuse(StoreErrorKind::NotAStore, file.string() + " is empty",
                                  "name the database file of the server"));
  }
  return db;
}

}  // namespace

StoreResult<std::unique_ptr<Store>> SqliteStore::open(const SqliteOptions& options) {
  std::optional<File> lock;
  std::unique_ptr<Guarded<Writer>> writer;
  if (options.mode == OpenMode::Serve) {
    auto taken = take_folder_lock(options.file);
    if (!taken) return Err<StoreError>(std::move(taken.error()));
    lock.emplace(std::move(*taken));
    auto db = open_for_writing(options);
    if (!db) return Err<StoreError>(std::move(db.error()));
    auto reached = check_mark(*db, options.file);
    if (!reached) return Err<StoreError>(std::move(reached.error()));
    std::optional<AuditSink> sink;
    if (!options.audit_sink.empty()) {
      auto opened = AuditSink::open(options.audit_sink, *db);
      if (!opened) return Err<StoreError>(std::move(opened.error()));
      if (auto ok = opened->catch_up(*db); !ok) return Err<StoreError>(std::move(ok.error()));
      sink.emplace(std::move(*opened));
    }
    writer = std::make_unique<Guarded<Writer>>(std::move(*db), std::move(sink), *reached);
  }
  auto reader = open_for_reading(options.file);
  if (!reader) return Err<StoreError>(std::move(reader.error()));
  return std::unique_ptr<Store>(
      new SqliteStore(options.file, std::move(lock), std::move(*reader), std::move(writer)));
}

SqliteStore::~SqliteStore() {
  if (auto ok = save_mark(); !ok) complain("high-water file", ok.error());
}

// After the commit nothing is an error: what failed here is made up for at the next commit, or
// when the store is opened again.
void SqliteStore::follow_commit(Writer& writer, const Committed& last) {
  writer.reached.revision = last.revision;
  writer.reached.head = last.head.hash;
  if (!writer.sink) return;
  if (auto ok = writer.sink->catch_up(writer.db); !ok) complain("audit sink", ok.error());
}

std::vector<StoreResult<Committed>> SqliteStore::apply(std::span<const Change> changes) {
  if (writer_ == nullptr) {
    std::vector<StoreResult<Committed>> refused;
    refused.reserve(changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      refused.emplace_back(std::unexpect, read_only());
    }
    return refused;
  }
  return writer_->with([&](Writer& writer) {
    auto results = apply_all(writer.db, changes);
    const auto last = std::ranges::find_if(results.rbegin(), results.rend(),
                                           [](const auto& r) { return r.has_value(); });
    if (last != results.rend()) follow_commit(writer, **last);
    return results;
  });
}

StoreResult<void> SqliteStore::save_mark() {
  if (writer_ == nullptr) return {};
  return saved_.with([&](Revision& saved) -> StoreResult<void> {
    const HighWater reached = writer_->with([](const Writer& writer) { return writer.reached; });
    if (reached.revision == saved) return {};
    if (auto ok = save_high_water(file_, reached); !ok) return ok;
    saved = reached.revision;
    return {};
  });
}

StoreResult<Revision> SqliteStore::load_all(SnapshotVisitor& visitor) {
  auto db = open_for_reading(file_);
  if (!db) return Err<StoreError>(std::move(db.error()));
  return stream_all(*db, visitor);
}

StoreResult<AuditReport> SqliteStore::verify_audit(const std::optional<crypto::Digest>& head) {
  auto db = open_for_reading(file_);
  if (!db) return Err<StoreError>(std::move(db.error()));
  return sqlite::verify_audit(*db, head);
}

StoreResult<void> SqliteStore::backup(const std::filesystem::path& file) {
  auto db = open_for_reading(file_);
  if (!db) return Err<StoreError>(std::move(db.error()));
  return copy_database(*db, file);
}

StoreResult<StoreInfo> SqliteStore::info() {
  return reader_.with([](Database& db) { return read_info(db); });
}
StoreResult<AccountRow> SqliteStore::account(const AccountKey& key) {
  return reader_.with([&](Database& db) { return find_account(db, key); });
}
StoreResult<AccountRow> SqliteStore::account_by_id(std::string_view id) {
  return reader_.with([&](Database& db) { return find_account(db, id); });
}
StoreResult<Page<AccountRow>> SqliteStore::accounts(const AccountFilter& filter,
                                                    const PageRequest& page) {
  return reader_.with([&](Database& db) { return read_accounts(db, filter, page); });
}
StoreResult<std::uint64_t> SqliteStore::count_accounts() {
  return reader_.with([](Database& db) { return read_account_count(db); });
}
StoreResult<std::uint64_t> SqliteStore::count_instances(const std::optional<AccountKey>& of) {
  return reader_.with([&](Database& db) { return read_instance_count(db, of); });
}
StoreResult<InstanceRow> SqliteStore::instance(const InstanceKey& key) {
  return reader_.with([&](Database& db) { return find_instance(db, key); });
}
StoreResult<InstanceRow> SqliteStore::instance_by_id(std::string_view id) {
  return reader_.with([&](Database& db) { return find_instance(db, id); });
}
StoreResult<Page<InstanceRow>> SqliteStore::instances(const InstanceFilter& filter,
                                                      const PageRequest& page) {
  return reader_.with([&](Database& db) { return read_instances(db, filter, page); });
}
StoreResult<NamedRows> SqliteStore::named(std::span<const std::string_view> account_ids,
                                          std::span<const std::string_view> instance_ids) {
  return reader_.with([&](Database& db) { return read_named(db, account_ids, instance_ids); });
}
StoreResult<bool> SqliteStore::has_instance_token(const AccountKey& account,
                                                  const InstanceTokenDigest& digest) {
  return reader_.with([&](Database& db) { return read_has_instance_token(db, account, digest); });
}
StoreResult<std::vector<TokenRow>> SqliteStore::tokens(const AccountKey& account) {
  return reader_.with([&](Database& db) { return find_tokens(db, account); });
}
StoreResult<std::vector<IpEntry>> SqliteStore::ip_list(const AccountKey& account) {
  return reader_.with([&](Database& db) { return find_ip_list(db, account); });
}
StoreResult<std::vector<TokenRow>> SqliteStore::due_tokens(Time now) {
  return reader_.with([&](Database& db) { return read_due_tokens(db, now); });
}
StoreResult<AdminTokenRow> SqliteStore::admin_token(const crypto::Digest& digest) {
  return reader_.with([&](Database& db) { return find_admin_token(db, digest); });
}
StoreResult<std::vector<AdminTokenRow>> SqliteStore::admin_tokens() {
  return reader_.with([](Database& db) { return read_admin_tokens(db); });
}
StoreResult<UserRow> SqliteStore::user(const UserKey& key) {
  return reader_.with([&](Database& db) { return read_user(db, key); });
}
StoreResult<UserRow> SqliteStore::user_by_email(std::string_view folded) {
  return reader_.with([&](Database& db) { return read_user(db, folded); });
}
StoreResult<Page<UserRow>> SqliteStore::users(const UserFilter& filter, const PageRequest& page) {
  return reader_.with([&](Database& db) { return read_users(db, filter, page); });
}
StoreResult<SessionRow> SqliteStore::session(const crypto::Digest& digest) {
  return reader_.with([&](Database& db) { return find_session(db, digest); });
}
StoreResult<std::vector<SessionRow>> SqliteStore::sessions(const UserKey& user) {
  return reader_.with([&](Database& db) { return read_sessions(db, user); });
}
StoreResult<LinkRow> SqliteStore::link(const crypto::Digest& digest) {
  return reader_.with([&](Database& db) { return find_link(db, digest); });
}
StoreResult<std::vector<ChangeRow>> SqliteStore::changes_since(Revision since, std::size_t limit) {
  return reader_.with([&](Database& db) { return read_changes(db, since, limit); });
}
StoreResult<Page<AuditRow>> SqliteStore::audit(const AuditFilter& filter, const PageRequest& page) {
  return reader_.with([&](Database& db) { return read_audit_page(db, filter, page); });
}
StoreResult<AuditHead> SqliteStore::audit_head() {
  auto now = info();
  if (!now) return Err<StoreError>(std::move(now.error()));
  return now->head;
}
StoreResult<crypto::Digest> SqliteStore::audit_hash(std::uint64_t seq) {
  return reader_.with([&](Database& db) { return read_audit_hash(db, seq); });
}
StoreResult<std::vector<DeletedRow>> SqliteStore::deleted_since(std::uint64_t seq) {
  return reader_.with([&](Database& db) { return read_deleted(db, seq); });
}
StoreResult<std::vector<CounterRow>> SqliteStore::counters(const CounterFilter& filter) {
  return reader_.with([&](Database& db) { return read_counters(db, filter); });
}
StoreResult<Page<UnknownInstanceRow>> SqliteStore::unknown_instances(const PageRequest& page) {
  return reader_.with([&](Database& db) { return read_unknown_instances(db, page); });
}

template <class F>
auto SqliteStore::write(F&& f) -> std::invoke_result_t<F, Database&> {
  using Written = std::invoke_result_t<F, Database&>;
  if (writer_ == nullptr) return Err<StoreError>(read_only());
  return writer_->with([&](Writer& writer) -> Written {
    auto transaction = Transaction::begin(writer.db, Transaction::Kind::Write);
    if (!transaction) return Err<StoreError>(std::move(transaction.error()));
    Written written = f(writer.db);
    if (!written) return written;
    if (auto ok = transaction->commit(); !ok) return Err<StoreError>(std::move(ok.error()));
    return written;
  });
}

StoreResult<void> SqliteStore::add_counters(std::span<const CounterRow> deltas) {
  return write([&](Database& db) { return write_counters(db, deltas); });
}
StoreResult<void> SqliteStore::touch_tokens(std::span<const TokenUse> uses) {
  return write([&](Database& db) { return write_token_uses(db, uses); });
}
StoreResult<void> SqliteStore::touch_admin_token(const AdminTokenKey& key, Time at) {
  return write([&](Database& db) { return write_admin_token_use(db, key, at); });
}
StoreResult<void> SqliteStore::touch_unknown_instances(std::span<const UnknownInstanceRow> seen) {
  return write([&](Database& db) { return write_unknown_instances(db, seen); });
}
StoreResult<void> SqliteStore::touch_session(const SessionKey& key, Time at) {
  return write([&](Database& db) { return write_session_seen(db, key, at); });
}
StoreResult<void> SqliteStore::reauthenticated(const SessionKey& key, Time at) {
  return write([&](Database& db) { return write_reauthenticated(db, key, at); });
}
StoreResult<bool> SqliteStore::use_totp_step(const UserKey& user, std::uint64_t step) {
  return write([&](Database& db) { return write_totp_step(db, user, step); });
}
StoreResult<bool> SqliteStore::use_recovery_code(const UserKey& user, const crypto::Digest& code) {
  return write([&](Database& db) { return write_recovery_code_use(db, user, code); });
}
StoreResult<void> SqliteStore::prune(const PruneOptions& options) {
  return write([&](Database& db) { return prune_rows(db, options); });
}

StoreResult<void> SqliteStore::note_activity(std::span<const CallerRow> callers,
                                             std::span<const InstanceCall> calls) {
  return write([&](Database& db) { return write_activity(db, callers, calls); });
}
StoreResult<std::vector<CallerRow>> SqliteStore::callers(const AccountKey& account, Time since) {
  return reader_.with([&](Database& db) { return read_callers(db, account, since); });
}
StoreResult<void> SqliteStore::forget_callers(Time before) {
  return write([&](Database& db) { return remove_callers(db, before); });
}
StoreResult<std::vector<InstanceActivity>> SqliteStore::instance_activity(
    std::span<const InstanceRow> instances, Time since) {
  return reader_.with([&](Database& db) { return read_instance_activity(db, instances, since); });
}
StoreResult<std::vector<CounterRow>> SqliteStore::account_traffic(
    const std::optional<AccountKey>& account, Time from, Time until) {
  return reader_.with([&](Database& db) { return read_account_traffic(db, account, from, until); });
}
StoreResult<std::vector<CounterRow>> SqliteStore::instance_traffic(const AccountKey& account,
                                                                   const InstanceKey& instance,
                                                                   Time from, Time until) {
  return reader_.with(
      [&](Database& db) { return read_instance_traffic(db, account, instance, from, until); });
}
StoreResult<std::vector<CounterRow>> SqliteStore::places(const AccountKey& account, Time from,
                                                         std::span<const std::string_view> except,
                                                         std::size_t limit) {
  return reader_.with([&](Database& db) { return read_places(db, account, from, except, limit); });
}

}  // namespace guarita::store::sqlite

namespace guarita::store {

StoreResult<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options) {
  auto opened = sqlite::SqliteStore::open(options);
  if (!opened && !opened.error().text.contains(options.file.string())) {
    opened.error().text.insert(0, options.file.string() + ": ");  // whoever reads it asks: which
  }
  return opened;
}

}  // namespace guarita::store
