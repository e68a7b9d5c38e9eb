// An upstream that speaks HTTP/2, played by nghttp2's server on a socket of the test's own.
#include <gtest/gtest.h>

#include "net/h2_testing.h"
#include "proxy/gate_testing.h"
#include "support/allocations.h"

namespace guarita::proxy::testing {
namespace {

using net::testing::FieldPairs;
using net::testing::H2Server;
using net::testing::ServedStream;

// One accepted connection with the server on it.
class H2Peer {
 public:
  explicit H2Peer(Gate& gate, std::vector<nghttp2_settings_entry> settings = {})
      : peer_(gate.upstream.accept()), server(std::move(settings)) {
    flush();
  }
  void flush() { peer_.send(server.output()); }
  // Reads until `done` or the gate ends the connection.
  template <class F>
  bool until(F done) {
    while (!done()) {
      flush();
      const std::string bytes = peer_.read_some();
      if (bytes.empty()) return false;
      EXPECT_TRUE(server.feed(bytes));
    }
    flush();
    return true;
  }
  // Reads on to the end: one by FIN, not by reset, and before the test's patience is over.
  bool ends_in_order() {
    return !until([] { return false; }) && peer_.reads_end();
  }
  // The next stream that is whole and was not seen before.
  ServedStream& next() {
    EXPECT_TRUE(until([this] { return whole() != nullptr; }));
    ServedStream* found = whole();
    if (found == nullptr) return none_;
    seen_ = found->id;
    return *found;
  }
  void answer(std::int32_t id, std::string body, FieldPairs fields = {{":status", "200"}},
              FieldPairs trailers = {}) {
    server.head(id, fields, std::move(body), std::move(trailers));
    flush();
  }
  Peer& peer() { return peer_; }

 private:
  ServedStream* whole() {
    for (auto& [id, stream] : server.streams)
      if (id > seen_ && stream.ended) return &stream;
    return nullptr;
  }
  Peer peer_;
  std::int32_t seen_ = 0;
  ServedStream none_;

