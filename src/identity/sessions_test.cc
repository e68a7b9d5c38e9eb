#include <algorithm>
#include <set>
#include <thread>

#include "identity/testing.h"

namespace guarita::identity {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): this folder's own
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Sessions, AStartHashesNothing) {
  House house;
  EXPECT_EQ(house.passwords.hashes, 0U);
}

TEST(SignIn, GivesACookieWhoseDigestAloneIsKept) {
  House house;
  house.join();
  const auto signed_in = house.sign_in();
  ASSERT_TRUE(signed_in) << signed_in.error().detail;
  EXPECT_EQ(signed_in->cookie.reveal().size(), 43U);
  EXPECT_EQ(signed_in->session.user->email, kEmail);
  EXPECT_EQ(signed_in->session.row.address, kHome);
  EXPECT_EQ(signed_in->session.row.user_agent, "Firefox");
  const auto row = house.world.store().session(crypto::sha256(signed_in->cookie.reveal()));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->key, signed_in->session.row.key);
  EXPECT_EQ(house.user().last_login_at, house.clock.now());
  const Session session = house.resume(*signed_in);
  EXPECT_EQ(session.csrf.reveal(), signed_in->session.csrf.reveal());
  EXPECT_NE(session.csrf.reveal(), signed_in->cookie.reveal());
  EXPECT_EQ(session.csrf.reveal().size(), 43U);
}

TEST(SignIn, EveryCookieAndEveryCsrfIsItsOwn) {
  House house;
  house.join();
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const auto signed_in = house.sign_in();
    ASSERT_TRUE(signed_in);
    seen.emplace(signed_in->cookie.reveal());
    seen.emplace(signed_in->session.csrf.reveal());
  }
  EXPECT_EQ(seen.size(), 40U);
}

TEST(SignIn, TheAddressIsFoldedAndTrimmed) {
  House house;
  house.join();
  EXPECT_TRUE(house.sign_in(kHome, kPassword, "", "  ANA@Loja.com.BR "));
}

// The timing is the same because the work is: exactly one hash each, and the same answer.
TEST(SignIn, UnknownUserNoPasswordAndWrongPasswordAreOneAnswerAndOneHash) {
  House house;
  house.join();
  ASSERT_TRUE(house.identity().create_user(as_operator(), {.email = "novo@loja.com.br"}));
  const auto ask = [&](const char* email, const char* password) {
    const unsigned verifies = house.passwords.verifies;
    const unsigned hashes = house.passwords.hashes;
    const auto refused = house.sign_in("198.51.100.1", password, "", email);
    EXPECT_EQ(house.passwords.verifies, verifies + 1) << email;
    EXPECT_EQ(house.passwords.hashes, hashes) << email;
    house.clock.pass(hours(3));  // no throttle between the questions
    if (refused) return std::string("signed in");
    return std::to_string(static_cast<int>(refused.error().code)) + refused.error().detail +
           refused.error().member + refused.error().why;
  };
  const std::string wrong = ask(kEmail, "not the password");
  EXPECT_EQ(wrong[0], std::to_string(static_cast<int>(ErrorCode::WrongCredentials))[0]);
  EXPECT_EQ(ask("nobody@loja.com.br", kPassword), wrong);
  EXPECT_EQ(ask("novo@loja.com.br", kPassword), wrong) << "invited, no password yet";
  EXPECT_EQ(ask("no address at all", kPassword), wrong);
  EXPECT_EQ(ask(kEmail, ""), wrong);
}

TEST(SignIn, NobodysHashFitsNoPassword) {
  House house;
  ASSERT_TRUE(house.identity().create_user(as_operator(), {.email = "novo@loja.com.br"}));
  for (const char* password : {"", "fake$", "nobody"}) {
    EXPECT_EQ(code_of(house.sign_in(kHome, password, "", "novo@loja.com.br")),
              ErrorCode::WrongCredentials);
  }
}

TEST(SignIn, TooManyAtOnceIsBusyAndNoFailure) {
  House house;
  house.join();
  house.passwords.no_memory = true;
  for (int i = 0; i < 20; ++i) {
    const auto refused = house.sign_in();
    ASSERT_EQ(code_of(refused), ErrorCode::Busy);
    EXPECT_EQ(refused.error().retry_after, seconds(1));
  }
  house.passwords.no_memory = false;
  EXPECT_TRUE(house.sign_in()) << "nothing was counted";
}

