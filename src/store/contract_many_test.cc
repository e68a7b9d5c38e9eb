// Creating by the thousand is what creating one by one is, but for the audit: one row names all.
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class Many : public ContractTest {
 protected:
  static CreateInstance instance(std::uint64_t n, std::uint64_t account) {
    return {.key = {uuid(1000 + n)},
            .id = "i" + std::to_string(n),
            .account = account_key(account),
            .name = "Name",
            .upstream = "",
            .token = {}};
  }
  static CreateMany::Account account(std::uint64_t n) {
    return {.key = account_key(n), .id = "a" + std::to_string(n), .name = "A", .token = {}};
  }
};
GUARITA_ON_EVERY_STORE(Many);

TEST_P(Many, EveryRowHasARevisionAndALineOfItsOwnAndTheAuditOneRow) {
  must(store(), new_account(1, "a1"));
  CreateMany many{.accounts = {account(2)}, .instances = {}};
  for (std::uint64_t n = 0; n < 5; ++n) many.instances.push_back(instance(n, 1 + n % 2));
  const Committed done = must(store(), many);
  EXPECT_EQ(done.revision, 7u);
  const auto changes = store().changes_since(0, 100);
  ASSERT_EQ(changes->size(), 7u);
  EXPECT_EQ((*changes)[1].kind, ChangeKind::Account);
  EXPECT_EQ((*changes)[1].key, account_key(2).uuid);
  for (std::uint64_t n = 0; n < 5; ++n) {
    EXPECT_EQ((*changes)[2 + n].revision, 3 + n);
    EXPECT_EQ((*changes)[2 + n].kind, ChangeKind::Instance);
    EXPECT_EQ((*changes)[2 + n].key, uuid(1000 + n));
    EXPECT_EQ(store().instance_by_id("i" + std::to_string(n))->revision, 3 + n);
  }
  for (const char* id : {"a1", "a2"}) EXPECT_EQ(store().account_by_id(id)->revision, 7u) << id;
  const auto audit = store().audit({}, {});
  ASSERT_EQ(audit->rows.size(), 2u);
  EXPECT_EQ(audit->rows[0].verb, "batch.create");
  EXPECT_EQ(audit->rows[0].revision, 7u);
  EXPECT_TRUE(audit->rows[0].detail.starts_with(R"({"revisions":6,"accounts":1,"instances":5,)"));
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
  must(store(), new_account(9, "a9"));
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
}

TEST_P(Many, TheStoreOpensAgain) {
  must(store(), CreateMany{.accounts = {account(1), account(2)}, .instances = {instance(1, 1)}});
  reopen();
  must(store(), CreateMany{.accounts = {account(3), account(4)}, .instances = {}});
  must(store(), new_account(9, "a9"));
  reopen();
  EXPECT_EQ(store().info()->revision, 6u);
  EXPECT_EQ(store().info()->head.seq, 3u);
}

TEST_P(Many, ATokenComesWithItsAccount) {
  CreateMany many{.accounts = {account(1)}, .instances = {}};
  many.accounts[0].enforce = true;
  auto refused = store().apply_one(change(many));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, StoreErrorKind::Invalid);
  many.accounts[0].token = TokenRow{.key = {uuid(77)}, .digest = crypto::sha256("t")};
  must(store(), many);
  EXPECT_TRUE(store().account_by_id("a1")->enforce);
  const auto tokens = store().tokens(account_key(1));
  ASSERT_EQ(tokens->size(), 1u);
  EXPECT_EQ((*tokens)[0].digest, crypto::sha256("t"));
  EXPECT_EQ((*tokens)[0].state, TokenState::Current);
}

TEST_P(Many, OneThatCannotBeLeavesNothingOfTheOthers) {
  must(store(), new_account(1, "a1"));
  must(store(), CreateMany{.accounts = {}, .instances = {instance(3, 1)}});
  const auto refused_as = [&](CreateMany many) {
    const auto refused = store().apply_one(change(std::move(many)));
    EXPECT_FALSE(refused);
    EXPECT_FALSE(store().instance_by_id("i2"));
    EXPECT_EQ(store().info()->revision, 2u);
    return refused.error().kind;
  };
  EXPECT_EQ(refused_as({.accounts = {}, .instances = {instance(2, 1), instance(3, 1)}}),
            StoreErrorKind::AlreadyExists);
  EXPECT_EQ(refused_as({.accounts = {account(5), account(5)}, .instances = {instance(2, 1)}}),
            StoreErrorKind::AlreadyExists);
  EXPECT_EQ(refused_as({.accounts = {}, .instances = {instance(2, 1), instance(4, 8)}}),
            StoreErrorKind::NotFound);
  EXPECT_EQ(refused_as({}), StoreErrorKind::Invalid);
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
}

}  // namespace
}  // namespace guarita::store::test
