// What every store promises about users, their passwords, two-factor and recovery codes.
#include <atomic>
#include <thread>

#include "store/users_test_support.h"

namespace guarita::store::test {
namespace {

class UsersContract : public ContractTest {
 protected:
  UserRow user(std::uint64_t n) {
    auto row = store().user(user_key(n));
    if (row) return *row;
    ADD_FAILURE() << row.error().text;
    return {};
  }
  void expect_whole_chain() { EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty()); }
};
GUARITA_ON_EVERY_STORE(UsersContract);

TEST_P(UsersContract, AUserIsFoundAsItWasMade) {
  must(store(), new_account(1, "b"));
  must(store(), new_account(2, "a"));
  UserRow row = new_user(1, "Ana@Example.com").user;
  row.email_folded = "ana@example.com";
  row.name = "Ana";
  row.language = "pt-BR";
  row.is_operator = true;
  row.memberships = {{.account = account_key(1), .account_id = {}, .role = Role::Owner},
                     {.account = account_key(2), .account_id = {}, .role = Role::Viewer}};
  const Committed done = must(store(), CreateUser{row});
  for (const auto& found : {store().user(user_key(1)), store().user_by_email("ana@example.com")}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, user_key(1));
    EXPECT_EQ(found->email, "Ana@Example.com");
    EXPECT_EQ(found->email_folded, "ana@example.com");
    EXPECT_EQ(found->name, "Ana");
    EXPECT_EQ(found->language, "pt-BR");
    EXPECT_TRUE(found->is_operator);
    EXPECT_EQ(found->password_hash, "");
    EXPECT_EQ(found->totp_sealed, "");
    EXPECT_EQ(found->recovery_codes_left, 0u);
    EXPECT_EQ(found->revision, done.revision);
    EXPECT_EQ(found->created_at, at(0));
    EXPECT_FALSE(found->last_login_at);
    EXPECT_FALSE(found->password_changed_at);
    ASSERT_EQ(found->memberships.size(), 2u);
    EXPECT_EQ(found->memberships[0].account_id, "a");
    EXPECT_EQ(found->memberships[0].role, Role::Viewer);
    EXPECT_EQ(found->memberships[1].account, account_key(1));
    EXPECT_EQ(found->memberships[1].role, Role::Owner);
  }
  EXPECT_EQ(store().user(user_key(2)).error().kind, StoreErrorKind::NotFound);
  EXPECT_EQ(store().user_by_email("Ana@Example.com").error().kind, StoreErrorKind::NotFound);
  const std::string before = dump(store());
  reopen();
  EXPECT_EQ(dump(store()), before);
}

TEST_P(UsersContract, WhatCannotBeAUserIsRefused) {
  must(store(), new_account(1, "a"));
  must(store(), new_user(1, "ana@example.com"));
  EXPECT_EQ(refused(store(), new_user(2, "ana@example.com"), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_user(1, "other@example.com"), StoreErrorKind::AlreadyExists), "");
  EXPECT_EQ(refused(store(), new_user(2, ""), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), new_user(2, std::string(2000, 'a')), StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), new_user(2, std::string("a\0b", 3)), StoreErrorKind::Invalid), "");
  CreateUser stranger = new_user(2, "b@example.com");
  stranger.user.memberships = {{.account = account_key(9), .account_id = {}, .role = Role::Owner}};
  EXPECT_EQ(refused(store(), stranger, StoreErrorKind::NotFound), "");
  CreateUser with_password = new_user(2, "b@example.com");
  with_password.user.password_hash = "$argon2id$x";
  EXPECT_EQ(refused(store(), with_password, StoreErrorKind::Invalid), "");
  const UserKey nobody = user_key(9);
  for (const ChangeBody& body : std::vector<ChangeBody>{
           UpdateUser{.user = nobody, .name = "x"},
           SetMembership{nobody, account_key(1), Role::Owner},
           DeleteUser{nobody},
           SetPassword{.user = nobody, .password_hash = "h"},
           SetTwoFactor{.user = nobody, .totp_sealed = "s"},
           SetRecoveryCodes{nobody, {digest(1)}},
           IssueLink{reset_link(1, 9)},
           StartSession{.session = session_of_user(1, 9)},
           EndSessions{nobody, {}},
       }) {
    EXPECT_EQ(refused(store(), body, StoreErrorKind::NotFound), "") << body.index();
  }
}

