#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kSearchBytesMax = 200;
constexpr std::size_t kCsvRowsMax = 50'000;  // about 20 MB

std::optional<crypto::Digest> parse_digest(std::string_view hex) {
  crypto::Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    unsigned value = 0;
    for (const char c : hex.substr(2 * i, 2)) {
      const std::string_view digits = "0123456789abcdef";
      const auto at = digits.find(c);
      if (at == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(at);
    }
    digest[i] = static_cast<std::uint8_t>(value);
  }
  return digest;
}

// ?account= ?q= ?verb= ?from= ?until=
Result<store::AuditFilter, Problem> filter_of(const Call& call) {
  store::AuditFilter filter;
  filter.verb = call.in_query("verb").value_or("");
  filter.search = call.in_query("q").value_or("");
  if (filter.verb.size() > kSearchBytesMax || filter.search.size() > kSearchBytesMax) {
    return Err<Problem>(bad_member("q", "'q' and 'verb' have at most 200 bytes"));
  }
  for (const auto& [name, at] : {std::pair{"from", &filter.from}, {"until", &filter.until}}) {
    const auto text = call.in_query(name);
    if (!text) continue;
    const auto time = parse_rfc3339(*text);
    if (!time) return Err<Problem>(bad_member(name, "that is no RFC 3339 time"));
    *at = *time;
  }
  if (const auto id = call.in_query("account")) {
    const auto account = call.control.account(*id);
    if (!account) return Err<Problem>(problem_of(account.error()));
    filter.account = account->row.key;
  }
  return filter;
}

// RFC 4180. A spreadsheet takes a cell that begins with one of these for a formula.
void add_cell(std::string& csv, std::string_view text) {
  if (!csv.empty() && !csv.ends_with('\n')) csv += ',';
  csv += '"';
  if (!text.empty() && std::string_view("=+-@\t\r\n").contains(text.front())) csv += '\'';
  for (const char c : text) {
    if (c == '"') csv += '"';
    csv += c;
  }
  csv += '"';
}

void add_line(std::string& csv, const store::AuditRow& row) {
  const auto personal = [&](std::string_view name) { return text_in(row.personal, name); };
  add_cell(csv, std::to_string(row.seq));
  for (const std::string& text :
       {format_rfc3339(row.at), row.verb, row.subject, row.actor_kind, row.actor_name,
        personal("email"), personal("address"), row.request_id, std::to_string(row.revision),
        row.detail, crypto::hex(row.hash)}) {
    add_cell(csv, text);
  }
  csv += "\r\n";
}

// Everything that the filter lets through, page by page, newest first, up to kCsvRowsMax.
Answer csv_of(const Call& call, const store::AuditFilter& filter) {
  std::string csv(
      "seq,at,verb,subject,actor_kind,actor_name,email,address,request_id,revision,detail,hash"
      "\r\n");
  store::PageRequest page{.cursor = {}, .limit = store::kPageRowsMax};
  std::size_t rows = 0;
  do {
    const auto read = call.control.audit(page, filter);
    if (!read) return Err<Problem>(problem_of(read.error()));
    for (const store::AuditRow& row : read->rows) add_line(csv, row);
    rows += read->rows.size();
    page.cursor = read->next;
  } while (!page.cursor.empty() && rows < kCsvRowsMax);
  return Reply{.status = 200,
               .body = boost::json::string(csv),
               .headers = {{"Content-Disposition", "attachment; filename=\"guarita-audit.csv\""},
                           {"Guarita-Rows-Max", std::to_string(kCsvRowsMax)},
                           {"Guarita-Truncated", page.cursor.empty() ? "false" : "true"}},
               .content_type = "text/csv; charset=utf-8"};
}

}  // namespace

Answer list_audit(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto filter = filter_of(call);
  if (!filter) return Err<Problem>(filter.error());
  const std::string format = call.in_query("format").value_or("json");
  if (format == "csv") {
    if (call.in_query("cursor") || call.in_query("limit")) {
      return Err<Problem>(bad_member("format", "csv is not cut into pages: no cursor, no limit"));
    }
    return csv_of(call, *filter);
  }
  if (format != "json") return Err<Problem>(bad_member("format", "'format' is json or csv"));
  const auto rows = call.control.audit(*page, *filter);
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  return Reply{.body = page_of(rows->rows, rows->next)};
}

Answer verify_audit(const Call& call) {
  std::optional<crypto::Digest> head;
  if (const auto text = call.in_query("head")) {
    head = parse_digest(*text);
    if (!head) return Err<Problem>(bad_member("head", "a head is 64 lower-case hex digits"));
  }
  const auto report = call.control.verify_audit(head);
  if (!report) return Err<Problem>(problem_of(report.error()));
  return Reply{.body = json_of(*report)};
}

}  // namespace guarita::admin
