#include "policy/decide.h"

#include <gtest/gtest.h>

#include <set>

#include "policy/decide_test_util.h"

namespace guarita::policy {
namespace {

using testing::kCurrent;
using testing::kInstanceToken;
using testing::kNext;
using testing::kRetiresMs;
using testing::kRetiring;
using testing::World;
using Outcome = RouteMatch::Outcome;

TEST(Decide, EveryReasonHasItsTextAndBack) {
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < kReasons; ++i) {
    const auto text = text_of(static_cast<Reason>(i));
    EXPECT_EQ(parse_reason(text), static_cast<Reason>(i));
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), kReasons);
  EXPECT_EQ(parse_reason("token"), std::nullopt);
}

// What can be wrong with a request, in the order in which decide() must find it.
struct Fault {
  Reason reason;
  void (*make)(Facts&, const World&);
};
const Fault kFaults[] = {
    {Reason::UnmatchedRoute, [](Facts& f, const World&) { f.outcome = Outcome::Unmatched; }},
    {Reason::BadTarget, [](Facts& f, const World&) { f.outcome = Outcome::BadTarget; }},
    {Reason::AmbiguousInstance, [](Facts& f, const World&) { f.outcome = Outcome::Ambiguous; }},
    {Reason::InstanceNotFound, [](Facts& f, const World&) { f.outcome = Outcome::NoInstance; }},
    {Reason::InstanceNotFound,
     [](Facts& f, const World& w) {
       f.instance = w.snapshot.hash_id("nobody");
       f.instance_folded = w.snapshot.hash_folded("nobody");
     }},
    {Reason::InstanceNotFound,
     [](Facts& f, const World&) { f = World::with_instance_token(f, "another"); }},
    {Reason::InstanceNotFound, [](Facts& f, const World&) { f.instance_token_seen = false; }},
    {Reason::IpNotAllowed, [](Facts& f, const World&) { f.address = *parse_ip("192.0.2.1"); }},
    {Reason::Preflight, [](Facts& f, const World&) { f.preflight = true; }},
    {Reason::TokenMissing, [](Facts& f, const World&) { f.shape = TokenShape::Absent; }},
    {Reason::TokenEmpty, [](Facts& f, const World&) { f.shape = TokenShape::Empty; }},
    {Reason::TokenPlaceholder, [](Facts& f, const World&) { f.shape = TokenShape::Placeholder; }},
    {Reason::TokenDuplicate, [](Facts& f, const World&) { f.shape = TokenShape::Duplicate; }},
    {Reason::TokenMalformed, [](Facts& f, const World&) { f.shape = TokenShape::Malformed; }},
    {Reason::TokenIsInstanceToken,
     [](Facts& f, const World&) { f.shape = TokenShape::EqualsInstanceToken; }},
    {Reason::TokenNotAccepted, [](Facts& f, const World&) { f.token = testing::digest_of(kNext); }},
};

Facts good(const World& world) {
  return World::with_instance_token(world.facts("guarded-1", kCurrent), kInstanceToken);
}

TEST(Decide, EveryPublicReasonIsReached) {
  const World world;
  EXPECT_TRUE(world.decide(good(world)).allow);
  std::set<Reason> reached;
  for (const Fault& fault : kFaults) {
    Facts facts = good(world);
    fault.make(facts, world);
    const Decision decision = world.decide(facts);
    EXPECT_FALSE(decision.allow) << text_of(fault.reason);
    EXPECT_EQ(text_of(decision.reason), text_of(fault.reason));
    reached.insert(decision.reason);
  }
  EXPECT_EQ(reached.size(), kReasons - 1) << "all but none";
}

TEST(Decide, TheFirstDenialWins) {
  const World world;
  const std::size_t count = std::size(kFaults);
  for (std::size_t first = 0; first < count; ++first) {
    for (std::size_t second = first + 1; second < count; ++second) {
      // Faults of one step exclude each other: an outcome, or a shape.
      if (second < 4 || first >= 9) continue;
      Facts facts = good(world);
      kFaults[second].make(facts, world);
      kFaults[first].make(facts, world);
      EXPECT_EQ(text_of(world.decide(facts).reason), text_of(kFaults[first].reason))
          << first << ' ' << second;
    }
  }
}

