// Blocks of huge pages: whose they are, and that they go back.
#include "net/block_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "net/recycler.h"

namespace guarita::net {
namespace {

struct Taken {
  char* at;
  std::size_t bytes;
};

void take_all(BlockPool& pool, unsigned size, std::size_t bytes, std::size_t count,
              std::vector<Taken>& into) {
  while (count > 0) {
    FreeBlock* list =
        pool.take(size, bytes, static_cast<unsigned>(std::min<std::size_t>(count, 7)));
    while (list != nullptr) {
      FreeBlock* const block = std::exchange(list, list->next);
      into.push_back({reinterpret_cast<char*>(block), bytes});
      --count;
    }
  }
}

void give_back(BlockPool& pool, const Taken& taken) {
  auto* const block = new (taken.at) FreeBlock{nullptr};
  pool.give_back(block);
}

TEST(BlockPool, EveryBlockIsItsOwnersAloneAndAllPagesButOneGoBack) {
  BlockPool pool;
  std::vector<Taken> taken;
  take_all(pool, 0, 64, 40'000, taken);
  take_all(pool, 1, 1'024, 2'000, taken);
  take_all(pool, 2, BlockPool::kBlockBytesMax, 400, taken);
  EXPECT_GT(pool.pages(), 3U);
  for (const Taken& each : taken) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(each.at) % 64, 0U);
    std::memset(each.at, 0xa5, each.bytes);
  }
  std::ranges::sort(taken, {}, &Taken::at);
  for (std::size_t i = 1; i < taken.size(); ++i) {
    ASSERT_GE(taken[i].at, taken[i - 1].at + taken[i - 1].bytes);
  }
  std::ranges::shuffle(taken, std::minstd_rand(7));
  for (const Taken& each : taken) give_back(pool, each);
  EXPECT_EQ(pool.pages(), 1U);
}

TEST(BlockPool, AnEmptySlabServesAnotherSize) {
  BlockPool pool;
  std::vector<Taken> small;
  take_all(pool, 0, 64, 30'000, small);
  EXPECT_EQ(pool.pages(), 1U);
  for (const Taken& each : small) give_back(pool, each);
  std::vector<Taken> large;
  take_all(pool, 1, BlockPool::kBlockBytesMax, 250, large);
  EXPECT_EQ(pool.pages(), 1U);
  for (const Taken& each : large) give_back(pool, each);
}

TEST(Recycler, ABlockMayBeFreedOnAnotherThread) {
  constexpr std::size_t kBytes = 200;
  std::vector<void*> made(5'000);
  std::thread([&made] {
    for (void*& each : made) each = std::memset(recycled_new(kBytes), 1, kBytes);
  }).join();
  for (void* each : made) recycled_delete(each, kBytes);
  trim_recycled();
  for (void*& each : made) each = std::memset(recycled_new(kBytes), 2, kBytes);
  for (void* each : made) {
    EXPECT_EQ(static_cast<char*>(each)[kBytes - 1], 2);
    recycled_delete(each, kBytes);
  }
}

}  // namespace
}  // namespace guarita::net
