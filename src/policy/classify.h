// What a request's token was, for counters, the access log and the owner's pages. Runs after the
// answer is on its way, in every mode; unlike decide() it may look into all accounts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"
#include "policy/decide.h"
#include "policy/facts.h"
#include "policy/snapshot.h"
#include "policy/token_text.h"

namespace guarita::policy {

enum class TokenClass : std::uint8_t {
  None,  // no token was asked for: public or unmatched route, no such instance
  ValidCurrent,
  ValidNext,
  ValidRetiring,
  Missing,
  Empty,
  Placeholder,
  Duplicate,
  Malformed,
  InstanceToken,       // the header carries the instance token of the same request
  AccountTokenInPath,  // the URL's token segment carries a live token of the account
  WrongHeader,         // a live token of the account came elsewhere: Bearer, query, an alias
  ShellExpanded,       // a variable's name or a command, where its value was meant: $TOKEN, %TOKEN%
  Truncated,           // a live token of the account but for the parts without entropy
  Revoked,             // dead in this account
  Expired,             // dead in this account, or past its deadline
  OtherAccount,        // another account's, live or dead: whose, only an operator may see
  Unknown,
};
inline constexpr std::size_t kTokenClasses = 18;

// "none", "valid_current", "missing", … as in metrics and the store's counters.
std::string_view text_of(TokenClass token_class) noexcept;
std::optional<TokenClass> parse_token_class(std::string_view text) noexcept;

constexpr bool is_valid(TokenClass c) noexcept {
  return c == TokenClass::ValidCurrent || c == TokenClass::ValidNext ||
         c == TokenClass::ValidRetiring;
}

// The texts still at hand; only looked at, never kept. Empty where the request had none.
struct Sent {
  std::string_view header;  // the token header's one line
  // Texts in places where people put the token by mistake: Authorization (of "Bearer TOKEN" what
  // follows the last space is looked at), aliases of the header (client_token, x-client-token,
  // token, apikey), values of query parameters. At most kElsewhereMax are looked at.
  std::span<const std::string_view> elsewhere;
  const TokenFormat* format = nullptr;  // null: no repair, `truncated` is not found
};
inline constexpr std::size_t kElsewhereMax = 8;

struct Classified {
  TokenClass token_class = TokenClass::None;
  std::uint32_t other_account = 0;  // OtherAccount: whose. For the operator alone
};

// Costs at most kElsewhereMax + 2 digests. `decision` is decide()'s, of the same facts.
Classified classify(const Snapshot& snapshot, const Facts& facts, const Decision& decision,
                    const Sent& sent, Time now) noexcept;

}  // namespace guarita::policy