TEST(Decide, WhileNotEnforcedEveryHeaderPasses) {
  const World world;
  for (const char* instance : {"inst-2", "inst-4"}) {
    for (const Fault& fault : std::span(kFaults).subspan(8)) {
      Facts facts = world.facts(instance, kCurrent);
      fault.make(facts, world);
      const Decision decision = world.decide(facts);
      EXPECT_TRUE(decision.allow) << text_of(fault.reason);
      EXPECT_EQ(decision.reason, Reason::None);
      EXPECT_EQ(decision.mode,
                instance == std::string_view("inst-2") ? Mode::Monitor : Mode::Unset);
    }
  }
}

TEST(Decide, LockedDeniesEverything) {
  const World world;
  for (const Fault& fault : std::span(kFaults).subspan(8)) {
    Facts facts = world.facts("inst-3", kCurrent);
    fault.make(facts, world);
    EXPECT_FALSE(world.decide(facts).allow);
    EXPECT_EQ(world.decide(facts).reason, fault.reason);
  }
  const Decision decision = world.decide(world.facts("inst-3", kCurrent));
  EXPECT_EQ(decision.reason, Reason::TokenNotAccepted);
  EXPECT_EQ(decision.mode, Mode::Locked);
}

TEST(Decide, ADeadlineIsComparedWithNow) {
  const World world;
  const Facts facts = world.facts("inst-1", kRetiring);
  const Decision before = world.decide(facts, kRetiresMs - 1);
  EXPECT_TRUE(before.allow);
  EXPECT_EQ(before.matched_token, 1);
  EXPECT_EQ(before.matched_state, TokenState::Retiring);
  EXPECT_EQ(world.decide(facts, kRetiresMs).reason, Reason::TokenNotAccepted);
  EXPECT_TRUE(world.decide(world.facts("inst-1", kCurrent), kRetiresMs).allow);
}

TEST(Decide, WhenTheLastDeadlinePassesTheAccountIsLockedAtOnce) {
  World world;
  AccountRow row = testing::account_row(1);
  row.enforce = true;
  row.tokens = {{testing::digest_of(kCurrent), TokenState::Current, testing::at_ms(100)}};
  world.snapshot.put_account(row);
  EXPECT_EQ(world.decide(world.facts("inst-1", kCurrent), 99).mode, Mode::Enforce);
  const Decision after = world.decide(world.facts("inst-1", kCurrent), 100);
  EXPECT_EQ(after.mode, Mode::Locked);
  EXPECT_EQ(after.reason, Reason::TokenNotAccepted);
}

TEST(Decide, AllowsCarryWhatTheProxyNeeds) {
  const World world;
  const Decision decision = world.decide(world.facts("inst-1", kCurrent));
  ASSERT_TRUE(decision.allow);
  EXPECT_EQ(decision.account_id, "acct1");
  EXPECT_EQ(decision.account.number, world.snapshot.account_number(testing::account_key(1)));
  EXPECT_EQ(decision.upstream.text, "http://up-1");
  EXPECT_NE(decision.upstream.id, 0U);
  EXPECT_EQ(decision.matched_token, 0);
  EXPECT_FALSE(decision.unknown_instance);
}

TEST(Decide, MonitorTellsWhichTokenCame) {
  const World world;
  EXPECT_EQ(world.decide(world.facts("inst-2", kCurrent)).matched_token, 0);
  EXPECT_EQ(world.decide(world.facts("inst-2", kNext)).matched_token, Decision::kNoToken);
}

TEST(Decide, APublicRouteIsAllowedUndecided) {
  const World world;
  Facts facts = world.facts("inst-3");
  facts.outcome = Outcome::Public;
  const Decision decision = world.decide(facts);
  EXPECT_TRUE(decision.allow);
  EXPECT_EQ(decision.account.number, 0U);
}

struct InstanceTokenCase {
  bool seen;
  bool optional;
  std::string_view text;
  bool allow;
};

