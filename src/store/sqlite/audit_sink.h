// The audit sink: every audit row as a JSON line in a file of its own, so that a cut tail or a
// rewritten chain shows. Personal fields stay in the database: a sink cannot erase.
#pragma once

#include <functional>
#include <string>

#include "store/sqlite/files.h"

namespace guarita::store::sqlite {

class AuditSink {
 public:
  // Creates the file, or finds the last row in it.
  static StoreResult<AuditSink> open(const Path& file, Database& db);
  // Writes the rows that the file lacks; on disk when this returns.
  StoreResult<void> catch_up(Database& db);

 private:
  AuditSink(Path name, File file, std::uint64_t last_seq, bool torn)
      : name_(std::move(name)), file_(std::move(file)), last_seq_(last_seq), torn_(torn) {}

  Path name_;
  File file_;
  std::uint64_t last_seq_;
  bool torn_;  // the file ends inside a line: a crash while writing
};

struct SinkLine {
  Uuid store_id;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  std::string verb;
  std::string subject;
  std::string detail;
};
// Every whole line of `file`, in order. Lines that are none of ours are counted, not passed.
StoreResult<std::uint64_t> read_sink(const Path& file, Database& db,
                                     const std::function<void(const SinkLine&)>& each);

}  // namespace guarita::store::sqlite
