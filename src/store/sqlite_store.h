// The store in one SQLite file: opening, restoring, and the offline tools' way in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/store.h"

namespace guarita::store {

enum class OpenMode : std::uint8_t {
  Serve,     // creates or migrates, takes the folder's lock (FolderInUse), checks the high water
  ReadOnly,  // offline tools, also beside a running server: no lock, no migration, no writes
};

struct SqliteOptions {
  std::filesystem::path file{};
  OpenMode mode = OpenMode::Serve;
  // Every audit row also goes here as a JSON line, on disk before apply() returns; "" = none.
  // What it lacks after a crash is written at the next open.
  std::filesystem::path audit_sink{};
  // 0: no limit. Else the database cannot outgrow this many pages: Full.
  std::uint32_t pages_max = 0;
};

StoreResult<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options);

enum class AcceptLoss : std::uint8_t { No, Yes };
struct RestoreOptions {
  std::filesystem::path backup{};  // empty: `target` itself, as somebody put it there
  std::filesystem::path target{};  // the database file of the (stopped) server
  // No: refused (RolledBack) when the backup is behind the high-water file of the target.
  // Yes: the epoch is raised, what the audit sink knows to be revoked, deleted or
  // taken away is so again, and every session and unused link of a user has ended.
  AcceptLoss accept_loss = AcceptLoss::No;
  std::filesystem::path audit_sink{};
  Time now{};
};
struct RestoreReport {
  StoreInfo info{};
  std::filesystem::path replaced{};  // where the former database went; empty: there was none
  std::uint64_t revisions_lost = 0;
  std::uint64_t revocations_reapplied = 0;
  std::vector<std::string> warnings{};
};
// FolderInUse while a server runs on the target.
StoreResult<RestoreReport> restore_sqlite(const RestoreOptions& options);

}  // namespace guarita::store