 public:
  H2Server server;
};

struct H2Gate : Gate {
  explicit H2Gate(void (*tune)(Tuning&) = nullptr) : Gate({.tune = tune}) {
    const std::string url = "h2c://127.0.0.1:" + std::to_string(upstream.port());
    snapshot.put_instance({"i1", acme.key, url, std::nullopt});
    snapshot.put_instance({"m1", mona.key, url, std::nullopt});
  }
};

const FieldPairs kOkHead{{":status", "200"}, {"content-length", "2"}};

TEST(H2Upstream, ManyCallersOverOneConnection) {
  H2Gate gate;
  std::vector<Peer> callers;
  for (int i = 0; i < 20; ++i) {
    callers.push_back(gate.call());
    callers.back().send(Gate::get("i1", kToken, "X-N: " + std::to_string(i) + "\r\n"));
  }
  H2Peer up(gate);
  for (int i = 0; i < 20; ++i) {
    ServedStream& stream = up.next();
    EXPECT_EQ(stream.field(":path"), "/instances/i1/status");
    EXPECT_EQ(stream.field("x-account-id"), "acme");
    EXPECT_EQ(stream.field("client-token"), "");
    up.answer(stream.id, stream.field("x-n"));
  }
  for (int i = 0; i < 20; ++i) {
    const std::string response = callers[static_cast<std::size_t>(i)].read_until("0\r\n\r\n");
    EXPECT_TRUE(has(response, "\r\n" + std::to_string(i) + "\r\n0\r\n")) << response;
  }
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(H2Upstream, ARefusedRequestNeverReachesIt) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", ""));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(H2Upstream, BodiesBothWaysAndTrailersForThoseWhoAsked) {
  H2Gate gate;
  Peer caller = gate.call();
  const std::string body(300'000, 'b');
  caller.send(Gate::request("POST", "i1", kToken,
                            "TE: trailers\r\nConnection: te\r\nContent-Length: 300000\r\n") +
              body);
  H2Peer up(gate);
  ServedStream& stream = up.next();
  EXPECT_EQ(stream.body, body);
  EXPECT_EQ(stream.field("content-length"), "300000");
  EXPECT_EQ(stream.field("te"), "trailers");
  up.answer(stream.id, "abc", {{":status", "200"}, {"x-a", "b"}}, {{"x-sum", "6"}});
  const std::string head = caller.read_head();
  EXPECT_TRUE(has(head, "HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_TRUE(has(head, "Via: 2.0 ")) << head;
  EXPECT_EQ(caller.read_until("\r\n\r\n"), "3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n");

  caller.send(Gate::request("PUT", "i1", kToken, "Transfer-Encoding: chunked\r\n") +
              "3\r\nabc\r\n");
  ASSERT_TRUE(up.until([&up] { return up.server.newest().body == "abc"; }));
  caller.send("0\r\n\r\n");
  ServedStream& second = up.next();
  EXPECT_EQ(second.field("content-length"), "");
  const std::string long_answer(200'000, 'l');
  up.server.head(second.id, {{":status", "200"}, {"content-length", "200000"}}, long_answer);
  up.flush();
  std::string response = caller.read_head();
  std::string got;
  while (got.size() < long_answer.size()) {
    got += caller.read_bytes(1);
    got += caller.read_bytes(std::min<std::size_t>(16'000, long_answer.size() - got.size()));
    // The windows move as the caller takes.
    if (got.size() % 50'000 < 16'000) up.flush();
    if (!up.server.stream(second.id).answer.empty()) {
      up.until([&up, &second, left = up.server.stream(second.id).answer.size()] {
        return up.server.stream(second.id).answer.size() < left;
      });
    }
  }
  EXPECT_EQ(got, long_answer);
}

TEST(H2Upstream, InterimHeadsPass) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  ServedStream& stream = up.next();
  up.server.interim(stream.id, {{":status", "103"}, {"link", "</a>"}});
  up.flush();
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n"));
  up.answer(stream.id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(H2Upstream, AResetIs502OnceAndTheConnectionLivesOn) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  up.server.reset(up.next().id, NGHTTP2_INTERNAL_ERROR);
  up.flush();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 "));
  for (const FieldPairs& bad :
       {FieldPairs{{":status", "200"}, {"content-length", "3"}}, FieldPairs{{":status", "2x0"}},
        FieldPairs{{":status", "200"}, {"x", std::string(20'000, 'x')}},
        FieldPairs{{":status", "200"}, {"connection", "close"}}}) {
    caller.send(Gate::get("i1", kToken));
    up.answer(up.next().id, "", bad);
    EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 ")) << bad.back().first;
  }
  caller.send(Gate::get("i1", kToken));
  up.answer(up.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_EQ(up.server.streams.size(), 6U);
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(H2Upstream, ABodyCutShortDoesNotLookWhole) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  ServedStream& stream = up.next();
  stream.answer_ends = false;
  up.answer(stream.id, "half");
  EXPECT_TRUE(has(caller.read_until("half\r\n"), "half"));
  up.server.reset(stream.id, NGHTTP2_INTERNAL_ERROR);
  up.flush();
  EXPECT_EQ(caller.read_all(), "");
}

TEST(H2Upstream, WhatGoAwayLeftOutIsSentAgainWhateverItsMethod) {
  H2Gate gate;
  Peer first = gate.call();
  first.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  const std::int32_t first_id = up.next().id;
  Peer second = gate.call();
  second.send(Gate::request("POST", "i1", kToken, "Content-Length: 5\r\n") + "hello");
  EXPECT_EQ(up.next().body, "hello");
  up.server.go_away(first_id);
  up.flush();
  H2Peer other(gate);
  ServedStream& again = other.next();
  EXPECT_EQ(again.body, "hello");
  other.answer(again.id, "ok", kOkHead);
  EXPECT_EQ(body_of(second.read_response()), "ok");
  up.answer(first_id, "ok", kOkHead);
  EXPECT_EQ(body_of(first.read_response()), "ok");
  // Its last stream is over: the gate ends it.
  EXPECT_TRUE(up.ends_in_order());
}

TEST(H2Upstream, RefusedStreamsGoToAnotherConnectionOnce) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", kToken, "Content-Length: 2\r\n") + "hi");
  H2Peer up(gate);
  up.server.reset(up.next().id, NGHTTP2_REFUSED_STREAM);
  up.flush();
  H2Peer other(gate);
  other.server.reset(other.next().id, NGHTTP2_REFUSED_STREAM);
  other.flush();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 "));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(H2Upstream, ALostConnectionIsAFailureAsInHttp1) {
  H2Gate gate;
  Peer get = gate.call();
  get.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  up.next();
  Peer post = gate.call();
  post.send(Gate::request("POST", "i1", kToken, "Content-Length: 2\r\n") + "hi");
  up.next();
  up.peer().reset();
  EXPECT_TRUE(has(post.read_response(), "HTTP/1.1 502 "));
  H2Peer other(gate);
  other.answer(other.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(get.read_response()), "ok");
}

TEST(H2Upstream, MoreConnectionsWhereStreamsAreFew) {
  H2Gate gate;
  std::vector<Peer> callers;
  for (int i = 0; i < 3; ++i) {
    callers.push_back(gate.call());
    callers.back().send(Gate::get("i1", kToken));
  }
  // All are open before the first is answered: a stream that ends makes room for the next request.
  std::vector<std::unique_ptr<H2Peer>> ups;
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < callers.size(); ++i) {
    ups.push_back(std::make_unique<H2Peer>(
        gate, std::vector<nghttp2_settings_entry>{{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}));
    ids.push_back(ups.back()->next().id);
  }
  for (std::size_t i = 0; i < ups.size(); ++i) ups[i]->answer(ids[i], "ok", kOkHead);
  for (Peer& caller : callers) EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(H2Upstream, AtTheLimitOfConnectionsRequestsWait) {
  H2Gate gate([](Tuning& tuning) { tuning.limits.upstream_connections = 1; });
  Peer first = gate.call();
  first.send(Gate::get("i1", kToken));
  H2Peer up(gate, {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  const std::int32_t id = up.next().id;
  Peer second = gate.call();
  second.send(Gate::get("i1", kToken));
  gate.plane->barrier({}, Millis(5'000));
  up.answer(id, "ok", kOkHead);
  EXPECT_EQ(body_of(first.read_response()), "ok");
  up.answer(up.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(second.read_response()), "ok");
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(H2Upstream, AnUpstreamOfHttp1IsSpokenToInHttp1) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", kToken, "Content-Length: 2\r\n") + "hi");
  Peer preface = gate.upstream.accept();
  EXPECT_TRUE(has(preface.read_until("SM\r\n\r\n"), "PRI * HTTP/2.0"));
  preface.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "POST /instances/i1/status HTTP/1.1\r\n"));
  EXPECT_EQ(upstream.read_bytes(2), "hi");
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  caller.send(Gate::get("i1", kToken));  // no second try
  EXPECT_TRUE(has(upstream.read_head(), "GET "));
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(H2Upstream, NoRequestBeforeItsSettings) {
  H2Gate gate([](Tuning& tuning) { tuning.timeouts.connect = Millis(200); });
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer mute = gate.upstream.accept();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 504 "));
  EXPECT_FALSE(has(mute.read_all(), "status"));
}

TEST(H2Upstream, WebSocketsGoOverHttp1) {
  H2Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "Upgrade: websocket\r\n"));
  upstream.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 101 "));
  EXPECT_EQ(caller.read_bytes(2), "hi");
}

TEST(H2Upstream, ACallerWhoLeavesAndAChangeResetTheirStreamsAlone) {
  H2Gate gate;
  const FieldPairs events{{":status", "200"}, {"content-type", "text/event-stream"}};
  Peer leaver = gate.call();
  leaver.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  ServedStream& left = up.next();
  left.answer_ends = false;
  up.answer(left.id, "data: 1\n\n", events);
  leaver.read_until("data: 1");
  Peer watcher = gate.call();
  watcher.send(Gate::get("m1", ""));
  ServedStream& watched = up.next();
  watched.answer_ends = false;
  up.answer(watched.id, "data: 1\n\n", events);
  watcher.read_until("data: 1");
  Peer other = gate.call();
  other.send(Gate::get("i1", kToken));
  const std::int32_t other_id = up.next().id;

  leaver.close();
  EXPECT_TRUE(up.until([&left] { return left.closed; }));
  EXPECT_EQ(left.code, std::uint32_t{NGHTTP2_CANCEL});
  gate.mona.enforce = true;
  EXPECT_EQ(gate.change(gate.mona).streams_closed, 1U);
  EXPECT_TRUE(up.until([&watched] { return watched.closed; }));
  watcher.read_all();
  up.answer(other_id, "ok", kOkHead);
  EXPECT_EQ(body_of(other.read_response()), "ok");
}

TEST(H2Upstream, TheResponseHeadHasADeadlineAndASilentConnectionIsLeft) {
  H2Gate gate([](Tuning& tuning) { tuning.timeouts.response_head = Millis(200); });
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  up.answer(up.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  caller.send(Gate::get("i1", kToken));
  up.next();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 504 "));
  caller.send(Gate::get("i1", kToken));
  H2Peer other(gate);
  other.answer(other.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(H2Upstream, AnIdleConnectionIsEndedInOrder) {
  H2Gate gate([](Tuning& tuning) { tuning.timeouts.upstream_idle = Millis(200); });
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  H2Peer up(gate);
  up.answer(up.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_FALSE(up.until([] { return false; }));
}

TEST(H2Upstream, AWarmConnectionAllocatesNothing) {
  H2Gate gate;
  Peer caller = gate.call();
  const std::string get = Gate::get("i1", kToken, "User-Agent: test\r\nAccept: */*\r\n");
  const std::string post = Gate::request("POST", "i1", kToken, "Content-Length: 5\r\n") + "hello";
  caller.send(get);
  H2Peer up(gate);
  up.answer(up.next().id, "ok", kOkHead);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  const auto round = [&] {
    for (const std::string& request : {get, post}) {
      caller.send(request);
      up.answer(up.next().id, "ok", kOkHead);
      ASSERT_EQ(body_of(caller.read_response()), "ok");
    }
  };
  for (int i = 0; i < 100; ++i) round();
  gate.plane->barrier({}, Millis(5'000));
  const std::uint64_t before = guarita::testing::allocations_elsewhere();
  for (int i = 0; i < 200; ++i) round();
  EXPECT_EQ(guarita::testing::allocations_elsewhere() - before, 0U) << "by 400 requests";
  if (guarita::testing::kAllocationsCounted) {
    EXPECT_GT(before, 0U) << "the counter counts";
  }
}

}  // namespace
}  // namespace guarita::proxy::testing