TEST_P(UsersContract, WhatIsNotSetStays) {
  must(store(), new_user(1, "ana@example.com"));
  must(store(), UpdateUser{.user = user_key(1), .name = "Ana", .language = "es"});
  const Committed done = must(store(), UpdateUser{.user = user_key(1), .is_operator = true});
  UserRow row = user(1);
  EXPECT_EQ(row.name, "Ana");
  EXPECT_EQ(row.language, "es");
  EXPECT_TRUE(row.is_operator);
  EXPECT_EQ(row.revision, done.revision);
  must(store(), UpdateUser{.user = user_key(1), .name = "", .is_operator = false});
  row = user(1);
  EXPECT_EQ(row.name, "");
  EXPECT_FALSE(row.is_operator);
}

TEST_P(UsersContract, AMembershipIsSetChangedAndTakenAway) {
  must(store(), new_account(1, "a"));
  must(store(), new_user(1, "ana@example.com"));
  const UserKey ana = user_key(1);
  must(store(), SetMembership{ana, account_key(1), Role::Viewer});
  EXPECT_EQ(user(1).memberships.front().role, Role::Viewer);
  must(store(), SetMembership{ana, account_key(1), Role::Owner});
  ASSERT_EQ(user(1).memberships.size(), 1u);
  EXPECT_EQ(user(1).memberships.front().role, Role::Owner);
  must(store(), SetMembership{ana, account_key(1), std::nullopt});
  EXPECT_TRUE(user(1).memberships.empty());
  EXPECT_EQ(
      refused(store(), SetMembership{ana, account_key(1), std::nullopt}, StoreErrorKind::NotFound),
      "");
  EXPECT_EQ(
      refused(store(), SetMembership{ana, account_key(2), Role::Owner}, StoreErrorKind::NotFound),
      "");
}

TEST_P(UsersContract, AnAccountTakesItsMembershipsLinksAndConsoleSessionsAlong) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "b"));
  must(store(), new_user(1, "ana@example.com"));
  for (const std::uint64_t n : {1u, 2u}) {
    must(store(), SetMembership{user_key(1), account_key(n), Role::Owner});
    must(store(), IssueLink{console_link(n, n)});
    must(store(), StartSession{.session = session_of_account(10 + n, n)});
  }
  must(store(), StartSession{.session = session_of_user(1, 1)});
  must(store(), DeleteAccount{account_key(1)});
  ASSERT_EQ(user(1).memberships.size(), 1u);
  EXPECT_EQ(user(1).memberships.front().account_id, "b");
  EXPECT_EQ(store().link(digest(101)).error().kind, StoreErrorKind::NotFound);
  EXPECT_EQ(store().session(digest(211)).error().kind, StoreErrorKind::NotFound);
  EXPECT_TRUE(store().link(digest(102)));
  EXPECT_TRUE(store().session(digest(212)));
  EXPECT_TRUE(store().session(digest(201)));
  expect_whole_chain();
}

TEST_P(UsersContract, AUserTakesItsSessionsLinksAndMembershipsAlong) {
  must(store(), new_account(1, "a"));
  must(store(), new_user(1, "ana@example.com"));
  must(store(), new_user(2, "bia@example.com"));
  for (const std::uint64_t n : {1u, 2u}) {
    must(store(), SetMembership{user_key(n), account_key(1), Role::Owner});
    must(store(), IssueLink{reset_link(n, n)});
    must(store(), StartSession{.session = session_of_user(n, n)});
  }
  must(store(), DeleteUser{user_key(1)});
  EXPECT_EQ(store().user(user_key(1)).error().kind, StoreErrorKind::NotFound);
  EXPECT_EQ(store().link(digest(101)).error().kind, StoreErrorKind::NotFound);
  EXPECT_EQ(store().session(digest(201)).error().kind, StoreErrorKind::NotFound);
  EXPECT_TRUE(store().session(digest(202)));
  EXPECT_EQ(store().users({.member_of = account_key(1), .search = {}}, {})->rows.size(), 1u);
  must(store(), new_user(3, "ana@example.com"));  // the address is free again
  EXPECT_TRUE(user(3).memberships.empty());
}

