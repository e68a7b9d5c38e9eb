#include <algorithm>

#include "identity/testing.h"

namespace guarita::identity {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): this folder's own
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Invitation, SetsTheFirstPasswordAndSignsIn) {
  House house;
  const auto made = house.identity().create_user(
      as_operator(), {.email = "Ana@Loja.com.br", .name = " Ana ", .language = "pt-BR"});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->row.kind, store::LinkKind::Invitation);
  EXPECT_EQ(made->row.expires_at, house.clock.now() + hours(72));
  EXPECT_EQ(made->user->email, "Ana@Loja.com.br");
  EXPECT_EQ(made->user->email_folded, kEmail);
  EXPECT_EQ(made->user->name, "Ana");
  EXPECT_EQ(made->token.reveal().size(), 43U);

  const auto view = house.identity().inspect_link(from(kHome), made->token);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->kind, store::LinkKind::Invitation);
  EXPECT_EQ(view->email, "Ana@Loja.com.br");
  EXPECT_EQ(view->name, "Ana");
  EXPECT_EQ(view->account_id, "");

  const auto in = house.identity().redeem_link(from(kHome), made->token, Secret(kPassword), "");
  ASSERT_TRUE(in) << in.error().detail;
  EXPECT_EQ(house.resume(*in).user->email, "Ana@Loja.com.br");
  EXPECT_TRUE(house.sign_in());
}

TEST(Invitation, AnOperatorsIsShort) {
  House house;
  const auto made =
      house.identity().create_user(as_operator(), {.email = kEmail, .is_operator = true});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->row.expires_at, house.clock.now() + minutes(15));
}

TEST(Link, UnknownUsedAndExpiredAreOneAnswer) {
  House house;
  auto& identity = house.identity();
  const auto ask = [&](const Secret& token) {
    const auto seen = identity.inspect_link(from(kHome), token);
    const auto used = identity.redeem_link(from(kHome), token, Secret(kNewPassword), "");
    EXPECT_FALSE(seen);
    EXPECT_FALSE(used);
    if (seen || used) return std::string("good");
    EXPECT_EQ(seen.error().detail, used.error().detail);
    EXPECT_EQ(used.error().code, ErrorCode::LinkInvalid);
    house.clock.pass(hours(3));
    return used.error().detail;
  };
  const std::string answer = ask(Secret(std::string(43, 'A')));
  EXPECT_EQ(ask(Secret("too short")), answer);
  EXPECT_EQ(ask(Secret()), answer);

  const auto expired = identity.create_user(as_operator(), {.email = kEmail});
  house.clock.pass(hours(72));
  EXPECT_EQ(ask(expired->token), answer);

  const auto used = identity.reset_link(as_operator(), house.user().key);
  ASSERT_TRUE(used);
  ASSERT_TRUE(identity.redeem_link(from(kHome), used->token, Secret(kPassword), ""));
  EXPECT_EQ(ask(used->token), answer);

  const auto deleted = identity.create_user(as_operator(), {.email = "bia@loja.com.br"});
  ASSERT_TRUE(identity.delete_user(as_operator(), house.user("bia@loja.com.br").key));
  EXPECT_EQ(ask(deleted->token), answer);
}

TEST(Link, IsGoodUntilTheLastMillisecondAndOnce) {
  House house;
  const auto made = house.identity().create_user(as_operator(), {.email = kEmail});
  house.clock.pass(hours(72) - Millis(1));
  ASSERT_TRUE(house.identity().redeem_link(from(kHome), made->token, Secret(kPassword), ""));
  EXPECT_EQ(
      code_of(house.identity().redeem_link(from(kHome), made->token, Secret(kNewPassword), "")),
      ErrorCode::LinkInvalid);
  EXPECT_TRUE(house.sign_in()) << "the first password stands";
}

