// What time alone brings about.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "control/testing.h"

namespace guarita::control::testing {
namespace {

using policy::Mode;

std::size_t audit_rows(World& world, std::string_view verb) {
  const auto page = world.control().audit({.cursor = {}, .limit = 500});
  EXPECT_TRUE(page);
  return static_cast<std::size_t>(
      std::ranges::count(page->rows, std::string(verb), &store::AuditRow::verb));
}

// An enforcing account whose only token dies in `life`.
std::string enforcing_until(World& world, Millis life) {
  world.make_account("acme");
  world.make_instance("i1", "acme");
  NewToken token;
  token.expires_at = world.clock.now() + life;
  auto made = world.control().generate(as_operator(), "acme", std::move(token));
  EXPECT_TRUE(made);
  world.activate("acme");
  return std::string(made->value.secret.reveal());
}

TEST(Expiry, HoldsAtTheExactMillisecondAndIsMadeFinalByTick) {
  World world;
  const std::string token = enforcing_until(world, std::chrono::hours(1));
  world.clock.pass(std::chrono::hours(1) - Millis(1));
  world.control().tick();
  EXPECT_EQ(world.decide("i1", token), "allow");
  EXPECT_EQ(world.account("acme").mode, Mode::Enforce);
  const auto before = world.account("acme").row.revision;

  world.clock.pass(Millis(1));
  EXPECT_EQ(world.decide("i1", token), "token_not_accepted") << "before the tick";
  EXPECT_EQ(world.account("acme").mode, Mode::Locked);
  const auto passes = world.barrier.scopes.size();
  world.control().tick();
  EXPECT_EQ(world.decide("i1", token), "token_not_accepted");
  const auto after = world.account("acme");
  EXPECT_EQ(after.row.revision, before + 1);
  EXPECT_TRUE(after.tokens.empty());
  EXPECT_EQ(world.control().tokens("acme")->front().state, store::TokenState::Expired);
  ASSERT_EQ(world.barrier.scopes.size(), passes + 1) << "expiry passes the barrier like any change";
  EXPECT_TRUE(world.barrier.scopes.back().account_number);
  EXPECT_TRUE(world.snapshot_is_the_store());

  world.control().tick();
  EXPECT_EQ(world.account("acme").row.revision, before + 1) << "once";
  EXPECT_EQ(audit_rows(world, "token.expire"), 1U);
}

TEST(Expiry, VerbThatComesBeforeTheTickFindsTheTokenDead) {
  World world;
  enforcing_until(world, std::chrono::hours(1));
  world.clock.pass(std::chrono::hours(2));
  const auto made = world.control().generate(as_operator(), "acme", {});
  ASSERT_TRUE(made);
  EXPECT_EQ(world.decide("i1", std::string(made->value.secret.reveal())), "allow");
  EXPECT_EQ(made->value.account.tokens.size(), 1U);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Expiry, ThatLocksIsAnnouncedThreeTimes) {
  World world;
  enforcing_until(world, std::chrono::hours(24 * 10));
  world.control().tick();
  EXPECT_EQ(audit_rows(world, "token.expiry_announced"), 0U);
  world.clock.pass(std::chrono::hours(24 * 3));
  world.control().tick();
  world.control().tick();
  EXPECT_EQ(audit_rows(world, "token.expiry_announced"), 1U) << "7 d ahead, once";
  world.clock.pass(std::chrono::hours(24 * 6));
  world.control().tick();
  EXPECT_EQ(audit_rows(world, "token.expiry_announced"), 2U) << "1 d ahead";
  world.clock.pass(std::chrono::hours(23));
  world.control().tick();
  EXPECT_EQ(audit_rows(world, "token.expiry_announced"), 3U) << "1 h ahead";
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Expiry, ThatLeavesALiveTokenIsNotAnnounced) {
  World world;
  enforcing_until(world, std::chrono::hours(2));
  ASSERT_TRUE(world.control().rotate(as_operator(), "acme", {}));
  world.clock.pass(std::chrono::minutes(90));
  world.control().tick();
  EXPECT_EQ(audit_rows(world, "token.expiry_announced"), 0U);
  world.clock.pass(std::chrono::minutes(31));
  world.control().tick();
  EXPECT_EQ(world.account("acme").mode, Mode::Enforce);
  EXPECT_EQ(world.account("acme").tokens.front().state, store::TokenState::Current);
}

TEST(Expiry, StuckDataPlaneDoesNotHoldUpTheTick) {
  World world;
  enforcing_until(world, std::chrono::hours(1));
  world.clock.pass(std::chrono::hours(1));
  world.barrier.stuck = true;
  world.control().tick();
  EXPECT_LE(world.barrier.timeouts.back(), Millis(200));
  EXPECT_EQ(world.control().status().receipts_pending, 1U);
}

void record(telemetry::Shard& shard, Time at, policy::TokenClass token_class) {
  telemetry::Exchange exchange;
  exchange.at = at;
  exchange.stage = telemetry::Stage::Decided;
  exchange.allow = true;
  exchange.classified = true;
  exchange.mode = Mode::Monitor;
  exchange.token_class = token_class;
  exchange.account_id = "acme";
  exchange.instance_id = "i1";
  shard.record(exchange);
}

TEST(ActivationCheck, CountsWhoWouldBeRefusedAndNamesTheInstance) {
  World world;
  world.hub.set_access_log(telemetry::AccessLog::Off);
  world.make_account("acme");
  world.make_instance("i1", "acme");
  telemetry::Shard& shard = world.hub.add_shard();
  const Time now = world.clock.now();
  for (int i = 0; i < 3; ++i) record(shard, now, policy::TokenClass::Missing);
  record(shard, now, policy::TokenClass::ValidCurrent);
  record(shard, now, policy::TokenClass::None);

  auto check = world.control().check_activation("acme");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->refused, 3U);
  EXPECT_EQ(check->accepted, 1U);
  ASSERT_FALSE(check->classes.empty());
  EXPECT_EQ(check->classes.front().name, "missing");
  EXPECT_TRUE(check->classes.front().refused);
  ASSERT_EQ(check->places.size(), 1U);
  EXPECT_EQ(check->places.front().instance_id, "i1");
  ASSERT_TRUE(check->problem);
  EXPECT_EQ(check->problem->code, ErrorCode::NoToken);

