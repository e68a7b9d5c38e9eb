// What an owner sees of their traffic, and what the panel says beforehand.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "control/flaky_store.h"
#include "control/testing.h"

namespace guarita::control::testing {
namespace {

using policy::Reason;
using policy::TokenClass;
using std::chrono::hours;
using std::chrono::minutes;

struct Call {
  TokenClass token_class = TokenClass::Missing;
  Reason denied = Reason::None;
  std::string account = "acme";
  std::string instance = "i1";
  std::string address = "198.51.100.7";
  Time at{};  // none: now
};

class ActivityTest : public ::testing::Test {
 protected:
  ActivityTest() {
    world.hub.set_access_log(telemetry::AccessLog::Off);
    world.make_account("acme");
    world.make_account("other");
    world.make_instance("i1", "acme");
    world.make_instance("i2", "acme");
    world.make_instance("o1", "other");
    world.clock.pass(hours(100));
    shard = &world.hub.add_shard();
  }
  void record(const Call& call) {
    telemetry::Exchange e;
    e.at = call.at == Time{} ? world.clock.now() : call.at;
    e.stage = telemetry::Stage::Decided;
    e.allow = call.denied == Reason::None;
    e.reason = call.denied;
    e.classified = true;
    e.token_class = call.token_class;
    e.account_id = call.account;
    e.instance_id = call.instance;
    e.address = *parse_ip(call.address);
    e.request_id = "r-9";
    shard->record(e);
  }
  Traffic traffic(TrafficRange range, std::optional<std::string> instance = {}) {
    auto drawn = world.control().traffic(
        {.account_id = "acme", .range = range, .instance_id = std::move(instance)});
    EXPECT_TRUE(drawn) << drawn.error().detail;
    return drawn ? std::move(*drawn) : Traffic{};
  }
  static std::uint64_t sum_of(const Traffic& traffic) {
    std::uint64_t sum = 0;
    for (const auto& [at, counts] : traffic.points) {
      EXPECT_EQ(counts.size(), traffic.series.size());
      sum = std::accumulate(counts.begin(), counts.end(), sum);
    }
    return sum;
  }

