// What a request says, as far as a decision depends on it. gather() is the one place that turns
// text into facts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/ip.h"
#include "crypto/crypto.h"
#include "policy/routes.h"
#include "policy/snapshot.h"

namespace guarita::policy {

// What is in the token header, judged by the request alone. In this order: the first that fits.
enum class TokenShape : std::uint8_t {
  Absent,               // no such header line
  Duplicate,            // more than one line, equal or not
  Empty,                // one line, nothing in it
  Placeholder,          // null, undefined, [token], {{…}} …
  EqualsInstanceToken,  // the same text as the instance token in the URL
  Malformed,            // not 16–256 visible ASCII without quotes , ; backslash
  Candidate,            // anything else: worth comparing
};

// Holds no secret, only digests and keyed hashes: an open exchange keeps it and is decided again
// by it after a change.
struct Facts {
  RouteMatch::Outcome outcome = RouteMatch::Outcome::Unmatched;
  std::uint16_t route = 0;  // index, where one matched
  bool instance_token_seen = false;
  bool instance_token_optional = false;
  bool preflight = false;  // OPTIONS with Origin and Access-Control-Request-Method
  TokenShape shape = TokenShape::Absent;
  crypto::Hash128 instance;              // Gated: of the instance id
  crypto::Hash128 instance_folded;       // Gated, and the snapshot tracks folded ids: else zero
  InstanceTokenDigest instance_token{};  // where seen: truncated SHA-256
  IpAddress address;                     // the client's, after forwarded-header rules
  crypto::Digest token{};                // Candidate: SHA-256 of the value
};
static_assert(std::is_trivially_copyable_v<Facts>);

// `token_header`: lower case. Field values come without surrounding white space (http's work).
// One SHA-256 for a candidate and one for an instance token in the URL; no allocation.
Facts gather(const Snapshot& snapshot, const RouteMatch& match, const RequestView& request,
             const IpAddress& address, std::string_view token_header) noexcept;

// The judgement of the header alone. `instance_token`: the URL's, empty where it has none.
TokenShape shape_of(const FieldLines& lines, std::string_view instance_token) noexcept;

// The 16 bytes under which an instance token is registered and compared.
InstanceTokenDigest instance_token_digest(std::string_view token) noexcept;

}  // namespace guarita::policy
