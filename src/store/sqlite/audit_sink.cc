#include "store/sqlite/audit_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "store/sqlite/encode.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

namespace {

constexpr std::size_t kChunkBytes = 1 << 16;

std::string line_of(const AuditRow& row, const StoreInfo& info) {
  JsonObject out;
  out.text("store", format_uuid(info.store_id)).number("epoch", info.epoch);
  out.number("seq", row.seq).number("revision", row.revision);
  out.text("at", format_rfc3339(row.at)).text("actor", row.actor_kind);
  out.text_unless_empty("actor_name", row.actor_name);
  out.text_unless_empty("request_id", row.request_id);
  out.text("verb", row.verb).text("subject", row.subject).raw("detail", row.detail);
  out.text("hash", crypto::hex(row.hash));
  return out.take() + "\n";
}

// SQLite's JSON functions read the lines: no parser of our own for a file of our own.
std::optional<SinkLine> parse_line(Database& db, std::string_view line) {
  Statement valid = db.prepare("SELECT json_valid(?)");
  valid.bind(line);
  const bool is_json = valid.next() && valid.integer(0) != 0;
  if (!is_json) return std::nullopt;
  Statement s = db.prepare(
      "SELECT json_extract(?1, '$.store'), json_extract(?1, '$.epoch'),"
      " json_extract(?1, '$.seq'), json_extract(?1, '$.verb'), json_extract(?1, '$.subject'),"
      " json_extract(?1, '$.detail')");
  s.bind(line);
  if (!s.next()) return std::nullopt;
  const auto id = parse_uuid(s.text(0));
  if (!id || s.count(2) == 0) return std::nullopt;
  return SinkLine{*id,
                  s.count(1),
                  s.count(2),
                  std::string(s.text(3)),
                  std::string(s.text(4)),
                  std::string(s.text(5))};
}

struct Tail {
  std::optional<SinkLine> last;
  bool torn = false;
};

// The last whole line of ours, looking at the end of the file only.
StoreResult<Tail> read_tail(const Path& name, const File& file, Database& db) {
  Tail tail;
  off_t from = ::lseek(file.fd(), 0, SEEK_END);
  if (from < 0) return Err<StoreError>(file_error(errno, name, "read"));
  std::string text;
  while (from > 0 && !tail.last) {
    const auto size = std::min<off_t>(from, kChunkBytes);
    from -= size;
    std::string chunk(static_cast<std::size_t>(size), '\0');
    if (::pread(file.fd(), chunk.data(), chunk.size(), from) != size) {
      return Err<StoreError>(file_error(EIO, name, "read"));
    }
    text.insert(0, chunk);
    tail.torn = text.back() != '\n';
    std::size_t end = text.rfind('\n');
    while (end != std::string::npos && !tail.last) {
      const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
      if (before == std::string::npos && from > 0) break;  // its start is in an earlier chunk
      const std::size_t start = before == std::string::npos ? 0 : before + 1;
      tail.last = parse_line(db, std::string_view(text).substr(start, end - start));
      end = before;
    }
  }
  return tail;
}

}  // namespace

StoreResult<AuditSink> AuditSink::open(const Path& name, Database& db) {
  auto file = File::open(name, O_RDWR | O_CREAT | O_APPEND);
  if (!file) return Err<StoreError>(std::move(file.error()));
  if (auto ok = sync_folder_of(name); !ok) return Err<StoreError>(std::move(ok.error()));
  auto tail = read_tail(name, *file, db);
  if (!tail) return Err<StoreError>(std::move(tail.error()));
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  std::uint64_t last_seq = 0;
  if (tail->last && tail->last->store_id == info->store_id) {
    last_seq = tail->last->seq;
    if (tail->last->epoch != info->epoch) {  // restored without the sink: its rows begin there
      auto begin = db.number("SELECT epoch_seq FROM store WHERE one = 1");
      if (!begin) return Err<StoreError>(std::move(begin.error()));
      last_seq = static_cast<std::uint64_t>(*begin);
    }
  }
  return AuditSink(name, std::move(*file), last_seq, tail->torn);
}

StoreResult<void> AuditSink::catch_up(Database& db) {
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  if (info->head.seq <= last_seq_) return {};
  Statement s =
      db.prepare("SELECT " GUARITA_AUDIT_COLUMNS " FROM audit u WHERE u.seq > ? ORDER BY u.seq");
  s.bind(last_seq_);
  AuditRow row;
  std::string lines = torn_ ? "\n" : "";
  std::uint64_t written = last_seq_;
  // A failed write may have put half a line there: the next one starts on a line of its own, and
  // rows that appear twice are the same row.
  torn_ = true;
  while (s.next()) {
    read_audit(s, row);
    lines += line_of(row, *info);
    written = row.seq;
    if (lines.size() < kChunkBytes) continue;
    if (auto ok = file_.write_all(lines, name_); !ok) return ok;
    lines.clear();
  }
  if (auto ok = s.finish(); !ok) return ok;
  if (auto ok = file_.write_all(lines, name_); !ok) return ok;
  if (auto ok = file_.sync(name_); !ok) return ok;
  torn_ = false;
  last_seq_ = written;
  return {};
}

StoreResult<std::uint64_t> read_sink(const Path& file, Database& db,
                                     const std::function<void(const SinkLine&)>& each) {
  std::ifstream in(file);
  if (!in) return Err<StoreError>(file_error(errno != 0 ? errno : ENOENT, file, "open"));
  std::uint64_t skipped = 0;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty()) continue;
    if (const auto parsed = parse_line(db, line)) {
      each(*parsed);
    } else {
      ++skipped;
    }
  }
  return skipped;
}

}  // namespace guarita::store::sqlite
