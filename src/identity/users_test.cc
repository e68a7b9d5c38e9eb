#include <algorithm>
#include <latch>
#include <thread>

#include "identity/testing.h"

namespace guarita::identity {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): this folder's own
using Rule = Identity::LastOwnerRule;

std::string role_in(const store::UserRow& user, const std::string& account) {
  for (const auto& membership : user.memberships) {
    if (membership.account_id != account) continue;
    return membership.role == store::Role::Owner ? "owner" : "viewer";
  }
  return "none";
}

TEST(CreateUser, WithItsMemberships) {
  House house;
  house.world.make_account("loja");
  house.world.make_account("padaria");
  const auto made = house.identity().create_user(
      as_operator(),
      {.email = kEmail,
       .memberships = {{"loja", store::Role::Owner}, {"padaria", store::Role::Viewer}}});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(role_in(house.user(), "loja"), "owner");
  EXPECT_EQ(role_in(house.user(), "padaria"), "viewer");
  EXPECT_EQ(role_in(*made->user, "padaria"), "viewer");
  EXPECT_TRUE(house.user().password_hash.empty());
}

TEST(CreateUser, ItsRefusals) {
  House house;
  house.world.make_account("loja");
  ASSERT_TRUE(house.identity().create_user(as_operator(), {.email = kEmail}));
  const auto refused = [&](NewUser user) {
    const auto made = house.identity().create_user(as_operator(), std::move(user));
    return made ? Error{} : made.error();
  };
  EXPECT_EQ(refused({.email = "ANA@loja.com.br"}).code, ErrorCode::UserExists);
  EXPECT_EQ(refused({.email = "ana"}).member, "email");
  EXPECT_EQ(refused({.email = "b@c", .name = "a\nb"}).member, "name");
  EXPECT_EQ(refused({.email = "b@c", .language = "de"}).member, "language");
  EXPECT_EQ(refused({.email = "b@c", .memberships = {{"outra", store::Role::Owner}}}).code,
            ErrorCode::AccountNotFound);
  EXPECT_EQ(refused({.email = "b@c",
                     .memberships = {{"loja", store::Role::Owner}, {"loja", store::Role::Viewer}}})
                .member,
            "memberships");
  house.store.writes_fail = true;
  EXPECT_EQ(refused({.email = "b@c"}).code, ErrorCode::StoreUnavailable);
  house.store.writes_fail = false;
  EXPECT_FALSE(house.world.store().user_by_email("b@c")) << "none of it left anything";
}

TEST(Users, AreListedSearchedAndPaged) {
  House house;
  house.world.make_account("loja");
  auto& identity = house.identity();
  for (int i = 0; i < 5; ++i) {
    NewUser user{.email = "u" + std::to_string(i) + "@x.org"};
    if (i % 2 == 0) user.memberships = {{"loja", store::Role::Viewer}};
    ASSERT_TRUE(identity.create_user(as_operator(), std::move(user)));
  }
  EXPECT_EQ(identity.users({}, "", {})->rows.size(), 5U);
  EXPECT_EQ(identity.users("loja", "", {})->rows.size(), 3U);
  EXPECT_EQ(identity.users({}, "U3@", {})->rows.size(), 1U);
  const auto first = identity.users({}, "", {.cursor = {}, .limit = 2});
  ASSERT_EQ(first->rows.size(), 2U);
  EXPECT_EQ(identity.users({}, "", {.cursor = first->next, .limit = 9})->rows.size(), 3U);
  EXPECT_EQ(code_of(identity.users("outra", "", {})), ErrorCode::AccountNotFound);
  EXPECT_EQ(code_of(identity.users({}, std::string(201, 'x'), {})), ErrorCode::InvalidRequest);
  house.store.reads_fail = true;
  EXPECT_EQ(code_of(identity.users({}, "", {})), ErrorCode::StoreUnavailable);
  EXPECT_EQ(code_of(identity.user(UserKey{})), ErrorCode::StoreUnavailable);
}

