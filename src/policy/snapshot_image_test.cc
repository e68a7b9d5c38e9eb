// What image() gives makes the same snapshot again, and one that can be written on.
#include <gtest/gtest.h>

#include <cstring>

#include "policy/snapshot_dump.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_key;
using testing::account_row;
using testing::digest_number;
using testing::Random;
using testing::reclaim_all;
using testing::snapshot_options;

void change(Snapshot& snapshot, Random& random) {
  const std::uint64_t account = random.below(30);
  const std::string id = "i" + std::to_string(random.below(3'000));
  switch (random.below(6)) {
    case 0: {
      AccountRow row = account_row(account);
      row.tokens = {{digest_number(random.below(90)), TokenState::Current, std::nullopt}};
      snapshot.put_account(row);
      break;
    }
    case 1:
      snapshot.put_dead_token(account_key(account), digest_number(random.below(90)),
                              TokenState::Revoked);
      break;
    case 2: snapshot.erase_instance(id); break;
    case 3:
      if (random.one_in(20)) snapshot.erase_account(account_key(account));
      break;
    default:
      snapshot.put_instance({id, account_key(account), random.one_in(3) ? "http://" + id : "",
                             random.one_in(2)
                                 ? std::optional(testing::instance_token_number(account))
                                 : std::nullopt});
  }
}

std::unique_ptr<Snapshot> copy_of(const Snapshot& snapshot) {
  const Snapshot::Image image = snapshot.image();
  return Snapshot::from_image(image.books, [&](std::span<const std::span<std::byte>> memory) {
    EXPECT_EQ(memory.size(), image.memory.size());
    for (std::size_t i = 0; i < memory.size(); ++i) {
      EXPECT_EQ(memory[i].size(), image.memory[i].size());
      std::memcpy(memory[i].data(), image.memory[i].data(), memory[i].size());
    }
    return true;
  });
}

TEST(SnapshotImage, CopyHoldsTheSameAndIsWrittenOnAlike) {
  Snapshot original(snapshot_options());
  Random random(11);
  for (unsigned round = 0; round < 20; ++round) {
    for (unsigned n = 0; n < 1'000; ++n) {
      change(original, random);
      if (n % 50 == 0) reclaim_all(original);
    }
    original.set_revision(round);
    reclaim_all(original);
    const auto copy = copy_of(original);
    ASSERT_NE(copy, nullptr);
    ASSERT_EQ(canonical_dump(*copy), canonical_dump(original));
    EXPECT_EQ(copy->instances(), original.instances());
    EXPECT_EQ(copy->count_tokens(), original.count_tokens());
    Random one(round);
    Random same(round);
    for (unsigned n = 0; n < 500; ++n) {
      change(original, one);
      change(*copy, same);
      if (n % 40 != 0) continue;
      reclaim_all(original);
      reclaim_all(*copy);
    }
    ASSERT_EQ(canonical_dump(*copy), canonical_dump(original));
  }
}

TEST(SnapshotImage, BooksCutShortOrTooLongMakeNothing) {
  Snapshot original(snapshot_options());
  original.put_account(account_row(1));
  Snapshot::Image image = original.image();
  const auto made = [](std::span<const std::byte> books) {
    return Snapshot::from_image(books, [](auto) { return false; }) != nullptr;
  };
  for (std::size_t size = 0; size <= image.books.size(); size += 7) {
    EXPECT_FALSE(made(std::span(image.books).first(size)));
  }
  image.books.push_back({});
  bool asked = false;
  EXPECT_EQ(Snapshot::from_image(image.books, [&](auto) { return asked = true; }), nullptr);
  EXPECT_FALSE(asked) << "before the memory is read";
}

}  // namespace
}  // namespace guarita::policy