TEST_P(UsersContract, APasswordEndsTheOtherSessionsAndEveryLink) {
  must(store(), new_user(1, "ana@example.com"));
  must(store(), new_user(2, "bia@example.com"));
  for (const std::uint64_t n : {1u, 2u, 3u}) {
    must(store(), StartSession{.session = session_of_user(n, 1)});
  }
  must(store(), StartSession{.session = session_of_user(4, 2)});
  must(store(), IssueLink{reset_link(1, 1)});
  must(store(), IssueLink{reset_link(2, 2)});
  must(store(), SetPassword{.user = user_key(1), .password_hash = "h1", .keep = session_key(2)});
  EXPECT_EQ(user(1).password_hash, "h1");
  EXPECT_EQ(user(1).password_changed_at, at(0));
  ASSERT_EQ(store().sessions(user_key(1))->size(), 1u);
  EXPECT_EQ(store().sessions(user_key(1))->front().key, session_key(2));
  EXPECT_EQ(store().sessions(user_key(2))->size(), 1u);
  EXPECT_FALSE(store().link(digest(101)));
  EXPECT_TRUE(store().link(digest(102)));
  must(store(), SetPassword{.user = user_key(1), .password_hash = "h2"});
  EXPECT_TRUE(store().sessions(user_key(1))->empty());
  EXPECT_EQ(refused(store(), SetPassword{.user = user_key(1)}, StoreErrorKind::Invalid), "");
}

TEST_P(UsersContract, APasswordByADeadLinkChangesNothing) {
  must(store(), new_user(1, "ana@example.com"));
  must(store(), new_user(2, "bia@example.com"));
  must(store(), StartSession{.session = session_of_user(1, 1)});
  must(store(), IssueLink{reset_link(1, 1)});
  const SetPassword by_link{
      .user = user_key(1), .password_hash = "h", .keep = {}, .link = link_key(1)};
  auto late = change(by_link);
  late.at = reset_link(1, 1).expires_at;  // its end is not in it
  const std::string before = dump(store());
  auto done = store().apply_one(late);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, StoreErrorKind::DeadToken);
  EXPECT_EQ(dump(store()), before);
  EXPECT_FALSE(store().link(digest(101))->used_at);
  EXPECT_EQ(refused(store(),
                    SetPassword{
                        .user = user_key(1), .password_hash = "h", .keep = {}, .link = link_key(7)},
                    StoreErrorKind::NotFound),
            "");
  EXPECT_EQ(refused(store(),
                    SetPassword{
                        .user = user_key(2), .password_hash = "h", .keep = {}, .link = link_key(1)},
                    StoreErrorKind::Invalid),
            "");
  must(store(), by_link);
  EXPECT_EQ(user(1).password_hash, "h");
  EXPECT_EQ(store().link(digest(101))->used_at, at(0));
  EXPECT_TRUE(store().sessions(user_key(1))->empty());
  must(store(), StartSession{.session = session_of_user(2, 1)});
  EXPECT_EQ(refused(store(), by_link, StoreErrorKind::DeadToken), "");
}

TEST_P(UsersContract, TwoFactorGoesOnAndOffWithItsRecoveryCodes) {
  must(store(), new_user(1, "ana@example.com"));
  const UserKey ana = user_key(1);
  EXPECT_EQ(refused(store(), SetRecoveryCodes{ana, {digest(1)}}, StoreErrorKind::Invalid), "");
  EXPECT_EQ(refused(store(), SetTwoFactor{.user = ana, .recovery_codes = {digest(1)}},
                    StoreErrorKind::Invalid),
            "");
  const std::string sealed("s\0\xff", 3);
  must(store(), SetTwoFactor{ana, sealed, "key-1", 50, {digest(1), digest(2)}});
  EXPECT_EQ(user(1).totp_sealed, sealed);
  EXPECT_EQ(user(1).totp_key_id, "key-1");
  EXPECT_EQ(user(1).totp_last_step, 50u);
  EXPECT_EQ(user(1).recovery_codes_left, 2u);
  must(store(), SetRecoveryCodes{ana, {digest(3), digest(4), digest(5)}});
  EXPECT_EQ(user(1).recovery_codes_left, 3u);
  EXPECT_FALSE(*store().use_recovery_code(ana, digest(1)));
  must(store(), SetTwoFactor{.user = ana});
  EXPECT_EQ(user(1).totp_sealed, "");
  EXPECT_EQ(user(1).totp_last_step, 0u);
  EXPECT_EQ(user(1).recovery_codes_left, 0u);
  EXPECT_FALSE(*store().use_recovery_code(ana, digest(3)));
  must(store(), SetTwoFactor{ana, "new", "key-1", 7, {}});  // another secret counts anew
  EXPECT_EQ(user(1).totp_last_step, 7u);
}

