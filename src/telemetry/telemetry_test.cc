#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "support/allocations.h"
#include "telemetry/access_log.h"
#include "telemetry/hub.h"
#include "telemetry/tally.h"

namespace guarita::telemetry {
namespace {

using policy::Mode;
using policy::Reason;
using policy::TokenClass;

const Time kNoon = *parse_rfc3339("2026-11-24T12:34:56.789Z");

Exchange allowed() {
  Exchange e;
  e.at = kNoon;
  e.stage = Stage::Decided;
  e.address = *parse_ip("192.0.2.7");
  e.user_agent = "probe/1.0";
  e.method = "POST";
  e.request_id = "0192d4e0-7b2a-7c3d-8e4f-5a6b7c8d9e0f";
  e.allow = true;
  e.reason = Reason::None;
  e.mode = Mode::Enforce;
  e.token_class = TokenClass::ValidCurrent;
  e.classified = true;
  e.account_id = "acme";
  e.instance_id = "i1";
  e.route = "/instances/{instance}/*";
  e.status = 200;
  e.bytes_in = 10;
  e.bytes_out = 20;
  e.decision_time = std::chrono::nanoseconds(300);
  e.duration = std::chrono::microseconds(1500);
  e.upstream = UpstreamOutcome::Answered;
  e.upstream_authority = "127.0.0.1:9000";
  return e;
}

Exchange denied() {
  Exchange e = allowed();
  e.allow = false;
  e.reason = Reason::TokenMissing;
  e.token_class = TokenClass::Missing;
  e.status = 403;
  e.upstream = UpstreamOutcome::NotTried;
  return e;
}

struct Silent : Hub {
  Silent() { set_access_log(AccessLog::Off); }
};

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

TEST(Hub, CountsDecisionsByReasonAndMode) {
  Silent hub;
  Shard& shard = hub.add_shard();
  shard.record(allowed());
  shard.record(allowed());
  shard.record(denied());
  const std::string page = hub.prometheus();
  EXPECT_TRUE(has_line(
      page, R"(guarita_decisions_total{decision="allow",reason="none",mode="enforce"} 2)"));
  EXPECT_TRUE(has_line(
      page, R"(guarita_decisions_total{decision="deny",reason="token_missing",mode="enforce"} 1)"));
  EXPECT_TRUE(has_line(page, R"(guarita_token_classes_total{class="missing",mode="enforce"} 1)"));
  EXPECT_TRUE(has_line(page, R"(guarita_body_bytes_total{direction="in"} 30)"));
  EXPECT_TRUE(has_line(page, R"(guarita_responses_total{code="4xx"} 1)"));
  EXPECT_TRUE(has_line(page, R"(guarita_upstream_requests_total{outcome="answered"} 2)"));
}

TEST(Hub, HistogramBucketsAreCumulativeAndEndAtInfinity) {
  Silent hub;
  Shard& shard = hub.add_shard();
  shard.record(allowed());  // 300 ns to decide: over 250, under 500
  const std::string page = hub.prometheus();
  EXPECT_TRUE(has_line(page, R"(guarita_decision_duration_seconds_bucket{le="2.5e-07"} 0)"));
  EXPECT_TRUE(has_line(page, R"(guarita_decision_duration_seconds_bucket{le="5e-07"} 1)"));
  EXPECT_TRUE(has_line(page, R"(guarita_decision_duration_seconds_bucket{le="+Inf"} 1)"));
  EXPECT_TRUE(has_line(page, "guarita_decision_duration_seconds_count 1"));
  EXPECT_TRUE(
      has_line(page, R"(guarita_request_duration_seconds_bucket{decision="allow",le="0.0025"} 1)"));
  EXPECT_TRUE(
      has_line(page, R"(guarita_request_duration_seconds_bucket{decision="allow",le="0.001"} 0)"));
}

// A scraper refuses a page with a family twice, a sample without TYPE or a broken line.
TEST(Hub, PageIsWellFormed) {
  Silent hub;
  Shard& shard = hub.add_shard();
  shard.record(allowed());
  shard.record(denied());
  const std::string page = hub.prometheus();
  std::vector<std::string> families;
  std::string family;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = page.find('\n', at);
    ASSERT_NE(end, std::string::npos) << "last line must end in a newline";
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_EQ(std::ranges::count(families, family), 0) << family;
      families.push_back(family);
      continue;
    }
    EXPECT_TRUE(line.starts_with(family)) << line;
    const std::string value = line.substr(line.rfind(' ') + 1);
    std::size_t used = 0;
    EXPECT_NO_THROW(static_cast<void>(std::stod(value, &used))) << line;
    EXPECT_EQ(used, value.size()) << line;
  }
  for (const char* needed :
       {"guarita_store_revision", "guarita_tokens", "guarita_build_info", "process_open_fds",
        "process_resident_memory_bytes", "guarita_log_lines_dropped_total"}) {
    EXPECT_EQ(std::ranges::count(families, needed), 1) << needed;
  }
}

