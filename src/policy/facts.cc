#include "policy/facts.h"

#include <algorithm>

#include "policy/token_text.h"

namespace guarita::policy {

TokenShape shape_of(const FieldLines& lines, std::string_view instance_token) noexcept {
  if (lines.count == 0) return TokenShape::Absent;
  if (lines.count > 1) return TokenShape::Duplicate;
  if (lines.value.empty()) return TokenShape::Empty;
  if (is_placeholder(lines.value)) return TokenShape::Placeholder;
  if (lines.value == instance_token) return TokenShape::EqualsInstanceToken;
  if (!is_wellformed_header_value(lines.value)) return TokenShape::Malformed;
  return TokenShape::Candidate;
}

InstanceTokenDigest instance_token_digest(std::string_view token) noexcept {
  const crypto::Digest whole = crypto::sha256(token);
  InstanceTokenDigest half;
  std::copy_n(whole.begin(), half.size(), half.begin());
  return half;
}

Facts gather(const Snapshot& snapshot, const RouteMatch& match, const RequestView& request,
             const IpAddress& address, std::string_view token_header) noexcept {
  const auto field = [&](std::string_view name) {
    return request.fields.get(request.fields.context, name);
  };
  Facts facts;
  facts.outcome = match.outcome;
  facts.route = match.route;
  facts.address = address;
  facts.preflight = request.method == "OPTIONS" && field("origin").count != 0 &&
                    field("access-control-request-method").count != 0;

  std::string_view instance_token;
  if (match.outcome == RouteMatch::Outcome::Gated) {
    facts.instance_token_seen = match.instance_token_seen;
    facts.instance_token_optional = match.instance_token_optional;
    facts.instance = snapshot.hash_id(match.instance_id.view());
    snapshot.prefetch(facts.instance);  // under way while the header is judged
    if (snapshot.tracks_folded()) {
      facts.instance_folded = snapshot.hash_folded(match.instance_id.view());
    }
    // Digested even where the instance has none registered: it may have one when this exchange is
    // decided again. An empty one (or one too long) keeps the zero digest, which nothing matches.
    if (match.instance_token_seen) instance_token = match.instance_token.view();
    if (!instance_token.empty()) facts.instance_token = instance_token_digest(instance_token);
  }

  const FieldLines lines = field(token_header);
  facts.shape = shape_of(lines, instance_token);
  if (match.outcome == RouteMatch::Outcome::Gated) {
    snapshot.prefetch_record(facts.instance);  // under way while the token is digested
  }
  if (facts.shape == TokenShape::Candidate) facts.token = crypto::sha256(lines.value);
  return facts;
}

}  // namespace guarita::policy
