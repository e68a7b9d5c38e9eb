// The files beside the database: durable writes, the folder's lock, the high-water mark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace guarita::store::sqlite {

using Path = std::filesystem::path;

Path beside(const Path& database, const char* suffix);  // "/x/guarita.db" + ".lock"

// The error of `error_number` on `file`.
StoreError file_error(int error_number, const Path& file, const char* doing);

class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  static StoreResult<File> open(const Path& file, int flags);  // new files are 0600
  int fd() const { return fd_; }
  StoreResult<void> write_all(std::string_view text, const Path& name) const;
  StoreResult<void> sync(const Path& name) const;

 private:
  int fd_;
};

StoreResult<void> sync_folder_of(const Path& file);
// Old content or new, never a mixture; on disk when this returns.
StoreResult<void> write_atomically(const Path& file, std::string_view text);
enum class Replace : std::uint8_t { No, Yes };
// On disk when this returns. Replace::No: FileExists.
StoreResult<void> move_file(const Path& from, const Path& to, Replace replace);

// Held by the one process that may write: flock on "<database>.lock", freed by the kernel even
// when the process is killed.
StoreResult<File> take_folder_lock(const Path& database);

// What the store had reached: a database behind it is an old copy that somebody put back.
struct HighWater {
  Uuid store_id;
  std::uint64_t epoch = 0;
  Revision revision = 0;
  crypto::Digest head{};
};
HighWater high_water_of(const StoreInfo& info);
StoreResult<std::optional<HighWater>> load_high_water(const Path& database);
StoreResult<void> save_high_water(const Path& database, const HighWater& mark);
// RolledBack when the store is behind the mark, beside it, or another one.
StoreResult<void> check_high_water(Database& db, const StoreInfo& info, const HighWater& mark);

}  // namespace guarita::store::sqlite
