#include "store/sqlite/schema.h"

#include <array>

namespace guarita::store::sqlite {

namespace {

constexpr char k0001[] = {
#embed "../migrations/0001_core.sql"
};
constexpr char k0002[] = {
#embed "../migrations/0002_bookkeeping.sql"
};
constexpr char k0003[] = {
#embed "../migrations/0003_users.sql"
};
constexpr char k0004[] = {
#embed "../migrations/0004_activity.sql"
};
constexpr char k0005[] = {
#embed "../migrations/0005_cheaper_checks.sql"
};
constexpr char k0006[] = {
#embed "../migrations/0006_due_tokens.sql"
};
constexpr char k0007[] = {
#embed "../migrations/0007_instance_id_hash.sql"
};

constexpr std::array kMigrations{
    Migration{1, "core", {k0001, sizeof k0001}},
    Migration{2, "bookkeeping", {k0002, sizeof k0002}},
    Migration{3, "users", {k0003, sizeof k0003}},
    Migration{4, "activity", {k0004, sizeof k0004}},
    Migration{5, "cheaper checks", {k0005, sizeof k0005}},
    Migration{6, "due tokens", {k0006, sizeof k0006}},
    Migration{7, "instance id hash", {k0007, sizeof k0007}},
};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

StoreResult<unsigned> schema_version(Database& db) {
  auto version = db.number("PRAGMA user_version");
  if (!version) return Err<StoreError>(std::move(version.error()));
  return static_cast<unsigned>(*version);
}

StoreResult<SchemaState> check_schema(Database& db) {
  auto application = db.number("PRAGMA application_id");
  if (!application) return Err<StoreError>(std::move(application.error()));
  auto tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return Err<StoreError>(std::move(tables.error()));
  auto version = schema_version(db);
  if (!version) return Err<StoreError>(std::move(version.error()));
  if (*application == 0 && *tables == 0 && *version == 0) return SchemaState::Empty;
  if (*application != kApplicationId) {
    return Err<StoreError>(
        StoreError{.kind = StoreErrorKind::NotAStore,
                   .text = "the file is a database of another program",
                   .remedy = "let [store] sqlite name a file of its own",
                   .internal = "application_id " + std::to_string(*application)});
  }
  const unsigned ours = migrations().back().version;
  if (*version > ours) {
    return Err<StoreError>(StoreError{
        .kind = StoreErrorKind::NewerSchema,
        .text = "the database was written by a newer Guarita (schema " + std::to_string(*version) +
                ", this one knows " + std::to_string(ours) + ")",
        .remedy = "install that version again, or restore the backup that it made before migrating",
        .internal = {}});
  }
  return *version < ours ? SchemaState::Older : SchemaState::Present;
}

StoreResult<void> migrate(Database& db, unsigned version) {
  auto present = schema_version(db);
  if (!present) return Err<StoreError>(std::move(present.error()));
  for (const Migration& m : migrations()) {
    if (m.version <= *present || m.version > version) continue;
    auto transaction = Transaction::begin(db, Transaction::Kind::Write);
    if (!transaction) return Err<StoreError>(std::move(transaction.error()));
    std::string script(m.sql);
    script += "\nPRAGMA application_id = " + std::to_string(kApplicationId) + ";";
    script += "\nPRAGMA user_version = " + std::to_string(m.version) + ";";
    if (auto ok = db.script(script); !ok) return ok;
    if (auto ok = transaction->commit(); !ok) return ok;
  }
  return {};
}

}  // namespace guarita::store::sqlite
