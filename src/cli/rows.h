// The rows of a file that `guarita apply` reads: JSON Lines, or CSV with a heading. Each becomes
// the text of one item of POST /v1/batch, whose members are the columns.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "crypto/crypto.h"

namespace guarita::cli {

enum class RowFormat : std::uint8_t { JsonLines, Csv };
// By `format` ("jsonl", "csv") or else by the name's end.
Outcome<RowFormat> row_format(std::string_view format, std::string_view file);

inline constexpr std::size_t kRowBytesMax = 64 * 1024;

struct Row {
  std::size_t line = 0;  // where it begins, from 1
  std::string json;      // an object
  std::string wrong;     // why it is none; then `json` is empty
};

// Reads row by row: the file may be larger than the memory.
class RowReader {
 public:
  RowReader(std::istream& in, RowFormat format) : in_(in), format_(format) {}
  // False at the end. Empty lines are passed over.
  bool next(Row& row);

 private:
  bool next_csv(Row& row);
  bool next_record();  // into cells_

  std::istream& in_;
  const RowFormat format_;
  std::size_t line_ = 0;
  std::string text_;
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;
};

// One row as a line of CSV, in the order of kCsvColumns.
inline constexpr std::string_view kCsvColumns =
    "account,instance,name,upstream,instance_token_sha256";
std::string csv_line(const std::vector<std::string>& cells);

// What can be told by the file alone: rows that name a thing twice, and owners that the file makes
// or deletes itself. 16 bytes a name.
class FileCheck {
 public:
  FileCheck() { crypto::random_bytes(key_); }
  struct Verdict {
    std::string wrong;               // "" = nothing
    bool owner_comes_first = false;  // the file makes the instance's account before
    bool follows_instances = false;  // rows of instances came before
  };
  Verdict look(const Row& row);

 private:
  struct LowHalf {
    std::size_t operator()(const crypto::Hash128& hash) const { return hash.low; }
  };
  using Names = boost::unordered_flat_set<crypto::Hash128, LowHalf>;
  crypto::Hash128 hash_of(std::string_view name) const { return crypto::keyed_hash(key_, name); }

  crypto::HashKey key_;  // random: a file cannot choose collisions
  Names accounts_, instances_, deleted_accounts_;
  std::vector<unsigned char> buffer_ = std::vector<unsigned char>(16 * 1024);
};

}  // namespace guarita::cli
