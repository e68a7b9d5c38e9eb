// The parts without I/O: bodies, answers, retry and pool, ids, the barrier's arithmetic.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "proxy/answers.h"
#include "proxy/barrier.h"
#include "proxy/body.h"
#include "proxy/buffer.h"
#include "proxy/limits.h"
#include "proxy/request_id.h"
#include "proxy/retry.h"

namespace guarita::proxy {
namespace {

std::string joined(FramedBody& framed) {
  std::string text;
  for (const std::string_view piece : framed.pieces()) text.append(piece);
  return text;
}

struct Relayed {
  std::string body, wire;
  std::size_t consumed = 0;
  bool ended = false;
  http::ErrorCode error = http::ErrorCode::None;
};
// The whole of `input`, given in two parts.
Relayed relay(http::Framing in, std::uint64_t length, http::Framing out, std::string_view input,
              std::size_t split) {
  Relayed relayed;
  BodyReader reader;
  reader.begin(in, length);
  std::string held;
  for (const std::string_view part : {input.substr(0, split), input.substr(split)}) {
    held.append(part);
    while (!held.empty() && !reader.ended()) {
      const BodyBatch batch = reader.take(held, http::Limits{});
      for (std::size_t i = 0; i < batch.count; ++i) relayed.body.append(batch.spans[i]);
      FramedBody framed;
      framed.assign(batch, out, reader.ended() ? FramedBody::Last::Yes : FramedBody::Last::No);
      relayed.wire.append(joined(framed));
      relayed.consumed += batch.consumed;
      held.erase(0, batch.consumed);
      relayed.error = batch.error;
      if (batch.error != http::ErrorCode::None || batch.consumed == 0) break;
    }
  }
  relayed.ended = reader.ended();
  return relayed;
}

TEST(Body, IsTheSameAtEverySplitPoint) {
  struct Case {
    http::Framing in;
    std::uint64_t length;
    std::string_view input, body;
    std::size_t consumed;
    bool ended;
  };
  for (const Case& c : {
           Case{http::Framing::Length, 5, "helloGET", "hello", 5, true},
           Case{http::Framing::Length, 9, "hello", "hello", 5, false},
           Case{http::Framing::Chunked, 0, "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\nGET", "abcde", 22,
                true},
           Case{http::Framing::Chunked, 0, "3\r\nab", "ab", 5, false},
           Case{http::Framing::UntilClose, 0, "anything", "anything", 8, false},
           Case{http::Framing::None, 0, "GET", "", 0, true},
       }) {
    for (std::size_t split = 0; split <= c.input.size(); ++split) {
      const Relayed raw = relay(c.in, c.length, http::Framing::Length, c.input, split);
      EXPECT_EQ(raw.body, c.body) << c.input << " at " << split;
      EXPECT_EQ(raw.wire, c.body);
      EXPECT_EQ(raw.consumed, c.consumed) << c.input << " at " << split;
      EXPECT_EQ(raw.ended, c.ended);
      // Framed anew it reads back as the same body.
      const Relayed chunked = relay(c.in, c.length, http::Framing::Chunked, c.input, split);
      const Relayed back = relay(http::Framing::Chunked, 0, http::Framing::Length, chunked.wire, 0);
      EXPECT_EQ(back.body, c.body);
      EXPECT_EQ(back.ended, c.ended && c.in != http::Framing::None);
    }
  }
}

TEST(Body, ManySmallChunksAreTakenInBatches) {
  std::string input;
  for (int i = 0; i < 1'000; ++i) input.append("1\r\nx\r\n");
  input.append("0\r\n\r\n");
  const Relayed relayed = relay(http::Framing::Chunked, 0, http::Framing::Chunked, input, 0);
  EXPECT_EQ(relayed.body, std::string(1'000, 'x'));
  EXPECT_TRUE(relayed.ended);
  EXPECT_LT(relayed.wire.size(), input.size() / 2);
}

TEST(Body, AMalformedChunkIsAnError) {
  for (const std::string_view input : {"x\r\n", "3\r\nabcd\r\n", "3\nabc", "-1\r\n"}) {
    EXPECT_NE(relay(http::Framing::Chunked, 0, http::Framing::Chunked, input, 0).error,
              http::ErrorCode::None)
        << input;
  }
}

TEST(Buffer, GrowsToItsLimitAndKeepsItsBytes) {
  Buffer buffer(4);
  std::string expected;
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(buffer.make_room(16));
    buffer.space()[0] = static_cast<char>('a' + i);
    buffer.filled(1);
    expected.push_back(static_cast<char>('a' + i));
  }
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_FALSE(buffer.make_room(16));
  buffer.consume(10);
  EXPECT_TRUE(buffer.make_room(16));
  buffer.append("0123456789012345");
  EXPECT_EQ(buffer.view(), expected.substr(10) + "0123456789012345");
}

// Else whoever reads many large responses slowly would have as much memory as it likes.
TEST(BulkBuffers, AreSoManyAndComeBackSmall) {
  BulkBuffers bulk;
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (std::size_t i = 0; i <= BulkBuffers::kMost; ++i) {
    buffers.push_back(std::make_unique<Buffer>(64));
    EXPECT_EQ(bulk.enlarge(*buffers.back()), i < BulkBuffers::kMost);
  }
  EXPECT_EQ(buffers.front()->space().size(), BulkBuffers::kBytes);
  EXPECT_EQ(buffers.back()->capacity(), 64U);
  buffers.front()->append("left");
  bulk.give_back(*buffers.front(), 64);
  EXPECT_TRUE(buffers.front()->empty());
  EXPECT_EQ(buffers.front()->capacity(), 64U);
  EXPECT_TRUE(bulk.enlarge(*buffers.back()));
}

TEST(Retry, OnceOnANewConnectionAndOnlyWhatNobodyCanHaveSeen) {
  using http::Method;
  struct Case {
    Failure failure;
    bool retry;
  };
  for (const Case& c : {
           Case{{.at = FailedAt::Connect, .method = Method::Post}, true},
           Case{{.at = FailedAt::Connect, .attempts = 2, .method = Method::Get}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Get}, true},
           Case{{.at = FailedAt::Exchange, .method = Method::Put}, true},
           Case{{.at = FailedAt::Exchange, .method = Method::Delete}, true},
           Case{{.at = FailedAt::Exchange, .method = Method::Post}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Patch}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Other}, false},
           Case{{.at = FailedAt::Exchange, .attempts = 2, .method = Method::Get}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Get, .response_bytes = 1}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Put, .body_bytes = 1}, false},
           Case{{.at = FailedAt::Exchange, .method = Method::Get, .timed_out = true}, false},
       }) {
    EXPECT_EQ(may_retry(c.failure), c.retry)
        << static_cast<int>(c.failure.method) << " attempts " << c.failure.attempts;
  }
}

