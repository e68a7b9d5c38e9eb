// Our own reading of a message, as a Message, with what is needed to show it to the oracles.
#pragma once

#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/parser.h"
#include "message.h"

namespace guarita::fuzz {

struct OurRequest {
  Message message;
  http::RequestHead head;  // into the input
  std::size_t head_bytes = 0;
};
OurRequest read_request(std::string_view bytes);

struct OurResponse {
  Message message;
  http::ResponseHead head;
  std::size_t head_bytes = 0;
};
OurResponse read_response(std::string_view bytes, const Context& context);

// The body behind a head, decoded into message.body, trailers added to message.fields. False when
// it is malformed or not whole.
bool read_body(http::Framing framing, std::uint64_t length, std::string_view bytes,
               Message& message);

}  // namespace guarita::fuzz
