#include "policy/classify.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "policy/decide_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_key;
using testing::account_row;
using testing::at_ms;
using testing::digest_of;
using testing::kCurrent;
using testing::kInstanceToken;
using testing::kNext;
using testing::kRetiresMs;
using testing::kRetiring;
using testing::World;

constexpr std::string_view kRevoked = "gta_revoked-revoked-revoked-0004";
constexpr std::string_view kExpired = "gta_expired-expired-expired-0005";
constexpr std::string_view kOthers = "gta_of-somebody-else-entirely-06";
constexpr std::string_view kStranger = "gta_nobody-ever-made-this-one-07";

// What a request sends, and what that must be called.
struct Case {
  TokenClass token_class;
  std::vector<std::string_view> lines;      // of the token header
  std::vector<std::string_view> elsewhere;  // Authorization, aliases, query
  std::string_view path_token = "";
};

class Classify : public ::testing::Test {
 protected:
  Classify() {
    const TokenFormat format;
    std::uint32_t n = 0;
    made_ = make_token(format, [&](std::uint32_t bound) { return ++n % bound; });
    for (const std::uint64_t account : {1ULL, 2ULL}) {
      AccountRow row = account_row(account);
      row.enforce = account == 1;
      row.tokens = {{digest_of(made()), TokenState::Current, std::nullopt},
                    {digest_of(kNext), TokenState::Next, at_ms(kRetiresMs)}};
      world_.snapshot.put_account(row);
      world_.snapshot.put_dead_token(row.key, digest_of(kRevoked), TokenState::Revoked);
      world_.snapshot.put_dead_token(row.key, digest_of(kExpired), TokenState::Expired);
    }
    AccountRow four = account_row(4);
    four.tokens = {{digest_of(kOthers), TokenState::Current, std::nullopt}};
    world_.snapshot.put_account(four);
  }

  std::string_view made() const { return made_.reveal(); }

  Classified classify_case(const Case& c, std::string_view instance, std::int64_t now = 0,
                           UnknownInstance unknown = UnknownInstance::Deny) const {
    Facts facts = world_.facts(instance);
    const FieldLines lines{static_cast<unsigned>(c.lines.size()),
                           c.lines.empty() ? "" : c.lines.front()};
    facts.shape = shape_of(lines, c.path_token);
    if (facts.shape == TokenShape::Candidate) facts.token = digest_of(lines.value);
    if (!c.path_token.empty()) facts = World::with_instance_token(facts, c.path_token);
    const Decision decision = world_.decide(facts, now, unknown);
    const Sent sent{lines.count == 1 ? lines.value : "", c.elsewhere, &format_};
    return classify(world_.snapshot, facts, decision, sent, at_ms(now));
  }

  World world_;
  TokenFormat format_;
  Secret made_;
};

TEST_F(Classify, EveryClassInEnforceAndInMonitor) {
  const std::string bearer = "Bearer " + std::string(made());
  const std::string without_prefix(made().substr(4));
  const std::string without_checksum(made().substr(0, made().size() - 6));
  const std::string cut(made().substr(0, made().size() - 9));
  const std::string_view own = made();
  const Case cases[] = {
      {TokenClass::ValidCurrent, {own}, {}},
      {TokenClass::ValidCurrent, {own}, {kStranger}, own.substr(0, 20)},
      {TokenClass::ValidNext, {kNext}, {}},
      {TokenClass::Missing, {}, {}},
      {TokenClass::Missing, {}, {kStranger, "", "x"}},
      {TokenClass::Empty, {""}, {}},
      {TokenClass::Placeholder, {"undefined"}, {}},
      {TokenClass::Duplicate, {own, own}, {own}},
      {TokenClass::Malformed, {"short"}, {}},
      {TokenClass::Malformed, {"Bearer gta_nobody-ever-made-this"}, {}},
      {TokenClass::InstanceToken, {kInstanceToken}, {}, kInstanceToken},
      {TokenClass::AccountTokenInPath, {}, {}, own},
      {TokenClass::AccountTokenInPath, {own}, {}, own},
      {TokenClass::AccountTokenInPath, {kInstanceToken}, {}, own},
      {TokenClass::WrongHeader, {}, {bearer}},
      {TokenClass::WrongHeader, {}, {"x", own}},
      {TokenClass::WrongHeader, {""}, {own}},
      {TokenClass::WrongHeader, {"null"}, {kNext}},
      {TokenClass::WrongHeader, {kStranger}, {own}},
      {TokenClass::ShellExpanded, {"$TOKEN"}, {}},
      {TokenClass::ShellExpanded, {"${GUARITA_CLIENT_TOKEN}"}, {}},
      {TokenClass::ShellExpanded, {"$env:GUARITA_TOKEN_OF_ACME"}, {}},
      {TokenClass::ShellExpanded, {"%CLIENT_TOKEN%"}, {}},
      {TokenClass::ShellExpanded, {"$(cat token)"}, {}},
      {TokenClass::ShellExpanded, {"`cat token`"}, {}},
      {TokenClass::Truncated, {without_prefix}, {}},
      {TokenClass::Truncated, {without_checksum}, {}},
      {TokenClass::Unknown, {cut}, {}},
      {TokenClass::Revoked, {kRevoked}, {own}},
      {TokenClass::Expired, {kExpired}, {}},
      {TokenClass::OtherAccount, {kOthers}, {}},
      {TokenClass::Unknown, {kStranger}, {}},
      {TokenClass::Unknown, {"price-in-US$-is-not-a-variable"}, {}},
  };
  std::set<TokenClass> reached;
  for (const Case& c : cases) {
    for (const char* instance : {"inst-1", "inst-2"}) {
      const Classified got = classify_case(c, instance);
      EXPECT_EQ(text_of(got.token_class), text_of(c.token_class))
          << instance << ' ' << (c.lines.empty() ? "-" : c.lines.front());
      reached.insert(got.token_class);
    }
  }
  // Retiring, and none, have tests of their own.
  EXPECT_EQ(reached.size(), kTokenClasses - 2);
}