  World world;
  telemetry::Shard* shard = nullptr;
};

TEST_F(ActivityTest, TrafficIsDrawnWithoutGapsInEveryRange) {
  for (int i = 0; i < 3; ++i) record({.token_class = TokenClass::ValidCurrent});
  record({.token_class = TokenClass::ValidNext});
  record({.denied = Reason::TokenMissing});
  record({.denied = Reason::TokenMissing, .instance = "i2"});
  record({.token_class = TokenClass::ValidCurrent, .denied = Reason::IpNotAllowed});
  record({.account = "other", .instance = "o1"});
  struct Case {
    TrafficRange range;
    std::size_t points;
    std::chrono::seconds step;
  };
  for (const Case& c :
       {Case{TrafficRange::Hour, 60, minutes(1)}, Case{TrafficRange::Day, 24, hours(1)},
        Case{TrafficRange::Week, 56, hours(3)}}) {
    const Traffic drawn = traffic(c.range);
    EXPECT_EQ(drawn.points.size(), c.points);
    EXPECT_EQ(drawn.step, c.step);
    EXPECT_EQ(drawn.points.front().first, drawn.from);
    EXPECT_EQ(drawn.points.back().first + c.step, drawn.until);
    EXPECT_LE(drawn.points.back().first, world.clock.now());
    EXPECT_GT(drawn.until, world.clock.now());
    EXPECT_EQ(drawn.series, (std::vector<std::string>{"accepted", "missing", "ip_not_allowed"}));
    EXPECT_EQ(drawn.points.back().second, (Traffic::Counts{4, 2, 1}));
    EXPECT_EQ(sum_of(drawn), 7U);
    EXPECT_EQ(drawn.requests, 7U);
    EXPECT_EQ(drawn.accepted, 4U);
    EXPECT_EQ(drawn.denied, 3U);
    EXPECT_EQ(drawn.words.front(), std::pair(std::string("valid_current"), std::uint64_t{3}));
    EXPECT_EQ(drawn.last_request_at, world.clock.now());
    EXPECT_EQ(sum_of(traffic(c.range, "i2")), 1U);
    const auto all =
        world.control().traffic({.account_id = {}, .range = c.range, .instance_id = {}});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->requests, 8U);
  }
}

TEST_F(ActivityTest, TrafficMovesOutOfTheRange) {
  record({});
  EXPECT_EQ(sum_of(traffic(TrafficRange::Hour)), 1U);
  world.clock.pass(minutes(61));
  record({.denied = Reason::TokenMissing});
  EXPECT_EQ(sum_of(traffic(TrafficRange::Hour)), 1U);
  EXPECT_EQ(sum_of(traffic(TrafficRange::Day)), 2U);
  world.clock.pass(hours(25));
  EXPECT_EQ(sum_of(traffic(TrafficRange::Day)), 0U);
  EXPECT_EQ(sum_of(traffic(TrafficRange::Week)), 2U);
}

TEST_F(ActivityTest, InstanceOfAnotherAccountIsNotFound) {
  for (const char* instance : {"o1", "nowhere"}) {
    const auto drawn = world.control().traffic(
        {.account_id = "acme", .range = TrafficRange::Day, .instance_id = instance});
    ASSERT_EQ(code_of(drawn), ErrorCode::InstanceNotFound);
  }
  const auto nobody = world.control().traffic(
      {.account_id = "nobody", .range = TrafficRange::Day, .instance_id = {}});
  EXPECT_EQ(code_of(nobody), ErrorCode::AccountNotFound);
}

TEST_F(ActivityTest, DenialsAndCallersAreTheAccounts) {
  record({.denied = Reason::TokenMissing});
  record({.token_class = TokenClass::ValidCurrent, .address = "2001:db8::9"});
  record({.denied = Reason::TokenMissing, .account = "other", .instance = "o1"});
  const auto denials = world.control().denials("acme", 100);
  ASSERT_TRUE(denials);
  ASSERT_EQ(denials->items.size(), 1U);
  EXPECT_EQ(denials->items.front().instance_id, "i1");
  auto callers = world.control().callers("acme");
  ASSERT_TRUE(callers);
  EXPECT_EQ(callers->items.size(), 2U);
  EXPECT_EQ(code_of(world.control().callers("nobody")), ErrorCode::AccountNotFound);
  EXPECT_EQ(code_of(world.control().denials("nobody", 1)), ErrorCode::AccountNotFound);
  world.clock.pass(hours(26));
  world.control().tick();
  callers = world.control().callers("acme");
  EXPECT_TRUE(callers->items.empty());
}

TEST_F(ActivityTest, WhatTheStoreCannotTakeIsToldAgain) {
  FlakyStore flaky(world.store());
  Control control({}, {.store = flaky,
                       .snapshot = *world.snapshot,
                       .barrier = world.barrier,
                       .clock = world.clock,
                       .hub = &world.hub});
  record({});
  flaky.writes_fail = true;
  control.tick();
  flaky.writes_fail = false;
  record({});
  control.tick();
  EXPECT_EQ(sum_of(traffic(TrafficRange::Day)), 2U);
  EXPECT_EQ(world.control().callers("acme")->items.front().requests, 2U);
}

// A busy gate's rows leave in slices; who asks sees all of it, once.
TEST_F(ActivityTest, ManyRowsAreKeptLittleByLittle) {
  constexpr std::size_t kAccounts = 1'500;
  for (std::size_t i = 0; i < kAccounts; ++i) {
    record({.account = "unregistered" + std::to_string(i), .instance = {}});
  }
  record({});
  const auto kept = [this] {
    std::uint64_t sum = 0;
    const auto rows = world.store().counters({});
    for (const store::CounterRow& row : *rows) sum += row.count;
    return sum;
  };
  world.control().tick();
  const std::uint64_t first = kept();
  EXPECT_GT(first, 0U);
  EXPECT_LT(first, kAccounts);
  record({});
  EXPECT_EQ(sum_of(traffic(TrafficRange::Day)), 2U);  // the account's own, whatever waits
  world.control().tick();
  EXPECT_GT(kept(), first);
  record({});
  world.control().keep_counters();
  EXPECT_EQ(kept(), kAccounts + 3);
  world.control().keep_counters();
  world.control().tick();
  EXPECT_EQ(kept(), kAccounts + 3);
}

TEST_F(ActivityTest, InstancesTellModeLastCallAndRequests) {
  record({});
  record({});
  world.control().tick();
  world.make_token("acme");
  const auto page = world.control().instance_views({.account_id = {}, .search = {}, .page = {}});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 3U);
  EXPECT_EQ(page->rows[0].mode, policy::Mode::Monitor);
  EXPECT_EQ(page->rows[0].activity.requests, 2U);
  EXPECT_EQ(page->rows[0].activity.last_call, world.clock.now());
  EXPECT_EQ(page->rows[1].activity.requests, 0U);
  EXPECT_EQ(page->rows[2].mode, policy::Mode::Unset);
  EXPECT_EQ(world.control().instance_view("i1")->activity.requests, 2U);
}

