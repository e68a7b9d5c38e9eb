#include "http/field_line.h"

#include <algorithm>

#include "http/scan.h"

namespace guarita::http {
namespace {

struct Bound {
  const char* end;
  // What is wrong when the line is not over at `end`; None when only bytes are missing.
  ErrorCode error;
};

Bound bound_of(std::string_view buffer, std::uint32_t at, const Limits& limits) {
  const std::size_t field_end = std::size_t{at} + limits.field_bytes_max + 2;  // and CR LF
  const std::size_t head_end = limits.head_bytes_max;
  const std::size_t limit = std::min(field_end, head_end);
  if (buffer.size() < limit) return {buffer.data() + buffer.size(), ErrorCode::None};
  return {buffer.data() + limit,
          head_end <= field_end ? ErrorCode::HeadTooLarge : ErrorCode::FieldTooLarge};
}

FieldLine failed(ErrorCode error) {
  FieldLine line;
  line.kind = FieldLine::Kind::Error;
  line.error = error;
  return line;
}

FieldLine unfinished(const Bound& bound) {
  return bound.error == ErrorCode::None ? FieldLine{} : failed(bound.error);
}

// At the first byte of a line that is no header line.
FieldLine end_of_head(const char* p, const char* base, const Bound& bound) {
  if (*p != '\r') {
    return failed(*p == '\n'   ? ErrorCode::BadLineEnd
                  : is_ows(*p) ? ErrorCode::ObsFold
                               : ErrorCode::BadFieldName);
  }
  if (p + 1 == bound.end) return unfinished(bound);
  if (p[1] != '\n') return failed(ErrorCode::BadLineEnd);
  FieldLine line;
  line.kind = FieldLine::Kind::EndOfHead;
  line.next = static_cast<std::uint32_t>(p + 2 - base);
  return line;
}

Slice slice(const char* base, const char* from, const char* to) {
  return {static_cast<std::uint32_t>(from - base), static_cast<std::uint32_t>(to - from)};
}

}  // namespace

FieldLine scan_field_line(std::string_view buffer, std::uint32_t at, const Limits& limits) {
  const char* const base = buffer.data();
  const Bound bound = bound_of(buffer, at, limits);
  const char* const name = base + at;
  if (name >= bound.end) return unfinished(bound);

  std::uint8_t classes = 0;
  const char* const colon = scan_token(name, bound.end, classes);
  if (colon == name) return end_of_head(name, base, bound);
  if (colon == bound.end) return unfinished(bound);
  if (*colon != ':')
    return failed(*colon == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadFieldName);

  const char* value = colon + 1;
  while (value != bound.end && is_ows(*value)) ++value;
  const char* const stop = scan_value(value, bound.end);
  if (stop == bound.end) return unfinished(bound);
  if (*stop != '\r')
    return failed(*stop == '\n' ? ErrorCode::BadLineEnd : ErrorCode::BadFieldValue);
  if (stop + 1 == bound.end) return unfinished(bound);
  if (stop[1] != '\n') return failed(ErrorCode::BadLineEnd);
  const char* value_end = stop;
  while (value_end != value && is_ows(value_end[-1])) --value_end;

  FieldLine line;
  line.kind = FieldLine::Kind::Field;
  line.next = static_cast<std::uint32_t>(stop + 2 - base);
  line.entry.name = slice(base, name, colon);
  line.entry.value = slice(base, value, value_end);
  const std::string_view text(name, static_cast<std::size_t>(colon - name));
  line.entry.print = fingerprint(text);
  line.entry.id = header_id(text, line.entry.print);
  line.entry.alias = (classes & kAliasBit) != 0 ? AliasByte::Yes : AliasByte::No;
  return line;
}

FieldSection scan_fields(std::string_view buffer, const Limits& limits, ParseCursor& cursor,
                         Fields& fields) {
  for (;;) {
    const FieldLine line = scan_field_line(buffer, cursor.line, limits);
    switch (line.kind) {
      case FieldLine::Kind::NeedMore: return {};
      case FieldLine::Kind::Error: return {FieldLine::Kind::Error, line.error};
      case FieldLine::Kind::EndOfHead:
        cursor.line = line.next;
        return {FieldLine::Kind::EndOfHead, ErrorCode::None};
      case FieldLine::Kind::Field:
        if (fields.size() == limits.fields_max)
          return {FieldLine::Kind::Error, ErrorCode::TooManyFields};
        fields.append(line.entry);
        cursor.line = line.next;
        break;
    }
  }
}

}  // namespace guarita::http
