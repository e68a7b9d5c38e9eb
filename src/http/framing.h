// What a complete head says of its body and its connection (RFC 9112 §6, §9). Internal to src/http.
#pragma once

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"
#include "http/parser.h"
#include "http/received_head.h"

namespace guarita::http {

// Host, Connection, framing, Expect, Upgrade, TE: fills the derived members of `head`.
ErrorCode finish(const Limits& limits, RequestHead& head);
ErrorCode finish(const ResponseContext& context, ResponseHead& head);
// A head that came by HTTP/2: no Connection, no Transfer-Encoding, the end is the stream's.
ErrorCode finish_received(const ResponseContext& context, BodyAfter body, ResponseHead& head);

}  // namespace guarita::http
