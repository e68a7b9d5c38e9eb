#include "cli/rows.h"

#include <algorithm>
#include <boost/json.hpp>
#include <istream>

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

bool is_flag(std::string_view column) {
  return column == "delete" || column == "cascade" || column == "enforce" || column == "force";
}

// Cells as members: an empty cell is none, but for the name and the upstream of an instance, which
// can be empty.
std::string object_of(const std::vector<std::string>& columns,
                      const std::vector<std::string>& cells, std::string& wrong) {
  const auto instance = std::ranges::find(columns, "instance");
  const bool of_instance = instance != columns.end() &&
                           !cells[static_cast<std::size_t>(instance - columns.begin())].empty();
  json::object row;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& column = columns[i];
    const std::string& cell = cells[i];
    if (is_flag(column)) {
      if (cell == "true") row[column] = true;
      if (cell != "true" && cell != "false" && !cell.empty()) {
        wrong = "'" + column + "' is true, false or empty";
      }
    } else if (!cell.empty() || column == "name" || (of_instance && column == "upstream")) {
      row[column] = cell;
    }
  }
  return json::serialize(row);
}

}  // namespace

Outcome<RowFormat> row_format(std::string_view format, std::string_view file) {
  if (format == "jsonl") return RowFormat::JsonLines;
  if (format == "csv") return RowFormat::Csv;
  if (file.ends_with(".csv")) return RowFormat::Csv;
  if (file.ends_with(".jsonl") || file.ends_with(".ndjson") || file == "-") {
    return RowFormat::JsonLines;
  }
  return usage("what is in " + std::string(file) + " is not told by its name",
               "say --format jsonl or --format csv");
}

bool RowReader::next(Row& row) {
  row = {};
  if (format_ == RowFormat::Csv) return next_csv(row);
  while (std::getline(in_, text_)) {
    ++line_;
    const std::string_view text = trimmed(text_);
    if (text.empty()) continue;
    row.line = line_;
    if (text.size() > kRowBytesMax) {
      row.wrong = "the row is longer than 64 KiB";
    } else {
      row.json = text;
    }
    return true;
  }
  return false;
}

// RFC 4180: a quoted cell may hold commas, line ends and doubled quotes.
bool RowReader::next_record() {
  cells_.clear();
  std::string cell;
  bool quoted = false, any = false;
  std::size_t bytes = 0;
  for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get()) {
    any = true;
    if (c == '\n') ++line_;
    if (++bytes > kRowBytesMax) quoted = false;  // an open quote must not swallow the file
    if (quoted) {
      if (c == '"' && in_.peek() == '"') {
        cell += static_cast<char>(in_.get());
      } else if (c == '"') {
        quoted = false;
      } else {
        cell += static_cast<char>(c);
      }
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      cells_.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      cell += static_cast<char>(c);
    }
  }
  if (any) cells_.push_back(std::move(cell));
  return any;
}

bool RowReader::next_csv(Row& row) {
  if (columns_.empty()) {
    if (!next_record()) return false;
    columns_ = cells_;
    if (columns_[0].starts_with("\xef\xbb\xbf")) columns_[0].erase(0, 3);  // as spreadsheets write
  }
  do {
    row.line = line_ + 1;
    if (!next_record()) return false;
  } while (cells_.size() == 1 && cells_[0].empty());
  if (cells_.size() != columns_.size()) {
    row.wrong = "it has " + std::to_string(cells_.size()) + " cells, and the heading " +
                std::to_string(columns_.size());
    return true;
  }
  row.json = object_of(columns_, cells_, row.wrong);
  if (!row.wrong.empty()) row.json.clear();
  return true;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\n";
}

FileCheck::Verdict FileCheck::look(const Row& row) {
  Verdict verdict{.wrong = row.wrong};
  if (!verdict.wrong.empty()) return verdict;
  json::monotonic_resource memory(buffer_.data(), buffer_.size());
  boost::system::error_code error;
  const json::value parsed = json::parse(row.json, error, &memory);
  if (error || !parsed.is_object()) {
    verdict.wrong = error ? "it is not JSON: " + error.message() : "it is no JSON object";
    return verdict;
  }
  const json::object& members = parsed.get_object();
  const auto text = [&](std::string_view name) -> std::string_view {
    const auto* value = members.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
  };
  const auto* removed = members.if_contains("delete");
  const bool deletes = removed != nullptr && removed->is_bool() && removed->get_bool();
  verdict.follows_instances = !instances_.empty();
  const std::string_view account = text("account");
  if (!members.contains("instance")) {
    if (account.empty()) return verdict;  // the server says what is wrong with it
    if (!accounts_.insert(hash_of(account)).second) {
      verdict.wrong = "account '" + std::string(account) + "' is named by a row before";
    } else if (deletes) {
      deleted_accounts_.insert(hash_of(account));
    }
    return verdict;
  }
  const std::string_view instance = text("instance");
  if (!instance.empty() && !instances_.insert(hash_of(instance)).second) {
    verdict.wrong = "instance '" + std::string(instance) + "' is named by a row before";
  } else if (!account.empty() && !deletes && deleted_accounts_.contains(hash_of(account))) {
    verdict.wrong = "account '" + std::string(account) + "' is deleted by a row before";
  }
  verdict.owner_comes_first = !account.empty() && accounts_.contains(hash_of(account));
  return verdict;
}

}  // namespace guarita::cli
