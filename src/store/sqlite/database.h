// SQLite's C API behind RAII: a connection, its cached statements, its errors as StoreError.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace guarita::store::sqlite {

using Bytes = std::span<const std::uint8_t>;

// The error of result code `code`; `doing` completes "cannot …" in the internal text.
StoreError error_of(int code, int system_errno, std::string_view message, std::string_view doing);

class Database;

// A prepared statement borrowed from its connection's cache; goes back reset when this ends.
// A failure is kept: next() turns false, finish() tells.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Bind the next parameter. Text and bytes must live until the last next().
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view text);
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(Bytes bytes);
  Statement& bind(const Uuid& id) { return bind(Bytes(id.bytes)); }
  template <class Tag>
  Statement& bind(const Key<Tag>& key) {
    return bind(key.uuid);
  }
  template <std::size_t N>
  Statement& bind(const std::array<std::uint8_t, N>& bytes) {
    return bind(Bytes(bytes));
  }
  Statement& bind(Time t) { return bind(static_cast<std::int64_t>(t.time_since_epoch().count())); }
  Statement& bind(std::nullopt_t);
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(std::nullopt);
  }

  bool next();                        // true: a row is there
  StoreResult<void> finish();         // runs to the end
  StoreResult<void> outcome() const;  // of what was run so far
  void rewind();                      // ready for new bindings

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string_view text(int column) const;  // valid until next()
  Bytes bytes(int column) const;            // valid until next()
  Time time(int column) const { return Time(Millis(integer(column))); }
  std::optional<Time> maybe_time(int column) const;
  // Zeros where the column has another length: the schema's CHECKs keep that out.
  template <std::size_t N>
  std::array<std::uint8_t, N> fixed(int column) const {
    std::array<std::uint8_t, N> out{};
    const Bytes from = bytes(column);
    if (from.size() == N) std::copy(from.begin(), from.end(), out.begin());
    return out;
  }
  Uuid uuid(int column) const { return Uuid{fixed<16>(column)}; }

 private:
  friend class Database;
  struct Entry {
    sqlite3_stmt* raw = nullptr;
    bool lent = false;
  };
  Statement(Database& db, Entry* entry, int code) : db_(&db), entry_(entry), code_(code) {}
  void note(int code);

  Database* db_;
  Entry* entry_;  // null: could not be prepared, code_ says why
  int code_;
  int parameter_ = 0;
  bool done_ = false;
};

enum class Access : std::uint8_t { Write, Create, Read };

// One connection. One thread at a time.
class Database {
 public:
  // With foreign keys, a busy timeout and the function id_hash(id) (migration 7). Does not touch
  // the file.
  static StoreResult<Database> open(const std::filesystem::path& file, Access access);
  // Readers beside the writer, and every commit on disk. Once the file is known to be ours.
  StoreResult<void> use_wal();

  // `sql` must have static storage: it is the key of the cache.
  Statement prepare(std::string_view sql);
  template <class... Args>
  StoreResult<void> run(std::string_view sql, const Args&... args) {
    Statement s = prepare(sql);
    (s.bind(args), ...);
    return s.finish();
  }
  StoreResult<void> script(const std::string& sql);  // several statements, no parameters
  StoreResult<std::int64_t> number(std::string_view sql);

  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  std::int64_t changed_rows() const { return sqlite3_changes64(db_.get()); }
  StoreError error(int code, std::string_view doing) const;
  sqlite3* raw() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Cache {
    std::unordered_map<std::string_view, Statement::Entry> entries;
    ~Cache() {
      for (auto& [sql, entry] : entries) sqlite3_finalize(entry.raw);
    }
  };
  explicit Database(sqlite3* raw) : db_(raw), cache_(std::make_unique<Cache>()) {}

  std::unique_ptr<sqlite3, Close> db_;
  std::unique_ptr<Cache> cache_;
};

// BEGIN … COMMIT; rolls back when it ends uncommitted.
class Transaction {
 public:
  enum class Kind : std::uint8_t { Read, Write };
  static StoreResult<Transaction> begin(Database& db, Kind kind);
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  StoreResult<void> commit();

 private:
  explicit Transaction(Database& db) : db_(&db) {}
  Database* db_;
};

}  // namespace guarita::store::sqlite
