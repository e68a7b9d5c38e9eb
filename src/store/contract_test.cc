// What every store promises about accounts and instances.
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class StoreContract : public ContractTest {};
GUARITA_ON_EVERY_STORE(StoreContract);

TEST_P(StoreContract, AnEmptyStoreIsAtRevisionZero) {
  auto info = store().info();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->revision, 0u);
  EXPECT_EQ(info->head.seq, 0u);
  EXPECT_EQ(info->epoch, 1u);
  EXPECT_NE(info->store_id, Uuid{});
  EXPECT_EQ(store().verify_audit(std::nullopt)->findings.size(), 0u);
}

TEST_P(StoreContract, RevisionsRiseByOneWithoutGaps) {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    EXPECT_EQ(must(store(), new_account(n, "a" + std::to_string(n))).revision, n);
    EXPECT_EQ(refused(store(), new_account(90 + n, "a1"), StoreErrorKind::AlreadyExists), "");
  }
  EXPECT_EQ(store().info()->revision, 5u);
  EXPECT_EQ(store().info()->head.seq, 5u);
}

TEST_P(StoreContract, WhatWasCommittedIsThereAfterReopening) {
  must(store(), new_account(1, "acme"));
  must(store(), new_instance(1, "i-1", 1));
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), SetIpList{account_key(1), {{*parse_cidr("10.0.0.0/8"), "office"}}});
  const std::string before = dump(store());
  const Uuid id = store().info()->store_id;
  reopen();
  EXPECT_EQ(dump(store()), before);
  EXPECT_EQ(store().info()->store_id, id);
}

TEST_P(StoreContract, IdsAreComparedByteByByte) {
  must(store(), new_account(1, "acme"));
  must(store(), new_account(2, "Acme"));
  must(store(), new_account(3, "acme "));
  must(store(), new_instance(1, "ação", 1));
  must(store(), new_instance(2, "AÇÃO", 1));
  EXPECT_EQ(store().account_by_id("Acme")->key, account_key(2));
  EXPECT_EQ(store().instance_by_id("ação")->key, instance_key(1));
  auto missing = store().account_by_id("ACME");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, StoreErrorKind::NotFound);
  EXPECT_NE(missing.error().text.find("ACME"), std::string::npos);
}

TEST_P(StoreContract, ATakenIdOrKeyIsRefused) {
  must(store(), new_account(1, "acme"));
  must(store(), new_account(2, "other"));
  must(store(), new_instance(1, "i-1", 1));
  EXPECT_EQ(refused(store(), new_account(3, "acme"), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_account(1, "new"), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_instance(2, "i-1", 2), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_instance(1, "i-2", 2), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_account(4, ""), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), new_instance(4, std::string(2000, 'x'), 1), StoreErrorKind::Invalid),
            "");
}

TEST_P(StoreContract, WhatDoesNotExistIsNotFound) {
  must(store(), new_account(1, "acme"));
  must(store(), new_instance(1, "i-1", 1));
  const auto kind = StoreErrorKind::NotFound;
  EXPECT_EQ(refused(store(), RenameAccount{account_key(9), "x"}, kind), "");
  EXPECT_EQ(refused(store(), DeleteAccount{account_key(9)}, kind), "");
  EXPECT_EQ(refused(store(), new_instance(2, "i-2", 9), kind), "");
  EXPECT_EQ(refused(store(), UpdateInstance{.instance = instance_key(9)}, kind), "");
  EXPECT_EQ(refused(store(), MoveInstance{instance_key(9), account_key(1)}, kind), "");
  EXPECT_EQ(refused(store(), MoveInstance{instance_key(1), account_key(9)}, kind), "");
  EXPECT_EQ(refused(store(), DeleteInstance{instance_key(9)}, kind), "");
  EXPECT_EQ(refused(store(), policy(9, true), kind), "");
  EXPECT_EQ(refused(store(), SetIpList{account_key(9), {}}, kind), "");
  EXPECT_EQ(refused(store(), RevokeAdminToken{admin_key(9)}, kind), "");
  EXPECT_EQ(
      refused(store(), CreateAdminToken{admin_key(1), digest(1), "read", account_key(9), ""}, kind),
      "");
  EXPECT_EQ(store().instance(instance_key(9)).error().kind, kind);
  EXPECT_EQ(store().admin_token(digest(9)).error().kind, kind);
}

