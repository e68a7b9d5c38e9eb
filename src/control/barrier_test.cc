// Commit → publish → barrier → re-decide → answer, and what happens when the barrier is slow.
#include <gtest/gtest.h>

#include "control/receipts.h"
#include "control/testing.h"

namespace guarita::control::testing {
namespace {

TEST(Order, StoreAndSnapshotHoldTheChangeBeforeTheBarrierAndTheAnswerComesAfterIt) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string token = world.make_token("acme");
  unsigned passes = 0;
  world.barrier.on_pass = [&] {
    ++passes;
    const auto info = world.store().info();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->revision, 4U) << "committed before";
    EXPECT_EQ(world.snapshot->revision(), 4U) << "published before";
    EXPECT_EQ(world.decide("i1", ""), "token_missing") << "and decided by";
  };
  const auto done = world.control().activate(as_operator(), "acme");
  world.barrier.on_pass = nullptr;
  ASSERT_TRUE(done);
  EXPECT_EQ(passes, 1U);
  EXPECT_EQ(done->receipt.revision, 4U);
}

TEST(Order, EveryChangeRedecidesWhomItConcerns) {
  World world;
  world.make_account("acme");
  world.make_account("beta");
  world.make_instance("i1", "acme");
  const auto instance = world.snapshot->hash_id("i1");
  ASSERT_EQ(world.barrier.scopes.size(), 3U);
  EXPECT_EQ(world.barrier.scopes.back().instance, instance);
  world.make_token("acme");
  EXPECT_TRUE(world.barrier.scopes.back().account_number.has_value());
  ASSERT_TRUE(world.control().move_instance(as_operator(), "i1", "beta", Force::No));
  EXPECT_EQ(world.barrier.scopes.back().instance, instance);
  ASSERT_TRUE(
      world.control().delete_account(as_operator(), "beta", store::Cascade::DeleteInstances));
  EXPECT_TRUE(world.barrier.scopes.back().account_number.has_value());
}

TEST(Barrier, IncompleteInTimeIsNoErrorAndIsFinishedLater) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  world.make_token("acme");
  world.barrier.stuck = true;
  world.barrier.streams_closed = 3;
  const auto done = world.control().activate(as_operator(), "acme");
  ASSERT_TRUE(done);
  EXPECT_EQ(world.barrier.timeouts.back(), Millis(2000));
  EXPECT_TRUE(done->receipt.changed);
  EXPECT_FALSE(done->receipt.complete);
  EXPECT_EQ(done->receipt.nodes, 0U);
  EXPECT_FALSE(done->receipt.at);
  const auto revision = done->receipt.revision;
  EXPECT_EQ(world.control().status().in_force, revision - 1);
  EXPECT_EQ(world.control().status().receipts_pending, 1U);

  // Asking for the same again does not claim what is not so.
  const auto again = world.control().activate(as_operator(), "acme");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->receipt.changed);
  EXPECT_FALSE(again->receipt.complete);

  const auto retired = world.snapshot->bytes_retired();
  EXPECT_GT(retired, 0U) << "a thread may still look at it";
  world.clock.pass(Millis(500));
  world.barrier.release();
  const auto later = world.control().receipt(revision);
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->changed);
  EXPECT_TRUE(later->complete);
  EXPECT_EQ(later->nodes, 1U);
  EXPECT_EQ(later->took, Millis(500));
  EXPECT_EQ(later->streams_closed, 3U);
  EXPECT_EQ(world.control().status().in_force, revision);
  EXPECT_LT(world.snapshot->bytes_retired(), retired) << "reclaimed after the barrier";
}

TEST(Barrier, TickFinishesReceiptsToo) {
  World world;
  world.make_account("acme");
  world.barrier.stuck = true;
  const auto done = world.control().rename_account(as_operator(), "acme", "Other");
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->receipt.complete);
  world.barrier.release();
  world.control().tick();
  EXPECT_EQ(world.control().status().receipts_pending, 0U);
}

TEST(Receipts, AreBoundedAndTheOldestGoes) {
  Options options;
  options.receipts_max = 2;
  World world(options);
  world.make_account("a1");
  world.make_account("a2");
  world.make_account("a3");
  EXPECT_EQ(code_of(world.control().receipt(1)), ErrorCode::ReceiptNotFound);
  EXPECT_TRUE(world.control().receipt(2));
  EXPECT_TRUE(world.control().receipt(3));
  EXPECT_EQ(code_of(world.control().receipt(4)), ErrorCode::ReceiptNotFound);
}

TEST(Receipts, SayInMicrosecondsHowLongItTookFromTheCommit) {
  World world;
  world.barrier.on_pass = [&] { world.clock.pass(Micros(2140)); };
  const auto begun = world.clock.now();
  EXPECT_EQ(world.make_account("acme").receipt.took, Micros(2140));
  EXPECT_EQ(world.make_instance("i1", "acme").receipt.took, Micros(2140));
  const auto renamed = world.control().rename_account(as_operator(), "acme", "Other");
  EXPECT_EQ(renamed->receipt.took, Micros(2140));
  EXPECT_EQ(renamed->receipt.at, begun + Millis(6)) << "and by the wall clock when";
  world.clock.pass(std::chrono::seconds(5));
  const BatchItem item{.kind = BatchItem::Kind::Account, .id = "beta"};
  const auto batch = world.control().apply_batch(as_operator(), std::span(&item, 1), DryRun::No);
  EXPECT_EQ(batch->receipt.took, Micros(2140));
}

}  // namespace
}  // namespace guarita::control::testing