TEST(Link, AWeakPasswordDoesNotSpendIt) {
  House house;
  const auto made = house.identity().create_user(as_operator(), {.email = kEmail});
  for (const auto& [password, why] : {std::pair("curta", "too_short"),
                                      {"flamengo2024", "common"},
                                      {"ana@loja.com.br", "email"}}) {
    const auto refused =
        house.identity().redeem_link(from(kHome), made->token, Secret(password), "");
    ASSERT_EQ(code_of(refused), ErrorCode::WeakPassword) << password;
    EXPECT_EQ(refused.error().why, why);
    EXPECT_EQ(refused.error().member, "password");
  }
  EXPECT_TRUE(house.identity().redeem_link(from(kHome), made->token, Secret(kPassword), ""));
}

TEST(Link, ANewOneKillsTheOldOne) {
  House house;
  const auto old = house.identity().create_user(as_operator(), {.email = kEmail});
  const auto fresh = house.identity().reset_link(as_operator(), house.user().key);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->row.kind, store::LinkKind::Invitation) << "there is no password to reset";
  EXPECT_EQ(code_of(house.identity().inspect_link(from(kHome), old->token)),
            ErrorCode::LinkInvalid);
  EXPECT_TRUE(house.identity().inspect_link(from(kHome), fresh->token));
}

