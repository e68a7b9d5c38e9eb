#include "store/sqlite/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

namespace fs = std::filesystem;

Path beside(const Path& database, const char* suffix) {
  Path out = database;
  out += suffix;
  return out;
}

StoreError file_error(int error_number, const Path& file, const char* doing) {
  StoreError e;
  e.internal = std::string(doing) + " " + file.string() + ": " +
               std::generic_category().message(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      e.kind = StoreErrorKind::Full;
      e.text = "the disk is full";
      e.remedy = "free space on the file system of " + file.string();
      break;
    case EROFS:
      e.kind = StoreErrorKind::ReadOnly;
      e.text = "the file system of " + file.string() + " is read-only";
      e.remedy = "mount it for writing";
      break;
    case EEXIST:
      e.kind = StoreErrorKind::FileExists;
      e.text = file.string() + " exists already";
      e.remedy = "choose another name, or remove it";
      break;
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
      e.kind = StoreErrorKind::CannotOpen;
      e.text = "cannot " + std::string(doing) + " " + file.string() + ": " +
               std::generic_category().message(error_number);
      e.remedy = "check that the folder exists and that the server's user may write in it";
      break;
    default:
      e.kind = StoreErrorKind::Io;
      e.text = "cannot " + std::string(doing) + " " + file.string();
      e.remedy = "see the server's log, then try again";
  }
  return e;
}

namespace {

Err<StoreError> failed(int error_number, const Path& file, const char* doing) {
  return Err<StoreError>(file_error(error_number, file, doing));
}

Path folder_of(const Path& file) {
  const Path parent = file.parent_path();
  return parent.empty() ? Path(".") : parent;
}

}  // namespace

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

StoreResult<File> File::open(const Path& file, int flags) {
  const int fd = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return failed(errno, file, "open");
  return File(fd);
}

StoreResult<void> File::write_all(std::string_view text, const Path& name) const {
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(errno, name, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

StoreResult<void> File::sync(const Path& name) const {
  if (::fsync(fd_) != 0) return failed(errno, name, "sync");
  return {};
}

StoreResult<void> sync_folder_of(const Path& file) {
  const Path folder = folder_of(file);
  auto opened = File::open(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return Err<StoreError>(std::move(opened.error()));
  return opened->sync(folder);
}

StoreResult<void> write_atomically(const Path& file, std::string_view text) {
  const Path draft = beside(file, ".new");
  {
    auto out = File::open(draft, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out) return Err<StoreError>(std::move(out.error()));
    if (auto ok = out->write_all(text, draft); !ok) return ok;
    if (auto ok = out->sync(draft); !ok) return ok;
  }
  return move_file(draft, file, Replace::Yes);
}

StoreResult<void> move_file(const Path& from, const Path& to, Replace replace) {
  if (replace == Replace::No) {
    // link() refuses an existing name atomically; where there are no hard links, look first.
    if (::link(from.c_str(), to.c_str()) == 0) {
      ::unlink(from.c_str());
      return sync_folder_of(to);
    }
    if (errno == EEXIST) return failed(EEXIST, to, "create");
    struct stat found{};
    if (::lstat(to.c_str(), &found) == 0) return failed(EEXIST, to, "create");
  }
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(errno, to, "create");
  return sync_folder_of(to);
}

StoreResult<File> take_folder_lock(const Path& database) {
  const Path name = beside(database, ".lock");
  auto file = File::open(name, O_RDWR | O_CREAT);
  if (!file) return file;
  if (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(errno, name, "lock");
    std::array<char, 32> owner{};
    const ssize_t n = ::pread(file->fd(), owner.data(), owner.size() - 1, 0);
    std::string who = n > 0 ? " (process " + std::string(owner.data()) + ")" : std::string();
    return Err<StoreError>(
        refuse(StoreErrorKind::FolderInUse,
               "another Guarita" + who + " is running on " + database.string(),
               "stop it first, or give this one a file of its own in [store] sqlite"));
  }
  if (::ftruncate(file->fd(), 0) != 0) return failed(errno, name, "write");
  if (auto ok = file->write_all(std::to_string(::getpid()), name); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  return file;
}

HighWater high_water_of(const StoreInfo& info) {
  return {info.store_id, info.epoch, info.revision, info.head.hash};
}

namespace {

constexpr std::string_view kHighWaterTitle = "guarita high water 1";

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [at, ec] = std::from_chars(text.begin(), text.end(), value);
  if (ec != std::errc() || at != text.end()) return std::nullopt;
  return value;
}

std::optional<crypto::Digest> parse_digest(std::string_view text) {
  crypto::Digest out{};
  if (text.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, out[i], 16).ptr != at + 2) return std::nullopt;
  }
  return out;
}

// Takes "name value\n" from the front.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  return line;
}

std::optional<HighWater> parse_high_water(std::string_view text) {
  const auto title = take_line(text, kHighWaterTitle);
  const auto store = take_line(text, "store ");
  const auto epoch = take_line(text, "epoch ");
  const auto revision = take_line(text, "revision ");
  const auto head = take_line(text, "head ");
  if (!title || !store || !epoch || !revision || !head) return std::nullopt;
  const auto id = parse_uuid(*store);
  const auto e = parse_number(*epoch);
  const auto r = parse_number(*revision);
  const auto h = parse_digest(*head);
  if (!id || !e || !r || !h) return std::nullopt;
  return HighWater{*id, *e, *r, *h};
}

}  // namespace

