// One header or trailer line, found and checked in one pass. Internal to src/http.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"

namespace guarita::http {

struct FieldLine {
  enum class Kind : std::uint8_t { NeedMore, Field, EndOfHead, Error };
  Kind kind = Kind::NeedMore;
  ErrorCode error = ErrorCode::None;
  std::uint32_t next = 0;  // offset after the line
  FieldEntry entry;
};

// The line at `at`. An error is told at the first byte that makes it certain, so that it does not
// depend on how much of the line is there.
FieldLine scan_field_line(std::string_view buffer, std::uint32_t at, const Limits& limits);

// All lines from the cursor to the empty one, appended to `fields`.
struct FieldSection {
  FieldLine::Kind kind = FieldLine::Kind::NeedMore;  // never Field
  ErrorCode error = ErrorCode::None;
};
FieldSection scan_fields(std::string_view buffer, const Limits& limits, ParseCursor& cursor,
                         Fields& fields);

}  // namespace guarita::http
