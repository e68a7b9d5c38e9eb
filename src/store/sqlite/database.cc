#include "store/sqlite/database.h"

#include <cerrno>

#include "crypto/crypto.h"

namespace guarita::store::sqlite {

namespace {

constexpr int kBusyMillis = 2000;

StoreError make(StoreErrorKind kind, const char* text, const char* remedy) {
  return StoreError{.kind = kind, .text = text, .remedy = remedy, .internal = {}};
}

StoreError disk_full() {
  return make(StoreErrorKind::Full, "the disk of the store is full",
              "free space on the file system of the database, then try again; nothing was changed");
}

StoreError constraint_error(int code, std::string_view message) {
  if (message.find("dead token") != std::string_view::npos) {
    return make(StoreErrorKind::DeadToken, "a revoked or expired token cannot live again",
                "generate a new token");
  }
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return make(StoreErrorKind::AlreadyExists, "it exists already", "choose another id");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return make(StoreErrorKind::NotFound, "the account does not exist", "guarita account list");
    default:
      return make(StoreErrorKind::Invalid, "the store cannot hold this value", "correct the value");
  }
}

StoreError classify(int code, int system_errno, std::string_view message) {
  switch (code & 0xff) {
    case SQLITE_FULL: return disk_full();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(StoreErrorKind::Busy, "another process holds the database",
                  "try again; `guarita doctor` shows who uses the folder");
    case SQLITE_READONLY:
      return make(StoreErrorKind::ReadOnly, "the database cannot be written",
                  "give the server's user write permission on the file and on its folder, and "
                  "check that the file system is not mounted read-only");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      if (system_errno == ENOSPC || system_errno == EDQUOT) return disk_full();
      return make(StoreErrorKind::CannotOpen, "the database cannot be opened",
                  "check that [store] sqlite names a file in an existing folder that the server's "
                  "user may read and write");
    case SQLITE_CORRUPT:
      return make(StoreErrorKind::Corrupt, "the database is damaged",
                  "stop the server and run `guarita restore FILE` with the latest backup");
    case SQLITE_NOTADB:
      return make(StoreErrorKind::NotAStore, "the file is not a Guarita database",
                  "correct [store] sqlite, or run `guarita restore FILE` with the latest backup");
    case SQLITE_CONSTRAINT: return constraint_error(code, message);
    case SQLITE_TOOBIG:
      return make(StoreErrorKind::Invalid, "the value is too long", "shorten the value");
    case SQLITE_IOERR:
      if (system_errno == ENOSPC || system_errno == EDQUOT) return disk_full();
      [[fallthrough]];
    default:
      return make(StoreErrorKind::Io, "the store failed", "see the server's log, then try again");
  }
}

}  // namespace

