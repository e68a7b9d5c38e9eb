#include "policy/decide.h"

#include <array>

namespace guarita::policy {
namespace {

constexpr std::array<std::string_view, kReasons> kReasonTexts = {
    "none",
    "unmatched_route",
    "bad_target",
    "ambiguous_instance",
    "instance_not_found",
    "ip_not_allowed",
    "preflight",
    "token_missing",
    "token_empty",
    "token_placeholder",
    "token_duplicate",
    "token_malformed",
    "token_is_instance_token",
    "token_not_accepted",
};
static_assert(static_cast<std::size_t>(Reason::TokenNotAccepted) + 1 == kReasons);

// None: the route does not deny.
Reason reason_of(RouteMatch::Outcome outcome) noexcept {
  using enum RouteMatch::Outcome;
  switch (outcome) {
    case Unmatched: return Reason::UnmatchedRoute;
    case BadTarget: return Reason::BadTarget;
    case Ambiguous: return Reason::AmbiguousInstance;
    case NoInstance: return Reason::InstanceNotFound;
    case Public:
    case Gated: return Reason::None;
  }
  return Reason::UnmatchedRoute;
}

// None: a candidate, whose digest decides.
Reason reason_of(TokenShape shape) noexcept {
  using enum TokenShape;
  switch (shape) {
    case Absent: return Reason::TokenMissing;
    case Duplicate: return Reason::TokenDuplicate;
    case Empty: return Reason::TokenEmpty;
    case Placeholder: return Reason::TokenPlaceholder;
    case EqualsInstanceToken: return Reason::TokenIsInstanceToken;
    case Malformed: return Reason::TokenMalformed;
    case Candidate: return Reason::None;
  }
  return Reason::TokenMalformed;
}

bool instance_token_passes(const InstanceView& instance, const Facts& facts) noexcept {
  if (instance.token == nullptr) return true;
  if (!facts.instance_token_seen) return facts.instance_token_optional;
  return crypto::equal(*instance.token, facts.instance_token);
}

Decision deny(Decision decision, Reason reason) noexcept {
  decision.allow = false;
  decision.reason = reason;
  return decision;
}

Decision allow(Decision decision) noexcept {
  decision.allow = true;
  decision.reason = Reason::None;
  return decision;
}

}  // namespace

std::string_view text_of(Reason reason) noexcept {
  return kReasonTexts[static_cast<std::size_t>(reason)];
}

std::optional<Reason> parse_reason(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (kReasonTexts[i] == text) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

Decision decide(const Snapshot& snapshot, const Facts& facts, Time now,
                const DecideOptions& options) noexcept {
  Decision decision;
  // 1. Route.
  if (const Reason r = reason_of(facts.outcome); r != Reason::None) return deny(decision, r);
  if (facts.outcome == RouteMatch::Outcome::Public) return allow(decision);

  // 2. Instance.
  auto instance = snapshot.find_instance(facts.instance);
  if (!instance && options.unknown_instance == UnknownInstance::Allow) {
    // An upstream may fold case where we do not: a known id in other letters is no unknown one.
    // The second look is for an instance registered between the two: it is there by now.
    const bool known = !snapshot.tracks_folded() || snapshot.find_folded(facts.instance_folded);
    if (!known) {
      decision.unknown_instance = true;
      return allow(decision);
    }
    instance = snapshot.find_instance(facts.instance);
  }
  if (!instance) return deny(decision, Reason::InstanceNotFound);
  const auto account = snapshot.find_account(instance->account_number);
  if (!account) return deny(decision, Reason::InstanceNotFound);
  decision.account = {account->number};
  decision.account_id = account->id;
  decision.mode = account->mode(now);
  decision.upstream = instance->upstream;

  // 3. Instance token.
  if (!instance_token_passes(*instance, facts)) return deny(decision, Reason::InstanceNotFound);
  // 4. IP list.
  if (!account->allows(facts.address)) return deny(decision, Reason::IpNotAllowed);

  // 5. and 6. Preflight and token.
  if (facts.shape == TokenShape::Candidate) {
    if (const auto index = account->match(facts.token, now)) {
      decision.matched_token = *index;
      decision.matched_state = account->token_states[*index];
    }
  }
  if (!account->enforce) return allow(decision);
  if (facts.preflight) return deny(decision, Reason::Preflight);
  if (const Reason r = reason_of(facts.shape); r != Reason::None) return deny(decision, r);
  if (decision.matched_token == Decision::kNoToken) return deny(decision, Reason::TokenNotAccepted);
  return allow(decision);
}

Reason concealed_reason(const Facts& facts) noexcept {
  if (facts.preflight) return Reason::Preflight;
  const Reason reason = reason_of(facts.shape);
  return reason == Reason::None ? Reason::TokenNotAccepted : reason;
}

}  // namespace guarita::policy
