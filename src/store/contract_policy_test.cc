// What every store promises about tokens, IP lists and admin tokens.
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class PolicyContract : public ContractTest {
 protected:
  void SetUp() override {
    ContractTest::SetUp();
    must(store(), new_account(1, "acme"));
    must(store(), new_account(2, "other"));
  }
};
GUARITA_ON_EVERY_STORE(PolicyContract);

TEST_P(PolicyContract, ATokenIsKeptWhole) {
  TokenRow row = token(1, TokenState::Current);
  row.weak = true;
  row.expires_at = at(1000);
  row.sealed = std::string("\0\1\2", 3);
  row.sealed_key_id = "k1";
  must(store(), policy(1, true, {row}));
  auto rows = store().tokens(account_key(1));
  ASSERT_EQ(rows->size(), 1u);
  const TokenRow& found = rows->front();
  EXPECT_EQ(found.key, row.key);
  EXPECT_EQ(found.account, account_key(1));
  EXPECT_EQ(found.digest, row.digest);
  EXPECT_EQ(found.hint, "abcd");
  EXPECT_TRUE(found.weak);
  EXPECT_EQ(found.expires_at, at(1000));
  EXPECT_FALSE(found.retires_at);
  EXPECT_EQ(found.sealed, row.sealed);
  EXPECT_EQ(found.sealed_key_id, "k1");
  EXPECT_EQ(found.created_at, row.created_at);
}

