// The life of an account's tokens: DESIGN §2 "The state machine", whole and pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace guarita::policy {

enum class TokenState : std::uint8_t { Current, Next, Retiring, Revoked, Expired };
enum class Mode : std::uint8_t { Unset, Monitor, Enforce, Locked };

struct LiveToken {
  TokenKey key;
  TokenState state = TokenState::Current;  // Current, Next or Retiring
  std::optional<Time> expires_at;          // its own end, set when it was made
  std::optional<Time> retires_at;          // Retiring only: the end of the grace period
  bool operator==(const LiveToken&) const = default;
};
// The first of both ends. The token is accepted while now < deadline.
std::optional<Time> deadline_of(const LiveToken& token);

struct AccountPolicy {
  bool enforce = false;
  std::vector<LiveToken> tokens;  // at most two, never two of one state, Current first
  bool operator==(const AccountPolicy&) const = default;
};

// The ten rows of the table. C current, N next, R retiring.
enum class AccountState : std::uint8_t {
  Unset,
  MonitorC,
  MonitorCN,
  MonitorCR,
  MonitorR,
  EnforceC,
  EnforceCN,
  EnforceCR,
  EnforceR,
  Locked,
};

// All three take deadlines that `now` has passed into account, made final or not.
Mode mode_of(const AccountPolicy& policy, Time now);
AccountState state_of(const AccountPolicy& policy, Time now);
const LiveToken* find_token(const AccountPolicy& policy, TokenState state);  // as stored

std::string_view text_of(TokenState state);   // "current"
std::string_view text_of(Mode mode);          // "monitor"
std::string_view state_name(AccountState s);  // "monitor·CN", as the table prints it
std::string_view state_code(AccountState s);  // "monitor_current_next", for machines
std::optional<TokenState> parse_token_state(std::string_view text);

// The verbs. A new token comes with its key; where its text came from (made, imported) is
// control's matter. REQUIRES: a new key names no token of the account, live or dead.
struct NewToken {
  TokenKey key;
  std::optional<Time> expires_at;  // ahead of now, else ExpiryNotAhead
};
struct Generate {
  NewToken token;
};
struct Activate {};
struct Deactivate {};  // `locked` opens by it: faces ask for confirmation first
struct Regenerate {
  NewToken token;
  bool cut_off = false;  // while enforcing: yes, refuse callers with the old ones from now on
};
struct Rotate {
  NewToken token;
};
struct Promote {
  Millis grace{0};    // how long the old one is still accepted; zero or less: not at all
  bool lock = false;  // enforce·R with no grace: yes, deny everything from now on
};
struct Revoke {
  std::variant<TokenKey, TokenState> which;  // by key, or the one in a live state
  bool lock = false;                         // the last one while enforcing: yes, deny everything
};
struct RevokeAll {
  bool lock = false;
};
struct Expire {};  // makes final what time has passed, and nothing else
using Verb = std::variant<Generate, Activate, Deactivate, Regenerate, Rotate, Promote, Revoke,
                          RevokeAll, Expire>;

enum class VerbError : std::uint8_t {
  NoToken,           // activate, regenerate, rotate on an account without any
  TokenExists,       // generate beside a current token
  NoRotation,        // promote without next or retiring
  RotationUnderWay,  // rotate beside a next token
  RetiringNotOver,   // rotate while the last rotation's grace period runs
  NoCurrent,         // activate or rotate with none but a retiring token, rotate when locked
  WouldCutOff,       // regenerate while enforcing without cut_off
  WouldLock,         // the last live token would go while enforcing, without lock
  NoSuchToken,       // revoke of what the account does not have (404)
  ExpiryNotAhead,    // a new token that would be dead at once
};
std::string_view code_of(VerbError error);     // "no_token"
std::string_view message_of(VerbError error);  // a sentence that names the way out

struct EndedToken {
  TokenKey key;
  TokenState end = TokenState::Revoked;  // Revoked by a verb, Expired by time
  Time at{};                             // when: `now`, or the deadline that passed
  bool operator==(const EndedToken&) const = default;
};
struct Transition {
  bool changed = false;  // `after` differs from what was given
  AccountPolicy after;
  std::vector<EndedToken> ended;  // in the order of their ends
};

// Total over all verbs and states. What time has passed is made final first, in time order, and
// the verb sees the rest; on an error nothing is final. Revoking a token that has just expired
// is no error.
Result<Transition, VerbError> apply(const AccountPolicy& policy, const Verb& verb, Time now);

// When the next token ends by time alone, and when time alone would lock the account (an
// enforcing account all of whose tokens end): for timers and warnings.
std::optional<Time> next_deadline(const AccountPolicy& policy);
std::optional<Time> locks_at(const AccountPolicy& policy);

// What stored rows must fulfil to be a policy: at most two tokens, live states, no state and no
// key twice, next only beside current.
bool is_consistent(const AccountPolicy& policy);

}  // namespace guarita::policy
