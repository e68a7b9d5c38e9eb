#include "policy/snapshot.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "policy/routes.h"
#include "policy/snapshot_layout.h"

// The read side, and construction. The write side is snapshot_write.cc.

namespace guarita::policy {
namespace {

constexpr std::size_t kCacheLine = 64;

// ASCII letters only: what callers mix up is an id's hexadecimal or user name. An id longer than
// an id can be is cut, which can only deny more.
struct Folded {
  std::array<char, kInstanceIdBytesMax> bytes;
  std::size_t size;
};
Folded fold(std::string_view id) {
  Folded out{};
  out.size = std::min(id.size(), out.bytes.size());
  std::transform(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(out.size), out.bytes.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace

Snapshot::Snapshot(const SnapshotOptions& options)
    : arena_(options.reserve_bytes, sizeof(Header)),
      folded_on_(options.folded),
      instance_table_(arena_, options.expected_instances),
      folded_table_(arena_, folded_on_ == FoldedIndex::On ? options.expected_instances : 0),
      account_table_(arena_, options.expected_accounts),
      token_table_(arena_, options.expected_accounts),
      upstream_table_(arena_, 0) {
  Header& head = header();
  head.magic = kMagic;
  head.hash_key = options.hash_key;
  head.instances = instance_table_.root();
  head.folded = folded_table_.root();
  head.accounts = account_table_.root();
  head.tokens = token_table_.root();
  head.upstreams = upstream_table_.root();
}

Snapshot::Header& Snapshot::header() const noexcept {
  return *arena_.as<Header>(0);
}

crypto::Hash128 Snapshot::hash_bytes(const void* bytes, std::size_t count) const noexcept {
  return crypto::keyed_hash(header().hash_key, {static_cast<const char*>(bytes), count});
}
crypto::Hash128 Snapshot::hash_id(std::string_view id) const noexcept {
  return hash_bytes(id.data(), id.size());
}
crypto::Hash128 Snapshot::hash_folded(std::string_view id) const noexcept {
  const Folded folded = fold(id);
  return hash_bytes(folded.bytes.data(), folded.size);
}
crypto::Hash128 Snapshot::hash_token(const crypto::Digest& token) const noexcept {
  return hash_bytes(token.data(), token.size());
}
crypto::Hash128 Snapshot::hash_account(const AccountKey& key) const noexcept {
  return hash_bytes(key.uuid.bytes.data(), key.uuid.bytes.size());
}

void Snapshot::prefetch(const crypto::Hash128& instance) const noexcept {
  instance_table_.prefetch(instance);
}

void Snapshot::prefetch_record(const crypto::Hash128& instance) const noexcept {
  const std::uint32_t held = instance_table_.find(instance);
  if ((held & kDirect) == 0) {
    if (held != SlotTable::kEmpty) __builtin_prefetch(arena_.at(held));
    return;
  }
  // The directory is small enough to be near; the account with its token takes two lines.
  const Offset account = account_offset(held & ~kDirect);
  if (account == 0) return;
  const auto* const record = arena_.as<const std::byte>(account);
  __builtin_prefetch(record);
  __builtin_prefetch(record + kCacheLine);
}

std::optional<InstanceView> Snapshot::find_instance(
    const crypto::Hash128& instance) const noexcept {
  const std::uint32_t held = instance_table_.find(instance);
  if (held == SlotTable::kEmpty) return std::nullopt;
  InstanceView view;
  if ((held & kDirect) != 0) {
    view.account_number = held & ~kDirect;
    return view;
  }
  const auto* const record = arena_.as<const InstanceRecord>(held);
  view.account_number = record->account & ~InstanceRecord::kHasToken;
  if ((record->account & InstanceRecord::kHasToken) != 0) view.token = &record->token;
  if (record->upstream != 0) {
    const auto* const upstream = arena_.as<const UpstreamRecord>(record->upstream);
    view.upstream = {upstream->id, upstream->text()};
  }
  return view;
}

std::uint32_t* Snapshot::directory_slot(std::uint32_t number) const noexcept {
  if (number == 0 || number > kAccountNumberMax) return nullptr;
  const auto [chunk, index] = place_of(number);
  const Offset start = std::atomic_ref(header().chunks[chunk]).load(std::memory_order_acquire);
  return start == 0 ? nullptr : arena_.as<std::uint32_t>(start) + index;
}

Offset Snapshot::account_offset(std::uint32_t number) const noexcept {
  std::uint32_t* const slot = directory_slot(number);
  return slot == nullptr ? 0 : std::atomic_ref(*slot).load(std::memory_order_acquire);
}

std::optional<AccountView> Snapshot::find_account(std::uint32_t number) const noexcept {
  const Offset offset = account_offset(number);
  if (offset == 0) return std::nullopt;
  return read_account(arena_.at(offset));
}

bool Snapshot::find_folded(const crypto::Hash128& folded) const noexcept {
  return folded_table_.find(folded) != SlotTable::kEmpty;
}

TokenSightings Snapshot::find_token(const crypto::Digest& token,
                                    std::uint32_t account) const noexcept {
  TokenSightings seen;
  token_table_.find_all(hash_token(token), [&](std::uint32_t packed) {
    const std::uint32_t number = account_of(packed);
    if (account_offset(number) == 0) return false;  // of an account since deleted
    const TokenState state = state_of(packed);
    if (number == account) {
      seen.own = state;
    } else if (!seen.other_state || (!is_live(*seen.other_state) && is_live(state))) {
      seen.other_account = number;
      seen.other_state = state;
    }
    return false;
  });
  return seen;
}

std::uint64_t Snapshot::revision() const noexcept {
  return std::atomic_ref(header().revision).load(std::memory_order_acquire);
}

std::uint64_t Snapshot::bytes_used() const noexcept {
  return arena_.bytes_used() + instance_table_.bookkeeping_bytes() +
         folded_table_.bookkeeping_bytes() + account_table_.bookkeeping_bytes() +
         token_table_.bookkeeping_bytes() + upstream_table_.bookkeeping_bytes() +
         retired_.size() * sizeof(Retired);
}

}  // namespace guarita::policy