TEST(Pool, OnlyAConnectionThatIsOverOnBothSides) {
  const Finished good{.response_keep_alive = true,
                      .response_complete = true,
                      .request_complete = true,
                      .surplus_bytes = false,
                      .switched = false,
                      .head = false};
  EXPECT_TRUE(may_pool(good));
  for (int flaw = 0; flaw < 6; ++flaw) {
    Finished bad = good;
    if (flaw == 0) bad.response_keep_alive = false;
    if (flaw == 1) bad.response_complete = false;
    if (flaw == 2) bad.request_complete = false;
    if (flaw == 3) bad.surplus_bytes = true;
    if (flaw == 4) bad.switched = true;
    if (flaw == 5) bad.head = true;
    EXPECT_FALSE(may_pool(bad)) << flaw;
  }
}

TEST(Answers, AreTheDocumentedOnes) {
  const auto routes = policy::default_routes();
  auto table = policy::RouteTable::parse(routes);
  Tuning tuning{.routes = std::move(*table),
                .decide = {},
                .token_format = {},
                .trusted_proxies = {},
                .answers = {},
                .cors_origins = {},
                .default_upstream = {},
                .upstream_headers = {},
                .head_limits = {},
                .limits = {},
                .timeouts = {}};
  const AnswerTable answers(tuning);
  using enum policy::Reason;
  struct Case {
    policy::Reason reason;
    unsigned status;
    std::string_view body;
  };
  for (const Case& c : {
           Case{TokenMissing, 403, R"({"error":"null not allowed"})"},
           Case{TokenEmpty, 403, R"({"error":"null not allowed"})"},
           Case{TokenPlaceholder, 403, R"({"error":"null not allowed"})"},
           Case{Preflight, 403, R"({"error":"null not allowed"})"},
           Case{TokenDuplicate, 403, R"({"error":"V not allowed"})"},
           Case{TokenMalformed, 403, R"({"error":"V not allowed"})"},
           Case{TokenIsInstanceToken, 403, R"({"error":"V not allowed"})"},
           Case{TokenNotAccepted, 403, R"({"error":"V not allowed"})"},
           Case{IpNotAllowed, 403, R"({"error":"V not allowed"})"},
           Case{InstanceNotFound, 400, R"({"error":"Instance not found"})"},
           Case{AmbiguousInstance, 400, R"({"error":"Instance ambiguous"})"},
           Case{UnmatchedRoute, 404, R"({"error":"Route not found"})"},
       }) {
    std::string body;
    append_body(body, answers.of(c.reason).body, "V");
    EXPECT_EQ(answers.of(c.reason).status, c.status) << policy::text_of(c.reason);
    EXPECT_EQ(body, c.body) << policy::text_of(c.reason);
    EXPECT_EQ(answers.of(c.reason).reason_text, policy::text_of(c.reason));
  }
  EXPECT_EQ(AnswerTable::of(Trouble::UpstreamClosed).body, R"({"error":"Instance unavailable"})");
  EXPECT_EQ(AnswerTable::of(Trouble::UpstreamTimedOut).status, 504);
}