TEST_P(PolicyContract, ARotationGoesThroughItsStates) {
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), policy(1, true, {token(2, TokenState::Next)}));
  TokenRow old = token(1, TokenState::Retiring);
  old.retires_at = at(60'000);
  must(store(), policy(1, true, {token(2, TokenState::Current), old}));
  auto rows = store().tokens(account_key(1));
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].state, TokenState::Retiring);
  EXPECT_EQ((*rows)[0].retires_at, at(60'000));
  EXPECT_EQ((*rows)[1].state, TokenState::Current);
  EXPECT_TRUE(store().due_tokens(at(59'999))->empty());
  EXPECT_EQ(store().due_tokens(at(60'000))->front().key, token_key(1));
  must(store(), policy(1, true, {}, {{token_key(1), TokenState::Expired}}));
  EXPECT_TRUE(store().due_tokens(at(60'000))->empty());
  rows = store().tokens(account_key(1));
  EXPECT_EQ((*rows)[0].state, TokenState::Expired);
  EXPECT_EQ((*rows)[0].ended_at, at(0));
}

TEST_P(PolicyContract, ADeadTokenStaysDead) {
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), policy(1, true, {}, {{token_key(1), TokenState::Revoked}}));
  const auto dead = StoreErrorKind::DeadToken;
  for (const TokenState state : {TokenState::Current, TokenState::Next, TokenState::Retiring}) {
    EXPECT_EQ(refused(store(), policy(1, true, {token(1, state)}), dead), "");
  }
  TokenRow again = token(1, TokenState::Current);
  again.key = token_key(2);  // the same text under a new key
  EXPECT_EQ(refused(store(), policy(1, true, {again}), dead), "");
  // Ending it again is no error, and what it died of stands.
  must(store(), policy(1, true, {}, {{token_key(1), TokenState::Expired}}));
  EXPECT_EQ(store().tokens(account_key(1))->front().state, TokenState::Revoked);
  // Another account may have that text.
  must(store(), policy(2, true, {again}));
}

TEST_P(PolicyContract, ADeadTokensSealedCopyIsGone) {
  TokenRow row = token(1, TokenState::Current);
  row.sealed = "sealed";
  row.sealed_key_id = "k1";
  must(store(), policy(1, false, {row}));
  must(store(), policy(1, false, {}, {{token_key(1), TokenState::Revoked}}));
  EXPECT_EQ(store().tokens(account_key(1))->front().sealed, "");
  EXPECT_EQ(store().tokens(account_key(1))->front().sealed_key_id, "");
}

TEST_P(PolicyContract, ImpossibleTokensAreRefused) {
  const auto invalid = StoreErrorKind::Invalid;
  must(store(), policy(1, false, {token(1, TokenState::Current)}));
  EXPECT_EQ(refused(store(), policy(1, false, {token(2, TokenState::Current)}), invalid), "");
  EXPECT_EQ(refused(store(), policy(2, false, {token(3, TokenState::Next)}), invalid), "");
  EXPECT_EQ(refused(store(), policy(2, false, {token(3, TokenState::Revoked)}), invalid), "");
  EXPECT_EQ(refused(store(),
                    policy(1, false, {token(2, TokenState::Next), token(3, TokenState::Retiring)}),
                    invalid),
            "");
  EXPECT_EQ(refused(store(), policy(1, false, {}, {{token_key(1), TokenState::Current}}), invalid),
            "");
  EXPECT_EQ(refused(store(), policy(2, false, {token(1, TokenState::Current)}), invalid), "");
  TokenRow other_digest = token(1, TokenState::Current);
  other_digest.digest = digest(99);
  EXPECT_EQ(refused(store(), policy(1, false, {other_digest}), invalid), "");
  TokenRow twice = token(2, TokenState::Next);
  twice.digest = digest(1);
  EXPECT_EQ(refused(store(), policy(1, false, {twice}), StoreErrorKind::AlreadyExists), "");
  const auto missing = StoreErrorKind::NotFound;
  EXPECT_EQ(refused(store(), policy(1, false, {}, {{token_key(9), TokenState::Revoked}}), missing),
            "");
  EXPECT_EQ(refused(store(), policy(2, false, {}, {{token_key(1), TokenState::Revoked}}), missing),
            "");
  ChangePolicy nameless = policy(1, true);
  nameless.verb.clear();
  EXPECT_EQ(refused(store(), nameless, invalid), "");
}

TEST_P(PolicyContract, HalfAPolicyChangeIsNeverLeft) {
  must(store(), policy(1, false, {token(1, TokenState::Current)}));
  // The first row is fine, the second is not; the ended one would be as well.
  EXPECT_EQ(refused(store(),
                    policy(1, true, {token(2, TokenState::Current), token(3, TokenState::Revoked)},
                           {{token_key(1), TokenState::Revoked}}),
                    StoreErrorKind::Invalid),
            "");
  EXPECT_EQ(store().tokens(account_key(1))->size(), 1u);
}

TEST_P(PolicyContract, LastUseOnlyGoesForward) {
  must(store(), policy(1, false, {token(1, TokenState::Current)}));
  TokenRow same = token(1, TokenState::Current);
  same.key = token_key(2);
  must(store(), policy(2, false, {same}));
  const Revision before = store().info()->revision;
  auto touch = [&](std::int64_t ms, std::string account) {
    return store().touch_tokens(std::vector<TokenUse>{{digest(1), at(ms), std::move(account)}});
  };
  ASSERT_TRUE(touch(500, "acme"));
  EXPECT_EQ(store().tokens(account_key(1))->front().last_used_at, at(500));
  EXPECT_FALSE(store().tokens(account_key(2))->front().last_used_at);
  ASSERT_TRUE(touch(400, ""));
  EXPECT_EQ(store().tokens(account_key(1))->front().last_used_at, at(500));
  EXPECT_EQ(store().tokens(account_key(2))->front().last_used_at, at(400));
  ASSERT_TRUE(touch(900, "nobody"));
  must(store(), policy(1, false, {}, {{token_key(1), TokenState::Revoked}}));
  ASSERT_TRUE(touch(950, "acme"));  // a dead token in use is worth knowing
  EXPECT_EQ(store().tokens(account_key(1))->front().last_used_at, at(950));
  EXPECT_EQ(store().info()->revision, before + 1);
}

TEST_P(PolicyContract, AnIpListIsReplacedWhole) {
  auto cidr = [](const char* text) { return *parse_cidr(text); };
  must(store(),
       SetIpList{account_key(1), {{cidr("2001:db8::/32"), "v6"}, {cidr("10.0.0.0/8"), "office"}}});
  auto list = store().ip_list(account_key(1));
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(format_cidr((*list)[0].cidr), "2001:db8::/32");
  EXPECT_EQ((*list)[1].cidr, cidr("10.0.0.0/8"));
  EXPECT_EQ((*list)[1].note, "office");
  must(store(), SetIpList{account_key(1), {{cidr("192.0.2.1"), ""}}});
  EXPECT_EQ(store().ip_list(account_key(1))->size(), 1u);
  must(store(), SetIpList{account_key(1), {}});
  EXPECT_EQ(store().ip_list(account_key(1))->size(), 0u);
  SetIpList full{account_key(1), std::vector<IpEntry>(kIpEntriesMax, {cidr("10.0.0.0/8"), ""})};
  must(store(), full);
  full.entries.push_back(full.entries.front());
  EXPECT_EQ(refused(store(), full, StoreErrorKind::Invalid), "");
}

TEST_P(PolicyContract, AnAdminTokenIsFoundByItsDigestAlsoWhenRevoked) {
  must(store(), CreateAdminToken{admin_key(1), digest(5), "write", std::nullopt, "deploy"});
  must(store(), CreateAdminToken{admin_key(2), digest(6), "read", account_key(1), "bot"});
  auto row = store().admin_token(digest(6));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->key, admin_key(2));
  EXPECT_EQ(row->scope, "read");
  EXPECT_EQ(row->account, account_key(1));
  EXPECT_EQ(row->account_id, "acme");
  EXPECT_EQ(row->name, "bot");
  EXPECT_FALSE(row->revoked_at);
  ASSERT_TRUE(store().touch_admin_token(admin_key(2), at(50)));
  ASSERT_TRUE(store().touch_admin_token(admin_key(2), at(40)));
  EXPECT_EQ(store().admin_token(digest(6))->last_used_at, at(50));
  must(store(), RevokeAdminToken{admin_key(2)});
  EXPECT_EQ(store().admin_token(digest(6))->revoked_at, at(0));
  Change later = change(RevokeAdminToken{admin_key(2)});
  later.at = at(100);
  ASSERT_TRUE(store().apply_one(later));
  EXPECT_EQ(store().admin_token(digest(6))->revoked_at, at(0));
  EXPECT_EQ(store().admin_tokens()->size(), 2u);
  EXPECT_EQ(refused(store(), CreateAdminToken{admin_key(3), digest(5), "read", std::nullopt, ""},
                    StoreErrorKind::AlreadyExists),
            "");
}

}  // namespace
}  // namespace guarita::store::test