// What a thread writes per request: no other thread's writing moves its cache lines.
TEST(Shard, SharesNoCacheLineWithAnother) {
  static_assert(alignof(Shard) >= 64 && sizeof(Shard) % 64 == 0);
  static_assert(alignof(Tally) >= 64 && sizeof(Tally) % 64 == 0);
  Silent hub;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&hub.add_shard()) % 64, 0U);
  }
}

TEST(TextHash, TellsTextsApartAtEveryLengthAndByte) {
  const TextHash hash(7);
  std::set<std::uint64_t> seen;
  std::string text;
  for (std::size_t size = 0; size <= 40; ++size) {
    EXPECT_TRUE(seen.insert(hash(text)).second) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_TRUE(seen.insert(hash(other)).second) << size << ' ' << at;
    }
    text += 'x';
  }
  EXPECT_NE(hash.both(1, 2), hash.both(2, 1));
}

TEST(Hub, GaugesComeFromPairsOfEvents) {
  Silent hub;
  Shard& one = hub.add_shard();
  Shard& two = hub.add_shard();
  one.count(Event::ConnectionOpened, 3);
  two.count(Event::ConnectionOpened);
  one.count(Event::ConnectionClosed);
  const std::string page = hub.prometheus();
  EXPECT_TRUE(has_line(page, "guarita_connections_open 3"));
  EXPECT_TRUE(has_line(page, "guarita_connections_total 4"));
}

TEST(Hub, ShowsWhatControlSaysOfTheStore) {
  Silent hub;
  StoreGauges gauges;
  gauges.revision = 42;
  gauges.tokens[0] = 7;
  hub.set_store(gauges);
  const std::string page = hub.prometheus();
  EXPECT_TRUE(has_line(page, "guarita_store_revision 42"));
  EXPECT_TRUE(has_line(page, R"(guarita_tokens{state="current"} 7)"));
}

TEST(Hub, DeltasAreHandedOutOnce) {
  Silent hub;
  Shard& shard = hub.add_shard();
  crypto::Digest digest{};
  digest[0] = 9;
  Exchange e = allowed();
  e.matched_token = &digest;
  shard.record(e);
  e.at += std::chrono::minutes(1);
  shard.record(e);
  Deltas deltas = hub.take_deltas();
  ASSERT_EQ(deltas.usage.size(), 1U);
  EXPECT_EQ(deltas.usage[0].account_id, "acme");
  EXPECT_EQ(deltas.usage[0].instance_id, "i1");
  EXPECT_EQ(deltas.usage[0].word, Word(TokenClass::ValidCurrent));
  EXPECT_EQ(deltas.usage[0].denied, 0U);
  ASSERT_EQ(deltas.callers.size(), 1U);
  EXPECT_EQ(deltas.callers[0].requests, 2U);
  EXPECT_EQ(deltas.usage[0].count, 2U);
  EXPECT_EQ(format_rfc3339(deltas.usage[0].hour), "2026-11-24T12:00:00.000Z");
  EXPECT_EQ(deltas.usage[0].last, e.at);
  ASSERT_EQ(deltas.last_used.size(), 1U);
  EXPECT_EQ(deltas.last_used[0].digest, digest);
  EXPECT_EQ(deltas.last_used[0].account_id, "acme");
  EXPECT_EQ(deltas.last_used[0].at, e.at);
  EXPECT_TRUE(hub.take_deltas().empty());

  hub.put_back(std::move(deltas));
  shard.record(e);
  const Deltas again = hub.take_deltas();
  ASSERT_EQ(again.usage.size(), 1U);
  EXPECT_EQ(again.usage[0].count, 3U);
  ASSERT_EQ(again.callers.size(), 1U);
  EXPECT_EQ(again.callers[0].requests, 3U);
}

