// The snapshot as a file beside the database: a start reads it instead of building it from every
// row of the store (ADR 14). Whatever is wrong with it, the store is there to build from.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/snapshot.h"
#include "store/store.h"

namespace guarita::control {

// "/var/lib/guarita/guarita.db.snapshot". A restore removes it (store/sqlite/restore.cc).
std::filesystem::path snapshot_file_of(const std::filesystem::path& database);

struct SnapshotFileProblem {
  enum class Kind : std::uint8_t { Absent, Unusable } kind = Kind::Unusable;
  std::string why;  // half a sentence, for an operator: "it is damaged"
};
template <class T>
using SnapshotFileResult = Result<T, SnapshotFileProblem>;

// What became of the store's rows after the revision of the file.
struct CatchUp {
  struct Account {
    store::AccountRow row;
    std::vector<store::TokenRow> tokens;
    std::vector<store::IpEntry> ip_list;
  };
  std::chrono::steady_clock::time_point begun{};  // when the file was opened, for the log
  store::Revision revision = 0;                   // the store's
  std::uint64_t changes = 0;                      // since the file
  std::vector<std::string> gone;  // ids of instances; they may be among `instances` again
  std::vector<Account> accounts;  // as they are now
  std::vector<store::InstanceRow> instances;
};

struct SnapshotFromFile {
  std::unique_ptr<policy::Snapshot> snapshot;  // at the file's revision
  CatchUp catch_up;
};

// Unusable: damaged, of another store, layout or history, ahead of the store, too far behind it,
// or without what `folded` asks for. REQUIRES: nobody changes the store meanwhile.
SnapshotFileResult<SnapshotFromFile> load_snapshot_file(const std::filesystem::path& file,
                                                        store::Store& store,
                                                        policy::FoldedIndex folded);

// On disk, whole, mode 0600, when this returns; else what was there before stays. REQUIRES: the
// snapshot is at the store's revision, nobody changes it, and no block in it is retired.
SnapshotFileResult<void> save_snapshot_file(const std::filesystem::path& file, store::Store& store,
                                            const policy::Snapshot& snapshot);

// What its head says; the rest is not looked at.
struct SnapshotFileInfo {
  store::Revision revision = 0;
  std::uint64_t instances = 0;
  std::uint64_t bytes = 0;
};
SnapshotFileResult<SnapshotFileInfo> inspect_snapshot_file(const std::filesystem::path& file);

}  // namespace guarita::control