TEST(Users, AreUpdatedAndDeleted) {
  House house;
  const SignedIn in = house.join();
  auto& identity = house.identity();
  const UserKey key = house.user().key;
  EXPECT_EQ(identity.user(key)->email, kEmail);
  const auto updated = identity.update_user(as_operator(), key, " Outra ", true);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->name, "Outra");
  EXPECT_TRUE(updated->is_operator);
  EXPECT_TRUE(house.resume(in).user->is_operator) << "at the next request";
  EXPECT_EQ(code_of(identity.update_user(as_operator(), key, "a\nb", {})),
            ErrorCode::InvalidRequest);
  EXPECT_TRUE(identity.update_user(as_operator(), key, {}, {}));

  ASSERT_TRUE(identity.delete_user(as_operator(), key));
  EXPECT_EQ(code_of(identity.resume(in.cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(identity.user(key)), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.delete_user(as_operator(), key)), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.update_user(as_operator(), key, "x", {})), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.update_user(as_operator(), key, {}, {})), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.reset_link(as_operator(), key)), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.reset_two_factor(as_operator(), key)), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.update_profile(from(kHome), in.session, "x", {})),
            ErrorCode::UserNotFound)
      << "a request that was under way";
}

TEST(Users, TwoFactorIsResetByAnOperator) {
  House house;
  const SignedIn in = house.join();
  auto& identity = house.identity();
  const UserKey key = house.user().key;
  EXPECT_EQ(code_of(identity.reset_two_factor(as_operator(), key)), ErrorCode::TwoFactorIsOff);
  house.enable_two_factor(in.session);
  EXPECT_TRUE(identity.reset_two_factor(as_operator(), key));
  EXPECT_TRUE(house.sign_in());
}

// ---- members ------------------------------------------------------------------------------------

TEST(Invite, WhoIsNewGetsALinkWhoIsKnownIsAdded) {
  House house;
  house.world.make_account("loja");
  house.world.make_account("padaria");
  auto& identity = house.identity();
  const auto fresh = identity.invite(as_operator(), "loja", "Ana@loja.com.br", "es",
                                     store::Role::Owner, Identity::Known::Add);
  ASSERT_TRUE(fresh) << fresh.error().detail;
  ASSERT_TRUE(fresh->link);
  EXPECT_EQ(fresh->user.language, "es");
  EXPECT_EQ(role_in(fresh->user, "loja"), "owner");
  EXPECT_TRUE(identity.redeem_link(from(kHome), fresh->link->token, Secret(kPassword), ""));

  // The owner of the bakery cannot know who took the address.
  EXPECT_EQ(code_of(identity.invite(as_operator(), "padaria", "ana@loja.com.br", "",
                                    store::Role::Viewer, Identity::Known::Refuse)),
            ErrorCode::UserExists);
  EXPECT_EQ(role_in(house.user(), "padaria"), "none");

  const auto known = identity.invite(as_operator(), "padaria", "ANA@loja.com.br", "",
                                     store::Role::Viewer, Identity::Known::Add);
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->link) << "nobody gets a way into somebody else's user";
  EXPECT_EQ(known->user.key, fresh->user.key);
  EXPECT_EQ(role_in(house.user(), "padaria"), "viewer");

  EXPECT_EQ(code_of(identity.invite(as_operator(), "loja", kEmail, "", store::Role::Viewer,
                                    Identity::Known::Add)),
            ErrorCode::UserExists);
  EXPECT_EQ(role_in(house.user(), "loja"), "owner");
  EXPECT_EQ(code_of(identity.invite(as_operator(), "outra", kEmail, "", store::Role::Viewer,
                                    Identity::Known::Add)),
            ErrorCode::AccountNotFound);
  EXPECT_EQ(code_of(identity.invite(as_operator(), "loja", "x", "", store::Role::Viewer,
                                    Identity::Known::Add)),
            ErrorCode::InvalidRequest);
  EXPECT_EQ(code_of(identity.invite(as_operator(), "loja", "x@y", "de", store::Role::Viewer,
                                    Identity::Known::Add)),
            ErrorCode::InvalidRequest);
}

struct Team : House {
  Team() {
    world.make_account("loja");
    for (const char* email : {"um@x.org", "dois@x.org", "ver@x.org"}) {
      const auto role =
          std::string_view(email) == "ver@x.org" ? store::Role::Viewer : store::Role::Owner;
      EXPECT_TRUE(identity().invite(as_operator(), "loja", email, "", role, Identity::Known::Add));
    }
  }
  UserKey key(const char* email) { return user(email).key; }
};

