// What every store promises about sessions and one-time links.
#include "store/users_test_support.h"

namespace guarita::store::test {
namespace {

class SessionsContract : public ContractTest {
 protected:
  void SetUp() override {
    ContractTest::SetUp();
    must(store(), new_account(1, "a"));
    must(store(), new_account(2, "b"));
    must(store(), new_user(1, "ana@example.com"));
    must(store(), new_user(2, "bia@example.com"));
  }
  StoreResult<Committed> apply_at(ChangeBody body, Time when) {
    Change one = change(std::move(body));
    one.at = when;
    return store().apply_one(one);
  }
};
GUARITA_ON_EVERY_STORE(SessionsContract);

TEST_P(SessionsContract, ASessionOfAUserIsFoundByItsDigest) {
  ASSERT_TRUE(apply_at(StartSession{.session = session_of_user(1, 1)}, at(7)));
  const auto row = store().session(digest(201));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->key, session_key(1));
  EXPECT_EQ(row->digest, digest(201));
  EXPECT_EQ(row->user, user_key(1));
  EXPECT_FALSE(row->account);
  EXPECT_EQ(row->address, "192.0.2.9");
  EXPECT_EQ(row->user_agent, "Browser/1");
  EXPECT_EQ(row->created_at, at(7));
  EXPECT_EQ(row->last_seen_at, at(7));
  EXPECT_EQ(row->expires_at, at(10'000));
  EXPECT_EQ(row->reauthenticated_at, at(0));
  EXPECT_EQ(store().user(user_key(1))->last_login_at, at(7));
  ASSERT_TRUE(apply_at(StartSession{.session = session_of_user(2, 1)}, at(3)));
  EXPECT_EQ(store().user(user_key(1))->last_login_at, at(7));  // never backwards
  EXPECT_EQ(store().session(digest(1)).error().kind, StoreErrorKind::NotFound);
  reopen();
  EXPECT_EQ(store().session(digest(201))->created_at, at(7));
}

TEST_P(SessionsContract, ASessionOfAConsoleLinkIsOfItsAccount) {
  must(store(), IssueLink{console_link(1, 1)});
  must(store(), StartSession{.session = session_of_account(1, 1), .link = link_key(1)});
  const auto row = store().session(digest(201));
  ASSERT_TRUE(row);
  EXPECT_FALSE(row->user);
  EXPECT_EQ(row->account, account_key(1));
  EXPECT_EQ(row->account_id, "a");
  EXPECT_EQ(row->rights, "view rotate");
  EXPECT_EQ(row->end_user, "cliente-1");
  EXPECT_EQ(store().link(digest(101))->used_at, at(0));
  EXPECT_EQ(refused(store(), StartSession{.session = session_of_account(2, 1), .link = link_key(1)},
                    StoreErrorKind::DeadToken),
            "");
  EXPECT_EQ(store().session(digest(202)).error().kind, StoreErrorKind::NotFound);
}

TEST_P(SessionsContract, ALinkOpensOnlyWhatItIsFor) {
  must(store(), IssueLink{console_link(1, 1)});
  must(store(), IssueLink{reset_link(2, 1)});
  const auto start = [](SessionRow session, std::uint64_t link) {
    return StartSession{.session = std::move(session), .link = link_key(link)};
  };
  EXPECT_EQ(refused(store(), start(session_of_account(1, 2), 1), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(session_of_user(1, 1), 1), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(session_of_user(1, 2), 2), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(session_of_account(1, 1), 2), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(session_of_account(1, 1), 9), StoreErrorKind::NotFound), "");
  EXPECT_FALSE(store().link(digest(101))->used_at);
  EXPECT_FALSE(store().link(digest(102))->used_at);
  must(store(), start(session_of_account(1, 1), 1));
  must(store(), start(session_of_user(2, 1), 2));
}

TEST_P(SessionsContract, AnExpiredLinkOpensNothing) {
  must(store(), IssueLink{console_link(1, 1)});
  const StartSession start{.session = session_of_account(1, 1), .link = link_key(1)};
  EXPECT_EQ(apply_at(start, at(1000)).error().kind, StoreErrorKind::DeadToken);
  EXPECT_TRUE(store().link(digest(101)));  // it is kept: whether it is good is not our question
  EXPECT_TRUE(apply_at(start, at(999)));
}

TEST_P(SessionsContract, WhatIsNoSessionOrLinkIsRefused) {
  must(store(), StartSession{.session = session_of_user(1, 1)});
  SessionRow neither = session_row(2);
  SessionRow both = session_of_user(2, 1);
  both.account = account_key(1);
  SessionRow same_digest = session_of_user(2, 1);
  same_digest.digest = digest(201);
  const auto start = [](const SessionRow& row) { return StartSession{.session = row}; };
  EXPECT_EQ(refused(store(), start(neither), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(both), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), start(same_digest), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), start(session_of_user(1, 1)), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), start(session_of_account(2, 9)), StoreErrorKind::NotFound), "");
  LinkRow of_nobody = link_row(1, LinkKind::Invitation);
  LinkRow of_no_account = link_row(1, LinkKind::Console);
  LinkRow of_a_user = console_link(1, 1);
  of_a_user.user = user_key(1);
  EXPECT_EQ(refused(store(), IssueLink{of_nobody}, StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), IssueLink{of_no_account}, StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), IssueLink{of_a_user}, StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), IssueLink{console_link(1, 9)}, StoreErrorKind::NotFound), "");
}

