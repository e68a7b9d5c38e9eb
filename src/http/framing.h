// What a complete head says of its body and its connection (RFC 9112 §6, §9). Internal to src/http.
#pragma once

#include "http/error.h"
#include "http/head.h"
#include "http/limits.h"
#include "http/parser.h"

namespace guarita::http {

// Host, Connection, framing, Expect, Upgrade, TE: fills the derived members of `head`.
ErrorCode finish(const Limits& limits, RequestHead& head);
ErrorCode finish(const ResponseContext& context, ResponseHead& head);

}  // namespace guarita::http
