#include "policy/classify.h"

#include <algorithm>
#include <array>

namespace guarita::policy {
namespace {

constexpr std::array<std::string_view, kTokenClasses> kClassTexts = {
    "none",
    "valid_current",
    "valid_next",
    "valid_retiring",
    "missing",
    "empty",
    "placeholder",
    "duplicate",
    "malformed",
    "instance_token",
    "account_token_in_path",
    "wrong_header",
    "shell_expanded",
    "truncated",
    "revoked",
    "expired",
    "other_account",
    "unknown",
};
static_assert(static_cast<std::size_t>(TokenClass::Unknown) + 1 == kTokenClasses);

TokenClass valid_class(TokenState state) noexcept {
  switch (state) {
    case TokenState::Current: return TokenClass::ValidCurrent;
    case TokenState::Next: return TokenClass::ValidNext;
    case TokenState::Retiring: return TokenClass::ValidRetiring;
    case TokenState::Revoked: return TokenClass::Revoked;
    case TokenState::Expired: return TokenClass::Expired;
  }
  return TokenClass::Unknown;
}

bool is_live_token(const AccountView& account, std::string_view text, Time now) noexcept {
  return is_wellformed_header_value(text) && account.match(crypto::sha256(text), now).has_value();
}

// The first half of the URL token's digest is at hand, and that is enough to know.
bool path_carries_token(const AccountView& account, const Facts& facts, Time now) noexcept {
  if (!facts.instance_token_seen) return false;
  return std::ranges::any_of(account.tokens, [&](const StoredToken& token) {
    const auto half = std::span(token.digest).first<sizeof(InstanceTokenDigest)>();
    return token.ahead_of(now) && crypto::equal(half, facts.instance_token);
  });
}

bool came_elsewhere(const AccountView& account, const Sent& sent, Time now) noexcept {
  const auto texts = sent.elsewhere.first(std::min(sent.elsewhere.size(), kElsewhereMax));
  return std::ranges::any_of(texts, [&](std::string_view text) {
    const std::size_t space = text.rfind(' ');  // after "Bearer"
    if (space != std::string_view::npos) text.remove_prefix(space + 1);
    return is_live_token(account, text, now);
  });
}

bool is_truncated(const AccountView& account, const Sent& sent, Time now) noexcept {
  if (sent.format == nullptr || sent.header.size() > kTokenBytesMax) return false;
  const auto candidates = repair_candidates(*sent.format, sent.header);
  return std::ranges::any_of(candidates.view(), [&](const RepairedToken& candidate) {
    return is_live_token(account, candidate.reveal(), now);
  });
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  });
}

// $TOKEN, ${TOKEN…}, $(command), `command`, $env:TOKEN, %TOKEN%: quotes that kept the shell from
// putting the value in. The reverse, a "$…" inside a token that a shell did eat, leaves a text
// whose whole nobody can find again from a digest: it is `unknown` or `malformed`.
bool is_shell_expression(std::string_view text) noexcept {
  if (text.size() < 3) return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (text.starts_with("${")) return text.ends_with('}');
  if (text.starts_with("$(")) return text.ends_with(')');
  if (text.starts_with('`')) return text.ends_with('`');
  if (text.starts_with('%')) return text.ends_with('%') && is_name(inside);
  return text.starts_with('$') && is_name(text.substr(1));
}

// What the header alone says. Unknown: a candidate.
TokenClass class_of(TokenShape shape) noexcept {
  using enum TokenShape;
  switch (shape) {
    case Absent: return TokenClass::Missing;
    case Duplicate: return TokenClass::Duplicate;
    case Empty: return TokenClass::Empty;
    case Placeholder: return TokenClass::Placeholder;
    case EqualsInstanceToken: return TokenClass::InstanceToken;
    case Malformed: return TokenClass::Malformed;
    case Candidate: return TokenClass::Unknown;
  }
  return TokenClass::Unknown;
}

// A better word for a header that says nothing, or nothing known: what the rest of the request
// shows. REQUIRES: the header is no live or dead token.
TokenClass explain(TokenClass plain, const AccountView& account, const Facts& facts,
                   const Sent& sent, Time now) noexcept {
  using enum TokenClass;
  if (plain == Duplicate) return plain;
  if (path_carries_token(account, facts, now)) return AccountTokenInPath;
  if (plain == InstanceToken) return plain;
  if (came_elsewhere(account, sent, now)) return WrongHeader;
  if (plain == Malformed || plain == Unknown) {
    if (is_shell_expression(sent.header)) return ShellExpanded;
    if (is_truncated(account, sent, now)) return Truncated;
  }
  return plain;
}

// A well-formed token that is not accepted: dead here, or somebody else's.
Classified judge_candidate(const Snapshot& snapshot, const Facts& facts,
                           const AccountView& account) noexcept {
  const auto same = std::ranges::find_if(account.tokens, [&](const StoredToken& token) {
    return crypto::equal(token.digest, facts.token);
  });
  if (same != account.tokens.end()) return {TokenClass::Expired, 0};  // past its deadline
  const TokenSightings seen = snapshot.find_token(facts.token, account.number);
  if (seen.own == TokenState::Revoked) return {TokenClass::Revoked, 0};
  if (seen.own == TokenState::Expired) return {TokenClass::Expired, 0};
  if (seen.other_state) return {TokenClass::OtherAccount, seen.other_account};
  return {TokenClass::Unknown, 0};
}

}  // namespace

std::string_view text_of(TokenClass token_class) noexcept {
  return kClassTexts[static_cast<std::size_t>(token_class)];
}

std::optional<TokenClass> parse_token_class(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    if (kClassTexts[i] == text) return static_cast<TokenClass>(i);
  }
  return std::nullopt;
}

Classified classify(const Snapshot& snapshot, const Facts& facts, const Decision& decision,
                    const Sent& sent, Time now) noexcept {
  if (facts.outcome != RouteMatch::Outcome::Gated) return {};
  if (decision.matched_token != Decision::kNoToken) return {valid_class(decision.matched_state), 0};
  const auto account = snapshot.find_account(decision.account.number);
  if (!account && !decision.unknown_instance) return {};
  const AccountView owner = account.value_or(AccountView{});  // of an unknown instance: nobody

  Classified plain{class_of(facts.shape), 0};
  if (facts.shape == TokenShape::Candidate) {
    if (const auto index = owner.match(facts.token, now)) {  // refused before its token was asked
      return {valid_class(owner.token_states[*index]), 0};
    }
    plain = judge_candidate(snapshot, facts, owner);
    if (plain.token_class != TokenClass::Unknown) return plain;
  }
  return {explain(plain.token_class, owner, facts, sent, now), 0};
}

}  // namespace guarita::policy