TEST_P(StoreContract, AnAccountWithInstancesGoesOnlyByCascade) {
  must(store(), new_account(1, "acme"));
  must(store(), new_account(2, "other"));
  must(store(), new_instance(1, "i-1", 1));
  must(store(), new_instance(2, "i-2", 2));
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), CreateAdminToken{admin_key(1), digest(77), "read", account_key(1), "bot"});
  EXPECT_EQ(refused(store(), DeleteAccount{account_key(1)}, StoreErrorKind::InUse), "");
  must(store(), DeleteAccount{account_key(1), Cascade::DeleteInstances});
  EXPECT_FALSE(store().instance_by_id("i-1"));
  EXPECT_TRUE(store().instance_by_id("i-2"));
  EXPECT_FALSE(store().admin_token(digest(77)));
  must(store(), DeleteInstance{instance_key(2)});
  must(store(), DeleteAccount{account_key(2)});
}

TEST_P(StoreContract, AReusedIdInheritsNothing) {
  must(store(), new_account(1, "acme"));
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), SetIpList{account_key(1), {{*parse_cidr("10.0.0.0/8"), ""}}});
  ASSERT_TRUE(store().add_counters(std::vector<CounterRow>{{at(0), "acme", "", "valid", 5}}));
  must(store(), DeleteAccount{account_key(1)});
  must(store(), new_account(2, "acme"));
  EXPECT_EQ(store().tokens(account_key(2))->size(), 0u);
  EXPECT_EQ(store().ip_list(account_key(2))->size(), 0u);
  EXPECT_EQ(store().counters({.account = account_key(2)})->size(), 0u);
  EXPECT_FALSE(store().account_by_id("acme")->enforce);
  // The text of a token may live in another account.
  must(store(), policy(2, false, {token(1, TokenState::Current)}));
}

TEST_P(StoreContract, OwnershipRaisesTheAccountsRevisionAndNothingElseDoes) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "b"));
  auto revision = [&](std::uint64_t n) { return store().account(account_key(n))->revision; };
  EXPECT_EQ(must(store(), new_instance(1, "i-1", 1)).revision, revision(1));
  const Revision before = revision(1);
  must(store(), UpdateInstance{.instance = instance_key(1), .name = "n"});
  EXPECT_EQ(revision(1), before);
  EXPECT_EQ(revision(2), 2u);
  const Revision moved = must(store(), MoveInstance{instance_key(1), account_key(2)}).revision;
  EXPECT_EQ(revision(1), moved);
  EXPECT_EQ(revision(2), moved);
  EXPECT_EQ(store().instance_by_id("i-1")->account_id, "b");
  EXPECT_EQ(must(store(), DeleteInstance{instance_key(1)}).revision, revision(2));
  EXPECT_EQ(revision(1), moved);
  EXPECT_EQ(must(store(), SetIpList{account_key(1), {}}).revision, revision(1));
  EXPECT_EQ(must(store(), RenameAccount{account_key(1), "A"}).revision, revision(1));
  EXPECT_EQ(must(store(), policy(1, true)).revision, revision(1));
}

