// What the gate checks of a request head beyond its syntax, before it routes: methods, Connection
// that names what the gate reads, Via loops, Max-Forwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/error.h"
#include "http/head.h"
#include "http/names.h"

namespace guarita::http {

struct AdmitRules {
  NameSet read_names;    // token header, selectors, address header: make_read_names()
  std::string via_name;  // "guarita-<id>", this gate's pseudonym in Via
};

// Host, framing, Expect, Via, Max-Forwards and what the configuration adds.
NameSet make_read_names(const std::vector<std::string>& configured);

struct Admitted {
  ErrorCode error = ErrorCode::None;
  // OPTIONS with Max-Forwards: 0: the gate answers itself (RFC 9110 §7.6.2).
  bool answer_here = false;
  // OPTIONS with Max-Forwards above 0: what to send on; -1 without.
  std::int64_t max_forwards = -1;
};

Admitted admit(const RequestHead& head, const AdmitRules& rules);

}  // namespace guarita::http
