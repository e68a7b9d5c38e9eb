// The sentence of DESIGN §3: gated route and enforce and not (exactly one header line equal to a
// live token) => denied. Against random worlds, by a model that knows texts and no digests.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "policy/decide.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_key;
using testing::at_ms;
using testing::digest_of;
using testing::Random;

constexpr std::uint64_t kTexts = 6;
constexpr std::uint64_t kAccounts = 8;
constexpr std::uint64_t kInstances = 40;
constexpr std::int64_t kEnd = 100;  // deadlines and times of requests: 0 to 100 ms

std::string token_text(std::uint64_t n) {
  return "token-number-" + std::to_string(1000 + n);
}

struct ModelToken {
  std::string text;
  std::int64_t deadline_ms;
};
struct ModelAccount {
  bool enforce = false;
  bool restricted = false;  // to 10/8
  std::vector<ModelToken> tokens;
};
struct ModelInstance {
  std::uint64_t account = 0;
  std::string instance_token;  // empty: none
};

struct RandomWorld {
  Snapshot snapshot{testing::snapshot_options()};
  std::map<std::uint64_t, ModelAccount> accounts;
  std::map<std::string, ModelInstance> instances;

  explicit RandomWorld(Random& random) {
    for (std::uint64_t n = 0; n < kAccounts; ++n) {
      if (!random.one_in(8)) put_account(random, n);
    }
    for (std::uint64_t n = 0; n < kInstances; ++n) {
      const std::uint64_t owner = random.below(kAccounts);
      if (!accounts.contains(owner) || random.one_in(10)) continue;
      ModelInstance model{owner, random.one_in(3) ? "instance-token-" + std::to_string(n) : ""};
      InstanceRow row{"i" + std::to_string(n), account_key(owner), "", std::nullopt};
      if (!model.instance_token.empty()) row.token = instance_token_digest(model.instance_token);
      snapshot.put_instance(row);
      instances[row.id] = model;
    }
  }

  void put_account(Random& random, std::uint64_t n) {
    ModelAccount model{!random.one_in(4), random.one_in(4), {}};
    AccountRow row = testing::account_row(n);
    row.enforce = model.enforce;
    if (model.restricted) row.ip_list = {*parse_cidr("10.0.0.0/8")};
    const auto first = random.below(kTexts);
    for (std::uint64_t i = 0; i < random.below(3); ++i) {
      const auto deadline = static_cast<std::int64_t>(random.below(kEnd + 20));
      const bool ends = random.one_in(2);
      model.tokens.push_back({token_text((first + i) % kTexts), ends ? deadline : INT64_MAX});
      row.tokens.push_back({digest_of(model.tokens.back().text),
                            i == 0 ? TokenState::Current : TokenState::Next,
                            ends ? std::optional(at_ms(deadline)) : std::nullopt});
    }
    snapshot.put_account(row);
    for (std::uint64_t i = 0; i < 2; ++i) {  // dead tokens must not count
      snapshot.put_dead_token(row.key, digest_of(token_text(random.below(kTexts))),
                              TokenState::Revoked);
    }
    accounts[n] = model;
  }
};

struct RandomRequest {
  RouteMatch match;
  std::vector<std::string> lines;  // of the token header
  std::string instance_token;
  bool preflight = false;
  IpAddress address;
  std::int64_t now_ms = 0;

  explicit RandomRequest(Random& random) {
    using enum RouteMatch::Outcome;
    constexpr RouteMatch::Outcome kOthers[] = {Unmatched, BadTarget, Ambiguous, NoInstance, Public};
    match.outcome = random.one_in(10) ? kOthers[random.below(5)] : Gated;
    const auto n = random.below(kInstances);
    (void)match.instance_id.assign((random.one_in(20) ? "I" : "i") + std::to_string(n));
    match.instance_token_optional = random.one_in(3);
    if (random.one_in(2)) {
      match.instance_token_seen = true;
      instance_token = random.one_in(4) ? token_text(random.below(kTexts))
                                        : "instance-token-" + std::to_string(n);
      (void)match.instance_token.assign(instance_token);
    }
    for (auto count = random.one_in(6) ? random.below(4) : 1; count > 0; --count) {
      lines.push_back(random_value(random));
    }
    preflight = random.one_in(20);
    address = *parse_ip(random.one_in(4) ? "192.0.2.1" : "10.0.0.1");
    now_ms = static_cast<std::int64_t>(random.below(kEnd));
  }