StoreResult<std::optional<HighWater>> load_high_water(const Path& database) {
  const Path name = beside(database, ".high-water");
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<HighWater>();
  if (fd < 0) return failed(errno, name, "open");
  const File file(fd);
  std::array<char, 512> text{};
  const ssize_t n = ::read(file.fd(), text.data(), text.size());
  if (n < 0) return failed(errno, name, "read");
  auto mark = parse_high_water({text.data(), static_cast<std::size_t>(n)});
  if (!mark) {
    return Err<StoreError>(refuse(
        StoreErrorKind::Corrupt, name.string() + " is damaged",
        "if you are sure that the database is the latest one, remove that file and start again"));
  }
  return mark;
}

StoreResult<void> save_high_water(const Path& database, const HighWater& mark) {
  std::string text(kHighWaterTitle);
  text += "\nstore " + format_uuid(mark.store_id);
  text += "\nepoch " + std::to_string(mark.epoch);
  text += "\nrevision " + std::to_string(mark.revision);
  text += "\nhead " + crypto::hex(mark.head) + "\n";
  return write_atomically(beside(database, ".high-water"), text);
}

namespace {

Err<StoreError> rolled_back(std::string text) {
  return Err<StoreError>(
      refuse(StoreErrorKind::RolledBack, std::move(text),
             "put the latest database back, or accept the loss: guarita restore FILE "
             "--accept-loss"));
}

}  // namespace

StoreResult<void> check_high_water(Database& db, const StoreInfo& info, const HighWater& mark) {
  if (mark.revision == 0) return {};  // nothing was ever changed: nothing can be lost
  if (info.store_id != mark.store_id) {
    return rolled_back("the database is not the one that was served here before");
  }
  if (info.epoch < mark.epoch || (info.epoch == mark.epoch && info.revision < mark.revision)) {
    return rolled_back("the database is an old copy: it is at revision " +
                       std::to_string(info.revision) + ", revision " +
                       std::to_string(mark.revision) + " had been reached");
  }
  if (info.epoch > mark.epoch) return {};
  // A row may stand for many revisions: the mark is at the last of them. It lags by little, so it
  // is looked for from the end.
  Statement s = db.prepare("SELECT hash FROM audit WHERE revision <= ? ORDER BY seq DESC LIMIT 1");
  s.bind(mark.revision);
  const bool same = s.next() && s.fixed<32>(0) == mark.head;
  if (auto ok = s.finish(); !ok) return ok;
  if (same) return {};
  return rolled_back("the database went another way after a copy of it was put back: revision " +
                     std::to_string(mark.revision) + " is not the one that was served here");
}

}  // namespace guarita::store::sqlite
