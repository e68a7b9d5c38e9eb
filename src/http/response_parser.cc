#include "http/field_line.h"
#include "http/framing.h"
#include "http/parser.h"
#include "http/scan.h"

namespace guarita::http {
namespace {

using Kind = FieldLine::Kind;

struct StatusLine {
  Kind kind = Kind::NeedMore;  // Field: the line is whole
  ErrorCode error = ErrorCode::None;
};

StatusLine failed(ErrorCode error) {
  return {Kind::Error, error};
}

// "HTTP/1.1 200 " of the status line. A missing space before an empty phrase is allowed: many
// servers leave it out and it has one reading.
StatusLine read_status(const char* p, const char* end, ResponseHead& head) {
  constexpr std::string_view kName = "HTTP/1.";
  for (std::size_t i = 0; i < 12; ++i) {
    if (p + i == end) return {};
    const char c = p[i];
    const bool good = i < 7    ? c == kName[i]
                      : i == 7 ? c == '0' || c == '1'
                      : i == 8 ? c == ' '
                      : i == 9 ? c >= '1' && c <= '9'
                               : is_digit(c);
    if (!good) return failed(ErrorCode::BadStatusLine);
  }
  head.version = p[7] == '1' ? Version::Http11 : Version::Http10;
  head.status = static_cast<std::uint16_t>((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
  return {Kind::Field, ErrorCode::None};
}

StatusLine read_status_line(std::string_view buffer, ResponseHead& head) {
  const char* const base = buffer.data();
  const char* const end = base + buffer.size();
  const StatusLine status = read_status(base, end, head);
  if (status.kind != Kind::Field) return status;
  const char* phrase = base + 12;
  if (phrase == end) return {};
  if (*phrase == ' ')
    ++phrase;
  else if (*phrase != '\r')
    return failed(*phrase == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadStatusLine);
  const char* const stop = scan_value(phrase, end);
  if (stop == end) return {};
  if (*stop != '\r')
    return failed(*stop == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadStatusLine);
  if (stop + 1 == end) return {};
  if (stop[1] != '\n') return failed(ErrorCode::BadLineEnd);
  head.reason_slice = {static_cast<std::uint32_t>(phrase - base),
                       static_cast<std::uint32_t>(stop - phrase)};
  head.cursor.line = static_cast<std::uint32_t>(stop + 2 - base);
  return status;
}

}  // namespace

Progress parse(std::string_view buffer, const Limits& limits, const ResponseContext& context,
               ResponseHead& head) {
  head.rebase(buffer.data());
  const std::string_view seen = buffer.substr(0, limits.head_bytes_max);
  if (!head.cursor.start_line_done) {
    const StatusLine line = read_status_line(seen, head);
    if (line.kind == Kind::Error) return {Progress::State::Error, line.error, 0};
    if (line.kind == Kind::NeedMore) {
      if (seen.size() < limits.head_bytes_max) return {};
      return {Progress::State::Error, ErrorCode::HeadTooLarge, 0};
    }
    head.cursor.start_line_done = true;
  }
  const FieldSection section = scan_fields(seen, limits, head.cursor, head.fields);
  if (section.kind == Kind::NeedMore) return {};
  if (section.kind == Kind::Error) return {Progress::State::Error, section.error, 0};
  if (const ErrorCode e = finish(context, head); e != ErrorCode::None)
    return {Progress::State::Error, e, 0};
  return {Progress::State::Done, ErrorCode::None, head.cursor.line};
}

int keep_alive_timeout_s(const ResponseHead& head) {
  const FieldLines lines = head.fields.lines(HeaderId::KeepAlive);
  if (!lines.one()) return -1;
  constexpr std::string_view kParameter = "timeout=";
  std::string_view rest = lines.value;
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
  const std::size_t at = rest.find(kParameter);
  if (at == std::string_view::npos || (at != 0 && rest[at - 1] != ' ' && rest[at - 1] != ','))
    return -1;
  int seconds = -1;
  for (const char c : rest.substr(at + kParameter.size())) {
    if (!is_digit(c)) break;
    seconds = (seconds < 0 ? 0 : seconds) * 10 + (c - '0');
    if (seconds > 86400) return 86400;
  }
  return seconds;
}

}  // namespace guarita::http
