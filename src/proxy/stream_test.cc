// Bodies, early answers, lingering, Expect, tunnels, drain.
#include <gtest/gtest.h>

#include <thread>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

std::string post(std::size_t length, std::string_view more = "", std::string_view token = kToken) {
  return Gate::request("POST", "i1", token,
                       "Content-Length: " + std::to_string(length) + "\r\n" + std::string(more));
}

TEST(Bodies, SmallOneGoesOutWithTheHead) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(5) + "hello");
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "Content-Length: 5\r\n"));
  EXPECT_EQ(upstream.read_bytes(5), "hello");
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(Bodies, BigOnesStreamBothWays) {
  constexpr std::size_t kBytes = 8 << 20;
  Gate gate;
  Peer caller = gate.call();
  std::string body(kBytes, 'x');
  for (std::size_t i = 0; i < kBytes; i += 4093) body[i] = static_cast<char>('a' + i % 26);
  std::thread sender([&] { EXPECT_TRUE(caller.send(post(kBytes) + body)); });
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  const std::string got = upstream.read_bytes(kBytes);
  sender.join();
  EXPECT_TRUE(got == body);
  std::thread answerer([&] {
    EXPECT_TRUE(upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) +
                              "\r\n\r\n" + body));
  });
  caller.read_head();
  EXPECT_TRUE(caller.read_bytes(kBytes) == body);
  answerer.join();
  caller.send(post(0));
  EXPECT_TRUE(has(upstream.read_head(), "POST "));  // both connections live on
}

TEST(Bodies, ChunkedRequestsAreFramedAnewAndTheNextRequestIsFound) {
  Gate gate;
  Peer caller = gate.call();
  const std::string head = Gate::request("POST", "i1", kToken, "Transfer-Encoding: chunked\r\n");
  const std::string next = Gate::get("i1", "null");
  const std::string chunks = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: dropped\r\n\r\n";
  caller.send(head + chunks.substr(0, 11));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "Transfer-Encoding: chunked\r\n"));
  caller.send(chunks.substr(11) + next);
  const std::string body = upstream.read_until("0\r\n\r\n");
  EXPECT_FALSE(has(body, "x=y")) << body;
  EXPECT_FALSE(has(body, "dropped")) << body;
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_TRUE(has(caller.read_response(), "token_placeholder"));
}

TEST(Bodies, MalformedChunksEndBothSides) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", kToken, "Transfer-Encoding: chunked\r\n") +
              "3\r\nabc\r\n");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  caller.send("zz\r\n");
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 400 "));
  upstream.read_all();  // cut without the last chunk
  EXPECT_TRUE(caller.reads_end());
}

TEST(Bodies, ACallerThatLeavesMidwayTakesTheUpstreamAlong) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(10) + "half");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  caller.close();
  EXPECT_EQ(upstream.read_all(), "half");
}

TEST(EarlyAnswer, IsReadByACallerThatIsStillSending) {
  constexpr std::size_t kBytes = 16 << 20;
  Gate gate;
  Peer caller = gate.call();
  bool sent = false;
  std::thread sender([&] { sent = caller.send(post(kBytes) + std::string(kBytes, 'x')); });
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
  std::string response = caller.read_response();
  upstream.close();
  sender.join();
  EXPECT_TRUE(has(response, "HTTP/1.1 413 ")) << response;
  EXPECT_TRUE(has(response, "Connection: close\r\n")) << response;
  EXPECT_EQ(body_of(response), "much");
  EXPECT_TRUE(sent) << "the rest of the body must be read and thrown away";
  EXPECT_TRUE(caller.reads_end());
}

TEST(EarlyAnswer, ABidirectionalExchangeRunsBothWaysAtOnce) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(4) + "1");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  EXPECT_EQ(upstream.read_bytes(1), "1");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na");
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 200 "));
  EXPECT_EQ(caller.read_bytes(1), "a");
  caller.send("234");
  EXPECT_EQ(upstream.read_bytes(3), "234");
  upstream.send("bcd");
  EXPECT_EQ(caller.read_bytes(3), "bcd");
}

