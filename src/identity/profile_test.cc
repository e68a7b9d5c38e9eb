#include <algorithm>

#include "identity/testing.h"

namespace guarita::identity {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): this folder's own
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Profile, NameAndLanguageAreChecked) {
  House house;
  const SignedIn in = house.join();
  const auto update = [&](std::optional<std::string> name, std::optional<std::string> language) {
    return house.identity().update_profile(from(kHome), in.session, std::move(name),
                                           std::move(language));
  };
  EXPECT_TRUE(update("  Ana Lima ", {}));
  EXPECT_EQ(house.user().name, "Ana Lima");
  EXPECT_TRUE(update({}, "es"));
  EXPECT_EQ(house.user().language, "es");
  EXPECT_TRUE(update({}, ""));
  EXPECT_TRUE(update({}, {}));
  for (const std::string& name :
       {std::string("a\nb"), std::string("a\u202eb"), std::string("\xff"), std::string(201, 'x')}) {
    const auto refused = update(name, {});
    EXPECT_EQ(code_of(refused), ErrorCode::InvalidRequest);
    EXPECT_EQ(refused.error().member, "name");
  }
  for (const char* language : {"pt", "pt-br", "de", "en "}) {
    const auto refused = update({}, language);
    EXPECT_EQ(code_of(refused), ErrorCode::InvalidRequest) << language;
    EXPECT_EQ(refused.error().member, "language");
  }
  EXPECT_EQ(house.user().name, "Ana Lima");
  house.store.writes_fail = true;
  EXPECT_EQ(code_of(update("x", {})), ErrorCode::StoreUnavailable);
}

TEST(ChangePassword, EndsTheOtherSessionsAndKeepsThisOne) {
  House house;
  const SignedIn first = house.join();
  const auto second = house.sign_in();
  ASSERT_TRUE(second);
  ASSERT_TRUE(house.identity().change_password(from(kHome), second->session, Secret(kPassword),
                                               Secret(kNewPassword)));
  EXPECT_TRUE(house.resume(*second).user);
  EXPECT_EQ(code_of(house.identity().resume(first.cookie.reveal())), ErrorCode::SessionNotFound);
  EXPECT_EQ(code_of(house.sign_in()), ErrorCode::WrongCredentials);
  EXPECT_TRUE(house.sign_in(kHome, kNewPassword));
}

TEST(ChangePassword, ItsRefusals) {
  House house;
  const SignedIn in = house.join();
  const auto change = [&](const char* current, const char* wanted) {
    return house.identity().change_password(from(kHome), in.session, Secret(current),
                                            Secret(wanted));
  };
  const auto weak = change(kPassword, "senha123");
  ASSERT_EQ(code_of(weak), ErrorCode::WeakPassword);
  EXPECT_EQ(weak.error().why, "common");
  const auto same = change(kPassword, kPassword);
  ASSERT_EQ(code_of(same), ErrorCode::WeakPassword);
  EXPECT_EQ(same.error().why, "same");
  house.passwords.no_memory = true;
  EXPECT_EQ(code_of(change(kPassword, kNewPassword)), ErrorCode::Busy);
  house.passwords.no_memory = false;
  house.store.writes_fail = true;
  EXPECT_EQ(code_of(change(kPassword, kNewPassword)), ErrorCode::StoreUnavailable);
  house.store.writes_fail = false;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(code_of(change("wrong", kNewPassword)), ErrorCode::WrongCredentials);
  }
  EXPECT_EQ(code_of(change(kPassword, kNewPassword)), ErrorCode::TooManyFailures);
  EXPECT_EQ(code_of(house.sign_in()), ErrorCode::TooManyFailures) << "one count for all of it";
  house.clock.pass(seconds(1));
  EXPECT_TRUE(change(kPassword, kNewPassword));
}

// ---- two-factor ---------------------------------------------------------------------------------

