// What an owner sees of their traffic: words, minutes, refusals, callers; and that all is bounded.
#include <gtest/gtest.h>

#include <chrono>

#include "support/allocations.h"
#include "telemetry/denials.h"
#include "telemetry/hub.h"
#include "telemetry/recent.h"
#include "telemetry/tally.h"

namespace guarita::telemetry {
namespace {

using policy::Reason;
using policy::TokenClass;

const Time kNoon = *parse_rfc3339("2026-11-24T12:34:56.789Z");

Exchange allowed() {
  Exchange e;
  e.at = kNoon;
  e.stage = Stage::Decided;
  e.address = *parse_ip("192.0.2.7");
  e.user_agent = "probe/1.0";
  e.request_id = "r-1";
  e.allow = true;
  e.mode = policy::Mode::Enforce;
  e.token_class = TokenClass::ValidCurrent;
  e.classified = true;
  e.account_id = "acme";
  e.instance_id = "i1";
  e.status = 200;
  return e;
}

Exchange denied(Reason reason, TokenClass token_class) {
  Exchange e = allowed();
  e.allow = false;
  e.reason = reason;
  e.token_class = token_class;
  e.status = 403;
  return e;
}

struct Silent : Hub {
  Silent() { set_access_log(AccessLog::Off); }
};

TEST(Word, IsTheReasonWhereTheTokenWasNotReached) {
  EXPECT_EQ(word_of(allowed()).text(), "valid_current");
  EXPECT_EQ(word_of(denied(Reason::TokenMissing, TokenClass::Missing)).text(), "missing");
  EXPECT_EQ(word_of(denied(Reason::IpNotAllowed, TokenClass::ValidCurrent)).text(),
            "ip_not_allowed");
  EXPECT_EQ(word_of(denied(Reason::Preflight, TokenClass::Missing)).text(), "preflight");
  EXPECT_EQ(word_of(denied(Reason::TokenNotAccepted, TokenClass::Revoked)).text(), "revoked");
  Exchange passed = allowed();  // monitor: everything passes
  passed.token_class = TokenClass::Missing;
  EXPECT_EQ(word_of(passed).text(), "missing");
  EXPECT_FALSE(is_accepted(passed));
  EXPECT_TRUE(is_accepted(allowed()));
  EXPECT_FALSE(is_accepted(denied(Reason::IpNotAllowed, TokenClass::ValidCurrent)));
}

TEST(Recent, CountsByMinuteInstanceAndWord) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = allowed();
  shard.record(e);
  shard.record(denied(Reason::TokenMissing, TokenClass::Missing));
  hub.collect();
  e.at += std::chrono::minutes(1);
  e.instance_id = "i2";
  shard.record(e);
  shard.record(e);
  hub.collect();
  const Time minute = std::chrono::floor<std::chrono::minutes>(kNoon);
  const auto all = hub.minutes("acme", std::nullopt, minute);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back().minute, minute + std::chrono::minutes(1));
  EXPECT_EQ(all.back().count, 2U);
  std::uint64_t refused = 0;
  for (const MinuteCount& row : all) refused += row.denied;
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(hub.minutes("acme", "i2", minute).size(), 1U);
  EXPECT_EQ(hub.minutes("acme", std::nullopt, minute + std::chrono::minutes(1)).size(), 1U);
  EXPECT_TRUE(hub.minutes("other", std::nullopt, minute).empty());
  EXPECT_EQ(hub.places("acme", minute).size(), 3U);
  EXPECT_EQ(hub.totals("acme").front().count, 3U);
}

TEST(Recent, ForgetsAfterAnHour) {
  Recent recent;
  const auto add = [&](Time at, const char* account) {
    recent.prune(at);
    recent.add(account, "i",
               {.minute = at,
                .instance_id = {},
                .word = Word(TokenClass::Missing),
                .count = 1,
                .denied = 0});
  };
  add(kNoon, "a");
  add(kNoon + std::chrono::minutes(60), "b");
  EXPECT_EQ(recent.series("a", std::nullopt, Time{}).size(), 1U);
  add(kNoon + std::chrono::minutes(61), "b");
  EXPECT_TRUE(recent.series("a", std::nullopt, Time{}).empty());
  EXPECT_TRUE(recent.totals("a").empty());
  EXPECT_EQ(recent.series("b", "i", Time{}).size(), 2U);
}

TEST(Recent, AccountWithMoreInstancesThanFitKeepsItsSums) {
  Recent recent;
  constexpr std::size_t kMany = kRecentInstancesMax + 10;
  for (std::size_t i = 0; i < kMany; ++i) {
    recent.add("a", std::to_string(i),
               {.minute = kNoon,
                .instance_id = {},
                .word = Word(TokenClass::Missing),
                .count = 1,
                .denied = 1});
  }
  const auto all = recent.series("a", std::nullopt, Time{});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().count, kMany);
  EXPECT_EQ(recent.places("a", Time{}).size(), kRecentInstancesMax);
  EXPECT_EQ(recent.lost(), 0U);
}