TEST(Reset, EndsEverySessionAndSignsInAnew) {
  House house;
  const SignedIn before = house.join();
  const auto made = house.identity().reset_link(as_operator(), house.user().key);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->row.kind, store::LinkKind::Reset);
  EXPECT_EQ(made->row.expires_at, house.clock.now() + minutes(15));
  EXPECT_TRUE(house.resume(before).user) << "a link that nobody used changes nothing";
  const auto in = house.identity().redeem_link(from(kHome), made->token, Secret(kNewPassword), "");
  ASSERT_TRUE(in);
  EXPECT_EQ(code_of(house.identity().resume(before.cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(house.sign_in()), ErrorCode::WrongCredentials);
  EXPECT_TRUE(house.sign_in(kHome, kNewPassword));
}

TEST(Reset, WithTwoFactorWantsTheCodeAndSpendsNothingWithoutIt) {
  House house;
  const SignedIn before = house.join();
  const auto [secret, codes] = house.enable_two_factor(before.session);
  const auto made = house.identity().reset_link(as_operator(), house.user().key);
  const auto redeem = [&](const std::string& code, const char* password = kNewPassword) {
    return code_of(house.identity().redeem_link(from(kHome), made->token, Secret(password), code));
  };
  EXPECT_EQ(redeem(""), ErrorCode::TwoFactorRequired);
  EXPECT_EQ(redeem("000000"), ErrorCode::WrongCode);
  EXPECT_EQ(redeem(house.code(secret), "curta"), ErrorCode::WeakPassword) << "the code is kept";
  EXPECT_TRUE(house.sign_in(kHome, kPassword, house.code(secret))) << "the old password still is";
  house.clock.pass(seconds(30));
  EXPECT_EQ(redeem(house.code(secret)), std::nullopt);
  EXPECT_FALSE(house.user().totp_sealed.empty()) << "two-factor stays on";
}

TEST(Reset, GuessingItsCodeIsThrottled) {
  House house;
  const SignedIn before = house.join();
  house.enable_two_factor(before.session);
  const auto made = house.identity().reset_link(as_operator(), house.user().key);
  std::optional<ErrorCode> last;
  for (int i = 0; i < 6; ++i) {
    last = code_of(
        house.identity().redeem_link(from(kHome), made->token, Secret(kNewPassword), "000000"));
  }
  EXPECT_EQ(last, ErrorCode::TooManyFailures);
}

TEST(Reset, IsNotDelayedByAnAttackOnTheUser) {
  House house;
  house.join();
  for (int i = 0; i < 60; ++i) house.sign_in("10.0.0." + std::to_string(i), "guess").error();
  const auto made = house.identity().reset_link(as_operator(), house.user().key);
  const auto in =
      house.identity().redeem_link(from("198.51.100.9"), made->token, Secret(kNewPassword), "");
  ASSERT_TRUE(in) << in.error().detail;
  ASSERT_TRUE(house.identity().sign_out(from("198.51.100.9"), in->session));
  EXPECT_TRUE(house.sign_in("198.51.100.9", kNewPassword)) << "and that place is known from now on";
}

TEST(Link, BadOnesAreThrottledShortly) {
  House house;
  const auto made = house.identity().create_user(as_operator(), {.email = kEmail});
  for (int i = 0; i < 200; ++i) {
    const auto refused =
        house.identity().inspect_link(from("198.51.100.1"), Secret(std::string(43, 'A')));
    if (refused.error().code == ErrorCode::TooManyFailures) {
      EXPECT_LE(refused.error().retry_after, seconds(30));
      house.clock.pass(refused.error().retry_after);
    }
  }
  house.identity().inspect_link(from("198.51.100.1"), Secret()).error();
  EXPECT_EQ(code_of(house.identity().inspect_link(from("198.51.100.1"), made->token)),
            ErrorCode::TooManyFailures);
  EXPECT_TRUE(house.identity().inspect_link(from(kHome), made->token));
  house.clock.pass(seconds(30));
  EXPECT_TRUE(house.identity().inspect_link(from("198.51.100.1"), made->token));
}

TEST(Link, AStoreThatCannotBeReachedSpendsNothing) {
  House house;
  const auto made = house.identity().create_user(as_operator(), {.email = kEmail});
  auto& identity = house.identity();
  house.store.reads_fail = true;
  EXPECT_EQ(code_of(identity.inspect_link(from(kHome), made->token)), ErrorCode::StoreUnavailable);
  house.store.reads_fail = false;
  house.store.writes_fail = true;
  EXPECT_EQ(code_of(identity.redeem_link(from(kHome), made->token, Secret(kPassword), "")),
            ErrorCode::StoreUnavailable);
  EXPECT_EQ(code_of(identity.reset_link(as_operator(), house.user().key)),
            ErrorCode::StoreUnavailable);
  house.store.writes_fail = false;
  house.passwords.no_memory = true;
  EXPECT_EQ(code_of(identity.redeem_link(from(kHome), made->token, Secret(kPassword), "")),
            ErrorCode::Busy);
  house.passwords.no_memory = false;
  EXPECT_TRUE(identity.redeem_link(from(kHome), made->token, Secret(kPassword), ""));
}

// ---- console links ------------------------------------------------------------------------------

TEST(ConsoleLink, OpensASessionOfOneAccountWithItsRights) {
  House house;
  house.world.make_account("loja");
  const auto made =
      house.identity().console_link(as_operator(), "loja", {LinkRight::Activate}, "cliente-42");
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->row.rights, "view activate");
  EXPECT_EQ(made->row.expires_at, house.clock.now() + seconds(60));
  const auto view = house.identity().inspect_link(from(kHome), made->token);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->account_id, "loja");
  EXPECT_EQ(view->email, "");

  const auto in = house.identity().redeem_link(from(kHome), made->token, Secret(), "");
  ASSERT_TRUE(in) << in.error().detail;
  const Session session = house.resume(*in);
  EXPECT_FALSE(session.user);
  EXPECT_EQ(session.row.account_id, "loja");
  EXPECT_EQ(session.row.end_user, "cliente-42");
  EXPECT_TRUE(session.may(LinkRight::View));
  EXPECT_TRUE(session.may(LinkRight::Activate));
  EXPECT_FALSE(session.may(LinkRight::Rotate));
  EXPECT_EQ(session.row.expires_at, house.clock.now() + minutes(30));
  EXPECT_GE(session.fresh_until, session.row.expires_at);
  EXPECT_EQ(code_of(house.identity().redeem_link(from(kHome), made->token, Secret(), "")),
            ErrorCode::LinkInvalid);

  const store::Actor actor = actor_of(session, from(kHome));
  EXPECT_EQ(actor.name, "console-link:" + session.row.key.text());
  EXPECT_EQ(actor.email, "cliente-42");
}