TEST(RequestIds, AreUniqueAndClean) {
  RequestIds ids, others;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const auto a = ids.next();
    const auto b = others.next();
    seen.emplace(a.data(), a.size());
    seen.emplace(b.data(), b.size());
    ASSERT_TRUE(is_request_id({a.data(), a.size()}));
  }
  EXPECT_EQ(seen.size(), 20'000U);
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id("a b"));
  EXPECT_FALSE(is_request_id("a\"b"));
  EXPECT_FALSE(is_request_id(std::string(129, 'a')));
}

TEST(Limits, DefaultsLieInTheirRanges) {
  for (const TimeoutEntry& entry : kTimeouts) {
    const Millis value = Timeouts{}.*entry.member;
    EXPECT_GE(value, entry.min) << entry.name;
    EXPECT_LE(value, entry.max) << entry.name;
    EXPECT_TRUE(entry.reason.ends_with('.')) << entry.name;
  }
  for (const LimitEntry& entry : kLimits) {
    const std::uint64_t value = Limits{}.*entry.member;
    EXPECT_GE(value, entry.min) << entry.name;
    EXPECT_LE(value, entry.max) << entry.name;
  }
  EXPECT_EQ(kTimeouts.size() * sizeof(Millis), sizeof(Timeouts)) << "an entry for each";
  EXPECT_EQ(kLimits.size() * sizeof(std::uint64_t), sizeof(Limits)) << "an entry for each";
}

class FixedClock final : public Clock {
 public:
  Time now() const override { return Time(Millis(5)); }
  Instant instant() const override { return Instant(Micros(7)); }
};

TEST(BarrierTicket, AddsUpAndIsCompleteWithTheLastThread) {
  const FixedClock clock;
  BarrierTicket ticket(2, clock);
  ticket.passed(1, 2);
  EXPECT_FALSE(ticket.report().complete);
  EXPECT_EQ(ticket.report().threads, 1U);
  ticket.passed(3, 0);
  const BarrierReport report = ticket.report();
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.streams_closed, 4U);
  EXPECT_EQ(report.left_to_finish, 2U);
  EXPECT_EQ(report.at, Time(Millis(5)));
  EXPECT_EQ(report.passed, Instant(Micros(7)));
}

}  // namespace
}  // namespace guarita::proxy