TEST(Hub, HoursAndClassesAreKeptApart) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = allowed();
  shard.record(e);
  shard.record(denied());
  e.at += std::chrono::hours(1);
  shard.record(e);
  EXPECT_EQ(hub.take_deltas().usage.size(), 3U);
}

TEST(Hub, RequestsWithoutAnAccountLeaveNoRow) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = denied();
  e.classified = false;
  e.reason = Reason::InstanceNotFound;
  e.account_id = {};
  shard.record(e);
  e.stage = Stage::Malformed;
  shard.record(e);
  EXPECT_TRUE(hub.take_deltas().empty());
  EXPECT_TRUE(has_line(hub.prometheus(), "guarita_malformed_requests_total 1"));
}

TEST(Hub, AScanOfUnknownInstancesIsBounded) {
  Silent hub;
  Shard& shard = hub.add_shard();
  Exchange e = allowed();
  e.classified = false;
  e.unknown_instance = true;
  e.account_id = {};
  constexpr std::size_t kScan = kUnknownRowsMax * 3;
  for (std::size_t i = 0; i < kScan; ++i) {
    const std::string id = "guess-" + std::to_string(i);
    e.instance_id = id;
    shard.record(e);
  }
  EXPECT_EQ(hub.take_deltas().unknown_instances.size(), kUnknownRowsMax);
  EXPECT_TRUE(has_line(hub.prometheus(), "guarita_counts_lost_total{table=\"unknown_instances\"} " +
                                             std::to_string(kScan - kUnknownRowsMax)));
}

TEST(Shard, RecordsWithoutAllocating) {
  Silent hub;
  Shard& shard = hub.add_shard();
  crypto::Digest digest{};
  Exchange e = allowed();
  e.matched_token = &digest;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back("instance-with-a-long-name-" + std::to_string(i));
  const std::uint64_t before = guarita::testing::allocations();
  for (const std::string& id : ids) {
    e.instance_id = id;
    ++digest[0];
    shard.record(e);
    shard.count(Event::UpstreamReused);
  }
  EXPECT_EQ(guarita::testing::allocations(), before);
  EXPECT_GT(hub.take_deltas().usage.size(), 999U);
  if (guarita::testing::kAllocationsCounted) {
    EXPECT_GT(guarita::testing::allocations(), before) << "the counter counts";
  }
}

TEST(Tally, FullUsageTableKeepsTheAccountsEvidence) {
  Tally tally(TextHash(1));
  Exchange e = denied();
  tally.add(e);
  Exchange nameless = denied();
  nameless.instance_id = {};
  tally.add(nameless);
  for (std::size_t i = 0; i < kUsageRowsMax + 100; ++i) {
    const std::string id = "instance-" + std::to_string(i);
    e.instance_id = id;
    tally.add(e);
  }
  std::uint64_t sum = 0;
  for (const auto& row : tally.usage.rows()) sum += row.value.count;
  EXPECT_EQ(tally.usage.rows().size(), kUsageRowsMax);
  EXPECT_EQ(sum, kUsageRowsMax + 102);
  EXPECT_EQ(tally.sums.lost_usage, 0U);
}

constexpr std::uint64_t kSameHash = 7;  // keys are told apart whatever their hashes are

