// The snapshot: everything the gate needs to decide, in memory, complete, at a revision.
//
// One writer at a time (control, under its mutex), any number of readers (data-plane threads)
// without locks. A reader decides in one synchronous stretch; what it was given (views, spans)
// lives until its thread returns to its event loop. The writer never changes what a reader may
// hold: it makes a new record, swaps it in with one atomic store and retires the old one. Retired
// memory is used again only after the barrier:
//
//   snapshot.put_account(row);               // in force for every lookup begun from here on
//   const auto mark = snapshot.retire_mark();
//   …every data-plane thread has passed its event loop once…
//   snapshot.reclaim(mark);
//
// A lookup sees each row in exactly one state: an account is one record (policy, tokens and IP
// list together), an instance is one record (so a move is in one account or in the other).
//
// Nothing inside holds a pointer: offsets into one arena, whose header holds the hash key. So the
// memory can be written to a file and read back, at another address, in another process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "crypto/crypto.h"
#include "policy/snapshot_account.h"
#include "policy/snapshot_arena.h"
#include "policy/snapshot_table.h"
#include "policy/state_machine.h"

namespace guarita::policy {

// ---- rows: what the writer puts in ----------------------------------------------------------

struct InstanceRow {
  std::string id;
  AccountKey account;
  std::string upstream;  // empty: the default upstream
  std::optional<InstanceTokenDigest> token;
};

// ---- what a reader gets ---------------------------------------------------------------------

// An upstream as configured for an instance. `id` names its text for ever: it is never used again
// for another text in this process. 0 with an empty text: the default upstream.
struct UpstreamRef {
  std::uint32_t id = 0;
  std::string_view text;
};

struct InstanceView {
  std::uint32_t account_number = 0;  // the account may be gone: find_account decides
  UpstreamRef upstream;
  const InstanceTokenDigest* token = nullptr;  // null: none registered
};

// What the whole store knows of a token. For classify() only: decide() never asks this.
struct TokenSightings {
  std::optional<TokenState> own;    // its state in the account asked for
  std::uint32_t other_account = 0;  // another account that has or had it (a live one preferred)
  std::optional<TokenState> other_state;
};

enum class FoldedIndex : std::uint8_t { Off, On };

struct SnapshotOptions {
  crypto::HashKey hash_key{};  // random, and secret: ids must not be able to choose collisions
  std::uint64_t expected_instances = 0;  // sizes the tables; exceeding it is fine
  std::uint64_t expected_accounts = 0;
  // On: find_folded() works. Needed for unknown_instance = "allow" alone (16–27 B an instance).
  FoldedIndex folded = FoldedIndex::Off;
  std::uint64_t reserve_bytes = 0;  // address space, not memory. 0: as much as offsets can name
};

class Snapshot {
 public:
  // Aborts when no address space can be had, as every out-of-memory does.
  explicit Snapshot(const SnapshotOptions& options);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() = default;

  // ---- any thread ---------------------------------------------------------------------------

  crypto::Hash128 hash_id(std::string_view id) const noexcept;
  // The hash of the id with A–Z as a–z. Equal ids but for ASCII case have equal folded hashes.
  crypto::Hash128 hash_folded(std::string_view id) const noexcept;

  // Fetches the cache line where find_instance() will look first; worth it in batches.
  void prefetch(const crypto::Hash128& instance) const noexcept;
  // The step after it: reads the slot, and fetches what it leads to: the instance's record, or its
  // account's where it has none of its own.
  void prefetch_record(const crypto::Hash128& instance) const noexcept;

  std::optional<InstanceView> find_instance(const crypto::Hash128& instance) const noexcept;
  // None: never registered or deleted. Numbers start at 1 and are never used again.
  std::optional<AccountView> find_account(std::uint32_t number) const noexcept;
  // Is there an instance whose id equals this one but for case (or wholly)? REQUIRES: folded On.
  bool find_folded(const crypto::Hash128& folded) const noexcept;
  TokenSightings find_token(const crypto::Digest& token, std::uint32_t account) const noexcept;

  // The store's revision that the snapshot has reached.
  std::uint64_t revision() const noexcept;
  bool tracks_folded() const noexcept { return folded_on_ == FoldedIndex::On; }

  // ---- the writer ---------------------------------------------------------------------------

  void set_revision(std::uint64_t revision) noexcept;