TEST_P(SessionsContract, ANewLinkOfAUserKillsTheOneBefore) {
  LinkRow invitation = link_row(1, LinkKind::Invitation);
  invitation.user = user_key(1);
  must(store(), IssueLink{invitation});
  must(store(), IssueLink{reset_link(2, 2)});
  must(store(), IssueLink{console_link(3, 1)});
  const auto row = store().link(digest(101));
  EXPECT_EQ(row->kind, LinkKind::Invitation);
  EXPECT_EQ(row->user, user_key(1));
  EXPECT_EQ(row->created_at, at(0));
  EXPECT_EQ(row->expires_at, at(1000));
  EXPECT_FALSE(row->used_at);
  must(store(), IssueLink{reset_link(4, 1)});
  EXPECT_EQ(store().link(digest(101)).error().kind, StoreErrorKind::NotFound);
  for (const std::uint64_t n : {102u, 103u, 104u}) EXPECT_TRUE(store().link(digest(n))) << n;
  EXPECT_EQ(store().link(digest(103))->kind, LinkKind::Console);
  EXPECT_EQ(store().link(digest(103))->account_id, "a");
  EXPECT_EQ(store().link(digest(104))->kind, LinkKind::Reset);
}

TEST_P(SessionsContract, AnEndedSessionHasEnded) {
  must(store(), StartSession{.session = session_of_user(1, 1)});
  must(store(), StartSession{.session = session_of_account(2, 1)});
  must(store(), EndSession{session_key(1)});
  EXPECT_EQ(store().session(digest(201)).error().kind, StoreErrorKind::NotFound);
  EXPECT_EQ(refused(store(), EndSession{session_key(1)}, StoreErrorKind::NotFound), "");
  EXPECT_EQ(refused(store(), EndSession{session_key(9)}, StoreErrorKind::NotFound), "");
  must(store(), EndSession{session_key(2)});
  EXPECT_EQ(store().session(digest(202)).error().kind, StoreErrorKind::NotFound);
}

TEST_P(SessionsContract, TheOtherSessionsEndAndNobodyElses) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(apply_at(StartSession{.session = session_of_user(n, 1)}, at(std::int64_t(n))));
  }
  must(store(), StartSession{.session = session_of_user(4, 2)});
  must(store(), StartSession{.session = session_of_account(5, 1)});
  auto rows = *store().sessions(user_key(1));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.front().key, session_key(3));  // newest first
  EXPECT_EQ(rows.back().key, session_key(1));
  must(store(), EndSessions{user_key(1), session_key(2)});
  rows = *store().sessions(user_key(1));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front().key, session_key(2));
  must(store(), EndSessions{user_key(1), session_key(4)});  // another's does not count
  EXPECT_TRUE(store().sessions(user_key(1))->empty());
  EXPECT_TRUE(store().session(digest(204)));
  EXPECT_TRUE(store().session(digest(205)));
}

TEST_P(SessionsContract, SeenAndReauthenticatedNeverGoBack) {
  must(store(), StartSession{.session = session_of_user(1, 1)});
  const Revision before = store().info()->revision;
  ASSERT_TRUE(store().touch_session(session_key(1), at(50)));
  ASSERT_TRUE(store().touch_session(session_key(1), at(40)));
  ASSERT_TRUE(store().reauthenticated(session_key(1), at(30)));
  ASSERT_TRUE(store().reauthenticated(session_key(1), at(20)));
  const auto row = store().session(digest(201));
  EXPECT_EQ(row->last_seen_at, at(50));
  EXPECT_EQ(row->reauthenticated_at, at(30));
  EXPECT_EQ(store().info()->revision, before);
  EXPECT_EQ(store().info()->newest, at(50));
  EXPECT_TRUE(store().touch_session(session_key(9), at(60)));  // it ended meanwhile
}

TEST_P(SessionsContract, PruningTakesWhatEndedBefore) {
  must(store(), StartSession{.session = session_of_user(1, 1)});
  SessionRow longer = session_of_user(2, 1);
  longer.expires_at = at(10'001);
  must(store(), StartSession{.session = longer});
  must(store(), IssueLink{console_link(1, 1)});
  LinkRow later = console_link(2, 1);
  later.expires_at = at(10'001);
  must(store(), IssueLink{later});
  ASSERT_TRUE(store().prune({.ended_before = at(1000)}));
  EXPECT_TRUE(store().link(digest(101)));
  ASSERT_TRUE(store().prune({.ended_before = at(10'001)}));
  EXPECT_FALSE(store().link(digest(101)));
  EXPECT_TRUE(store().link(digest(102)));
  EXPECT_FALSE(store().session(digest(201)));
  EXPECT_TRUE(store().session(digest(202)));
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
}

TEST_P(SessionsContract, OfALinkRedeemedTwiceInOneBatchTheFirstCounts) {
  must(store(), IssueLink{console_link(1, 1)});
  const auto results = store().apply(std::vector<Change>{
      change(StartSession{.session = session_of_account(1, 1), .link = link_key(1)}),
      change(StartSession{.session = session_of_account(2, 1), .link = link_key(1)})});
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().kind, StoreErrorKind::DeadToken);
  EXPECT_FALSE(store().session(digest(202)));
}

}  // namespace
}  // namespace guarita::store::test