  static std::string random_value(Random& random) {
    switch (random.below(8)) {
      case 0: return "";
      case 1: return "null";
      case 2: return "Bearer " + token_text(random.below(kTexts));
      case 3: return token_text(random.below(kTexts)).substr(0, 16);
      default: return token_text(random.below(kTexts));
    }
  }

  Facts facts(const Snapshot& snapshot) const {
    RequestView request;
    request.method = preflight ? "OPTIONS" : "POST";
    request.fields = {this, [](const void* context, std::string_view name) -> FieldLines {
                        const auto& self = *static_cast<const RandomRequest*>(context);
                        if (name != "client-token") return {self.preflight ? 1U : 0U, "x"};
                        if (self.lines.empty()) return {};
                        return {static_cast<unsigned>(self.lines.size()), self.lines.front()};
                      }};
    return gather(snapshot, match, request, address, "client-token");
  }
};

bool carries_a_live_token(const ModelAccount& account, const RandomRequest& request) {
  if (request.lines.size() != 1) return false;
  for (const ModelToken& token : account.tokens) {
    if (token.text == request.lines[0] && request.now_ms < token.deadline_ms) return true;
  }
  return false;
}

// What DESIGN §3 allows, written from the texts.
bool may_pass(const RandomWorld& world, const RandomRequest& request, UnknownInstance unknown) {
  if (request.match.outcome == RouteMatch::Outcome::Public) return true;
  if (request.match.outcome != RouteMatch::Outcome::Gated) return false;
  const std::string id(request.match.instance_id.view());
  const auto found = world.instances.find(id);
  if (found == world.instances.end()) {
    std::string folded = id;
    folded[0] = 'i';  // ids of this world are lower case
    return unknown == UnknownInstance::Allow && !world.instances.contains(folded);
  }
  const ModelInstance& instance = found->second;
  if (!instance.instance_token.empty()) {
    const bool seen = request.match.instance_token_seen;
    if (seen ? request.instance_token != instance.instance_token
             : !request.match.instance_token_optional) {
      return false;
    }
  }
  const ModelAccount& account = world.accounts.at(instance.account);
  if (account.restricted && request.address != *parse_ip("10.0.0.1")) return false;
  if (!account.enforce) return true;
  return !request.preflight && carries_a_live_token(account, request) &&
         request.lines[0] != request.instance_token;
}

TEST(DecideProperty, NothingPassesAnEnforcingAccountWithoutItsLiveToken) {
  constexpr int kWorlds = 400;
  constexpr int kRequests = 600;
  std::uint64_t allowed = 0;
  std::uint64_t needed_the_token = 0;
  for (const std::uint64_t seed : {20'261'124ULL}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int w = 0; w < kWorlds; ++w) {
      const RandomWorld world(random);
      for (int r = 0; r < kRequests; ++r) {
        const RandomRequest request(random);
        const auto unknown = random.one_in(2) ? UnknownInstance::Allow : UnknownInstance::Deny;
        const Facts facts = request.facts(world.snapshot);
        const Decision decision =
            decide(world.snapshot, facts, at_ms(request.now_ms), {.unknown_instance = unknown});
        ASSERT_EQ(decision.allow, may_pass(world, request, unknown)) << "world " << w << ", " << r;
        ASSERT_EQ(decision.allow, decision.reason == Reason::None);
        allowed += decision.allow ? 1 : 0;

        // The sentence itself, by itself.
        const auto found = world.instances.find(std::string(request.match.instance_id.view()));
        if (facts.outcome != RouteMatch::Outcome::Gated || found == world.instances.end()) continue;
        const ModelAccount& account = world.accounts.at(found->second.account);
        if (!account.enforce) continue;
        ASSERT_TRUE(carries_a_live_token(account, request) || !decision.allow);
        needed_the_token += decision.allow ? 1 : 0;
      }
    }
  }
  std::printf("%d draws, %llu allowed, %llu of them by a token\n", kWorlds * kRequests,
              static_cast<unsigned long long>(allowed),
              static_cast<unsigned long long>(needed_the_token));
  EXPECT_GT(needed_the_token, 1000U) << "the draws must reach what they test";
}

}  // namespace
}  // namespace guarita::policy
