#include "policy/snapshot_account.h"

#include <algorithm>
#include <cstring>

namespace guarita::policy {
namespace {

// At the start of the record; then token_count × StoredToken, ip_count × Cidr, the id, padding.
struct Head {
  std::uint32_t number;
  std::uint32_t record_bytes;
  AccountKey key;
  std::uint16_t ip_count;
  std::uint8_t enforce;
  std::uint8_t id_bytes;
  std::uint8_t token_count;
  TokenState token_states[kLiveTokensMax];
};
static_assert(sizeof(Head) == 32 && sizeof(StoredToken) == 40);
static_assert(alignof(Cidr) == 1 && std::is_trivially_copyable_v<Cidr>);

constexpr bool is_live(TokenState state) {
  return state == TokenState::Current || state == TokenState::Next || state == TokenState::Retiring;
}

bool is_network(const Cidr& cidr) {
  if (cidr.prefix_bits > 128) return false;
  for (std::size_t i = 0; i < cidr.network.bytes.size(); ++i) {
    const int kept = std::clamp(cidr.prefix_bits - static_cast<int>(8 * i), 0, 8);
    if ((cidr.network.bytes[i] & (0xff >> kept)) != 0) return false;
  }
  return true;
}

// Sorted and disjoint. Two networks are nested or apart, and the wider sorts before what it holds.
std::vector<Cidr> normalised(const std::vector<Cidr>& list) {
  std::vector<Cidr> sorted = list;
  std::ranges::sort(sorted);
  std::vector<Cidr> out;
  for (const Cidr& cidr : sorted) {
    if (out.empty() || !contains(out.back(), cidr.network)) out.push_back(cidr);
  }
  return out;
}

}  // namespace

bool fits(const AccountRow& row) {
  return !row.id.empty() && row.id.size() <= kAccountIdBytesMax &&
         row.tokens.size() <= kLiveTokensMax && row.ip_list.size() <= kIpListEntriesMax &&
         std::ranges::all_of(row.tokens, is_live, &TokenRow::state) &&
         std::ranges::all_of(row.ip_list, is_network);
}

Mode AccountView::mode(Time now) const noexcept {
  const bool any = std::ranges::any_of(tokens, [&](const auto& t) { return t.ahead_of(now); });
  if (enforce) return any ? Mode::Enforce : Mode::Locked;
  return any ? Mode::Monitor : Mode::Unset;
}

std::optional<std::uint8_t> AccountView::match(const crypto::Digest& digest,
                                               Time now) const noexcept {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (crypto::equal(tokens[i].digest, digest) && tokens[i].ahead_of(now)) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return std::nullopt;
}

bool AccountView::allows(const IpAddress& address) const noexcept {
  if (ip_list.empty()) return true;
  const auto after = std::ranges::upper_bound(ip_list, address, {}, &Cidr::network);
  return after != ip_list.begin() && contains(*(after - 1), address);
}

void encode_account(const AccountRow& row, std::uint32_t number,
                    FunctionRef<void*(std::uint32_t bytes)> allocate) {
  const std::vector<Cidr> ip_list = normalised(row.ip_list);
  std::size_t size = sizeof(Head) + row.tokens.size() * sizeof(StoredToken) +
                     ip_list.size() * sizeof(Cidr) + row.id.size();
  size = (size + 7) / 8 * 8;

  Head head{};
  head.number = number;
  head.record_bytes = static_cast<std::uint32_t>(size);
  head.key = row.key;
  head.ip_count = static_cast<std::uint16_t>(ip_list.size());
  head.enforce = row.enforce ? 1 : 0;
  head.id_bytes = static_cast<std::uint8_t>(row.id.size());
  head.token_count = static_cast<std::uint8_t>(row.tokens.size());
  for (std::size_t i = 0; i < row.tokens.size(); ++i) head.token_states[i] = row.tokens[i].state;

  auto* at = static_cast<std::byte*>(allocate(head.record_bytes));
  const auto append = [&at](const void* from, std::size_t count) {
    if (count != 0) std::memcpy(at, from, count);
    at += count;
  };
  append(&head, sizeof head);
  for (const TokenRow& token : row.tokens) {
    const StoredToken stored{
        token.digest, token.deadline ? token.deadline->time_since_epoch().count() : kNoDeadline};
    append(&stored, sizeof stored);
  }
  append(ip_list.data(), ip_list.size() * sizeof(Cidr));
  append(row.id.data(), row.id.size());
}

AccountView read_account(const void* record) noexcept {
  const auto* const head = static_cast<const Head*>(record);
  const auto* const tokens = reinterpret_cast<const StoredToken*>(head + 1);
  const auto* const ip_list = reinterpret_cast<const Cidr*>(tokens + head->token_count);
  const auto* const id = reinterpret_cast<const char*>(ip_list + head->ip_count);
  return {.number = head->number,
          .enforce = head->enforce != 0,
          .key = head->key,
          .id = {id, head->id_bytes},
          .tokens = {tokens, head->token_count},
          .token_states = head->token_states,
          .ip_list = {ip_list, head->ip_count}};
}

std::uint32_t account_record_bytes(const void* record) noexcept {
  return static_cast<const Head*>(record)->record_bytes;
}

}  // namespace guarita::policy
