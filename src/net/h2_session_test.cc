// The client's session and its streams against nghttp2's server, without sockets.
#include "net/h2_session.h"

#include <gtest/gtest.h>

#include "net/h2_testing.h"
#include "net/task.h"

namespace guarita::net {
namespace {

using testing::FieldPairs;
using testing::H2Server;

// A session, its server, and the bytes between them.
struct World {
  H2Wakes wakes{[](void*) noexcept {}, nullptr};
  H2Streams streams{wakes};
  unsigned freed = 0;
  H2Session session{{.to_send = [](void*) noexcept {},
                     .freed = [](void* self) noexcept { ++static_cast<World*>(self)->freed; },
                     .context = this}};
  H2Server server;
  http::Limits limits;

  explicit World(std::vector<nghttp2_settings_entry> settings = {}) : server(std::move(settings)) {
    turn();
  }
  // Everything that both have to say, until neither has.
  void turn() {
    for (bool moved = true; moved;) {
      moved = false;
      std::array<char, 4096> bytes;
      while (const std::size_t n = session.produce(bytes)) {
        EXPECT_TRUE(server.feed({bytes.data(), n}));
        moved = true;
      }
      const std::string back = server.output();
      if (!back.empty()) {
        session.receive(back);
        moved = true;
      }
      wakes.resume_all();
    }
  }
  H2StreamPtr open(const FieldPairs& more = {}, H2Request::Body body = H2Request::Body::None,
                   http::Method method = http::Method::Get) {
    EXPECT_TRUE(session.has_room());
    H2StreamPtr stream = streams.take();
    session.attach(*stream);
    std::vector<http::SetField> fields{{":method", method == http::Method::Head ? "HEAD" : "GET"},
                                       {":scheme", "http"},
                                       {":authority", "up"},
                                       {":path", "/a"}};
    for (const auto& [name, value] : more) fields.push_back({name, value});
    stream->submit(
        {.fields = fields, .context = {.method = method}, .limits = &limits, .body = body});
    return stream;
  }
};

// What a coroutine that reads a whole response came to.
struct Seen {
  std::vector<int> interims;
  int status = 0;
  std::string body;
  NetError error = NetError::Other;
  bool head_failed = false;
  http::ResponseHead head;
  std::string text;
};
Task<void> read_all(H2Stream& stream, Seen& seen) {
  for (;;) {
    const auto head = co_await stream.head();
    if (!head) {
      seen.head_failed = true;
      seen.error = head.error();
      co_return;
    }
    stream.take_head(seen.head, seen.text);
    if (!seen.head.interim()) break;
    seen.interims.push_back(seen.head.status);
  }
  seen.status = seen.head.status;
  std::array<char, 1000> space;
  for (;;) {
    const auto got = co_await stream.read_some(space);
    if (!got) {
      seen.error = got.error();
      co_return;
    }
    seen.body.append(space.data(), *got);
  }
}
Task<void> write_all(H2Stream& stream, std::vector<std::string_view> pieces, H2Stream::Last last,
                     Result<void, NetError>& result) {
  result = co_await stream.write(pieces, last);
}

TEST(H2Session, RequestAndResponseWithInterimsBodyAndTrailers) {
  World world;
  EXPECT_TRUE(world.session.ready());
  H2StreamPtr stream = world.open({{"X-Upper", "v"}});
  Seen seen;
  Joinable reading(read_all(*stream, seen));
  world.turn();
  const auto& served = world.server.newest();
  EXPECT_EQ(served.field("x-upper"), "v");
  EXPECT_TRUE(served.ended);
  world.server.interim(served.id, {{":status", "103"}, {"link", "</a>"}});
  world.turn();
  world.server.head(served.id, {{":status", "200"}, {"x-a", "b"}}, std::string(5'000, 'x'),
                    {{"x-sum", "7"}});
  world.turn();
  EXPECT_TRUE(reading.finished());
  EXPECT_EQ(seen.interims, std::vector{103});
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.head.fields.lines("x-a").value, "b");
  EXPECT_EQ(seen.body, std::string(5'000, 'x'));
  EXPECT_EQ(seen.error, NetError::EndOfStream);
  EXPECT_TRUE(stream->at_end());
  EXPECT_EQ(stream->trailers().lines("x-sum").value, "7");
  EXPECT_EQ(stream->outcome(), H2Outcome::Whole);
  EXPECT_EQ(world.session.streams(), 0U);
}

TEST(H2Session, HeadsOfAnyLengthArriveWholeAtAnyTableSize) {
  for (const std::uint32_t table_bytes : {0U, 100U, 4'096U, 1U << 20U}) {
    World world({{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, table_bytes}});
    for (const std::size_t bytes : {10U, 16'000U, 20'000U, 300U, 40'000U, 16'384U, 10U}) {
      const std::string value(bytes, 'v');
      const H2StreamPtr stream = world.open({{"x-one", "1"}, {"x-long", value}, {"x-two", "2"}});
      world.turn();
      const auto& served = world.server.newest();
      EXPECT_EQ(served.fields, (FieldPairs{{":method", "GET"},
                                           {":scheme", "http"},
                                           {":authority", "up"},
                                           {":path", "/a"},
                                           {"x-one", "1"},
                                           {"x-long", value},
                                           {"x-two", "2"}}));
    }
  }
}

TEST(H2Session, ARequestThatIsGivenUpBeforeItLeavesIsNotSeen) {
  World world;
  world.open({{"x-a", "1"}}).reset();
  const H2StreamPtr next = world.open({{"x-b", "2"}});
  world.turn();
  EXPECT_EQ(world.server.streams.size(), 1U);
  EXPECT_EQ(world.server.newest().field("x-b"), "2");
  EXPECT_EQ(world.server.newest().fields.size(), 5U);
}

TEST(H2Session, ABodyGoesAtTheUpstreamsPace) {
  World world({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
  H2StreamPtr stream = world.open({}, H2Request::Body::Follows);
  Result<void, NetError> result = Err(NetError::Other);
  const std::string body(1'000, 'b');
  {
    Joinable writing(write_all(*stream, {"head", body}, H2Stream::Last::No, result));
    EXPECT_FALSE(writing.finished());
    world.turn();
    EXPECT_TRUE(writing.finished());
  }
  EXPECT_TRUE(result.has_value());
  EXPECT_FALSE(world.server.newest().ended);
  {
    Joinable writing(write_all(*stream, {}, H2Stream::Last::Yes, result));
    world.turn();
    EXPECT_TRUE(writing.finished());
  }
  EXPECT_EQ(world.server.newest().body, "head" + body);
  EXPECT_TRUE(world.server.newest().ended);
  EXPECT_EQ(stream->bytes_written(), 1'004U);
}

TEST(H2Session, WhatNobodyReadsIsHeldUpToTheStreamsWindowAndStopsNobodyElse) {
  World world;
  H2StreamPtr slow = world.open();
  world.turn();
  const std::int32_t slow_id = world.server.newest().id;
  world.server.head(slow_id, {{":status", "200"}}, std::string(1 << 20, 's'));
  world.turn();
  EXPECT_EQ(slow->bytes_read(), H2Session::kStreamWindow);
  // More than the connection's window, past the slow one.
  H2StreamPtr quick = world.open();
  Seen seen;
  Joinable reading(read_all(*quick, seen));
  world.turn();
  world.server.head(world.server.newest().id, {{":status", "200"}}, std::string(3 << 20, 'q'));
  world.turn();
  EXPECT_EQ(seen.body.size(), std::size_t{3} << 20);
  EXPECT_EQ(slow->bytes_read(), H2Session::kStreamWindow);
  Seen late;
  Joinable reading_late(read_all(*slow, late));
  world.turn();
  EXPECT_EQ(late.body, std::string(1 << 20, 's'));
}

TEST(H2Session, AStreamThatBreaksOffIsNotTrustedAndTheConnectionLivesOn) {
  World world;
  const struct {
    void (*answer)(H2Server&, std::int32_t);
    H2Outcome outcome;
  } cases[] = {
      {[](H2Server& s, std::int32_t id) { s.reset(id, NGHTTP2_INTERNAL_ERROR); }, H2Outcome::Reset},
      {[](H2Server& s, std::int32_t id) {
         s.head(id, {{":status", "200"}, {"content-length", "9"}}, "only 6");
       },
       H2Outcome::Malformed},
      {[](H2Server& s, std::int32_t id) {
         s.head(id, {{":status", "200"}, {"content-length", "1"}}, "too much");
       },
       H2Outcome::Malformed},
      {[](H2Server& s, std::int32_t id) { s.head(id, {{":status", "20"}}, ""); },
       H2Outcome::Malformed},
      {[](H2Server& s, std::int32_t id) {
         s.head(id, {{":status", "200"}, {"x-long", std::string(20'000, 'x')}}, "");
       },
       H2Outcome::Malformed},
      {[](H2Server& s, std::int32_t id) {
         s.head(id, {{":status", "200"}, {"connection", "close"}}, "");
       },
       H2Outcome::Malformed},
  };
  for (const auto& c : cases) {
    H2StreamPtr stream = world.open();
    Seen seen;
    Joinable reading(read_all(*stream, seen));
    world.turn();
    c.answer(world.server, world.server.newest().id);
    world.turn();
    EXPECT_TRUE(reading.finished());
    EXPECT_EQ(stream->outcome(), c.outcome) << &c - cases;
    EXPECT_NE(seen.error, NetError::EndOfStream) << &c - cases;
    EXPECT_TRUE(world.session.has_room()) << &c - cases;
  }
  EXPECT_EQ(world.freed, std::size(cases));
}

TEST(H2Session, WhatTheUpstreamDidNotLookAtMayBeSentAgain) {
  World world;
  H2StreamPtr refused = world.open();
  world.turn();
  world.server.reset(world.server.newest().id, NGHTTP2_REFUSED_STREAM);
  world.turn();
  EXPECT_EQ(refused->outcome(), H2Outcome::Unprocessed);
  EXPECT_TRUE(world.session.retired());

  World other;
  H2StreamPtr first = other.open();
  H2StreamPtr second = other.open();
  other.turn();
  other.server.go_away(1);
  other.turn();
  EXPECT_EQ(first->outcome(), H2Outcome::Open);
  EXPECT_EQ(second->outcome(), H2Outcome::Unprocessed);
  EXPECT_FALSE(other.session.has_room());
  Seen seen;
  Joinable reading(read_all(*first, seen));
  other.server.head(1, {{":status", "200"}}, "whole");
  other.turn();
  EXPECT_EQ(seen.body, "whole");
}

TEST(H2Session, ALostConnectionEndsEveryStream) {
  World world;
  H2StreamPtr sent = world.open();
  world.turn();
  H2StreamPtr unsent = world.streams.take();
  world.session.attach(*unsent);
  Seen seen;
  Joinable reading(read_all(*sent, seen));
  world.session.lose(NetError::Reset);
  world.wakes.resume_all();
  EXPECT_TRUE(seen.head_failed);
  EXPECT_EQ(seen.error, NetError::Reset);
  EXPECT_EQ(sent->outcome(), H2Outcome::Lost);
  EXPECT_EQ(unsent->outcome(), H2Outcome::Unprocessed);
}

TEST(H2Session, LeavingAStreamResetsItAlone) {
  World world;
  H2StreamPtr left = world.open();
  H2StreamPtr cancelled = world.open({}, H2Request::Body::Follows);
  H2StreamPtr kept = world.open();
  Result<void, NetError> result;
  const std::string body(1 << 20, 'b');
  Joinable writing(write_all(*cancelled, {body}, H2Stream::Last::Yes, result));
  world.turn();
  left.reset();
  cancelled->cancel(NetError::Cancelled);
  world.turn();
  EXPECT_EQ(world.server.stream(1).code, std::uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(world.server.stream(3).code, std::uint32_t{NGHTTP2_CANCEL});
  EXPECT_FALSE(world.server.stream(5).closed);
  EXPECT_TRUE(writing.finished());
  EXPECT_EQ(world.session.streams(), 1U);
  // One that never left this side is not seen there.
  H2StreamPtr brief = world.open();
  brief.reset();
  world.turn();
  EXPECT_FALSE(world.server.streams.contains(7));
}

TEST(H2Session, RoomIsWhatTheUpstreamAllows) {
  World world({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  H2StreamPtr only = world.open();
  EXPECT_FALSE(world.session.has_room());
  world.turn();
  world.server.head_alone(1, {{":status", "204"}});
  world.turn();
  EXPECT_TRUE(world.session.has_room());
  EXPECT_TRUE(only->head().await_ready());
}

TEST(H2Session, InterruptEndsAWaitAndNotTheStream) {
  World world;
  H2StreamPtr stream = world.open();
  Seen seen;
  Joinable reading(read_all(*stream, seen));
  stream->interrupt(NetError::TimedOut);
  world.wakes.resume_all();
  EXPECT_EQ(seen.error, NetError::TimedOut);
  EXPECT_EQ(stream->outcome(), H2Outcome::Open);
}

TEST(H2Session, ASilentConnectionIsRetiredByADeadline) {
  World world;
  H2StreamPtr stream = world.open();
  world.turn();
  stream->time_out();
  EXPECT_TRUE(world.session.retired());
}

}  // namespace
}  // namespace guarita::net
