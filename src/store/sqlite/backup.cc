#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "store/sqlite/sqlite_store.h"

namespace guarita::store::sqlite {

namespace {

// All pages in one step: one read transaction, so the copy is one moment of the store. In WAL a
// reader does not keep the writer waiting.
StoreResult<void> copy_pages(Database& from, Database& to) {
  sqlite3_backup* copy = sqlite3_backup_init(to.raw(), "main", from.raw(), "main");
  if (copy == nullptr) return Err<StoreError>(to.error(sqlite3_errcode(to.raw()), "backup"));
  const int stepped = sqlite3_backup_step(copy, -1);
  const int finished = sqlite3_backup_finish(copy);
  if (stepped != SQLITE_DONE) return Err<StoreError>(to.error(stepped, "backup"));
  if (finished != SQLITE_OK) return Err<StoreError>(to.error(finished, "backup"));
  return {};
}

StoreResult<void> copy_into(Database& from, const Path& draft) {
  {  // O_EXCL: ours alone, and 0600 before the first byte is in it
    auto created = File::open(draft, O_RDWR | O_CREAT | O_EXCL);
    if (!created) return Err<StoreError>(std::move(created.error()));
  }
  {
    auto to = Database::open(draft, Access::Write);
    if (!to) return Err<StoreError>(std::move(to.error()));
    if (auto ok = copy_pages(from, *to); !ok) return ok;
    // The copied header says WAL; a backup is one file.
    if (auto ok = to->script("PRAGMA journal_mode = DELETE"); !ok) return ok;
  }
  auto written = File::open(draft, O_RDWR);
  if (!written) return Err<StoreError>(std::move(written.error()));
  return written->sync(draft);
}

}  // namespace

StoreResult<void> copy_database(Database& from, const Path& to) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(to, ignored))) {
    return Err<StoreError>(file_error(EEXIST, to, "create"));
  }
  const Path draft = beside(to, ".partial");
  ::unlink(draft.c_str());  // of a backup that was killed
  auto done = copy_into(from, draft);
  if (done) done = move_file(draft, to, Replace::No);
  if (!done) {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      ::unlink(beside(draft, suffix).c_str());
    }
  }
  return done;
}

}  // namespace guarita::store::sqlite