TEST(Lingering, ADenialReachesACallerThatSendsSixteenMebibytes) {
  constexpr std::size_t kBytes = 16 << 20;
  Gate gate;
  Peer caller = gate.call();
  // The whole body first, only then a look at the answer: what a simple client does.
  ASSERT_TRUE(caller.send(post(kBytes, "", "") + std::string(kBytes, 'x')));
  Peer::End end{};
  caller.finish_sending();
  const std::string response = caller.read_all(&end);
  EXPECT_TRUE(has(response, "HTTP/1.1 403 ")) << response;
  EXPECT_TRUE(has(response, "Connection: close\r\n")) << response;
  EXPECT_EQ(body_of(response), R"({"error":"null not allowed"})");
  EXPECT_EQ(end, Peer::End::InOrder);
}

TEST(Lingering, ASmallUnreadBodyKeepsTheConnection) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(60'000, "", ""));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
  caller.send(std::string(60'000, 'x') + Gate::get("nowhere", kToken));
  EXPECT_EQ(body_of(caller.read_response()), R"({"error":"Instance not found"})");
}

TEST(EarlyAnswer, WithLittleLeftKeepsTheCallersConnection) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(1'000) + "begun");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.read_bytes(5);
  upstream.send("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno");
  const std::string response = caller.read_response();
  EXPECT_EQ(body_of(response), "no");
  EXPECT_FALSE(has(response, "Connection: close")) << response;
  caller.send(std::string(995, 'x') + Gate::get("i1", ""));
  EXPECT_TRUE(has(caller.read_response(), "token_missing"));
  // The upstream's connection is in the middle of a body: it is not used again.
  upstream.read_all();
}

TEST(Lingering, EndsAfterSilence) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.timeouts.lingering_silence = Millis(200); }});
  Peer caller = gate.call();
  caller.send(post(1 << 20, "", ""));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
  EXPECT_TRUE(caller.reads_end());  // half-closed at once
  while (gate.plane->status().connections > 0) std::this_thread::yield();
}

TEST(Lingering, EndsAfterItsTimeHoweverMuchComes) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.timeouts.lingering = Millis(300); }});
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", "", "Content-Length: 99999999999\r\n"));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
  while (caller.send("x")) std::this_thread::yield();
}

TEST(Lingering, OverTheLimitTheOldestGoes) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.limits.lingering = 1; }});
  Peer first = gate.call();
  first.send(post(1 << 20, "", ""));
  first.read_response();
  Peer second = gate.call();
  second.send(post(1 << 20, "", ""));
  second.read_response();
  while (first.send("x")) std::this_thread::yield();
  EXPECT_TRUE(second.send("x"));
  EXPECT_EQ(gate.hub.event_total(telemetry::Event::LingerDropped), 1U);
}

TEST(Expect, NoContinueIsSentByADenial) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(5, "Expect: 100-continue\r\n", ""));
  const std::string response = caller.read_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 403 ")) << response;
  EXPECT_TRUE(has(response, "Connection: close\r\n")) << response;
}

TEST(Expect, TheUpstreamsContinuePasses) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(post(5, "Expect: 100-continue\r\n"));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "100-continue"));
  upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 100 "));
  caller.send("hello");
  EXPECT_EQ(upstream.read_bytes(5), "hello");
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(EventStream, ACallerThatLeavesEndsASilentOne) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n");
  caller.read_until("data: a\n\n");
  caller.close();
  EXPECT_TRUE(upstream.is_cut());
}

TEST(EventStream, APipelinedRequestWaitsItsTurn) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\na\n\r\n");
  caller.read_until("a\n\r\n");
  caller.send(Gate::get("i1", ""));
  upstream.send("2\r\nb\n\r\n0\r\n\r\n");
  EXPECT_EQ(caller.read_until("0\r\n\r\n"), "2\r\nb\n\r\n0\r\n\r\n");
  EXPECT_TRUE(has(caller.read_response(), "token_missing"));
}

