// Heads that come as fields instead of text (HTTP/2, RFC 9113 §8), held to the limits and the
// strictness of a parsed head. Storage is kept between messages: no allocation once warm.
#pragma once

#include <string>
#include <string_view>

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"
#include "http/parser.h"

namespace guarita::http {

struct ReceivedFields {
  std::string text;  // what the slices of `fields` point into
  Fields fields;
  void clear();
};

// The fields of `head` are those of `text`, once finish() has said None.
struct ReceivedHead {
  std::string text;
  ResponseHead head;
  void clear();
};

// Whether the head was the end of its stream.
enum class BodyAfter : bool { No, Yes };

// ":status": three digits.
ErrorCode add_status(ReceivedHead& into, std::string_view value);
// A field, in order: a lower-case token, a clean value, nothing that names a connection.
ErrorCode add_field(ReceivedHead& into, std::string_view name, std::string_view value,
                    const Limits& limits);
// After the last field: what the head says of its body. The other members are whole from then on.
ErrorCode finish(ReceivedHead& head, const ResponseContext& context, BodyAfter body);

// A trailer section, under the limits of trailers; seal() after the last field.
ErrorCode add_trailer(ReceivedFields& into, std::string_view name, std::string_view value,
                      const Limits& limits);
void seal(ReceivedFields& trailers);

}  // namespace guarita::http
