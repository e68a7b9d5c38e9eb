#include <algorithm>

#include "policy/snapshot.h"
#include "policy/snapshot_layout.h"

// The snapshot as bytes, and back.

namespace guarita::policy {

// The arena's memory stays untouched: what is free in the image must read as zero.
Snapshot::Snapshot(FromImage)
    : arena_(0, sizeof(Header)),
      folded_on_(FoldedIndex::Off),
      instance_table_(arena_),
      folded_table_(arena_),
      account_table_(arena_),
      token_table_(arena_),
      upstream_table_(arena_) {}

Snapshot::Image Snapshot::image() const {
  BookWriter books;
  books.put(kMagic);
  books.put(folded_on_);
  books.put(last_account_number_);
  books.put(last_upstream_id_);
  arena_.save(books);
  for (const SlotTable* table :
       {&instance_table_, &folded_table_, &account_table_, &token_table_, &upstream_table_}) {
    table->save(books);
  }
  return {books.take(), arena_.used_parts()};
}

std::unique_ptr<Snapshot> Snapshot::from_image(std::span<const std::byte> bytes, Fill fill) {
  std::unique_ptr<Snapshot> made(new Snapshot(FromImage{}));
  BookReader books(bytes);
  std::uint64_t magic = 0;
  bool good = books.get(magic) && magic == kMagic && books.get(made->folded_on_) &&
              books.get(made->last_account_number_) && books.get(made->last_upstream_id_) &&
              made->arena_.restore(books);
  for (SlotTable* table : {&made->instance_table_, &made->folded_table_, &made->account_table_,
                           &made->token_table_, &made->upstream_table_}) {
    good = good && table->restore(books);
  }
  if (!good || books.left() != 0) return nullptr;
  if (!fill(made->arena_.used_parts())) return nullptr;
  const Header& head = made->header();
  const bool ours =
      head.magic == kMagic && head.instances == made->instance_table_.root() &&
      head.folded == made->folded_table_.root() && head.accounts == made->account_table_.root() &&
      head.tokens == made->token_table_.root() && head.upstreams == made->upstream_table_.root();
  return ours ? std::move(made) : nullptr;
}

std::array<std::uint64_t, 5> Snapshot::count_tokens() const {
  std::array<std::uint64_t, 5> counts{};
  token_table_.for_each([&](const auto&, std::uint32_t packed) {
    if (account_offset(account_of(packed)) == 0) return;  // of an account since deleted
    ++counts[static_cast<std::size_t>(state_of(packed))];
  });
  return counts;
}

void Snapshot::for_each_account(FunctionRef<void(const AccountView&)> each) const {
  for (std::uint32_t number = 1; number <= last_account_number_; ++number) {
    if (const auto view = find_account(number)) each(*view);
  }
}

}  // namespace guarita::policy
