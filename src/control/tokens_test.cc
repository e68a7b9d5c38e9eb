#include <gtest/gtest.h>

#include "control/testing.h"

namespace guarita::control::testing {
namespace {

using policy::Mode;
using policy::TokenState;

TEST(Tokens, WholeStoryFromUnsetToEnforce) {
  World world;
  const auto made = world.make_account("acme");
  EXPECT_EQ(made.value.mode, Mode::Unset);
  EXPECT_EQ(made.receipt.revision, 1U);
  world.make_instance("i1", "acme");
  EXPECT_EQ(code_of(world.control().activate(as_operator(), "acme")), ErrorCode::NoToken);
  const std::string token = world.make_token("acme");
  EXPECT_TRUE(token.starts_with("gta_"));
  EXPECT_EQ(world.account("acme").mode, Mode::Monitor);
  EXPECT_EQ(world.decide("i1", ""), "allow");
  const auto activated = world.control().activate(as_operator(), "acme");
  ASSERT_TRUE(activated);
  EXPECT_TRUE(activated->receipt.changed);
  EXPECT_TRUE(activated->receipt.complete);
  EXPECT_EQ(activated->receipt.revision, 4U);
  EXPECT_EQ(world.decide("i1", ""), "token_missing");
  EXPECT_EQ(world.decide("i1", "null"), "token_placeholder");
  EXPECT_EQ(world.decide("i1", token), "allow");
  EXPECT_EQ(world.decide("i1", token + "x"), "token_not_accepted");
  const auto again = world.control().activate(as_operator(), "acme");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->receipt.changed);
  EXPECT_TRUE(again->receipt.complete);
  EXPECT_EQ(again->receipt.revision, 4U);
  EXPECT_EQ(world.account("acme").row.revision, 4U);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Tokens, DoubleClickOnRegenerateCannotKillTheTokenJustCopied) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  world.make_token("acme");
  world.activate("acme");
  const auto seen = world.account("acme").row.revision;
  const auto first = world.control().regenerate(as_operator(seen), "acme", {}, CutOff::Accept);
  ASSERT_TRUE(first);
  const auto second = world.control().regenerate(as_operator(seen), "acme", {}, CutOff::Accept);
  ASSERT_EQ(code_of(second), ErrorCode::RevisionConflict);
  EXPECT_EQ(second.error().revision, first->receipt.revision);
  EXPECT_EQ(world.decide("i1", std::string(first->value.secret.reveal())), "allow");
}

TEST(Tokens, LostAnswerToGenerateIsRepairedByRegenerate) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string lost = world.make_token("acme");
  const auto seen = world.account("acme").row.revision;
  EXPECT_EQ(code_of(world.control().generate(as_operator(seen), "acme", {})),
            ErrorCode::TokenExists);
  const auto repaired = world.control().regenerate(as_operator(seen), "acme", {}, CutOff::Refuse);
  ASSERT_TRUE(repaired);
  world.activate("acme");
  EXPECT_EQ(world.decide("i1", std::string(repaired->value.secret.reveal())), "allow");
  EXPECT_EQ(world.decide("i1", lost), "token_not_accepted");
}

