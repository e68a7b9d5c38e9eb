#include <algorithm>

#include "http/field_line.h"
#include "http/framing.h"
#include "http/parser.h"
#include "http/scan.h"

namespace guarita::http {
namespace {

using Kind = FieldLine::Kind;

struct StartLine {
  Kind kind = Kind::NeedMore;  // Field: the line is whole
  ErrorCode error = ErrorCode::None;
};

StartLine failed(ErrorCode error) {
  return {Kind::Error, error};
}

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3: return text == "GET" ? Method::Get : text == "PUT" ? Method::Put : Method::Other;
    case 4: return text == "POST" ? Method::Post : text == "HEAD" ? Method::Head : Method::Other;
    case 5:
      return text == "PATCH" ? Method::Patch : text == "TRACE" ? Method::Trace : Method::Other;
    case 6: return text == "DELETE" ? Method::Delete : Method::Other;
    case 7:
      return text == "OPTIONS"   ? Method::Options
             : text == "CONNECT" ? Method::Connect
                                 : Method::Other;
    default: return Method::Other;
  }
}

// "HTTP/1.1" CR LF, checked byte by byte: what is there must fit, however little it is.
StartLine read_version(const char* p, const char* end, RequestHead& head) {
  constexpr std::string_view kName = "HTTP/";
  for (std::size_t i = 0; i < 8; ++i) {
    if (p + i == end) return {};
    const bool good = i < 5 ? p[i] == kName[i] : i == 6 ? p[i] == '.' : is_digit(p[i]);
    if (!good) return failed(p[i] == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadRequestLine);
  }
  if (p[5] != '1' || p[7] > '1') return failed(ErrorCode::BadVersion);
  head.version = p[7] == '1' ? Version::Http11 : Version::Http10;
  if (p + 8 == end) return {};
  if (p[8] != '\r') return failed(p[8] == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadRequestLine);
  if (p + 9 == end) return {};
  if (p[9] != '\n') return failed(ErrorCode::BadLineEnd);
  return {Kind::Field, ErrorCode::None};
}

StartLine bad_target_byte(char c) {
  if (c == '\n') return failed(ErrorCode::BadLineEnd);
  return failed(c == '\r' ? ErrorCode::BadRequestLine : ErrorCode::BadTarget);
}

// method SP target SP version CR LF from `at`.
StartLine read_request_line(std::string_view buffer, std::uint32_t at, const Limits& limits,
                            RequestHead& head) {
  const char* const base = buffer.data();
  const char* const end = base + buffer.size();
  const char* const method = base + at;
  const auto within = [end](const char* from, std::size_t n) {
    return static_cast<std::size_t>(end - from) < n ? end : from + n;
  };
  std::uint8_t classes = 0;
  const char* const method_end = scan_token(method, within(method, kMethodBytesMax + 1), classes);
  if (method_end - method > static_cast<std::ptrdiff_t>(kMethodBytesMax))
    return failed(ErrorCode::MethodTooLong);
  if (method_end == end) return {};
  if (*method_end == '\n') return failed(ErrorCode::BadLineEnd);
  if (*method_end == '\r' || (*method_end == ' ' && method_end == method))
    return failed(ErrorCode::BadRequestLine);
  if (*method_end != ' ') return failed(ErrorCode::BadMethod);

  const char* const target = method_end + 1;
  const char* const target_end = scan_target(target, within(target, limits.target_bytes_max + 1));
  if (target_end - target > static_cast<std::ptrdiff_t>(limits.target_bytes_max))
    return failed(ErrorCode::TargetTooLong);
  if (target_end == end) return {};
  if (*target_end != ' ') return bad_target_byte(*target_end);
  if (target_end == target) return failed(ErrorCode::BadRequestLine);

  const StartLine version = read_version(target_end + 1, end, head);
  if (version.kind != Kind::Field) return version;
  const auto offset = [base](const char* p) { return static_cast<std::uint32_t>(p - base); };
  head.method_slice = {at, offset(method_end) - at};
  head.target_slice = {offset(target), offset(target_end) - offset(target)};
  head.method = method_of({method, head.method_slice.size});
  head.cursor.line = offset(target_end) + 11;  // SP, eight bytes of version, CR LF
  return version;
}

// RFC 9112 §2.2: one empty line before a request line is left over from a careless client.
StartLine read_start(std::string_view buffer, const Limits& limits, RequestHead& head) {
  std::uint32_t at = 0;
  if (!buffer.empty() && buffer[0] == '\r') {
    if (buffer.size() == 1) return {};
    if (buffer[1] != '\n') return failed(ErrorCode::BadLineEnd);
    at = 2;
  }
  return read_request_line(buffer, at, limits, head);
}

}  // namespace

Progress parse(std::string_view buffer, const Limits& limits, RequestHead& head) {
  head.rebase(buffer.data());
  // A head never reaches beyond its limit, so nothing beyond it is looked at.
  const std::string_view seen = buffer.substr(0, limits.head_bytes_max);
  if (!head.cursor.start_line_done) {
    const StartLine line = read_start(seen, limits, head);
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
  if (const ErrorCode e = finish(limits, head); e != ErrorCode::None)
    return {Progress::State::Error, e, 0};
  return {Progress::State::Done, ErrorCode::None, head.cursor.line};
}

}  // namespace guarita::http