TEST_P(UsersContract, ACodeIsSpentOnce) {
  must(store(), new_user(1, "ana@example.com"));
  must(store(), new_user(2, "bia@example.com"));
  const UserKey ana = user_key(1);
  EXPECT_FALSE(*store().use_totp_step(ana, 5));  // two-factor is off
  for (const std::uint64_t n : {1u, 2u}) {
    must(store(), SetTwoFactor{user_key(n), "s", "k", 10, {digest(n)}});
  }
  const Revision before = store().info()->revision;
  EXPECT_FALSE(*store().use_totp_step(ana, 9));
  EXPECT_FALSE(*store().use_totp_step(ana, 10));
  EXPECT_TRUE(*store().use_totp_step(ana, 11));
  EXPECT_FALSE(*store().use_totp_step(ana, 11));
  EXPECT_TRUE(*store().use_totp_step(ana, 13));
  EXPECT_FALSE(*store().use_totp_step(ana, 12));
  EXPECT_FALSE(*store().use_totp_step(user_key(9), 99));
  EXPECT_EQ(user(2).totp_last_step, 10u);
  EXPECT_FALSE(*store().use_recovery_code(ana, digest(2)));  // another's
  EXPECT_TRUE(*store().use_recovery_code(ana, digest(1)));
  EXPECT_FALSE(*store().use_recovery_code(ana, digest(1)));
  EXPECT_EQ(user(1).recovery_codes_left, 0u);
  EXPECT_EQ(user(2).recovery_codes_left, 1u);
  EXPECT_EQ(store().info()->revision, before);  // bookkeeping
  reopen();
  EXPECT_FALSE(*store().use_totp_step(ana, 13));
  EXPECT_FALSE(*store().use_recovery_code(ana, digest(1)));
}

TEST_P(UsersContract, OfTwoThatRaceForACodeOneGetsIt) {
  must(store(), new_user(1, "ana@example.com"));
  const UserKey ana = user_key(1);
  constexpr std::uint64_t kRounds = 30;
  std::vector<crypto::Digest> codes;
  for (std::uint64_t n = 1; n <= kRounds; ++n) codes.push_back(digest(n));
  must(store(), SetTwoFactor{ana, "s", "k", 0, codes});
  std::atomic<unsigned> steps = 0;
  std::atomic<unsigned> recovered = 0;
  const auto race = [&] {
    for (std::uint64_t n = 1; n <= kRounds; ++n) {
      if (*store().use_totp_step(ana, kRounds)) ++steps;
      if (*store().use_recovery_code(ana, digest(n))) ++recovered;
    }
  };
  {
    const std::jthread one(race);
    const std::jthread two(race);
  }
  EXPECT_EQ(steps, 1u);
  EXPECT_EQ(recovered, kRounds);
  EXPECT_EQ(user(1).recovery_codes_left, 0u);
}

TEST_P(UsersContract, UsersAreListedByAddressAndFound) {
  must(store(), new_account(1, "a"));
  for (const char* email : {"c@example.com", "a_1@example.com", "b@example.com"}) {
    CreateUser create = new_user(static_cast<std::uint64_t>(email[0]), email);
    create.user.name = std::string("Name ") + email[0];
    must(store(), create);
  }
  must(store(), SetMembership{user_key('b'), account_key(1), Role::Viewer});
  must(store(), SetMembership{user_key('c'), account_key(1), Role::Owner});
  const auto listed = [&](const UserFilter& filter, std::size_t limit) {
    std::string found;
    std::string cursor;
    do {
      auto page = store().users(filter, {.cursor = cursor, .limit = limit});
      if (!page) return page.error().text;
      EXPECT_LE(page->rows.size(), limit);
      for (const UserRow& row : page->rows) found += row.email[0];
      cursor = page->next;
    } while (!cursor.empty());
    return found;
  };
  for (const std::size_t limit : {1u, 2u, 3u, 4u}) {
    EXPECT_EQ(listed({}, limit), "abc");
    EXPECT_EQ(listed({.member_of = account_key(1), .search = {}}, limit), "bc");
  }
  EXPECT_EQ(listed({.member_of = {}, .search = "_"}, 10), "a");
  EXPECT_EQ(listed({.member_of = {}, .search = "NAME B"}, 10), "b");
  EXPECT_EQ(listed({.member_of = account_key(1), .search = "@example"}, 10), "bc");
  EXPECT_EQ(listed({.member_of = account_key(2), .search = {}}, 10), "");
  EXPECT_EQ(store()
                .users({.member_of = account_key(1), .search = {}}, {})
                ->rows[1]
                .memberships.front()
                .role,
            Role::Owner);
}