TEST(Tokens, RotationKeepsTheOldTokenForTheGracePeriodAndNotOneMillisecondMore) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string old_token = world.make_token("acme");
  world.activate("acme");
  const auto rotated = world.control().rotate(as_operator(), "acme", {});
  ASSERT_TRUE(rotated);
  const std::string new_token(rotated->value.secret.reveal());
  EXPECT_EQ(rotated->value.token.state, TokenState::Next);
  EXPECT_EQ(world.decide("i1", new_token), "allow");
  EXPECT_EQ(code_of(world.control().rotate(as_operator(), "acme", {})),
            ErrorCode::RotationUnderWay);
  const auto promoted =
      world.control().promote(as_operator(), "acme", std::chrono::hours(1), Lock::Refuse);
  ASSERT_TRUE(promoted);
  ASSERT_EQ(promoted->value.tokens.size(), 2U);
  EXPECT_EQ(promoted->value.tokens[0].state, TokenState::Current);
  EXPECT_EQ(promoted->value.tokens[1].state, TokenState::Retiring);
  world.clock.pass(std::chrono::hours(1) - Millis(1));
  EXPECT_EQ(world.decide("i1", old_token), "allow");
  world.clock.pass(Millis(1));
  EXPECT_EQ(world.decide("i1", old_token), "token_not_accepted");
  EXPECT_EQ(world.decide("i1", new_token), "allow");
  world.control().tick();
  EXPECT_EQ(world.account("acme").tokens.size(), 1U);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Tokens, LastTokenIsRevokedOnlyOnPurposeAndTheLockOpensOnlyWithConfirmation) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string token = world.make_token("acme");
  world.activate("acme");
  const TokenKey key = world.account("acme").tokens.front().key;
  EXPECT_EQ(code_of(world.control().revoke(as_operator(), "acme", key, Lock::Refuse)),
            ErrorCode::WouldLock);
  const auto locked = world.control().revoke(as_operator(), "acme", key, Lock::Accept);
  ASSERT_TRUE(locked);
  EXPECT_EQ(locked->value.mode, Mode::Locked);
  EXPECT_EQ(world.decide("i1", token), "token_not_accepted");
  // Dead already: nothing to do. Never there: not found.
  const auto again = world.control().revoke(as_operator(), "acme", key, Lock::Refuse);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->receipt.changed);
  EXPECT_EQ(code_of(world.control().revoke(as_operator(), "acme", TokenKey{}, Lock::Refuse)),
            ErrorCode::TokenNotFound);
  EXPECT_EQ(code_of(world.control().deactivate(as_operator(), "acme", Confirm::No)),
            ErrorCode::ConfirmationRequired);
  EXPECT_EQ(world.account("acme").mode, Mode::Locked);
  const std::string fresh = world.make_token("acme");
  EXPECT_EQ(world.decide("i1", fresh), "allow");
  ASSERT_TRUE(world.control().revoke_all(as_operator(), "acme", Lock::Accept));
  const auto opened = world.control().deactivate(as_operator(), "acme", Confirm::Yes);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->value.mode, Mode::Unset);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Tokens, ImportIsRefusedWhenWeakReusedOrAnInstanceToken) {
  World world;
  world.make_account("acme");
  world.make_account("beta");
  const auto import = [&](const std::string& account, const std::string& text, Weak weak) {
    return world.control().regenerate(as_operator(), account,
                                      {.import = Secret(text), .weak = weak, .expires_at = {}},
                                      CutOff::Accept);
  };
  world.make_token("acme");
  const std::string weak = "aaaaaaaaaaaaaaaaaaaa";
  EXPECT_EQ(code_of(import("acme", weak, Weak::Refuse)), ErrorCode::WeakToken);
  const auto taken = import("acme", weak, Weak::Accept);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->value.token.weak);
  EXPECT_TRUE(taken->value.secret.empty());
  EXPECT_EQ(code_of(import("acme", weak, Weak::Accept)), ErrorCode::TokenReused);
  EXPECT_EQ(code_of(import("acme", "short", Weak::Accept)), ErrorCode::InvalidTokenText);
  EXPECT_EQ(code_of(import("acme", "with,comma,and,more,text", Weak::Accept)),
            ErrorCode::InvalidTokenText);

  const std::string strong = "Zr8-kQ2mW5xT9vB3nH7jL1pC6dF4gS0a";
  ASSERT_TRUE(import("acme", strong, Weak::Refuse));
  EXPECT_EQ(code_of(import("acme", weak, Weak::Accept)), ErrorCode::TokenReused) << "it is dead";
  // The answer does not tell whether another account has it.
  world.make_token("beta");
  EXPECT_TRUE(import("beta", strong, Weak::Refuse));

  const std::string url_token = "Qw3-eR5tY7uI9oP1aS2dF4gH6jK8lZ0x";
  NewInstance instance{
      .id = "i1", .account_id = "acme", .name = {}, .upstream = {}, .instance_token = {}};
  instance.instance_token.emplace(url_token);
  ASSERT_TRUE(world.control().create_instance(as_operator(), std::move(instance)));
  EXPECT_EQ(code_of(import("acme", url_token, Weak::Refuse)), ErrorCode::TokenIsInstanceToken);
  EXPECT_TRUE(import("beta", url_token, Weak::Refuse));
  // And the other way round.
  NewInstance other{
      .id = "i2", .account_id = "acme", .name = {}, .upstream = {}, .instance_token = {}};
  other.instance_token.emplace(strong);
  EXPECT_EQ(code_of(world.control().create_instance(as_operator(), std::move(other))),
            ErrorCode::TokenIsInstanceToken);
}

TEST(Tokens, CopyIsKeptOnlyWhereStorageIsEncryptedAndOnlyWhileTheTokenLives) {
  World plain;
  plain.make_account("acme");
  plain.make_token("acme");
  const TokenKey unkept = plain.account("acme").tokens.front().key;
  EXPECT_EQ(code_of(plain.control().reveal(as_operator(), "acme", unkept)),
            ErrorCode::TokenNotFound);

  Options options;
  options.sealing = SealingKey{.key = {7, 7, 7}, .id = "k1"};
  World world(options);
  world.make_account("acme");
  const std::string text = world.make_token("acme");
  const TokenKey key = world.account("acme").tokens.front().key;
  const auto shown = world.control().reveal(as_operator(), "acme", key);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->reveal(), text);
  EXPECT_EQ(world.control().audit({}, {})->rows.front().verb, "token.reveal");
  EXPECT_EQ(world.account("acme").tokens.front().key, key);
  ASSERT_TRUE(world.control().revoke(as_operator(), "acme", key, Lock::Refuse));
  EXPECT_EQ(code_of(world.control().reveal(as_operator(), "acme", key)), ErrorCode::TokenNotFound);
}

TEST(Tokens, GraceAndExpiryOutOfRangeAreRefused) {
  World world;
  world.make_account("acme");
  NewToken late;
  late.expires_at = world.clock.now();
  const auto refused = world.control().generate(as_operator(), "acme", std::move(late));
  ASSERT_EQ(code_of(refused), ErrorCode::InvalidRequest);
  EXPECT_EQ(refused.error().member, "expires_at");
  world.make_token("acme");
  ASSERT_TRUE(world.control().rotate(as_operator(), "acme", {}));
  EXPECT_EQ(code_of(world.control().promote(as_operator(), "acme", std::chrono::hours(24 * 400),
                                            Lock::Refuse)),
            ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace guarita::control::testing