TEST(TextTable, KeysThatConcatenateAlikeAreDifferent) {
  TextTable<int> table(8, 256);
  *table.find_or_add(kSameHash, "ab", "c", 0) = 1;
  *table.find_or_add(kSameHash, "a", "bc", 0) = 2;
  *table.find_or_add(kSameHash, "ab", "c", 1) = 3;
  EXPECT_EQ(*table.find_or_add(kSameHash, "ab", "c", 0), 1);
  EXPECT_EQ(*table.find_or_add(kSameHash, "a", "bc", 0), 2);
  EXPECT_EQ(*table.find_or_add(kSameHash, "ab", "c", 1), 3);
  EXPECT_EQ(table.rows().size(), 3U);
}

TEST(TextTable, IsFullAtItsBoundsAndUsableAfterClear) {
  TextTable<int> table(4, 12);
  EXPECT_NE(table.find_or_add(kSameHash, "0123456789", "", 0), nullptr);
  EXPECT_EQ(table.find_or_add(kSameHash, "abc", "", 0), nullptr) << "the text no longer fits";
  EXPECT_NE(table.find_or_add(kSameHash, "x", "", 0), nullptr);
  table.clear();
  for (std::uint32_t i = 0; i < 4; ++i)
    EXPECT_NE(table.find_or_add(kSameHash, "k", "", i), nullptr);
  EXPECT_EQ(table.find_or_add(kSameHash, "k", "", 4), nullptr) << "no row is left";
  EXPECT_NE(table.find_or_add(kSameHash, "k", "", 3), nullptr) << "what is there is still found";
}

// Several shards record while the hub collects all the time: nothing is lost or counted twice.
// ThreadSanitizer sees the hand-over in this test.
TEST(Hub, NothingIsLostWhileCollecting) {
  Silent hub;
  constexpr unsigned kThreads = 3;
  constexpr std::uint64_t kEach = 20'000;
  std::vector<Shard*> shards;
  for (unsigned i = 0; i < kThreads; ++i) shards.push_back(&hub.add_shard());
  std::atomic<unsigned> running{kThreads};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Exchange e = allowed();
      for (std::uint64_t n = 0; n < kEach; ++n) {
        shards[i]->record(e);
        shards[i]->count(Event::UpstreamReused);
      }
      running.fetch_sub(1);
    });
  }
  std::uint64_t usage = 0;
  bool last_round = false;
  do {
    last_round = running.load() == 0;
    for (const UsageDelta& row : hub.take_deltas().usage) usage += row.count;
  } while (!last_round);
  EXPECT_EQ(usage, kThreads * kEach);
  EXPECT_EQ(hub.requests_total(), kThreads * kEach);
  EXPECT_EQ(hub.event_total(Event::UpstreamReused), kThreads * kEach);
}

TEST(AccessLine, IsOneJsonObjectWithoutThePath) {
  const std::string line = access_line(denied());
  EXPECT_EQ(line, R"({"time":"2026-11-24T12:34:56.789Z","type":"access",)"
                  R"("request_id":"0192d4e0-7b2a-7c3d-8e4f-5a6b7c8d9e0f","address":"192.0.2.7",)"
                  R"("method":"POST","route":"/instances/{instance}/*","decision":"deny",)"
                  R"("reason":"token_missing","mode":"enforce","class":"missing","account":"acme",)"
                  R"("instance":"i1","status":403,"bytes_in":10,"bytes_out":20,"duration_us":1500,)"
                  R"("user_agent":"probe/1.0"})");
}

TEST(AccessLine, EscapesAndCutsTheUserAgent) {
  Exchange e = denied();
  const std::string agent = "a\"\n" + std::string(1000, 'x');
  e.user_agent = agent;
  const std::string line = access_line(e);
  EXPECT_NE(line.find(R"("user_agent":"a\"\u000a)"), std::string::npos) << line;
  EXPECT_LT(line.size(), 900U);
}

// Somebody puts the account token where the instance id belongs: the text must not be logged.
TEST(AccessLine, HidesInstanceIdsThatNobodyRegistered) {
  Exchange e = denied();
  e.reason = Reason::InstanceNotFound;
  e.account_id = {};
  e.classified = false;
  e.instance_id = "gta_misplaced";
  EXPECT_EQ(access_line(e).find("gta_misplaced"), std::string::npos);
}

}  // namespace
}  // namespace guarita::telemetry
