// An account in the snapshot: the row it is made from, its immutable record in the arena, and the
// view a reader gets of that record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/crypto.h"
#include "policy/function_ref.h"
#include "policy/ip_list.h"
#include "policy/state_machine.h"

namespace guarita::policy {

// The first half of the SHA-256 of an instance token.
using InstanceTokenDigest = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kAccountIdBytesMax = 255;
inline constexpr std::size_t kLiveTokensMax = 2;  // the state machine's limit

struct TokenRow {
  crypto::Digest digest{};
  TokenState state = TokenState::Current;  // a live one: Current, Next or Retiring
  std::optional<Time> deadline;            // the earlier of expires_at and retires_at
};

struct AccountRow {
  AccountKey key;
  std::string id;  // what callers, logs and X-Account-Id show
  bool enforce = false;
  std::vector<TokenRow> tokens;
  std::vector<Cidr> ip_list;  // empty: no restriction
};

// Within the limits above, its tokens in live states, no host bits in its networks.
bool fits(const AccountRow& row);

struct StoredToken {
  crypto::Digest digest;
  std::int64_t deadline_ms;  // kNoDeadline: none

  bool ahead_of(Time now) const noexcept { return now.time_since_epoch().count() < deadline_ms; }
};
inline constexpr std::int64_t kNoDeadline = INT64_MAX;

// Lives as long as the record: until the reader's thread returns to its event loop.
struct AccountView {
  std::uint32_t number = 0;
  bool enforce = false;
  AccountKey key;
  std::string_view id;
  std::span<const StoredToken> tokens;
  const TokenState* token_states = nullptr;  // as many as tokens
  std::span<const Cidr> ip_list;  // sorted and disjoint: the row's, less what others cover

  // Enforce off: Unset or Monitor; on: Enforce or Locked. A token past its deadline is none.
  Mode mode(Time now) const noexcept;
  // The live token with this digest whose deadline is ahead; compared in constant time.
  std::optional<std::uint8_t> match(const crypto::Digest& digest, Time now) const noexcept;
  // The list is empty or has the address. O(log entries).
  bool allows(const IpAddress& address) const noexcept;
};

// The record: a fixed head, tokens, IP list, id text; a multiple of 8 bytes. REQUIRES: fits(row).
// `allocate` is called once, and gives as many bytes as it is asked for, aligned to 8.
void encode_account(const AccountRow& row, std::uint32_t number,
                    FunctionRef<void*(std::uint32_t bytes)> allocate);
AccountView read_account(const void* record) noexcept;
std::uint32_t account_record_bytes(const void* record) noexcept;

}  // namespace guarita::policy
