// Our own reading of a message, as a Message, with what is needed to show it to the oracles.
#pragma once

#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/limits.h"
#include "http/parser.h"
#include "message.h"

namespace guarita::fuzz {

struct OurRequest {
  Message message;
  http::RequestHead head;  // into the input
  std::size_t head_bytes = 0;
};
OurRequest read_request(std::string_view bytes, const http::Limits& limits = {});

struct OurResponse {
  Message message;
  http::ResponseHead head;
  std::size_t head_bytes = 0;
};
OurResponse read_response(std::string_view bytes, const Context& context,
                          const http::Limits& limits = {});

// For what the gate sends: it adds lines of its own to a head that may stand at a limit, and
// percent-encoding makes a target longer.
inline constexpr http::Limits kSentLimits{.target_bytes_max = 3 * http::Limits{}.target_bytes_max,
                                          .head_bytes_max = 2 * http::Limits{}.head_bytes_max,
                                          .fields_max = 2 * http::Limits{}.fields_max};

// The body behind a head, decoded into message.body, trailers added to message.fields. False when
// it is malformed or not whole.
bool read_body(http::Framing framing, std::uint64_t length, std::string_view bytes,
               Message& message);

}  // namespace guarita::fuzz