TEST(SignIn, AStoreThatCannotBeReachedSaysSoAndCountsNothing) {
  House house;
  house.join();
  house.store.reads_fail = true;
  EXPECT_EQ(code_of(house.sign_in()), ErrorCode::StoreUnavailable);
  house.store.reads_fail = false;
  house.store.writes_fail = true;
  const auto refused = house.sign_in();
  EXPECT_EQ(code_of(refused), ErrorCode::StoreUnavailable);
  EXPECT_EQ(refused.error().detail.find("SQLITE"), std::string::npos);
  house.store.writes_fail = false;
  EXPECT_TRUE(house.sign_in());
}

// ---- throttle -----------------------------------------------------------------------------------

TEST(SignInThrottle, FailuresDelayTheAddressAndARightPasswordTooWaits) {
  House house;
  house.join();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(code_of(house.sign_in("198.51.100.1", "wrong")), ErrorCode::WrongCredentials);
  }
  const unsigned verifies = house.passwords.verifies;
  const auto refused = house.sign_in("198.51.100.1");
  ASSERT_EQ(code_of(refused), ErrorCode::TooManyFailures);
  EXPECT_EQ(refused.error().retry_after, seconds(1));
  EXPECT_EQ(house.passwords.verifies, verifies) << "no hash is spent on it";
  house.clock.pass(seconds(1));
  EXPECT_TRUE(house.sign_in("198.51.100.1"));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(code_of(house.sign_in("198.51.100.1", "wrong")), ErrorCode::WrongCredentials)
        << "a success begins anew, " << i;
  }
}

TEST(SignInThrottle, TheOwnerAtTheUsualDeskIsNeverDelayedByAnAttack) {
  House house;
  house.join();  // from kHome
  for (int i = 0; i < 100; ++i) {
    house.sign_in("10.0.0." + std::to_string(i), "guess").error();
  }
  EXPECT_EQ(code_of(house.sign_in("198.51.100.1")), ErrorCode::TooManyFailures);
  EXPECT_TRUE(house.sign_in(kHome));
  house.clock.pass(seconds(30));
  EXPECT_TRUE(house.sign_in("198.51.100.1")) << "and elsewhere after half a minute";
}

TEST(SignInThrottle, AfterARestartTheStoresSessionsTellTheUsualDesk) {
  House house;
  const SignedIn kept = house.join();
  house.restart();
  for (int i = 0; i < 100; ++i) {
    house.sign_in("10.0.0." + std::to_string(i), "guess").error();
  }
  EXPECT_EQ(code_of(house.sign_in("198.51.100.1")), ErrorCode::TooManyFailures);
  EXPECT_TRUE(house.sign_in(kHome));
}

TEST(SignInThrottle, UnknownUsersAreDelayedLikeKnownOnes) {
  House house;
  house.join();
  for (const char* email : {kEmail, "nobody@loja.com.br"}) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(code_of(house.sign_in("10.0.0." + std::to_string(i), "wrong", "", email)),
                ErrorCode::WrongCredentials);
    }
    EXPECT_EQ(code_of(house.sign_in("10.0.1.1", "wrong", "", email)), ErrorCode::TooManyFailures);
    house.clock.pass(hours(3));
  }
}

TEST(SignInThrottle, ABurstCountsFromItsBeginning) {
  House house;
  house.join();
  for (int i = 0; i < 4; ++i) house.sign_in("198.51.100.1", "wrong").error();
  std::optional<ErrorCode> meanwhile;
  house.passwords.on_verify = [&] { meanwhile = code_of(house.sign_in("198.51.100.1", "wrong")); };
  EXPECT_EQ(code_of(house.sign_in("198.51.100.1", "wrong")), ErrorCode::WrongCredentials);
  EXPECT_EQ(meanwhile, ErrorCode::TooManyFailures);
}

// ---- sessions -----------------------------------------------------------------------------------

TEST(Session, EndsWhenIdleForHalfAnHour) {
  House house;
  const SignedIn signed_in = house.join();
  house.clock.pass(minutes(29));
  EXPECT_EQ(house.resume(signed_in).idle_expires_at, house.clock.now() + minutes(30));
  house.clock.pass(minutes(29));
  house.resume(signed_in);
  house.clock.pass(minutes(30));
  EXPECT_EQ(code_of(house.identity().resume(signed_in.cookie.reveal())),
            ErrorCode::SessionNotFound);
}

TEST(Session, EndsAfterTwelveHoursHoweverBusy) {
  House house;
  const SignedIn signed_in = house.join();
  for (int i = 0; i < 35; ++i) {
    house.clock.pass(minutes(20));
    house.resume(signed_in);
  }
  EXPECT_EQ(house.resume(signed_in).idle_expires_at, signed_in.session.row.expires_at);
  house.clock.pass(minutes(20));
  EXPECT_EQ(code_of(house.identity().resume(signed_in.cookie.reveal())),
            ErrorCode::SessionNotFound);
}

