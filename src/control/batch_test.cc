// A batch does what the single use cases do, by the same rules, in one commit and one barrier.
#include "control/batch.h"

#include "control/flaky_store.h"
#include "control/testing.h"

namespace guarita::control::testing {
namespace {

using enum ItemResult;
using Kind = BatchItem::Kind;

class BatchTest : public ::testing::Test {
 protected:
  static BatchItem account(std::string id) { return {.kind = Kind::Account, .id = std::move(id)}; }
  static BatchItem instance(std::string id, std::optional<std::string> of = "acme") {
    return {.kind = Kind::Instance, .id = std::move(id), .account_id = std::move(of)};
  }
  static BatchItem removal(BatchItem item) {
    item.remove = true;
    return item;
  }

  // The world's, but for the store.
  Ports ports_over(store::Store& store) {
    return {.store = store,
            .snapshot = *world.snapshot,
            .barrier = world.barrier,
            .clock = world.clock,
            .hub = nullptr};
  }

  template <class... Items>
  BatchDone apply(Items... items) {
    return run(DryRun::No, std::move(items)...);
  }
  template <class... Items>
  BatchDone run(DryRun dry_run, Items... items) {
    std::vector<BatchItem> list;
    (list.push_back(std::move(items)), ...);
    auto done = world.control().apply_batch(as_operator(), list, dry_run);
    EXPECT_TRUE(done) << done.error().detail;
    EXPECT_TRUE(world.snapshot_is_the_store());
    return std::move(*done);
  }
  std::vector<ErrorCode> codes(const BatchDone& done) {
    std::vector<ErrorCode> out;
    for (const ItemError& error : done.errors) out.push_back(error.error.code);
    return out;
  }
  store::Revision revision() { return world.control().status().revision; }
  std::string upstream_of(const std::string& id) { return world.control().instance(id)->upstream; }

