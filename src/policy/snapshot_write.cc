#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "policy/snapshot.h"
#include "policy/snapshot_layout.h"

// The write side: records first, then the word that makes them visible.

namespace guarita::policy {
namespace {

constexpr std::size_t kUpstreamBytesMax = 65'535;
constexpr std::size_t kFetchedAhead = 16;  // as many misses as a core keeps under way, about

void store(std::uint32_t& word, std::uint32_t value) {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

}  // namespace

void Snapshot::set_revision(std::uint64_t revision) noexcept {
  std::atomic_ref(header().revision).store(revision, std::memory_order_release);
}

void Snapshot::retire(Block block) {
  retired_bytes_ += block.bytes;
  retired_.push_back({mark_, block});
}

std::uint64_t Snapshot::retire_mark() {
  return mark_++;
}

void Snapshot::reclaim(std::uint64_t mark) {
  while (!retired_.empty() && retired_.front().mark <= mark) {
    retired_bytes_ -= retired_.front().block.bytes;
    arena_.free(retired_.front().block);
    retired_.pop_front();
  }
}

void Snapshot::insert(SlotTable& table, const crypto::Hash128& hash, std::uint32_t value) {
  // Tokens of deleted accounts stay until their segment is rebuilt: an account with many dead
  // tokens is deleted in O(1).
  const auto keep = [&](std::uint32_t held) {
    return &table != &token_table_ || account_offset(account_of(held)) != 0;
  };
  const auto give_up = [&](Block block) { retire(block); };
  // Beyond kSameHashMax accounts with one and the same token the rest is not indexed: classify()
  // may then say `unknown` of it; decide() does not depend on this.
  (void)table.insert(hash, value, keep, give_up);
}

// ---- accounts -------------------------------------------------------------------------------

void Snapshot::grow_directory(std::uint32_t number) {
  const unsigned chunk = place_of(number).chunk;
  if (header().chunks[chunk] != 0) return;
  const Block block = arena_.allocate((kFirstChunk << chunk) * 4);
  if (block.bytes <= Arena::kSmallMax) std::memset(arena_.at(block.offset), 0, block.bytes);
  store(header().chunks[chunk], block.offset);
}

std::uint32_t Snapshot::account_number(const AccountKey& key) const {
  return account_table_.find(hash_account(key));
}

// Instances come account by account where they were made so.
std::uint32_t Snapshot::owner_number(const AccountKey& key) {
  if (owner_.number == 0 || owner_.key != key) owner_ = {key, account_number(key)};
  return owner_.number;
}

std::uint32_t Snapshot::put_account(const AccountRow& row) {
  if (!fits(row)) return 0;
  std::uint32_t number = account_number(row.key);
  const bool is_new = number == 0;
  if (is_new) {
    if (last_account_number_ == kAccountNumberMax) return 0;
    number = ++last_account_number_;
    grow_directory(number);
  }
  Block block;
  encode_account(row, number, [&](std::uint32_t bytes) {
    block = arena_.allocate(bytes);
    return arena_.at(block.offset);
  });
  const Offset before = account_offset(number);
  store(*directory_slot(number), block.offset);
  if (is_new) insert(account_table_, hash_account(row.key), number);

  for (const TokenRow& token : row.tokens) index_token(token.digest, number, token.state);
  if (before == 0) return number;
  const AccountView old = read_account(arena_.at(before));
  for (std::size_t i = 0; i < old.tokens.size(); ++i) {
    const crypto::Digest& digest = old.tokens[i].digest;
    if (std::ranges::find(row.tokens, digest, &TokenRow::digest) != row.tokens.end()) continue;
    // Where put_dead_token() came first, the entry says so and is not this one.
    token_table_.erase(hash_token(digest), pack_token(number, old.token_states[i]));
  }
  retire({before, account_record_bytes(arena_.at(before))});
  return number;
}

bool Snapshot::erase_account(const AccountKey& key) {
  const std::uint32_t number = account_number(key);
  if (number == 0) return false;
  const Offset offset = account_offset(number);
  store(*directory_slot(number), 0);
  owner_ = {};
  account_table_.erase(hash_account(key), number);
  const AccountView old = read_account(arena_.at(offset));
  for (std::size_t i = 0; i < old.tokens.size(); ++i) {
    token_table_.erase(hash_token(old.tokens[i].digest), pack_token(number, old.token_states[i]));
  }
  retire({offset, account_record_bytes(arena_.at(offset))});
  return true;
}

bool Snapshot::put_dead_token(const AccountKey& account, const crypto::Digest& token,
                              TokenState state) {
  const std::uint32_t number = account_number(account);
  if (number == 0 || is_live(state)) return false;
  index_token(token, number, state);
  return true;
}

// One entry for each account and digest. Dead is for ever: a live state does not replace it.
void Snapshot::index_token(const crypto::Digest& token, std::uint32_t number, TokenState state) {
  const crypto::Hash128 hash = hash_token(token);
  std::uint32_t held = SlotTable::kEmpty;
  token_table_.find_all(hash, [&](std::uint32_t packed) {
    if (account_of(packed) != number) return false;
    held = packed;
    return true;
  });
  const std::uint32_t wanted = pack_token(number, state);
  if (held == SlotTable::kEmpty) {
    insert(token_table_, hash, wanted);
  } else if (is_live(state_of(held)) || !is_live(state)) {
    token_table_.replace(hash, held, wanted);
  }
}

// ---- instances ------------------------------------------------------------------------------

std::uint32_t Snapshot::write_instance(const InstanceRow& row, std::uint32_t account) {
  if (!row.token && row.upstream.empty()) return kDirect | account;
  InstanceRecord record{};
  record.account = account | (row.token ? InstanceRecord::kHasToken : 0);
  record.upstream = intern_upstream(row.upstream);
  if (row.token) record.token = *row.token;
  const std::uint32_t bytes = row.token ? sizeof record : InstanceRecord::kBytesWithoutToken;
  const Block block = arena_.allocate(bytes);
  std::memcpy(arena_.at(block.offset), &record, bytes);
  return block.offset;
}

void Snapshot::drop_instance(std::uint32_t held) {
  if ((held & kDirect) != 0) return;
  const auto* const record = arena_.as<const InstanceRecord>(held);
  const bool has_token = (record->account & InstanceRecord::kHasToken) != 0;
  release_upstream(record->upstream);
  retire({held, has_token ? static_cast<std::uint32_t>(sizeof(InstanceRecord))
                          : InstanceRecord::kBytesWithoutToken});
}

bool Snapshot::put_instance(const InstanceRow& row) {
  return put_instance(row, hash_id(row.id));
}

void Snapshot::put_instances(std::span<const InstanceRow> rows,
                             FunctionRef<void(const InstanceRow&)> refused) {
  std::array<crypto::Hash128, kFetchedAhead> hashes;
  while (!rows.empty()) {
    const auto some = rows.first(std::min(rows.size(), hashes.size()));
    for (std::size_t i = 0; i < some.size(); ++i) {
      hashes[i] = hash_id(some[i].id);
      instance_table_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!put_instance(some[i], hashes[i])) refused(some[i]);
    }
    rows = rows.subspan(some.size());
  }
}

bool Snapshot::put_instance(const InstanceRow& row, const crypto::Hash128& hash) {
  const std::uint32_t account = owner_number(row.account);
  if (account == 0 || row.upstream.size() > kUpstreamBytesMax) return false;
  const std::uint32_t before = instance_table_.find(hash);
  const std::uint32_t now = write_instance(row, account);
  if (before != SlotTable::kEmpty) {
    instance_table_.replace(hash, before, now);
    drop_instance(before);
    return true;
  }
  // The folded index is a subset of the instances for every reader: it grows after them and
  // shrinks before them. decide() builds on that.
  insert(instance_table_, hash, now);
  if (tracks_folded()) count_folded_up(row.id);
  return true;
}

bool Snapshot::erase_instance(std::string_view id) {
  const crypto::Hash128 hash = hash_id(id);
  const std::uint32_t held = instance_table_.find(hash);
  if (held == SlotTable::kEmpty) return false;
  if (tracks_folded()) count_folded_down(id);
  instance_table_.erase(hash, held);
  drop_instance(held);
  return true;
}

void Snapshot::count_folded_up(std::string_view id) {
  const crypto::Hash128 hash = hash_folded(id);
  const std::uint32_t count = folded_table_.find(hash);
  if (count == 0) {
    insert(folded_table_, hash, 1);
  } else {
    folded_table_.replace(hash, count, count + 1);
  }
}

void Snapshot::count_folded_down(std::string_view id) {
  const crypto::Hash128 hash = hash_folded(id);
  const std::uint32_t count = folded_table_.find(hash);
  if (count == 1) {
    folded_table_.erase(hash, count);
  } else {
    folded_table_.replace(hash, count, count - 1);
  }
}

// ---- upstreams ------------------------------------------------------------------------------

Offset Snapshot::intern_upstream(const std::string& text) {
  if (text.empty()) return 0;
  const crypto::Hash128 hash = hash_bytes(text.data(), text.size());
  if (const Offset held = upstream_table_.find(hash); held != 0) {
    ++arena_.as<UpstreamRecord>(held)->references;
    return held;
  }
  if (++last_upstream_id_ == 0) std::abort();  // 4 billion different upstreams in one process
  const UpstreamRecord record{last_upstream_id_, 1, static_cast<std::uint32_t>(text.size())};
  const Block block = arena_.allocate(static_cast<std::uint32_t>(sizeof record + text.size()));
  auto* const at = arena_.as<std::byte>(block.offset);
  std::memcpy(at, &record, sizeof record);
  std::memcpy(at + sizeof record, text.data(), text.size());
  insert(upstream_table_, hash, block.offset);
  return block.offset;
}

void Snapshot::release_upstream(Offset offset) {
  if (offset == 0) return;
  auto* const record = arena_.as<UpstreamRecord>(offset);
  if (--record->references != 0) return;
  upstream_table_.erase(hash_bytes(record->text().data(), record->text_bytes), offset);
  retire({offset, static_cast<std::uint32_t>(sizeof *record) + record->text_bytes});
}

}  // namespace guarita::policy
