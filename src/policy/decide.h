// The decision: a pure, total function of (snapshot, facts, now). DESIGN §3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "policy/facts.h"
#include "policy/snapshot.h"

namespace guarita::policy {

// The public reasons. They depend on the request alone, or merge what the store knows.
enum class Reason : std::uint8_t {
  None,  // allowed
  UnmatchedRoute,
  BadTarget,  // a path that could be read in two ways; answered as malformed HTTP
  AmbiguousInstance,
  InstanceNotFound,  // also: its instance token is absent or different
  IpNotAllowed,
  Preflight,
  TokenMissing,
  TokenEmpty,
  TokenPlaceholder,
  TokenDuplicate,
  TokenMalformed,
  TokenIsInstanceToken,
  TokenNotAccepted,
};
inline constexpr std::size_t kReasons = 14;

// "none", "unmatched_route", … as in Guarita-Reason and in metrics.
std::string_view text_of(Reason reason) noexcept;
std::optional<Reason> parse_reason(std::string_view text) noexcept;

enum class UnknownInstance : std::uint8_t { Deny, Allow };
struct DecideOptions {
  UnknownInstance unknown_instance = UnknownInstance::Deny;
};

struct AccountRef {
  std::uint32_t number = 0;  // 0: none (public route, unknown instance, no such instance)
};

// The views live until the thread returns to its event loop.
struct Decision {
  static constexpr std::uint8_t kNoToken = 0xff;

  bool allow = false;
  Reason reason = Reason::UnmatchedRoute;
  Mode mode = Mode::Unset;      // of the account, at `now`
  AccountRef account;           // set on denials too, once the instance is known: not for callers
  std::string_view account_id;  // likewise
  UpstreamRef upstream;         // where allowed
  // The live token that the header carries: index into AccountView::tokens. Set in monitor too.
  std::uint8_t matched_token = kNoToken;
  TokenState matched_state = TokenState::Current;  // where matched
  bool unknown_instance = false;  // allowed though not registered: count it, list it
};

// The first denial wins. Allocates nothing, reads each row once.
Decision decide(const Snapshot& snapshot, const Facts& facts, Time now,
                const DecideOptions& options) noexcept;

// What an enforcing account would say to the same preflight and header: the answer in place of
// InstanceNotFound when instances are concealed ([answers] conceal_instances). Never None.
Reason concealed_reason(const Facts& facts) noexcept;

}  // namespace guarita::policy