TEST(LastOwner, CannotBecomeViewerNorLeave) {
  Team team;
  auto& identity = team.identity();
  const auto demote = [&](const char* email) {
    return code_of(identity.set_role(as_operator(), "loja", team.key(email), store::Role::Viewer));
  };
  EXPECT_EQ(demote("um@x.org"), std::nullopt);
  EXPECT_EQ(demote("dois@x.org"), ErrorCode::LastOwner);
  EXPECT_EQ(demote("um@x.org"), std::nullopt) << "is a viewer already";
  EXPECT_EQ(
      code_of(identity.remove_member(as_operator(), "loja", team.key("dois@x.org"), Rule::Keep)),
      ErrorCode::LastOwner);
  EXPECT_TRUE(identity.remove_member(as_operator(), "loja", team.key("um@x.org"), Rule::Keep));
  ASSERT_TRUE(identity.set_role(as_operator(), "loja", team.key("ver@x.org"), store::Role::Owner));
  EXPECT_TRUE(identity.remove_member(as_operator(), "loja", team.key("dois@x.org"), Rule::Keep));
  EXPECT_TRUE(identity.remove_member(as_operator(), "loja", team.key("ver@x.org"), Rule::MayLeave))
      << "an operator may leave an account without owner";
  EXPECT_EQ(role_in(team.user("ver@x.org"), "loja"), "none");
}

TEST(LastOwner, AnOwnerOfAnotherAccountDoesNotCount) {
  Team team;
  team.world.make_account("padaria");
  auto& identity = team.identity();
  ASSERT_TRUE(identity.invite(as_operator(), "padaria", "ver@x.org", "", store::Role::Owner,
                              Identity::Known::Add));
  ASSERT_TRUE(identity.remove_member(as_operator(), "loja", team.key("um@x.org"), Rule::Keep));
  EXPECT_EQ(
      code_of(identity.remove_member(as_operator(), "loja", team.key("dois@x.org"), Rule::Keep)),
      ErrorCode::LastOwner)
      << "the viewer owns only the other account";
}

TEST(LastOwner, TwoWhoRemoveEachOtherAtOnceLeaveOne) {
  for (int round = 0; round < 10; ++round) {
    Team team;
    const UserKey one = team.key("um@x.org");
    const UserKey two = team.key("dois@x.org");
    std::latch start(2);
    std::atomic<int> removed{0};
    {
      std::vector<std::jthread> threads;
      for (const UserKey& key : {one, two}) {
        threads.emplace_back([&, key] {
          start.arrive_and_wait();
          removed += team.identity().remove_member(as_operator(), "loja", key, Rule::Keep) ? 1 : 0;
        });
      }
    }
    EXPECT_EQ(removed, 1);
  }
}

TEST(Members, RefusalsOfRolesAndRemovals) {
  Team team;
  auto& identity = team.identity();
  ASSERT_TRUE(identity.create_user(as_operator(), {.email = "fora@x.org"}));
  const UserKey outsider = team.key("fora@x.org");
  EXPECT_EQ(code_of(identity.set_role(as_operator(), "loja", outsider, store::Role::Viewer)),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.remove_member(as_operator(), "loja", outsider, Rule::Keep)),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.set_role(as_operator(), "loja", UserKey{}, store::Role::Viewer)),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.remove_member(as_operator(), "loja", UserKey{}, Rule::Keep)),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.set_role(as_operator(), "outra", outsider, store::Role::Viewer)),
            ErrorCode::AccountNotFound);
  EXPECT_EQ(code_of(identity.remove_member(as_operator(), "outra", outsider, Rule::Keep)),
            ErrorCode::AccountNotFound);
  team.store.writes_fail = true;
  EXPECT_EQ(
      code_of(identity.remove_member(as_operator(), "loja", team.key("ver@x.org"), Rule::Keep)),
      ErrorCode::StoreUnavailable);
  EXPECT_EQ(code_of(identity.invite(as_operator(), "loja", "novo@x.org", "", store::Role::Viewer,
                                    Identity::Known::Add)),
            ErrorCode::StoreUnavailable);
}

TEST(Audit, NamesTheKeyNeverTheEmailOrASecret) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, codes] = house.enable_two_factor(in.session);
  const auto rows = house.world.store().audit({}, {});
  ASSERT_TRUE(rows);
  EXPECT_GE(rows->rows.size(), 5U);
  for (const store::AuditRow& row : rows->rows) {
    const std::string text = row.verb + row.subject + row.detail + row.actor_name;
    for (const std::string_view forbidden :
         {std::string_view("ana@"), std::string_view(kPassword), in.cookie.reveal(),
          secret.reveal(), codes[0].reveal(), std::string_view("fake$")}) {
      EXPECT_EQ(text.find(forbidden), std::string::npos) << row.verb;
      EXPECT_EQ(row.personal.value_or("").find(forbidden == "ana@" ? "\x01" : forbidden),
                std::string::npos)
          << row.verb;
    }
  }
}

}  // namespace
}  // namespace guarita::identity