TEST(Decide, InstanceTokensAreComparedWhereRegistered) {
  const World world;
  const InstanceTokenCase cases[] = {
      {true, false, kInstanceToken, true}, {true, true, kInstanceToken, true},
      {true, false, "different", false},   {true, true, "different", false},
      {false, false, "", false},           {false, true, "", true},
  };
  for (const auto& c : cases) {
    for (const char* instance : {"guarded-1", "inst-1"}) {
      Facts facts = world.facts(instance, kCurrent);
      if (c.seen) facts = World::with_instance_token(facts, c.text);
      facts.instance_token_optional = c.optional;
      const bool registered = instance == std::string_view("guarded-1");
      const Decision decision = world.decide(facts);
      EXPECT_EQ(decision.allow, c.allow || !registered) << c.text << c.seen << c.optional;
      if (!decision.allow) {
        EXPECT_EQ(decision.reason, Reason::InstanceNotFound);
      }
    }
  }
  Facts empty = world.facts("guarded-1", kCurrent);
  empty.instance_token_seen = true;  // the placeholder matched nothing
  empty.instance_token_optional = true;
  EXPECT_FALSE(world.decide(empty).allow);
}

TEST(Decide, UnknownInstancesPassWhileMovingInUnlessTheyEqualAKnownOneButForCase) {
  const World world;
  const auto decide = [&](std::string_view id) {
    return world.decide(world.facts(id), 0, UnknownInstance::Allow);
  };
  EXPECT_TRUE(decide("newcomer").allow);
  EXPECT_TRUE(decide("newcomer").unknown_instance);
  EXPECT_EQ(decide("INST-1").reason, Reason::InstanceNotFound);
  EXPECT_EQ(decide("Guarded-1").reason, Reason::InstanceNotFound);
  EXPECT_EQ(decide("inst-1").reason, Reason::TokenMissing) << "a known one is decided";
  EXPECT_EQ(world.decide(world.facts("newcomer")).reason, Reason::InstanceNotFound);
}

TEST(Decide, WithoutTheFoldedIndexNothingUnknownPasses) {
  const World world(FoldedIndex::Off);
  const auto decision = world.decide(world.facts("newcomer"), 0, UnknownInstance::Allow);
  EXPECT_EQ(decision.reason, Reason::InstanceNotFound);
}

TEST(Decide, InstancesOfADeletedAccountAreGone) {
  World world;
  world.snapshot.erase_account(testing::account_key(2));
  for (const auto unknown : {UnknownInstance::Deny, UnknownInstance::Allow}) {
    const auto decision = world.decide(world.facts("inst-2", kCurrent), 0, unknown);
    EXPECT_EQ(decision.reason, Reason::InstanceNotFound);
  }
}

TEST(Decide, AMoveIsDecidedByTheNewAccountFromTheNextDecisionOn) {
  World world;
  const Facts facts = world.facts("inst-2");
  EXPECT_TRUE(world.decide(facts).allow);
  world.snapshot.put_instance({"inst-2", testing::account_key(1), "", std::nullopt});
  EXPECT_EQ(world.decide(facts).reason, Reason::TokenMissing);
}

TEST(ConcealedReason, IsWhatAnEnforcingAccountWouldSay) {
  const World world;
  Facts facts = world.facts("nobody");
  EXPECT_EQ(concealed_reason(facts), Reason::TokenMissing);
  EXPECT_EQ(concealed_reason(world.facts("nobody", "null")), Reason::TokenPlaceholder);
  EXPECT_EQ(concealed_reason(world.facts("nobody", kCurrent)), Reason::TokenNotAccepted);
  facts.preflight = true;
  EXPECT_EQ(concealed_reason(facts), Reason::Preflight);
  for (const Fault& fault : std::span(kFaults).subspan(8)) {
    Facts concealed = world.facts("inst-1", kCurrent);
    fault.make(concealed, world);
    EXPECT_EQ(concealed_reason(concealed), world.decide(concealed).reason);
  }
}

}  // namespace
}  // namespace guarita::policy