StoreError error_of(int code, int system_errno, std::string_view message, std::string_view doing) {
  StoreError e = classify(code, system_errno, message);
  e.internal.append("sqlite ").append(std::to_string(code)).append(": ").append(message);
  e.internal.append(" (").append(doing).append(")");
  return e;
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      entry_(std::exchange(other.entry_, nullptr)),
      code_(other.code_),
      parameter_(other.parameter_),
      done_(other.done_) {}

Statement::~Statement() {
  if (entry_ == nullptr) return;
  sqlite3_reset(entry_->raw);
  sqlite3_clear_bindings(entry_->raw);
  entry_->lent = false;
}

void Statement::note(int code) {
  if (code_ == SQLITE_OK && code != SQLITE_OK) code_ = code;
}

Statement& Statement::bind(std::int64_t value) {
  if (entry_ != nullptr) note(sqlite3_bind_int64(entry_->raw, ++parameter_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL; an empty view may hold one.
  const char* data = text.empty() ? "" : text.data();
  if (entry_ != nullptr) {
    note(sqlite3_bind_text64(entry_->raw, ++parameter_, data, text.size(), SQLITE_STATIC,
                             SQLITE_UTF8));
  }
  return *this;
}

Statement& Statement::bind(Bytes bytes) {
  if (entry_ == nullptr) return *this;
  ++parameter_;
  note(bytes.empty() ? sqlite3_bind_zeroblob(entry_->raw, parameter_, 0)
                     : sqlite3_bind_blob64(entry_->raw, parameter_, bytes.data(), bytes.size(),
                                           SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind(std::nullopt_t) {
  if (entry_ != nullptr) note(sqlite3_bind_null(entry_->raw, ++parameter_));
  return *this;
}

bool Statement::next() {
  if (entry_ == nullptr || code_ != SQLITE_OK || done_) return false;
  const int code = sqlite3_step(entry_->raw);
  if (code == SQLITE_ROW) return true;
  done_ = true;
  if (code != SQLITE_DONE) code_ = code;
  return false;
}

StoreResult<void> Statement::finish() {
  while (next()) {
  }
  return outcome();
}

StoreResult<void> Statement::outcome() const {
  if (code_ == SQLITE_OK) return {};
  const char* sql = entry_ != nullptr ? sqlite3_sql(entry_->raw) : "prepare";
  return Err<StoreError>(db_->error(code_, sql));
}

void Statement::rewind() {
  if (entry_ == nullptr) return;
  sqlite3_reset(entry_->raw);
  parameter_ = 0;
  done_ = false;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(entry_->raw, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(entry_->raw, column);
}

std::string_view Statement::text(int column) const {
  const auto* data = sqlite3_column_text(entry_->raw, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(entry_->raw, column))};
}

Bytes Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(entry_->raw, column);
  if (data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(entry_->raw, column))};
}

std::optional<Time> Statement::maybe_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

namespace {

// id_hash(id): the first 8 bytes of its SHA-256, big-endian.
void id_hash(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  const crypto::Digest digest = crypto::sha256(std::string_view(text, text == nullptr ? 0 : bytes));
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = hash << 8 | digest[i];
  sqlite3_result_int64(context, static_cast<std::int64_t>(hash));
}

}  // namespace

StoreResult<Database> Database::open(const std::filesystem::path& file, Access access) {
  // Before the first connection: counting memory takes a lock for each allocation.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::Read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::Create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (code != SQLITE_OK) return Err<StoreError>(db.error(code, "open " + file.string()));
  sqlite3_busy_timeout(raw, kBusyMillis);
  const int made = sqlite3_create_function_v2(raw, "id_hash", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                              nullptr, &id_hash, nullptr, nullptr, nullptr);
  if (made != SQLITE_OK) return Err<StoreError>(db.error(made, "define id_hash"));
  const std::string setup = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
  if (auto ok = db.script(setup); !ok) return Err<StoreError>(std::move(ok.error()));
  return db;
}

StoreResult<void> Database::use_wal() {
  // In memory: what a savepoint must undo would else go through a file, once per change.
  // The cache holds what one batch of an import changes, a page for each row where ids are random:
  // what does not fit is spilled, to be read and written again. The log is moved into the database
  // at 64 MiB.
  return script(
      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -40000; PRAGMA wal_autocheckpoint = 16384;"
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;"
      "PRAGMA journal_size_limit = 67108864;");
}

Statement Database::prepare(std::string_view sql) {
  Statement::Entry& entry = cache_->entries[sql];
  int code = SQLITE_OK;
  if (entry.raw == nullptr) {
    code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                              SQLITE_PREPARE_PERSISTENT, &entry.raw, nullptr);
  } else if (entry.lent) {
    code = SQLITE_MISUSE;  // the same statement inside its own loop: a bug of ours
  }
  if (code != SQLITE_OK || entry.raw == nullptr) {
    return {*this, nullptr, code == SQLITE_OK ? SQLITE_MISUSE : code};
  }
  entry.lent = true;
  return {*this, &entry, SQLITE_OK};
}

StoreResult<void> Database::script(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return Err<StoreError>(error(code, "script"));
}

StoreResult<std::int64_t> Database::number(std::string_view sql) {
  Statement s = prepare(sql);
  const std::int64_t value = s.next() ? s.integer(0) : 0;
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return value;
}

StoreError Database::error(int code, std::string_view doing) const {
  if (db_ == nullptr) return error_of(code, 0, "out of memory", doing);
  return error_of(code, sqlite3_system_errno(db_.get()), sqlite3_errmsg(db_.get()), doing);
}

StoreResult<Transaction> Transaction::begin(Database& db, Kind kind) {
  auto begun = kind == Kind::Write ? db.run("BEGIN IMMEDIATE") : db.run("BEGIN DEFERRED");
  if (!begun) return Err<StoreError>(std::move(begun.error()));
  return Transaction(db);
}

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some failures (full disk, I/O error).
  if (db_ == nullptr || !db_->in_transaction()) return;
  (void)db_->run("ROLLBACK");
}

StoreResult<void> Transaction::commit() {
  if (auto done = db_->run("COMMIT"); !done) return done;  // the destructor rolls back
  db_ = nullptr;
  return {};
}

}  // namespace guarita::store::sqlite