  // Inserts or replaces. Returns the account's number (the same for the life of the account).
  // 0, nothing changed: the row cannot be held (see fits()).
  std::uint32_t put_account(const AccountRow& row);
  // False: there is none. Its tokens, live and dead, go with it. Its instances are denied from
  // here on; erase them too (before or after).
  bool erase_account(const AccountKey& key);
  // 0: no such account.
  std::uint32_t account_number(const AccountKey& key) const;

  // Inserts or replaces (a move, a new upstream, a new instance token). False, nothing changed:
  // no such account, or an upstream text over 64 KiB.
  bool put_instance(const InstanceRow& row);
  // The same for many, in less time: what the one would wait for is fetched for all.
  void put_instances(std::span<const InstanceRow> rows,
                     FunctionRef<void(const InstanceRow&)> refused);
  bool erase_instance(std::string_view id);

  // A token that is dead for ever: state Revoked or Expired. False: no such account. Before or
  // after the put_account() that takes it out of the live ones.
  bool put_dead_token(const AccountKey& account, const crypto::Digest& token, TokenState state);

  // Ends the batch of blocks retired so far and names it.
  std::uint64_t retire_mark();
  // The barrier for `mark` has passed: that batch and older ones may be used again.
  void reclaim(std::uint64_t mark);

  // ---- as a file (writer) -------------------------------------------------------------------
  // All that the snapshot is, until the next change: the writer's bookkeeping, and its memory.
  // REQUIRES: every retired block is reclaimed.
  struct Image {
    std::vector<std::byte> books;
    std::vector<std::span<std::byte>> memory;
  };
  Image image() const;
  // The snapshot whose image this is. `fill` writes the memory's parts in their order. Null: `fill`
  // said no, or these are no books. What is in the memory is not looked at but for its head: the
  // caller knows by a checksum that it is what was there.
  using Fill = FunctionRef<bool(std::span<const std::span<std::byte>> memory)>;
  static std::unique_ptr<Snapshot> from_image(std::span<const std::byte> books, Fill fill);

  // ---- figures (writer) ---------------------------------------------------------------------

  std::uint64_t instances() const noexcept { return instance_table_.live(); }
  std::uint64_t accounts() const noexcept { return account_table_.live(); }
  // Memory taken: arena pages in use and the writer's own bookkeeping.
  std::uint64_t bytes_used() const noexcept;
  std::uint64_t bytes_retired() const noexcept { return retired_bytes_; }
  // How many tokens there are in each state, live and dead; by TokenState.
  std::array<std::uint64_t, 5> count_tokens() const;
  void for_each_account(FunctionRef<void(const AccountView&)> each) const;

 private:
  friend class SnapshotDump;
  struct FromImage {};
  explicit Snapshot(FromImage);

  struct Header;  // at the arena's start
  struct Retired {
    std::uint64_t mark;
    Block block;
  };

  Header& header() const noexcept;
  // The directory: account number -> offset of its record, 0 for none.
  std::uint32_t* directory_slot(std::uint32_t number) const noexcept;
  Offset account_offset(std::uint32_t number) const noexcept;
  void grow_directory(std::uint32_t number);

  crypto::Hash128 hash_bytes(const void* bytes, std::size_t count) const noexcept;
  crypto::Hash128 hash_token(const crypto::Digest& token) const noexcept;
  crypto::Hash128 hash_account(const AccountKey& key) const noexcept;

  void insert(SlotTable& table, const crypto::Hash128& hash, std::uint32_t value);
  void index_token(const crypto::Digest& token, std::uint32_t number, TokenState state);
  std::uint32_t owner_number(const AccountKey& key);
  bool put_instance(const InstanceRow& row, const crypto::Hash128& hash);
  std::uint32_t write_instance(const InstanceRow& row, std::uint32_t account);
  void drop_instance(std::uint32_t held);
  Offset intern_upstream(const std::string& text);
  void release_upstream(Offset record);
  void count_folded_up(std::string_view id);
  void count_folded_down(std::string_view id);
  void retire(Block block);

  Arena arena_;
  FoldedIndex folded_on_;
  SlotTable instance_table_;
  SlotTable folded_table_;
  SlotTable account_table_;
  SlotTable token_table_;
  SlotTable upstream_table_;

  std::deque<Retired> retired_;
  std::uint64_t retired_bytes_ = 0;
  std::uint64_t mark_ = 1;
  std::uint32_t last_account_number_ = 0;
  struct Owner {
    AccountKey key;
    std::uint32_t number = 0;  // 0: not known
  };
  Owner owner_;  // the last one that put_instance() was given
  std::uint32_t last_upstream_id_ = 0;
};

}  // namespace guarita::policy
