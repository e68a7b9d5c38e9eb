#include "policy/facts.h"

#include <gtest/gtest.h>

#include <map>

#include "policy/decide_test_util.h"
#include "support/allocations.h"

namespace guarita::policy {
namespace {

using testing::kCurrent;
using testing::kInstanceToken;
using testing::World;

// A request's header fields as the proxy offers them.
struct Headers {
  std::multimap<std::string_view, std::string_view> lines;

  FieldLookup lookup() const {
    return {this, [](const void* context, std::string_view name) -> FieldLines {
              const auto [first, last] =
                  static_cast<const Headers*>(context)->lines.equal_range(name);
              if (first == last) return {};
              return {static_cast<unsigned>(std::distance(first, last)), first->second};
            }};
  }
};

RouteMatch gated(std::string_view id, std::string_view instance_token = "") {
  RouteMatch match;
  match.outcome = RouteMatch::Outcome::Gated;
  match.route = 3;
  EXPECT_TRUE(match.instance_id.assign(id));
  match.instance_token_seen = !instance_token.empty();
  EXPECT_TRUE(match.instance_token.assign(instance_token));
  return match;
}

Facts gather_from(const World& world, const RouteMatch& match, const Headers& headers,
                  std::string_view method = "GET") {
  RequestView request;
  request.method = method;
  request.fields = headers.lookup();
  return gather(world.snapshot, match, request, *parse_ip("10.1.2.3"), "client-token");
}

TEST(Gather, JudgesTheTokenHeaderInOrder) {
  struct Case {
    TokenShape shape;
    std::vector<std::string_view> values;
  };
  const std::string_view weird = "{{also the instance token}}";
  const Case cases[] = {
      {TokenShape::Absent, {}},
      {TokenShape::Duplicate, {kCurrent, kCurrent}},
      {TokenShape::Duplicate, {"", ""}},
      {TokenShape::Duplicate, {"null", kCurrent}},
      {TokenShape::Empty, {""}},
      {TokenShape::Placeholder, {"null"}},
      {TokenShape::Placeholder, {"undefined"}},
      {TokenShape::Placeholder, {"{{token}}"}},
      {TokenShape::Placeholder, {weird}},  // though it equals the URL's below
      {TokenShape::Malformed, {"short"}},
      {TokenShape::Malformed, {"Bearer gta_0123456789012345678901234567890"}},
      {TokenShape::Malformed, {"\"gta_0123456789012345678901234567890\""}},
      {TokenShape::Malformed, {"gta_012345678901234567,890123456789012"}},
      {TokenShape::Candidate, {kCurrent}},
      {TokenShape::Candidate, {kInstanceToken}},  // the URL has another one
  };
  const World world;
  for (const Case& c : cases) {
    Headers headers;
    for (const auto value : c.values) headers.lines.emplace("client-token", value);
    const Facts facts = gather_from(world, gated("inst-1", weird), headers);
    EXPECT_EQ(facts.shape, c.shape) << (c.values.empty() ? "-" : c.values.front());
    const bool candidate = c.shape == TokenShape::Candidate;
    EXPECT_EQ(facts.token, candidate ? testing::digest_of(c.values.front()) : crypto::Digest{});
  }
}

TEST(Gather, AHeaderEqualToTheUrlsTokenIsToldApartWellFormedOrNot) {
  const World world;
  for (const std::string_view text : {kInstanceToken, std::string_view("short")}) {
    const Headers headers{{{"client-token", text}}};
    EXPECT_EQ(gather_from(world, gated("inst-1", text), headers).shape,
              TokenShape::EqualsInstanceToken);
  }
}

TEST(Gather, AnEmptyInstanceTokenMatchesNothing) {
  World world;
  RouteMatch match = gated("inst-1");
  match.instance_token_seen = true;
  const Facts facts = gather_from(world, match, {{{"client-token", ""}}});
  EXPECT_TRUE(facts.instance_token_seen);
  EXPECT_EQ(facts.instance_token, InstanceTokenDigest{});
  EXPECT_EQ(facts.shape, TokenShape::Empty) << "not: equals the instance token";
}

TEST(Gather, APreflightIsOptionsWithBothHeaders) {
  const World world;
  const Headers both{{{"origin", "https://a"}, {"access-control-request-method", "POST"}}};
  EXPECT_TRUE(gather_from(world, gated("inst-1"), both, "OPTIONS").preflight);
  EXPECT_FALSE(gather_from(world, gated("inst-1"), both, "GET").preflight);
  EXPECT_FALSE(gather_from(world, gated("inst-1"), both, "options").preflight);
  EXPECT_FALSE(
      gather_from(world, gated("inst-1"), {{{"origin", "https://a"}}}, "OPTIONS").preflight);
  EXPECT_FALSE(
      gather_from(world, gated("inst-1"), {{{"access-control-request-method", "POST"}}}, "OPTIONS")
          .preflight);
}

TEST(Gather, CarriesRouteInstanceAndAddress) {
  const World world;
  RouteMatch match = gated("Inst-1", kInstanceToken);
  match.instance_token_optional = true;
  const Facts facts = gather_from(world, match, {});
  EXPECT_EQ(facts.route, 3);
  EXPECT_TRUE(facts.instance_token_seen);
  EXPECT_TRUE(facts.instance_token_optional);
  EXPECT_EQ(facts.instance, world.snapshot.hash_id("Inst-1"));
  EXPECT_EQ(facts.instance_folded, world.snapshot.hash_id("inst-1"));
  EXPECT_EQ(facts.instance_token, instance_token_digest(kInstanceToken));
  EXPECT_EQ(facts.address, *parse_ip("10.1.2.3"));
}

TEST(Gather, TheWayToADecisionAllocatesNothing) {
  const World world;
  const Headers headers{{{"client-token", kCurrent}}};
  const RouteMatch match = gated("guarded-1", kInstanceToken);
  const auto decide_once = [&] { return world.decide(gather_from(world, match, headers)).allow; };
  ASSERT_TRUE(decide_once());  // the thread's digest context
  const auto before = guarita::testing::allocations();
  EXPECT_TRUE(decide_once());
  EXPECT_EQ(guarita::testing::allocations(), before);
}

}  // namespace
}  // namespace guarita::policy