  World world;
};
using Results = std::vector<ItemResult>;

TEST_F(BatchTest, CreatesAccountsAndInstancesWithOneBarrierAndOneReceipt) {
  const auto before = world.barrier.scopes.size();
  const auto done = apply(account("acme"), instance("i1"), account("beta"), instance("i2", "beta"));
  EXPECT_EQ(done.results, Results({Created, Created, Created, Created}));
  EXPECT_TRUE(done.receipt.changed);
  EXPECT_EQ(done.receipt.revision, 4u);
  EXPECT_EQ(revision(), 4u);
  EXPECT_EQ(world.barrier.scopes.size(), before + 1);
  EXPECT_EQ(world.decide("i1", ""), "allow");
  EXPECT_EQ(world.control().instance("i2")->account_id, "beta");
}

TEST_F(BatchTest, ASecondTimeNothingChanges) {
  const auto all = [&] {
    auto with_token = account("acme");
    with_token.name = "Acme";
    with_token.account_token = crypto::sha256("an account token");
    with_token.enforce = true;
    auto one = instance("i1");
    one.upstream = "http://10.0.0.1:80";
    one.instance_token.emplace(Secret("of its own"));
    return apply(std::move(with_token), std::move(one), removal(instance("gone", {})),
                 removal(account("gone")));
  };
  EXPECT_EQ(all().results, Results({Created, Created, Unchanged, Unchanged}));
  const auto before = revision();
  const auto again = all();
  EXPECT_EQ(again.results, Results({Unchanged, Unchanged, Unchanged, Unchanged}));
  EXPECT_FALSE(again.receipt.changed);
  EXPECT_EQ(revision(), before);
}

TEST_F(BatchTest, WhatIsNotSaidStays) {
  world.make_account("acme");
  auto one = instance("i1");
  one.name = "Shop";
  one.upstream = "http://10.0.0.1:80";
  apply(std::move(one));
  auto moved = instance("i1", {});
  moved.upstream = "";
  EXPECT_EQ(apply(std::move(moved)).results, Results({Updated}));
  EXPECT_EQ(upstream_of("i1"), "");
  EXPECT_EQ(world.control().instance("i1")->name, "Shop");
}

TEST_F(BatchTest, ATokenIsImportedByItsDigestAndEnforced) {
  auto fresh = account("acme");
  fresh.account_token = crypto::sha256("token-of-the-old-gate-0001");
  fresh.enforce = true;
  world.make_account("beta");
  auto known = account("beta");
  known.account_token = crypto::sha256("token-of-beta-at-the-old-gate");
  known.enforce = true;
  const auto done =
      apply(std::move(fresh), std::move(known), instance("i1"), instance("i2", "beta"));
  EXPECT_EQ(done.results, Results({Created, Updated, Created, Created}));
  EXPECT_EQ(world.decide("i1", "token-of-the-old-gate-0001"), "allow");
  EXPECT_EQ(world.decide("i1", "token-of-beta-at-the-old-gate"), "token_not_accepted");
  EXPECT_EQ(world.decide("i2", ""), "token_missing");
  EXPECT_EQ(world.decide("i2", "token-of-beta-at-the-old-gate"), "allow");
  EXPECT_EQ(world.barrier.scopes.back().accounts.size(), 1u);
}

TEST_F(BatchTest, TheStateMachineSaysWhatATokenMayDo) {
  world.make_account("acme");
  world.make_token("acme");
  auto second = account("acme");
  second.account_token = crypto::sha256("a second one");
  auto none = account("beta");
  none.enforce = true;
  const auto done = apply(std::move(second), std::move(none));
  EXPECT_EQ(codes(done), std::vector({ErrorCode::TokenExists, ErrorCode::NoToken}));
  EXPECT_EQ(done.results, Results({Failed, Failed}));
  ASSERT_TRUE(world.control().revoke_all(as_operator(), "acme", Lock::Refuse));
  auto dead = account("gamma");
  dead.account_token = crypto::sha256("x");
  apply(std::move(dead));
  ASSERT_TRUE(world.control().revoke_all(as_operator(), "gamma", Lock::Refuse));
  auto again = account("gamma");
  again.account_token = crypto::sha256("x");
  EXPECT_EQ(codes(apply(std::move(again))), std::vector({ErrorCode::TokenReused}));
}

TEST_F(BatchTest, AnInstanceTokenIsNeverTheTokenOfItsAccount) {
  const auto with_token = [&](const std::string& id, const char* token) {
    auto one = instance(id);
    one.instance_token.emplace(Secret(token));
    return one;
  };
  auto owner = account("acme");
  owner.account_token = crypto::sha256("secret");
  EXPECT_EQ(codes(apply(std::move(owner), with_token("i1", "secret"))),
            std::vector({ErrorCode::TokenIsInstanceToken}));
  // In the other order, within one batch.
  world.make_account("beta");
  auto of_beta = with_token("i2", "hidden");
  of_beta.account_id = "beta";
  auto beta = account("beta");
  beta.account_token = crypto::sha256("hidden");
  EXPECT_EQ(codes(apply(std::move(of_beta), std::move(beta))),
            std::vector({ErrorCode::TokenIsInstanceToken}));
}

TEST_F(BatchTest, OneThatIsRefusedLeavesTheOthersStanding) {
  auto long_name = account("beta");
  long_name.name = std::string(201, 'x');
  const auto done =
      apply(account("acme"), account("not an id"), std::move(long_name), instance("i1"),
            instance("i/2"), instance("i3", "nobody"), instance("i4", {}), instance("i1"));
  EXPECT_EQ(done.results,
            Results({Created, Failed, Failed, Created, Failed, Failed, Failed, Failed}));
  EXPECT_EQ(codes(done), std::vector({ErrorCode::InvalidRequest, ErrorCode::InvalidRequest,
                                      ErrorCode::InvalidRequest, ErrorCode::AccountNotFound,
                                      ErrorCode::InvalidRequest, ErrorCode::InvalidRequest}));
  EXPECT_EQ(done.errors[0].index, 1u);
  EXPECT_EQ(revision(), 2u);
}

TEST_F(BatchTest, MovingOutOfProtectionNeedsForce) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  world.make_token("acme");
  world.activate("acme");
  EXPECT_EQ(codes(apply(account("open"), instance("i1", "open"))),
            std::vector({ErrorCode::WouldOpen}));
  auto forced = instance("i1", "open");
  forced.force = true;
  forced.name = "moved";
  EXPECT_EQ(apply(std::move(forced)).results, Results({Updated}));
  EXPECT_EQ(world.control().instance("i1")->account_id, "open");
  EXPECT_EQ(world.control().instance("i1")->name, "moved");
  EXPECT_EQ(world.barrier.scopes.back().instances.size(), 2u);
}

TEST_F(BatchTest, DeletesInstancesThenTheirAccount) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  EXPECT_EQ(codes(apply(removal(account("acme")))), std::vector({ErrorCode::AccountOwnsInstances}));
  EXPECT_EQ(apply(removal(instance("i1", {})), removal(account("acme"))).results,
            Results({Deleted, Deleted}));
  EXPECT_EQ(world.decide("i1", ""), "instance_not_found");
  world.make_account("beta");
  world.make_instance("i2", "beta");
  auto cascade = removal(account("beta"));
  cascade.cascade = true;
  EXPECT_EQ(apply(instance("i3", "beta"), std::move(cascade)).results, Results({Created, Deleted}));
  EXPECT_EQ(world.control().status().instances, 0u);
}