TEST_P(StoreContract, APreconditionIsCheckedAgainstTheAccount) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "b"));
  must(store(), new_instance(1, "i-1", 1));
  const auto kind = StoreErrorKind::RevisionMismatch;
  for (const Revision wrong : {Revision{0}, Revision{1}, Revision{99}}) {
    EXPECT_EQ(refused(store(), policy(1, true), kind, wrong), "");
    EXPECT_EQ(refused(store(), RenameAccount{account_key(1), "x"}, kind, wrong), "");
    EXPECT_EQ(refused(store(), MoveInstance{instance_key(1), account_key(2)}, kind, wrong), "");
    EXPECT_EQ(refused(store(), UpdateInstance{.instance = instance_key(1)}, kind, wrong), "");
    EXPECT_EQ(refused(store(), DeleteInstance{instance_key(1)}, kind, wrong), "");
    EXPECT_EQ(refused(store(), SetIpList{account_key(1), {}}, kind, wrong), "");
    EXPECT_EQ(refused(store(), DeleteAccount{account_key(1)}, kind, wrong), "");
  }
  auto mismatch = store().apply_one(change(policy(1, true), 1));
  EXPECT_EQ(mismatch.error().current, 3u);
  EXPECT_TRUE(store().apply_one(change(policy(1, true), 3)));
}

TEST_P(StoreContract, ARefusedChangeOfABatchLeavesTheOthersStanding) {
  const std::vector<Change> batch{
      change(new_account(1, "a")),       change(new_account(2, "a")),
      change(new_instance(1, "i-1", 1)), change(DeleteAccount{account_key(1)}),
      change(policy(1, true), 1),        change(policy(1, true, {token(1, TokenState::Current)})),
  };
  auto results = store().apply(batch);
  ASSERT_EQ(results.size(), 6u);
  EXPECT_EQ(results[0]->revision, 1u);
  EXPECT_EQ(results[1].error().kind, StoreErrorKind::AlreadyExists);
  EXPECT_EQ(results[2]->revision, 2u);
  EXPECT_EQ(results[3].error().kind, StoreErrorKind::InUse);
  EXPECT_EQ(results[4].error().kind, StoreErrorKind::RevisionMismatch);
  EXPECT_EQ(results[5]->revision, 3u);
  EXPECT_EQ(results[5]->head.hash, store().audit_head()->hash);
  EXPECT_EQ(store().changes_since(0, 100)->size(), 3u);
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
  EXPECT_TRUE(store().apply({}).empty());
}

TEST_P(StoreContract, AnUpdateChangesWhatItNames) {
  must(store(), new_account(1, "a"));
  CreateInstance create = new_instance(1, "i-1", 1);
  create.token = InstanceTokenDigest{1, 2, 3};
  create.upstream = "http://one";
  must(store(), create);
  EXPECT_TRUE(*store().has_instance_token(account_key(1), {1, 2, 3}));
  EXPECT_FALSE(*store().has_instance_token(account_key(1), {1, 2, 4}));
  must(store(), UpdateInstance{.instance = instance_key(1), .name = "new"});
  auto row = store().instance(instance_key(1));
  EXPECT_EQ(row->name, "new");
  EXPECT_EQ(row->upstream, "http://one");
  EXPECT_EQ(row->token, (InstanceTokenDigest{1, 2, 3}));
  UpdateInstance clear{.instance = instance_key(1)};
  clear.upstream = "";
  clear.token.emplace(std::nullopt);
  must(store(), clear);
  row = store().instance(instance_key(1));
  EXPECT_EQ(row->upstream, "");
  EXPECT_FALSE(row->token);
  EXPECT_EQ(row->revision, store().info()->revision);
}

TEST_P(StoreContract, TheNewestTimeNeverGoesBack) {
  Change late = change(new_account(1, "a"));
  late.at = at(5000);
  ASSERT_TRUE(store().apply_one(late));
  must(store(), new_account(2, "b"));  // at(0)
  EXPECT_EQ(store().info()->newest, at(5000));
  must(store(), policy(1, false, {token(1, TokenState::Current)}));
  ASSERT_TRUE(store().touch_tokens(std::vector<TokenUse>{{digest(1), at(9000), ""}}));
  EXPECT_EQ(store().info()->newest, at(9000));
  reopen();
  EXPECT_EQ(store().info()->newest, at(9000));
}

}  // namespace
}  // namespace guarita::store::test