TEST(ConsoleLink, ItsSessionIsOverAfterHalfAnHourWhateverItDoes) {
  House house;
  house.world.make_account("loja");
  const auto made =
      house.identity().console_link(as_operator(), "loja", {LinkRight::View}, "cliente-42");
  const auto in = house.identity().redeem_link(from(kHome), made->token, Secret(), "");
  ASSERT_TRUE(in);
  house.clock.pass(minutes(20));
  house.resume(*in);
  house.clock.pass(minutes(10));
  EXPECT_EQ(code_of(house.identity().resume(in->cookie.reveal())), ErrorCode::SessionNotFound);
}

TEST(ConsoleLink, ItsSessionCannotDoWhatUsersDo) {
  House house;
  house.world.make_account("loja");
  auto& identity = house.identity();
  const auto made = identity.console_link(as_operator(), "loja", {LinkRight::View}, "cliente-42");
  const auto in = identity.redeem_link(from(kHome), made->token, Secret(), "");
  ASSERT_TRUE(in);
  const Session& session = in->session;
  const Client client = from(kHome);
  EXPECT_EQ(code_of(identity.reauthenticate(client, session, Secret("x"), "")),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.update_profile(client, session, "x", {})), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.change_password(client, session, Secret("x"), Secret("y"))),
            ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.begin_two_factor(session)), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.confirm_two_factor(client, session, "1")), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.disable_two_factor(client, session, "1")), ErrorCode::UserNotFound);
  EXPECT_EQ(code_of(identity.new_recovery_codes(client, session, "1")), ErrorCode::UserNotFound);
  ASSERT_EQ(identity.sessions(session)->size(), 1U);
  EXPECT_TRUE(identity.end_other_sessions(client, session)) << "there are none";
  EXPECT_TRUE(identity.end_session(client, session, session.row.key));
  EXPECT_EQ(code_of(identity.resume(in->cookie.reveal())), ErrorCode::SessionNotFound);
}

TEST(ConsoleLink, DiesWithItsAccount) {
  House house;
  house.world.make_account("loja");
  auto& identity = house.identity();
  const auto used = identity.console_link(as_operator(), "loja", {LinkRight::View}, "a");
  const auto in = identity.redeem_link(from(kHome), used->token, Secret(), "");
  const auto unused = identity.console_link(as_operator(), "loja", {LinkRight::View}, "b");
  ASSERT_TRUE(in && unused);
  ASSERT_TRUE(house.world.control().delete_account(
      control::testing::as_operator(house.world.account("loja").row.revision), "loja",
      store::Cascade::Refuse));
  EXPECT_EQ(code_of(identity.resume(in->cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(identity.redeem_link(from(kHome), unused->token, Secret(), "")),
            ErrorCode::LinkInvalid);
}

TEST(ConsoleLink, WhatItNeeds) {
  House house;
  house.world.make_account("loja");
  const auto ask = [&](std::string_view account, std::vector<LinkRight> rights, std::string who) {
    const auto made =
        house.identity().console_link(as_operator(), account, std::move(rights), std::move(who));
    return made ? std::string("made")
                : made.error().member + "/" + std::to_string(static_cast<int>(made.error().code));
  };
  const std::string invalid = "/" + std::to_string(static_cast<int>(ErrorCode::InvalidRequest));
  EXPECT_EQ(ask("loja", {}, "x"), "rights" + invalid);
  EXPECT_EQ(ask("loja", {LinkRight::View}, ""), "end_user" + invalid);
  EXPECT_EQ(ask("loja", {LinkRight::View}, "a\nb"), "end_user" + invalid);
  EXPECT_EQ(ask("loja", {LinkRight::View}, std::string(255, 'x')), "end_user" + invalid);
  EXPECT_EQ(ask("outra", {LinkRight::View}, "x"),
            "/" + std::to_string(static_cast<int>(ErrorCode::AccountNotFound)));
}

TEST(Session, OfAUserHasNoRightOfALink) {
  House house;
  EXPECT_FALSE(house.join().session.may(LinkRight::View));
}

}  // namespace
}  // namespace guarita::identity