TEST_F(BatchTest, WhileMovingInNothingProtectedIsDeleted) {
  Options options;
  options.unknown_instance = UnknownInstance::Allow;
  World allow(std::move(options));
  allow.make_account("acme");
  allow.make_instance("i1", "acme");
  allow.make_token("acme");
  allow.activate("acme");
  const std::vector<BatchItem> items = [] {
    std::vector<BatchItem> list;
    list.push_back(removal(instance("i1", {})));
    return list;
  }();
  const auto done = allow.control().apply_batch(as_operator(), items, DryRun::No);
  ASSERT_EQ(done->errors.size(), 1u);
  EXPECT_EQ(done->errors[0].error.code, ErrorCode::WouldOpen);
}

TEST_F(BatchTest, ADryRunTellsAndChangesNothing) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const auto before = revision();
  auto renamed = account("acme");
  renamed.name = "N";
  const auto done = run(DryRun::Yes, std::move(renamed), account("beta"), instance("i2", "beta"),
                        removal(instance("i1", {})), instance("i3", "nobody"));
  EXPECT_EQ(done.results, Results({Updated, Created, Created, Deleted, Failed}));
  EXPECT_FALSE(done.receipt.changed);
  EXPECT_EQ(revision(), before);
}

TEST_F(BatchTest, AStoreThatFailsIsAnErrorAndNothingIsDone) {
  world.make_account("acme");
  FlakyStore flaky(world.store());
  flaky.writes_fail = true;
  Control control(world.options, ports_over(flaky));
  std::vector<BatchItem> items;
  items.push_back(instance("i1"));
  EXPECT_EQ(code_of(control.apply_batch(as_operator(), items, DryRun::No)),
            ErrorCode::StoreUnavailable);
  EXPECT_EQ(world.decide("i1", ""), "instance_not_found");
  flaky.writes_fail = false;
  EXPECT_TRUE(control.apply_batch(as_operator(), items, DryRun::No));
  EXPECT_TRUE(world.snapshot_is_the_store());
}

// Else an import of what is there already takes as long as the first one.
TEST_F(BatchTest, ReadsAllThatItNamesAtOnce) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  FlakyStore flaky(world.store());
  Control control(world.options, ports_over(flaky));
  std::vector<BatchItem> items;
  items.push_back(account("acme"));
  items.push_back(instance("i1"));
  items.push_back(instance("i2", "nobody"));
  items.push_back(account("beta"));
  items.push_back(instance("i3", "beta"));
  items.push_back(removal(account("gone")));
  flaky.reads_of_one_fail = true;
  const auto done = control.apply_batch(as_operator(), items, DryRun::No);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->results, Results({Unchanged, Unchanged, Failed, Created, Created, Unchanged}));
  flaky.reads_fail = true;
  EXPECT_EQ(code_of(control.apply_batch(as_operator(), items, DryRun::No)),
            ErrorCode::StoreUnavailable);
}

TEST_F(BatchTest, AnAccountThatIsGoneOwnsNothingAfterIt) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  auto cascade = removal(account("acme"));
  cascade.cascade = true;
  const auto done = apply(instance("i2"), std::move(cascade), instance("i1"), instance("i3"));
  EXPECT_EQ(done.results, Results({Created, Deleted, Failed, Failed}));
  EXPECT_EQ(codes(done), std::vector({ErrorCode::AccountNotFound, ErrorCode::AccountNotFound}));
}

TEST_F(BatchTest, HasABound) {
  const std::vector<BatchItem> items(0);
  std::vector<BatchItem> many(kBatchItemsMax + 1);
  EXPECT_EQ(code_of(world.control().apply_batch(as_operator(), many, DryRun::No)),
            ErrorCode::InvalidRequest);
  EXPECT_TRUE(world.control().apply_batch(as_operator(), items, DryRun::No));
}

}  // namespace
}  // namespace guarita::control::testing