TEST_F(ActivityTest, ActivationCheckCountsSinceTheTokenWasMade) {
  record({});
  world.control().tick();
  EXPECT_FALSE(world.control().check_activation("acme")->since_generation);
  world.clock.pass(minutes(5));
  world.make_token("acme");
  world.clock.pass(minutes(2));
  record({.token_class = TokenClass::ValidCurrent});
  record({.token_class = TokenClass::Truncated, .instance = "i2"});
  auto check = world.control().check_activation("acme");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->refused, 2U);
  ASSERT_TRUE(check->since_generation);
  EXPECT_EQ(check->since_generation->accepted, 1U);
  EXPECT_EQ(check->since_generation->refused, 1U);
  ASSERT_EQ(check->since_generation->places.size(), 1U);
  EXPECT_EQ(check->since_generation->places.front().instance_id, "i2");
  const auto truncated = std::ranges::find(check->classes, "truncated", &Evidence::Class::name);
  ASSERT_NE(truncated, check->classes.end());
  EXPECT_EQ(truncated->why, "token_not_accepted");

  world.clock.pass(hours(3));
  record({});
  check = world.control().check_activation("acme");
  ASSERT_TRUE(check->since_generation);
  EXPECT_GE(check->since_generation->since, world.account("acme").tokens.front().created_at);
  EXPECT_EQ(check->since_generation->refused, 1U) << "from the next whole hour on";
}

TEST_F(ActivityTest, IpListNamesWhomItWouldShutOut) {
  record({.address = "198.51.100.7"});
  record({.address = "203.0.113.5"});
  const auto check = world.control().check_ip_list("acme", IpListVerb::Set, {{"203.0.113.0/24"}});
  ASSERT_TRUE(check);
  ASSERT_EQ(check->shut_out.size(), 1U);
  EXPECT_EQ(format_ip(check->shut_out.front().address), "198.51.100.7");
  EXPECT_EQ(check->shut_out.front().requests, 1U);
  // Whoever is shut out already is not shut out by the change.
  ASSERT_TRUE(world.control().change_ip_list(as_operator(), "acme", IpListVerb::Set,
                                             {{"203.0.113.0/24"}}, Confirm::Yes));
  const auto narrower = world.control().check_ip_list("acme", IpListVerb::Set, {{"203.0.113.9"}});
  ASSERT_EQ(narrower->shut_out.size(), 1U);
  EXPECT_EQ(format_ip(narrower->shut_out.front().address), "203.0.113.5");
  EXPECT_TRUE(world.control().check_ip_list("acme", IpListVerb::Set, {})->shut_out.empty());
}