TEST(TwoFactor, IsSetUpWithACodeAndSealed) {
  House house;
  const SignedIn in = house.join();
  auto& identity = house.identity();
  const auto setup = identity.begin_two_factor(in.session);
  ASSERT_TRUE(setup) << setup.error().detail;
  EXPECT_EQ(setup->secret.reveal().size(), 32U);
  EXPECT_NE(setup->uri.reveal().find(setup->secret.reveal()), std::string_view::npos);
  EXPECT_NE(setup->uri.reveal().find("painel.example.org"), std::string_view::npos);
  EXPECT_EQ(setup->qr_svg.substr(0, 4), "<svg");
  EXPECT_TRUE(house.user().totp_sealed.empty()) << "nothing is on disk before it is confirmed";

  const Secret raw = raw_of(setup->secret);
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), in.session, "000000")),
            ErrorCode::WrongCode);
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), in.session, "abcde-fghij")),
            ErrorCode::WrongCode);
  const std::string code = house.code(raw);
  const auto codes = identity.confirm_two_factor(from(kHome), in.session,
                                                 code.substr(0, 3) + " " + code.substr(3));
  ASSERT_TRUE(codes) << codes.error().detail;
  EXPECT_EQ(codes->size(), kRecoveryCodes);
  const store::UserRow user = house.user();
  EXPECT_EQ(user.recovery_codes_left, kRecoveryCodes);
  EXPECT_EQ(user.totp_key_id, "key-1");
  EXPECT_EQ(user.totp_sealed.find(raw.reveal()), std::string::npos);
  EXPECT_EQ(crypto::open(house.sealing_key.key, user.totp_sealed, user.key.text()), raw.reveal());
  EXPECT_FALSE(crypto::open(house.sealing_key.key, user.totp_sealed, "another row"));

  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, code)), ErrorCode::WrongCode)
      << "the code that confirmed is spent";
  EXPECT_EQ(code_of(identity.begin_two_factor(in.session)), ErrorCode::TwoFactorIsOn);
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), in.session, house.code(raw))),
            ErrorCode::TwoFactorIsOn);
}

TEST(TwoFactor, ASetUpIsOfOneSessionAndTenMinutes) {
  House house;
  const SignedIn first = house.join();
  const auto second = house.sign_in();
  auto& identity = house.identity();
  const auto setup = identity.begin_two_factor(first.session);
  ASSERT_TRUE(setup);
  const Secret raw = raw_of(setup->secret);
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), second->session, house.code(raw))),
            ErrorCode::TwoFactorIsOff);
  house.clock.pass(minutes(10));
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), first.session, house.code(raw))),
            ErrorCode::TwoFactorIsOff);
  ASSERT_TRUE(identity.begin_two_factor(first.session));
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), first.session, house.code(raw))),
            ErrorCode::WrongCode)
      << "a new set-up has a new secret";
}

TEST(TwoFactor, SignInNeedsTheCodeAndEachCodeOnce) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, codes] = house.enable_two_factor(in.session);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(code_of(house.sign_in()), ErrorCode::TwoFactorRequired) << "and is no failure";
  }
  EXPECT_EQ(code_of(house.sign_in(kHome, "wrong", house.code(secret))),
            ErrorCode::WrongCredentials);
  const std::string code = house.code(secret);
  EXPECT_TRUE(house.sign_in(kHome, kPassword, code));
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, code)), ErrorCode::WrongCode) << "replayed";
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, house.code(secret, -1))), ErrorCode::WrongCode)
      << "an older one than the last";
  EXPECT_TRUE(house.sign_in(kHome, kPassword, house.code(secret, 1))) << "a fast clock";
  house.clock.pass(seconds(90));
  EXPECT_TRUE(house.sign_in(kHome, kPassword, house.code(secret, -1))) << "a slow clock";
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, house.code(secret, 2))), ErrorCode::WrongCode);
}

TEST(TwoFactor, GuessingCodesWithTheRightPasswordIsThrottled) {
  House house;
  const SignedIn in = house.join();
  house.enable_two_factor(in.session);
  unsigned asked = 0;
  const Time begin = house.clock.now();
  while (house.clock.now() < begin + minutes(60)) {
    const auto refused =
        house.sign_in("10.0.0." + std::to_string(asked % 250), kPassword, "000000");
    if (code_of(refused) == ErrorCode::WrongCode) ++asked;
    house.clock.pass(seconds(1));
  }
  EXPECT_LE(asked, 130U) << "two a minute, from however many addresses";
  EXPECT_GE(asked, 100U);
}

TEST(TwoFactor, ARecoveryCodeIsGoodOnce) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, codes] = house.enable_two_factor(in.session);
  const std::string code(codes[3].reveal());
  std::string shouted = code;
  for (char& c : shouted) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(house.sign_in(kHome, kPassword, " " + shouted + " "));
  EXPECT_EQ(house.user().recovery_codes_left, kRecoveryCodes - 1);
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, code)), ErrorCode::WrongCode);
  EXPECT_TRUE(house.sign_in(kHome, kPassword, std::string(codes[4].reveal())));
}

TEST(TwoFactor, IsTurnedOffWithACode) {
  House house;
  const SignedIn in = house.join();
  auto& identity = house.identity();
  EXPECT_EQ(code_of(identity.disable_two_factor(from(kHome), in.session, "000000")),
            ErrorCode::TwoFactorIsOff);
  EXPECT_EQ(code_of(identity.new_recovery_codes(from(kHome), in.session, "000000")),
            ErrorCode::TwoFactorIsOff);
  const auto [secret, codes] = house.enable_two_factor(in.session);
  EXPECT_EQ(code_of(identity.disable_two_factor(from(kHome), in.session, "000000")),
            ErrorCode::WrongCode);
  EXPECT_EQ(code_of(identity.disable_two_factor(from(kHome), in.session, "")),
            ErrorCode::WrongCode);
  ASSERT_TRUE(identity.disable_two_factor(from(kHome), in.session, house.code(secret)));
  EXPECT_TRUE(house.user().totp_sealed.empty());
  EXPECT_EQ(house.user().recovery_codes_left, 0U);
  EXPECT_TRUE(house.sign_in());
}