TEST_F(Classify, RetiringAndPastItsDeadline) {
  AccountRow row = account_row(1);
  row.tokens = {{digest_of(kCurrent), TokenState::Current, std::nullopt},
                {digest_of(kRetiring), TokenState::Retiring, at_ms(kRetiresMs)}};
  world_.snapshot.put_account(row);
  const Case c{TokenClass::None, {kRetiring}, {}};
  EXPECT_EQ(classify_case(c, "inst-1", kRetiresMs - 1).token_class, TokenClass::ValidRetiring);
  EXPECT_EQ(classify_case(c, "inst-1", kRetiresMs).token_class, TokenClass::Expired);
  const Case elsewhere{TokenClass::None, {}, {kRetiring}};
  EXPECT_EQ(classify_case(elsewhere, "inst-1", kRetiresMs).token_class, TokenClass::Missing);
}

TEST_F(Classify, WhoseTokenAnotherAccountsIs) {
  const Case c{TokenClass::OtherAccount, {kOthers}, {}};
  EXPECT_EQ(classify_case(c, "inst-1").other_account,
            world_.snapshot.account_number(account_key(4)));
  EXPECT_EQ(classify_case(c, "inst-4").token_class, TokenClass::ValidCurrent);
  // In this account dead and in another one live: this account's word counts.
  world_.snapshot.put_dead_token(account_key(1), digest_of(kOthers), TokenState::Revoked);
  EXPECT_EQ(classify_case(c, "inst-1").token_class, TokenClass::Revoked);
  EXPECT_EQ(classify_case(c, "inst-1").other_account, 0U);
}

TEST_F(Classify, NoneWhereNoTokenWasAskedFor) {
  const Case c{TokenClass::None, {made()}, {}};
  EXPECT_EQ(classify_case(c, "nobody").token_class, TokenClass::None);
  Facts facts = world_.facts("inst-1", made());
  for (const auto outcome : {RouteMatch::Outcome::Public, RouteMatch::Outcome::Unmatched}) {
    facts.outcome = outcome;
    EXPECT_EQ(classify(world_.snapshot, facts, world_.decide(facts), {}, at_ms(0)).token_class,
              TokenClass::None);
  }
}

TEST_F(Classify, AnUnknownInstanceThatPassedIsClassifiedWithoutAnAccount) {
  const auto of = [&](Case c) {
    return classify_case(c, "newcomer", 0, UnknownInstance::Allow).token_class;
  };
  EXPECT_EQ(of({TokenClass::None, {}, {made()}}), TokenClass::Missing);
  EXPECT_EQ(of({TokenClass::None, {made()}, {}}), TokenClass::OtherAccount);
  EXPECT_EQ(of({TokenClass::None, {kStranger}, {}}), TokenClass::Unknown);
}

TEST_F(Classify, ADeniedAddressOrInstanceTokenDoesNotHideTheClass) {
  Facts facts = world_.facts("guarded-1", made());  // no instance token in the URL
  const Decision decision = world_.decide(facts);
  EXPECT_EQ(decision.reason, Reason::InstanceNotFound);
  EXPECT_EQ(classify(world_.snapshot, facts, decision, {}, at_ms(0)).token_class,
            TokenClass::ValidCurrent);
}

TEST_F(Classify, LooksAtABoundedNumberOfPlaces) {
  std::vector<std::string_view> many(kElsewhereMax, kStranger);
  many.push_back(made());
  EXPECT_EQ(classify_case({TokenClass::None, {}, many}, "inst-1").token_class, TokenClass::Missing);
}

TEST(TokenClass, EveryClassHasItsTextAndBack) {
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    const auto text = text_of(static_cast<TokenClass>(i));
    EXPECT_EQ(parse_token_class(text), static_cast<TokenClass>(i));
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), kTokenClasses);
}

}  // namespace
}  // namespace guarita::policy