TEST_P(UsersContract, TheAuditNamesKeysAndKeepsAddressesApart) {
  must(store(), new_account(1, "acme"));
  must(store(), new_user(1, "ana@example.com"));
  must(store(), SetMembership{user_key(1), account_key(1), Role::Owner});
  must(store(), UpdateUser{.user = user_key(1), .is_operator = true});
  must(store(), IssueLink{reset_link(1, 1)});
  must(store(),
       SetPassword{.user = user_key(1), .password_hash = "$argon2id$", .link = link_key(1)});
  must(store(), SetTwoFactor{user_key(1), "sealed", "k", 3, {digest(1)}});
  must(store(), SetRecoveryCodes{user_key(1), {digest(2)}});
  must(store(), StartSession{.session = session_of_user(1, 1)});
  must(store(), EndSession{session_key(1)});
  must(store(), EndSessions{user_key(1), {}});
  must(store(), SetTwoFactor{.user = user_key(1)});
  must(store(), IssueLink{console_link(2, 1)});
  must(store(), StartSession{.session = session_of_account(2, 1), .link = link_key(2)});
  must(store(), DeleteUser{user_key(1)});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"account.create", "acme"},
      {"user.create", user_key(1).text()},
      {"user.role", user_key(1).text()},
      {"user.update", user_key(1).text()},
      {"link.issue", link_key(1).text()},
      {"user.password", user_key(1).text()},
      {"user.two_factor_on", user_key(1).text()},
      {"user.recovery_codes", user_key(1).text()},
      {"session.start", session_key(1).text()},
      {"session.end", session_key(1).text()},
      {"session.end_others", user_key(1).text()},
      {"user.two_factor_off", user_key(1).text()},
      {"link.issue", link_key(2).text()},
      {"session.start", session_key(2).text()},
      {"user.delete", user_key(1).text()}};
  const auto rows = store().audit({}, {})->rows;
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const AuditRow& row = rows[rows.size() - 1 - i];
    EXPECT_EQ(row.verb, expected[i].first);
    EXPECT_EQ(row.subject, expected[i].second);
    for (const char* secret : {"@", "argon2", "sealed", "cliente"}) {
      EXPECT_EQ(row.detail.find(secret), std::string::npos) << row.detail;
    }
    if (row.verb.starts_with("user.")) {
      EXPECT_NE(row.personal->find("\"subject_email\":\"ana@example.com\""), std::string::npos);
    }
  }
  const auto detail = [&](std::size_t i) { return rows[rows.size() - 1 - i].detail; };
  EXPECT_EQ(detail(2), "{\"account\":\"" + account_key(1).text() +
                           "\",\"account_id\":\"acme\",\"role\":\"owner\"}");
  EXPECT_NE(detail(12).find("\"kind\":\"console\""), std::string::npos);
  EXPECT_NE(rows[1].personal->find("\"end_user\":\"cliente-1\""), std::string::npos);
  expect_whole_chain();
  ASSERT_TRUE(store().prune({.personal_before = at(1)}));
  expect_whole_chain();
}

TEST_P(UsersContract, TheChangeLogNamesTheUserAndHowItWas) {
  must(store(), new_user(1, "ana@example.com"));
  must(store(), UpdateUser{.user = user_key(1), .name = "x"});
  must(store(), UpdateUser{.user = user_key(1), .name = "x"});
  must(store(), StartSession{.session = session_of_user(1, 1)});
  ASSERT_TRUE(store().touch_session(session_key(1), at(5)));
  must(store(), DeleteUser{user_key(1)});
  const auto log = *store().changes_since(0, 10);
  ASSERT_EQ(log.size(), 5u);
  for (const ChangeRow& row : log) {
    EXPECT_EQ(row.kind, ChangeKind::User);
    EXPECT_EQ(row.key, user_key(1).uuid);
  }
  EXPECT_EQ(log[0].row_before, crypto::Digest{});
  EXPECT_NE(log[1].row_before, crypto::Digest{});
  EXPECT_NE(log[1].row_before, log[2].row_before);
  EXPECT_NE(log[2].row_before, log[3].row_before);
  EXPECT_EQ(log[3].row_before, log[4].row_before);  // a login is not part of the user
}

}  // namespace
}  // namespace guarita::store::test