TEST(TwoFactor, NewRecoveryCodesReplaceTheOldOnes) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, old] = house.enable_two_factor(in.session);
  const auto fresh =
      house.identity().new_recovery_codes(from(kHome), in.session, house.code(secret));
  ASSERT_TRUE(fresh) << fresh.error().detail;
  EXPECT_EQ(fresh->size(), kRecoveryCodes);
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, std::string(old[0].reveal()))),
            ErrorCode::WrongCode);
  EXPECT_TRUE(house.sign_in(kHome, kPassword, std::string((*fresh)[0].reveal())));
}

TEST(TwoFactor, CodesOfASignedInUserAreThrottledToo) {
  House house;
  const SignedIn in = house.join();
  house.enable_two_factor(in.session);
  std::optional<ErrorCode> last;
  for (int i = 0; i < 6; ++i) {
    last = code_of(house.identity().disable_two_factor(from(kHome), in.session, "000000"));
  }
  EXPECT_EQ(last, ErrorCode::TooManyFailures);
}

TEST(TwoFactor, AnotherSealingKeyLeavesRecoveryCodesAndTheOperator) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, codes] = house.enable_two_factor(in.session);
  house.sealing_key = {.key = {9}, .id = "key-2"};
  house.restart();
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(code_of(house.sign_in(kHome, kPassword, house.code(secret))),
              ErrorCode::StoreUnavailable)
        << "and is nobody's failure";
  }
  EXPECT_TRUE(house.sign_in(kHome, kPassword, std::string(codes[0].reveal())));
  ASSERT_TRUE(house.identity().reset_two_factor(as_operator(), house.user().key));
  EXPECT_TRUE(house.sign_in());
}

TEST(TwoFactor, ASealingKeyThatWasChangedMeanwhileIsLoadedAgain) {
  House house;
  const SignedIn in = house.join();
  const auto [secret, codes] = house.enable_two_factor(in.session);
  const store::UserRow user = house.user();
  house.sealing_key = {.key = {9}, .id = "key-2"};
  ASSERT_TRUE(house.control->apply(
      as_operator(),
      store::SetTwoFactor{
          .user = user.key,
          .totp_sealed = crypto::seal(house.sealing_key.key, secret.reveal(), user.key.text()),
          .totp_key_id = "key-2",
          .totp_last_step = user.totp_last_step,
          .recovery_codes = {}}));
  EXPECT_TRUE(house.sign_in(kHome, kPassword, house.code(secret)));
}

TEST(TwoFactor, WithoutASealingKeyNothingIsBegun) {
  House house;
  const SignedIn in = house.join();
  house.sealing_fault = "the file cannot be read: /somewhere/guarita.key";
  const auto refused = house.identity().begin_two_factor(in.session);
  ASSERT_EQ(code_of(refused), ErrorCode::StoreUnavailable);
  EXPECT_EQ(refused.error().detail.find("/somewhere"), std::string::npos);
  house.sealing_fault.clear();
  EXPECT_TRUE(house.identity().begin_two_factor(in.session));
}

TEST(TwoFactor, AStoreThatCannotBeReachedLeavesItAsItWas) {
  House house;
  const SignedIn in = house.join();
  auto& identity = house.identity();
  const auto setup = identity.begin_two_factor(in.session);
  const Secret raw = raw_of(setup->secret);
  house.store.writes_fail = true;
  EXPECT_EQ(code_of(identity.confirm_two_factor(from(kHome), in.session, house.code(raw))),
            ErrorCode::StoreUnavailable);
  house.store.writes_fail = false;
  EXPECT_TRUE(house.user().totp_sealed.empty());
  const auto [secret, codes] = house.enable_two_factor(in.session);
  house.store.writes_fail = true;
  EXPECT_EQ(code_of(identity.disable_two_factor(from(kHome), in.session, house.code(secret))),
            ErrorCode::StoreUnavailable);
  EXPECT_EQ(code_of(house.sign_in(kHome, kPassword, std::string(codes[0].reveal()))),
            ErrorCode::StoreUnavailable);
  house.store.writes_fail = false;
  EXPECT_EQ(house.user().recovery_codes_left, kRecoveryCodes);
}

}  // namespace
}  // namespace guarita::identity