TEST(Session, ItsUseIsNotedOnceAMinute) {
  House house;
  const SignedIn signed_in = house.join();
  const auto seen = [&] {
    return house.world.store().session(signed_in.session.row.digest)->last_seen_at;
  };
  const Time begun = seen();
  house.clock.pass(seconds(59));
  house.resume(signed_in);
  EXPECT_EQ(seen(), begun);
  house.clock.pass(seconds(1));
  EXPECT_TRUE(house.identity().resume(signed_in.cookie.reveal(), Seen::Leave));
  EXPECT_EQ(seen(), begun) << "a stream that looks on is no use";
  house.resume(signed_in);
  EXPECT_EQ(seen(), begun + seconds(60));
}

TEST(Session, AFullDiskLogsNobodyOut) {
  House house;
  const SignedIn signed_in = house.join();
  house.clock.pass(minutes(5));
  house.store.writes_fail = true;
  house.resume(signed_in);
  house.store.reads_fail = true;
  EXPECT_EQ(code_of(house.identity().resume(signed_in.cookie.reveal())),
            ErrorCode::StoreUnavailable);
}

TEST(Session, WhatIsNoCookieIsNoSession) {
  House house;
  const SignedIn signed_in = house.join();
  const std::string cookie(signed_in.cookie.reveal());
  for (const std::string& text :
       {std::string(), std::string("x"), cookie + "x", cookie.substr(1), std::string(43, 'A'),
        std::string(43, ' '), std::string(1'000'000, 'A')}) {
    EXPECT_EQ(code_of(house.identity().resume(text)), ErrorCode::SessionNotFound);
  }
}