  world.make_token("acme");
  world.clock.pass(std::chrono::hours(26));
  check = world.control().check_activation("acme");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->refused, 0U) << "only the last 24 h";
  EXPECT_FALSE(check->problem);
}

TEST(Telemetry, UnknownInstancesAndLastUseReachTheStore) {
  World world;
  world.hub.set_access_log(telemetry::AccessLog::Off);
  world.make_account("acme");
  const std::string token = world.make_token("acme");
  telemetry::Shard& shard = world.hub.add_shard();
  const crypto::Digest digest = crypto::sha256(token);
  telemetry::Exchange exchange;
  exchange.at = world.clock.now();
  exchange.stage = telemetry::Stage::Decided;
  exchange.allow = true;
  exchange.classified = true;
  exchange.account_id = "acme";
  exchange.matched_token = &digest;
  shard.record(exchange);
  telemetry::Exchange unknown;
  unknown.at = world.clock.now();
  unknown.stage = telemetry::Stage::Decided;
  unknown.allow = true;
  unknown.unknown_instance = true;
  unknown.instance_id = "nobody";
  shard.record(unknown);
  world.control().tick();
  EXPECT_EQ(world.account("acme").tokens.front().last_used_at, world.clock.now());
  const auto page = world.control().unknown_instances({});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows.front().id, "nobody");
}

TEST(Tick, BringsTheHighWaterMarkUp) {
  World world;
  world.make_account("acme");
  const auto mark = [&] {
    std::ifstream in(world.folder / "guarita.db.high-water");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_TRUE(mark().contains("revision 0\n")) << mark();
  world.control().tick();
  EXPECT_TRUE(mark().contains("revision 1\n")) << mark();
}

}  // namespace
}  // namespace guarita::control::testing