constexpr std::string_view kUpgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

TEST(Tunnel, HoldsTheCallersBytesUntilTheUpstreamHasSwitched) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, kUpgrade) + "early");
  Peer upstream = gate.upstream.accept();
  const std::string seen = upstream.read_head();
  EXPECT_TRUE(has(seen, "Upgrade: websocket\r\n")) << seen;
  upstream.send(std::string(kSwitched) + "hi");
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 101 "));
  EXPECT_EQ(caller.read_bytes(2), "hi");
  EXPECT_EQ(upstream.read_bytes(5), "early");
  caller.send("ping");
  EXPECT_EQ(upstream.read_bytes(4), "ping");
  upstream.send("pong");
  EXPECT_EQ(caller.read_bytes(4), "pong");
  caller.finish_sending();
  EXPECT_TRUE(upstream.reads_end());
  upstream.send("bye");
  upstream.close();
  EXPECT_EQ(caller.read_all(), "bye");
}

TEST(Tunnel, ARefusedUpgradeIsAnOrdinaryAnswerAndTheHeldBytesAreARequest) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, kUpgrade) + Gate::get("i1", ""));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(body_of(caller.read_response()), "no");
  EXPECT_TRUE(has(caller.read_response(), "token_missing"));
}

TEST(Drain, FinishesOpenExchangesClosesIdleOnesAndRefusesNewOnes) {
  Gate gate;
  Peer idle = gate.call();
  idle.send(Gate::get("i1", ""));
  idle.read_response();
  Peer busy = gate.call();
  busy.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  bool drained = false;
  std::thread drainer([&] { drained = gate.plane->drain(Millis(20'000)); });
  EXPECT_TRUE(idle.reads_end());
  busy.send(Gate::get("i1", ""));  // pipelined behind the open one: after it the connection ends
  upstream.send(kOk);
  const std::string response = busy.read_response();
  EXPECT_EQ(body_of(response), "ok");
  EXPECT_TRUE(has(response, "Connection: close\r\n")) << response;
  busy.finish_sending();
  EXPECT_TRUE(busy.reads_end());
  drainer.join();
  EXPECT_TRUE(drained);
  EXPECT_TRUE(gate.plane->status().draining);
}

TEST(Drain, GivesUpAtItsDeadline) {
  Gate gate;
  Peer busy = gate.call();
  busy.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  EXPECT_FALSE(gate.plane->drain(Millis(50)));
  gate.plane->stop();
  EXPECT_TRUE(busy.is_cut());
  EXPECT_TRUE(upstream.is_cut());
}

TEST(Deadlines, AHeadThatDoesNotComeIs408AndAnIdleConnectionJustEnds) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.timeouts.head = Millis(300);
    tuning.timeouts.idle = Millis(300);
  }});
  Peer silent = gate.call();
  Peer slow = gate.call();
  slow.send("GET /inst");
  Peer idle = gate.call();
  idle.send(Gate::get("i1", ""));
  idle.read_response();
  EXPECT_TRUE(has(slow.read_response(), "HTTP/1.1 408 "));
  EXPECT_TRUE(idle.reads_end());
  EXPECT_TRUE(silent.reads_end());
}

TEST(Limits, OverTheConnectionLimitAcceptPausesAndGoesOn) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.limits.connections = 1; }});
  Peer first = gate.call();
  first.send(Gate::get("i1", ""));
  first.read_response();
  Peer second = gate.call();  // the kernel takes it, the gate not yet
  second.send(Gate::get("i1", ""));
  first.send(Gate::get("i1", ""));
  EXPECT_TRUE(has(first.read_response(), "HTTP/1.1 403 "));
  EXPECT_EQ(gate.plane->status().connections, 1U);
  first.close();
  EXPECT_TRUE(has(second.read_response(), "HTTP/1.1 403 "));
}

}  // namespace
}  // namespace guarita::proxy::testing
