// `guarita export`: accounts, then instances, as `guarita apply` reads them.
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "cli/commands.h"
#include "cli/rows.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string line_of(const json::value& row, RowFormat format) {
  if (format == RowFormat::JsonLines) return json::serialize(row) + "\n";
  return csv_line({text_at(row, "account"), text_at(row, "instance"), text_at(row, "name"),
                   text_at(row, "upstream"), text_at(row, "instance_token_sha256")});
}

Outcome<void> write_all(Session& session, std::ostream& out, RowFormat format) {
  if (format == RowFormat::Csv) out << kCsvColumns << '\n';
  for (const std::string of : {"accounts", "instances"}) {
    std::string cursor;
    do {
      std::string target = "/v1/export?limit=500&of=" + of;
      if (!cursor.empty()) target += "&cursor=" + escape(cursor);
      const auto page = session.api.get(target);
      if (!page) return Err<Failure>(page.error());
      const json::value& items = at(page->json, "items");
      if (!items.is_array()) return fail("the server's answer is no page of an export");
      for (const json::value& row : items.get_array()) out << line_of(row, format);
      if (!out) return fail("cannot write: is the disk full?");
      cursor = text_at(page->json, "next_cursor");
    } while (!cursor.empty());
  }
  out.flush();
  if (!out) return fail("cannot write: is the disk full?");
  return {};
}

}  // namespace

Outcome<ExitCode> export_file(Session& session, const ExportOptions& options) {
  const auto format = row_format(options.format, options.file);
  if (!format) return Err<Failure>(format.error());
  if (options.file == "-") {
    const auto written = write_all(session, session.terminal.out, *format);
    if (!written) return Err<Failure>(written.error());
    return ExitCode::Ok;
  }
  if (std::filesystem::exists(options.file)) {
    return fail(options.file + " exists already", "name a new file");
  }
  // A half-written file must not look like a whole one.
  const std::string draft = options.file + ".part";
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  if (!out) return fail("cannot write " + draft);
  const auto written = write_all(session, out, *format);
  out.close();
  std::error_code error;
  if (!written) {
    std::filesystem::remove(draft, error);
    return Err<Failure>(written.error());
  }
  std::filesystem::rename(draft, options.file, error);
  if (error) return fail("cannot name " + options.file + ": " + error.message());
  return ExitCode::Ok;
}

}  // namespace guarita::cli