TEST_F(ActivityTest, NotesStayWithTheirEntries) {
  const auto set = [&](IpListVerb verb, const std::vector<IpEntryText>& entries) {
    return world.control().change_ip_list(as_operator(), "acme", verb, entries, Confirm::Yes);
  };
  ASSERT_TRUE(set(IpListVerb::Set, {{"192.0.2.0/24", "office"}, {"203.0.113.9"}}));
  auto kept = set(IpListVerb::Set, {{"203.0.113.9", "home"}, {"192.0.2.0/24"}});
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->receipt.changed);
  EXPECT_EQ(kept->value.entries,
            (std::vector<IpEntryText>{{"203.0.113.9/32", "home"}, {"192.0.2.0/24", "office"}}));
  ASSERT_TRUE(set(IpListVerb::Add, {{"2001:db8::/32", "v6"}}));
  ASSERT_TRUE(set(IpListVerb::Remove, {{"203.0.113.9"}}));
  EXPECT_EQ(world.control().ip_list("acme")->entries,
            (std::vector<IpEntryText>{{"192.0.2.0/24", "office"}, {"2001:db8::/32", "v6"}}));
  kept = set(IpListVerb::Set, {{"192.0.2.0/24", ""}, {"2001:db8::/32", "v6"}});
  EXPECT_TRUE(kept->receipt.changed) << "a note is a change";
  const auto again = set(IpListVerb::Set, {{"192.0.2.0/24", ""}, {"2001:db8::/32"}});
  EXPECT_FALSE(again->receipt.changed);
  for (const std::string& note : {std::string(201, 'x'), std::string("a\nb")}) {
    const auto refused = set(IpListVerb::Set, {{"192.0.2.0/24", note}});
    ASSERT_EQ(code_of(refused), ErrorCode::InvalidRequest);
    EXPECT_EQ(refused.error().member, "entries/0");
  }
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST_F(ActivityTest, TestShowsBothAnswersAndKeepsSecretsOfOthers) {
  world.options.gate.denial = [](Reason reason, const IpAddress&, std::string_view token) {
    return "HTTP/1.1 403 Forbidden\r\n" + std::string(policy::text_of(reason)) + "/" +
           std::string(token);
  };
  world.options.gate.default_upstream = [] { return std::string("http://up:1"); };
  world.restart();
  const std::string token = world.make_token("acme");
  const std::string others = world.make_token("other");
  world.activate("acme");
  const auto ask = [&](const std::string& text, Audience audience) {
    TestQuestion question{.account_id = "acme",
                          .instance_id = "i1",
                          .address = {},
                          .token = {},
                          .audience = audience};
    question.token.emplace(text);
    auto answers = world.control().test(question);
    EXPECT_TRUE(answers);
    return std::move(*answers);
  };
  const auto good = ask(token, Audience::Owner);
  EXPECT_FALSE(good.without.allow);
  EXPECT_EQ(good.without.status, 403U);
  EXPECT_EQ(good.without.bytes, "HTTP/1.1 403 Forbidden\r\ntoken_missing/");
  ASSERT_TRUE(good.with);
  EXPECT_TRUE(good.with->allow);
  EXPECT_EQ(good.with->bytes, "");
  EXPECT_EQ(good.with->token_class, "valid_current");
  EXPECT_FALSE(good.with->upstream);
  EXPECT_EQ(ask(token, Audience::Operator).with->upstream, "http://up:1");
  const auto stolen = ask(others, Audience::Owner);
  EXPECT_EQ(stolen.with->token_class, "unknown");
  EXPECT_EQ(stolen.with->why.find("other"), std::string::npos);
  EXPECT_TRUE(stolen.with->bytes.ends_with(others));
  EXPECT_EQ(ask(others, Audience::Operator).with->token_class, "other_account");

  for (const char* instance : {"o1", "nowhere"}) {
    const auto refused = world.control().test(
        {.account_id = "acme", .instance_id = instance, .address = {}, .token = {}});
    EXPECT_EQ(code_of(refused), ErrorCode::InstanceNotFound);
  }
}

TEST_F(ActivityTest, NewsAreToldOnceAndToTheirAccount) {
  record({.denied = Reason::TokenMissing});
  LiveCursor acme = world.control().live_from_now("acme");
  LiveCursor other = world.control().live_from_now("other");
  LiveNews news = world.control().live(acme);
  EXPECT_TRUE(news.denials.empty() && news.counts.empty() && news.changes.empty());
  record({.denied = Reason::TokenMissing});
  record({.denied = Reason::TokenMissing});
  world.make_token("acme");
  ASSERT_TRUE(world.control().update_instance(as_operator(), "i1",
                                              {.name = "x", .upstream = {}, .instance_token = {}}));
  world.control().tick();
  news = world.control().live(acme);
  EXPECT_EQ(news.denials.size(), 2U);
  ASSERT_EQ(news.counts.size(), 1U);
  EXPECT_EQ(news.counts.front().count, 2U);
  ASSERT_EQ(news.changes.size(), 2U);
  EXPECT_EQ(news.changes.front().verb, "token.generate");
  EXPECT_EQ(news.changes.back().verb, "instance.update");
  news = world.control().live(acme);
  EXPECT_TRUE(news.denials.empty() && news.counts.empty() && news.changes.empty());
  news = world.control().live(other);
  EXPECT_TRUE(news.denials.empty() && news.counts.empty() && news.changes.empty());
}

}  // namespace
}  // namespace guarita::control::testing