TEST(Denials, AreHandedOutNewestFirstWithWhatAnOwnerNeeds) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = denied(Reason::TokenNotAccepted, TokenClass::Truncated);
  shard.record(e);
  e.at += std::chrono::seconds(1);
  e.request_id = "r-2";
  const std::string agent = "bad\xff\n\xc3\xa9" + std::string(500, 'x');
  e.user_agent = agent;
  shard.record(e);
  shard.record(allowed());
  hub.collect();
  auto rows = hub.denials("acme", 0, 100);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].request_id, "r-2");
  EXPECT_EQ(rows[0].reason, Reason::TokenNotAccepted);
  EXPECT_EQ(rows[0].word.text(), "truncated");
  EXPECT_EQ(rows[0].instance_id, "i1");
  EXPECT_EQ(format_ip(rows[0].address), "192.0.2.7");
  EXPECT_TRUE(rows[0].user_agent.starts_with("bad??\xc3\xa9xxx")) << rows[0].user_agent;
  EXPECT_LE(rows[0].user_agent.size(), kDenialUserAgentBytes);
  EXPECT_EQ(hub.denials("acme", rows[1].seq, 100).size(), 1U);
  EXPECT_EQ(hub.denials("acme", 0, 1).front().request_id, "r-2");
  EXPECT_TRUE(hub.denials("acme", hub.newest_denial(), 100).empty());
  EXPECT_TRUE(hub.denials("other", 0, 100).empty());
}

TEST(Denials, OfNobodysInstancesAreNotKept) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = denied(Reason::InstanceNotFound, TokenClass::None);
  e.classified = false;
  e.account_id = {};
  shard.record(e);
  hub.collect();
  EXPECT_EQ(hub.newest_denial(), 0U);
}

TEST(Denials, FloodIsBoundedAndCounted) {
  Silent hub;
  Shard& shard = hub.add_shard();
  const Exchange e = denied(Reason::TokenMissing, TokenClass::Missing);
  for (std::size_t i = 0; i < kDenialRingRows + 50; ++i) shard.record(e);
  hub.collect();
  EXPECT_EQ(hub.denials("acme", 0, 1000).size(), kDenialsPerAccountMax);
  EXPECT_EQ(hub.newest_denial(), kDenialRingRows);
  EXPECT_NE(hub.prometheus().find("guarita_counts_lost_total{table=\"denials\"} 50"),
            std::string::npos);
}

TEST(Denials, StoreAsAWholeIsBounded) {
  DenialRing ring;
  DenialStore store;
  Exchange e = denied(Reason::TokenMissing, TokenClass::Missing);
  for (std::size_t i = 0; i < kDenialsMax + 5; ++i) {
    const std::string account = "account-" + std::to_string(i / 10);
    e.account_id = account;
    ring.add(e);
    store.absorb(ring);
    ring.clear();
  }
  EXPECT_EQ(store.of("account-0", 0, 100).size(), 5U);
  EXPECT_EQ(store.of("account-1", 0, 100).size(), 10U);
  EXPECT_EQ(store.newest(), kDenialsMax + 5);
}

TEST(Callers, ArePairsOfAccountAndAddress) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = allowed();
  shard.record(e);
  shard.record(denied(Reason::TokenMissing, TokenClass::Missing));
  e.at += std::chrono::seconds(3);
  shard.record(e);
  e.account_id = "other";
  shard.record(e);
  e.address = *parse_ip("2001:db8::1");
  shard.record(e);
  auto callers = hub.take_deltas().callers;
  ASSERT_EQ(callers.size(), 3U);
  std::ranges::sort(callers, {}, [](const CallerDelta& c) { return c.account_id; });
  EXPECT_EQ(callers[0].account_id, "acme");
  EXPECT_EQ(callers[0].requests, 3U);
  EXPECT_EQ(callers[0].accepted, 2U);
  EXPECT_EQ(callers[0].first, kNoon);
  EXPECT_EQ(callers[0].last, kNoon + std::chrono::seconds(3));
  EXPECT_TRUE(hub.take_deltas().callers.empty());
}

TEST(Callers, FloodOfAddressesIsBoundedAndAllocatesNothing) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = denied(Reason::TokenMissing, TokenClass::Missing);
  const std::uint64_t before = guarita::testing::allocations();
  for (std::size_t i = 0; i < kCallerRowsMax + 7; ++i) {
    e.address.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
    e.address.bytes[15] = static_cast<std::uint8_t>(i);
    shard.record(e);
  }
  EXPECT_EQ(guarita::testing::allocations(), before);
  EXPECT_EQ(hub.take_deltas().callers.size(), kCallerRowsMax);
  EXPECT_NE(hub.prometheus().find("guarita_counts_lost_total{table=\"callers\"} 7"),
            std::string::npos);
}

TEST(PrintableText, KeepsUtf8AndNothingElse) {
  EXPECT_EQ(printable_text("Olá, 世界 🙂", 64), "Olá, 世界 🙂");
  EXPECT_EQ(printable_text("\xc0\xaf\xed\xa0\x80\xf5", 64), "??????");
  EXPECT_EQ(printable_text("ab\xc3", 64), "ab?");
  EXPECT_EQ(printable_text("ééé", 5), "éé") << "never half a character";
}

}  // namespace
}  // namespace guarita::telemetry