TEST(Session, IsGoneAfterSignOutAndWithItsUser) {
  House house;
  const SignedIn first = house.join();
  auto second = house.sign_in();
  ASSERT_TRUE(second);
  ASSERT_TRUE(house.identity().sign_out(from(kHome), second->session));
  EXPECT_EQ(code_of(house.identity().resume(second->cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(house.identity().sign_out(from(kHome), second->session)),
            ErrorCode::SessionNotFound);
  ASSERT_TRUE(house.identity().delete_user(as_operator(), house.user().key));
  EXPECT_EQ(code_of(house.identity().resume(first.cookie.reveal())), ErrorCode::SessionNotFound);
}

TEST(Session, ThePasswordIsFreshForTenMinutes) {
  House house;
  const SignedIn signed_in = house.join();
  EXPECT_EQ(signed_in.session.fresh_until, house.clock.now() + minutes(10));
  house.clock.pass(minutes(11));
  const Session stale = house.resume(signed_in);
  EXPECT_LT(stale.fresh_until, house.clock.now());
  const auto refused =
      house.identity().reauthenticate(from(kHome), stale, Secret("wrong password"), "");
  EXPECT_EQ(code_of(refused), ErrorCode::WrongCredentials);
  EXPECT_LT(house.resume(signed_in).fresh_until, house.clock.now());
  const auto until = house.identity().reauthenticate(from(kHome), stale, Secret(kPassword), "");
  ASSERT_TRUE(until);
  EXPECT_EQ(*until, house.clock.now() + minutes(10));
  EXPECT_EQ(house.resume(signed_in).fresh_until, *until);
}

TEST(Session, ReauthenticationIsThrottledAndNeedsTheCode) {
  House house;
  const SignedIn signed_in = house.join();
  const auto [secret, codes] = house.enable_two_factor(signed_in.session);
  auto& identity = house.identity();
  const Session& session = signed_in.session;
  EXPECT_EQ(code_of(identity.reauthenticate(from(kHome), session, Secret(kPassword), "")),
            ErrorCode::TwoFactorRequired);
  EXPECT_EQ(code_of(identity.reauthenticate(from(kHome), session, Secret(kPassword), "000000")),
            ErrorCode::WrongCode);
  EXPECT_TRUE(identity.reauthenticate(from(kHome), session, Secret(kPassword), house.code(secret)));
  house.passwords.no_memory = true;
  EXPECT_EQ(code_of(identity.reauthenticate(from(kHome), session, Secret(kPassword), "1")),
            ErrorCode::Busy);
  house.passwords.no_memory = false;
  for (int i = 0; i < 5; ++i) {
    identity.reauthenticate(from(kHome), session, Secret("wrong"), "").error();
  }
  EXPECT_EQ(code_of(identity.reauthenticate(from(kHome), session, Secret(kPassword), "")),
            ErrorCode::TooManyFailures);
  house.clock.pass(seconds(1));
  house.store.writes_fail = true;
  EXPECT_EQ(
      code_of(identity.reauthenticate(from(kHome), session, Secret(kPassword), house.code(secret))),
      ErrorCode::StoreUnavailable);
}

TEST(Session, OnesOwnAreListedAndEndedOnesOfOthersAreNot) {
  House house;
  const SignedIn first = house.join();
  const SignedIn stranger = house.join({.email = "bia@loja.com.br"});
  auto second = house.sign_in("198.51.100.1");
  ASSERT_TRUE(second);
  auto& identity = house.identity();
  auto list = identity.sessions(first.session);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(code_of(identity.end_session(from(kHome), first.session, stranger.session.row.key)),
            ErrorCode::SessionNotFound);
  EXPECT_TRUE(house.resume(stranger).user);
  EXPECT_TRUE(identity.end_session(from(kHome), first.session, second->session.row.key));
  EXPECT_EQ(code_of(identity.resume(second->cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(identity.sessions(first.session)->size(), 1U);

  house.clock.pass(minutes(29));
  house.resume(first);
  auto third = house.sign_in();
  house.clock.pass(minutes(29));
  house.resume(*third);
  house.clock.pass(minutes(2));
  EXPECT_EQ(identity.sessions(third->session)->size(), 1U) << "an idle one is over";
  house.store.reads_fail = true;
  EXPECT_EQ(code_of(identity.sessions(third->session)), ErrorCode::StoreUnavailable);
}

TEST(Session, TheOthersEndAtOnce) {
  House house;
  const SignedIn first = house.join();
  auto second = house.sign_in();
  auto third = house.sign_in();
  ASSERT_TRUE(house.identity().end_other_sessions(from(kHome), second->session));
  EXPECT_TRUE(house.resume(*second).user);
  EXPECT_EQ(code_of(house.identity().resume(first.cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(house.identity().resume(third->cookie.reveal())), ErrorCode::SessionNotFound);
}

// Somebody changes the password while the old one is being checked.
TEST(Session, OneBegunWithAPasswordThatChangedMeanwhileDoesNotStand) {
  House house;
  const SignedIn owner = house.join();
  house.passwords.on_verify = [&] {
    EXPECT_TRUE(
        house.control->apply(as_operator(), store::SetPassword{.user = *owner.session.row.user,
                                                               .password_hash = "fake$another",
                                                               .keep = owner.session.row.key,
                                                               .link = std::nullopt}));
  };
  EXPECT_EQ(code_of(house.sign_in()), ErrorCode::WrongCredentials);
  EXPECT_EQ(house.identity().sessions(owner.session)->size(), 1U);
}

TEST(Session, WhatABrowserSaysOfItselfIsCleaned) {
  House house;
  house.join();
  Client client = from(kHome);
  client.user_agent = "evil\x1b[2J\xff" + std::string(10'000, 'x');
  const auto signed_in = house.identity().sign_in(client, kEmail, Secret(kPassword), "");
  ASSERT_TRUE(signed_in);
  EXPECT_EQ(signed_in->session.row.user_agent.substr(0, 10), "evil?[2J?x");
  EXPECT_EQ(signed_in->session.row.user_agent.size(), 256U);
}

TEST(Actor, OfAUserIsTheKeyAndTheEmailIsApart) {
  House house;
  const SignedIn signed_in = house.join();
  const store::Actor actor = actor_of(signed_in.session, from(kHome));
  EXPECT_EQ(actor.kind, store::ActorKind::User);
  EXPECT_EQ(actor.name, house.user().key.text());
  EXPECT_EQ(actor.email, kEmail);
  EXPECT_EQ(actor.address, kHome);
  EXPECT_EQ(actor.request_id, "r-1");
}

TEST(Identity, ManyThreadsSignInAndOut) {
  House house;
  house.join();
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        // Guesses, but not as many as make the others wait.
        const bool guesses = t == 3;
        for (int i = 0; i < (guesses ? 3 : 10); ++i) {
          auto in = house.sign_in(kHome, guesses ? "wrong" : kPassword);
          if (!in) continue;
          good += house.identity().resume(in->cookie.reveal()).has_value() ? 1 : 0;
          EXPECT_TRUE(house.identity().sign_out(from(kHome), in->session));
        }
      });
    }
  }
  EXPECT_GT(good, 0);
}

}  // namespace
}  // namespace guarita::identity
