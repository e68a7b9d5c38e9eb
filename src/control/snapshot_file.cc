#include "control/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <utility>

// Its whole code, and nothing to link: one translation unit uses it.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace guarita::control {
namespace {

using Path = std::filesystem::path;
using Problem = SnapshotFileProblem;

// At the file's start; then the bookkeeping, then the memory. Values as they stand in memory: the
// file is of one machine, and byte_order says of which kind. A change of this struct, or of
// anything that policy keeps in the snapshot, is another layout.
struct Head {
  std::array<char, 8> magic;
  std::uint32_t byte_order;
  std::uint32_t layout;
  std::uint64_t book_bytes;
  std::uint64_t memory_bytes;
  Uuid store_id;
  std::uint64_t schema;
  std::uint64_t revision;
  std::uint64_t audit_seq;  // of the store at that revision: proves which history it had
  crypto::Digest audit_head;
  std::uint64_t instances;
  XXH128_canonical_t checksum;  // of the whole file with zeros here
};
static_assert(sizeof(Head) == 128 && std::is_trivially_copyable_v<Head>);

constexpr std::array<char, 8> kMagic{'g', 'u', 'a', 'r', 's', 'n', 'a', 'p'};
constexpr std::uint32_t kByteOrder = 0x01020304;
constexpr std::uint32_t kLayout = 2;
// Read and checksummed together while the bytes are in the cache.
constexpr std::size_t kChunkBytes = 256 << 10;
// A row that is read alone costs as much as sixteen in a row.
constexpr std::uint64_t kChangesMin = 1'000;
constexpr std::uint64_t kInstancesPerChange = 16;

Err<Problem> unusable(std::string why) {
  return Err<Problem>(Problem{Problem::Kind::Unusable, std::move(why)});
}
Err<Problem> failed(const char* doing) {
  const Problem::Kind kind = errno == ENOENT ? Problem::Kind::Absent : Problem::Kind::Unusable;
  return Err<Problem>(
      Problem{kind, std::string("it cannot be ") + doing + ": " + std::strerror(errno)});
}
Err<Problem> of_store(const store::StoreError& error) {
  return unusable("the store cannot say what has changed since: " + error.text);
}

class File {
 public:
  File(const Path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool good() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  // False: an error, or the file's end.
  bool read(std::span<std::byte> into) const {
    while (!into.empty()) {
      const ssize_t n = ::read(fd_, into.data(), into.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      into = into.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool write(std::span<const std::byte> from) const {
    while (!from.empty()) {
      const ssize_t n = ::write(fd_, from.data(), from.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      from = from.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }

 private:
  int fd_;
};

class Checksum {
 public:
  Checksum() { XXH3_128bits_reset(&state_); }
  void add(std::span<const std::byte> bytes) {
    XXH3_128bits_update(&state_, bytes.data(), bytes.size());
  }
  XXH128_canonical_t take() const {
    XXH128_canonical_t out;
    XXH128_canonicalFromHash(&out, XXH3_128bits_digest(&state_));
    return out;
  }

 private:
  alignas(64) XXH3_state_t state_;
};

bool same(const XXH128_canonical_t& a, const XXH128_canonical_t& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool read_summed(const File& file, std::span<std::byte> into, Checksum& sum) {
  while (!into.empty()) {
    const auto chunk = into.first(std::min(into.size(), kChunkBytes));
    if (!file.read(chunk)) return false;
    sum.add(chunk);
    into = into.subspan(chunk.size());
  }
  return true;
}

// The head, found good but for the checksum; the file is as long as it says.
SnapshotFileResult<Head> read_head(const File& file) {
  struct stat seen{};
  if (::fstat(file.fd(), &seen) != 0) return failed("looked at");
  if (!S_ISREG(seen.st_mode)) return unusable("it is no file");
  if ((seen.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return unusable("other users of this machine may write it");
  }
  Head head{};
  if (!file.read(std::as_writable_bytes(std::span(&head, 1)))) return unusable("it is too short");
  if (head.magic != kMagic) return unusable("it is no snapshot");
  if (head.byte_order != kByteOrder || head.layout != kLayout) {
    return unusable("it was written by another version of guarita");
  }
  const auto size = static_cast<std::uint64_t>(seen.st_size) - sizeof head;
  if (head.book_bytes > size || head.memory_bytes != size - head.book_bytes) {
    return unusable("it is cut short");
  }
  return head;
}

SnapshotFileResult<void> check_history(const Head& head, store::Store& store) {
  const auto info = store.info();
  if (!info) return of_store(info.error());
  if (head.store_id != info->store_id) return unusable("it is of another store");
  if (head.schema != info->schema) return unusable("it was written by another version of guarita");
  if (head.revision > info->revision) return unusable("it is ahead of the store");
  if (head.audit_seq == 0) return {};  // the beginning of every history
  const auto hash = store.audit_hash(head.audit_seq);
  if (!hash && hash.error().kind != store::StoreErrorKind::NotFound) return of_store(hash.error());
  if (!hash || *hash != head.audit_head) return unusable("the store has another history");
  return {};
}

struct Changed {
  std::set<AccountKey> accounts;
  std::set<InstanceKey> instances;
};
Changed changed_rows(const std::vector<store::ChangeRow>& log) {
  Changed changed;
  for (const store::ChangeRow& line : log) {
    switch (line.kind) {
      case store::ChangeKind::Account: changed.accounts.insert({line.key}); break;
      case store::ChangeKind::Instance: changed.instances.insert({line.key}); break;
      case store::ChangeKind::AdminToken:
      case store::ChangeKind::User: break;
    }
  }
  return changed;
}

SnapshotFileResult<void> read_changed(const Changed& changed, store::Store& store, CatchUp& out) {
  for (const AccountKey& key : changed.accounts) {
    auto row = store.account(key);
    if (!row) return of_store(row.error());
    auto tokens = store.tokens(key);
    if (!tokens) return of_store(tokens.error());
    auto ip_list = store.ip_list(key);
    if (!ip_list) return of_store(ip_list.error());
    out.accounts.push_back({std::move(*row), std::move(*tokens), std::move(*ip_list)});
  }
  for (const InstanceKey& key : changed.instances) {
    auto row = store.instance(key);
    if (!row) return of_store(row.error());
    out.instances.push_back(std::move(*row));
  }
  return {};
}

SnapshotFileResult<CatchUp> read_catch_up(const Head& head, store::Store& store) {
  const auto info = store.info();
  if (!info) return of_store(info.error());
  CatchUp out;
  out.revision = info->revision;
  out.changes = info->revision - head.revision;
  if (out.changes == 0) return out;
  if (out.changes > kChangesMin + head.instances / kInstancesPerChange) {
    return unusable("the store is " + std::to_string(out.changes) + " changes ahead of it");
  }
  const auto log = store.changes_since(head.revision, out.changes);
  if (!log) return of_store(log.error());
  if (log->size() != out.changes) {
    return unusable("the change log does not hold all that has changed since");
  }
  Changed changed = changed_rows(*log);
  const auto deleted = store.deleted_since(head.audit_seq);
  if (!deleted) return of_store(deleted.error());
  for (const store::DeletedRow& row : *deleted) {
    // Its instances went with it, and nothing names them.
    if (row.kind == store::ChangeKind::Account) return unusable("an account was deleted since");
    changed.instances.erase({row.key});
    out.gone.push_back(row.id);
  }
  if (auto read = read_changed(changed, store, out); !read) return Err<Problem>(read.error());
  return out;
}

SnapshotFileResult<std::unique_ptr<policy::Snapshot>> read_snapshot(const File& file, Head head) {
  const XXH128_canonical_t wanted = std::exchange(head.checksum, {});
  Checksum sum;
  sum.add(std::as_bytes(std::span(&head, 1)));
  std::vector<std::byte> books(head.book_bytes);
  if (!read_summed(file, books, sum)) return failed("read");
  bool damaged = false;
  auto snapshot =
      policy::Snapshot::from_image(books, [&](std::span<const std::span<std::byte>> memory) {
        std::uint64_t bytes = 0;
        for (const auto& part : memory) bytes += part.size();
        if (bytes != head.memory_bytes) return false;
        for (const auto& part : memory) {
          if (!read_summed(file, part, sum)) return false;
        }
        damaged = !same(sum.take(), wanted);
        return !damaged;
      });
  if (damaged || !snapshot) return unusable("it is damaged");
  return snapshot;
}

SnapshotFileResult<void> write_draft(const Path& draft, Head head,
                                     const policy::Snapshot::Image& image) {
  ::unlink(draft.c_str());  // of a writer that was killed
  const File file(draft, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.good()) return failed("made");
  Checksum sum;
  const auto put = [&](std::span<const std::byte> bytes) {
    sum.add(bytes);
    return file.write(bytes);
  };
  bool written = put(std::as_bytes(std::span(&head, 1))) && put(image.books);
  for (const auto& part : image.memory) written = written && put(part);
  head.checksum = sum.take();
  written = written && ::lseek(file.fd(), 0, SEEK_SET) == 0 &&
            file.write(std::as_bytes(std::span(&head, 1))) && ::fsync(file.fd()) == 0;
  if (!written) return failed("written");
  return {};
}

bool sync_folder(const Path& file) {
  const Path folder = file.parent_path();
  const File opened(folder.empty() ? Path(".") : folder, O_RDONLY | O_DIRECTORY);
  return opened.good() && ::fsync(opened.fd()) == 0;
}

}  // namespace

Path snapshot_file_of(const Path& database) {
  return Path(database) += ".snapshot";
}

SnapshotFileResult<SnapshotFromFile> load_snapshot_file(const Path& path, store::Store& store,
                                                        policy::FoldedIndex folded) {
  const auto begun = std::chrono::steady_clock::now();
  const File file(path, O_RDONLY);
  if (!file.good()) return failed("opened");
  const auto head = read_head(file);
  if (!head) return Err<Problem>(head.error());
  if (auto ours = check_history(*head, store); !ours) return Err<Problem>(ours.error());
  auto catch_up = read_catch_up(*head, store);
  if (!catch_up) return Err<Problem>(catch_up.error());
  catch_up->begun = begun;
  auto snapshot = read_snapshot(file, *head);
  if (!snapshot) return Err<Problem>(snapshot.error());
  const auto has =
      (*snapshot)->tracks_folded() ? policy::FoldedIndex::On : policy::FoldedIndex::Off;
  if (has != folded || (*snapshot)->revision() != head->revision) {
    return unusable("routing.unknown_instance has changed since");
  }
  return SnapshotFromFile{std::move(*snapshot), std::move(*catch_up)};
}

SnapshotFileResult<void> save_snapshot_file(const Path& path, store::Store& store,
                                            const policy::Snapshot& snapshot) {
  const auto info = store.info();
  if (!info) return of_store(info.error());
  if (info->revision != snapshot.revision()) return unusable("the store has moved on");
  const policy::Snapshot::Image image = snapshot.image();
  Head head{.magic = kMagic,
            .byte_order = kByteOrder,
            .layout = kLayout,
            .book_bytes = image.books.size(),
            .memory_bytes = 0,
            .store_id = info->store_id,
            .schema = info->schema,
            .revision = info->revision,
            .audit_seq = info->head.seq,
            .audit_head = info->head.hash,
            .instances = snapshot.instances(),
            .checksum = {}};
  for (const auto& part : image.memory) head.memory_bytes += part.size();
  const Path draft = Path(path) += ".partial";
  auto written = write_draft(draft, head, image);
  if (written && ::rename(draft.c_str(), path.c_str()) != 0) written = failed("put in place");
  if (!written) {
    ::unlink(draft.c_str());
    return written;
  }
  if (!sync_folder(path)) return failed("put in place for good");
  return {};
}

SnapshotFileResult<SnapshotFileInfo> inspect_snapshot_file(const Path& path) {
  const File file(path, O_RDONLY);
  if (!file.good()) return failed("opened");
  const auto head = read_head(file);
  if (!head) return Err<Problem>(head.error());
  return SnapshotFileInfo{.revision = head->revision,
                          .instances = head->instances,
                          .bytes = sizeof(Head) + head->book_bytes + head->memory_bytes};
}

}  // namespace guarita::control
