// What one caller could do to the gate or to others: connections that no deadline ends, names that
// frameworks read as one, answers that go to the wrong caller.
#include <gtest/gtest.h>

#include <thread>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

using namespace std::chrono_literals;

// False when connections are left after `patience`.
bool empties(const Gate& gate, std::chrono::milliseconds patience = 5s) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (gate.plane->status().connections > 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(Deadlines, ACallerThatReadsNoInterimAnswerIsLetGo) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.timeouts.response_head = Millis(300);
    tuning.timeouts.stall = Millis(300);
  }});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  const std::string hints =
      "HTTP/1.1 103 Early Hints\r\nLink: <" + std::string(12'000, 'x') + ">\r\n\r\n";
  std::thread flood([&] {
    for (int i = 0; i < 4'000 && upstream.send(hints); ++i) {
    }
  });
  EXPECT_TRUE(empties(gate));
  caller.close();
  flood.join();
}

TEST(Deadlines, ARefusedBodyThatDoesNotComeIsNotWaitedForLong) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.timeouts.lingering_silence = Millis(200); }});
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", "", "Content-Length: 1000\r\n"));
  EXPECT_TRUE(has(caller.read_response(), "token_missing"));
  EXPECT_TRUE(empties(gate));
}

// At the limit accept pauses; what waits in the queue then is answered before the queue is closed.
TEST(Drain, ARequestInTheAcceptQueueIsAnswered) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.limits.connections = 1; }});
  Peer first = gate.call();
  first.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  Peer queued = gate.call();
  queued.send(Gate::get("i1", kToken));
  std::thread drain([&] { EXPECT_TRUE(gate.plane->drain(5s)); });
  EXPECT_TRUE(has(queued.read_response(), "HTTP/1.1 503 "));
  EXPECT_TRUE(queued.reads_end());
  queued.close();
  upstream.send(kOk);
  EXPECT_EQ(body_of(first.read_response()), "ok");
  first.close();
  drain.join();
}

// ---- names that frameworks fold

void route_by_header(Tuning& tuning) {
  policy::RouteConfig route;
  route.path = "/*";
  route.instance = "header:X-Instance";
  route.shadow = {"header:X-Other"};
  tuning.routes = std::move(*policy::RouteTable::parse({&route, 1}));
}

TEST(Aliases, OfAHeaderThatNamesTheInstanceDoNotPass) {
  Gate gate({.tune = &route_by_header});
  Peer caller = gate.call();
  caller.send(
      "GET /status HTTP/1.1\r\nHost: gate\r\nX-Instance: m1\r\nX_Instance: i1\r\n"
      "x.instance: i1\r\nX_Other: i1\r\n\r\n");
  Peer upstream = gate.upstream.accept();
  const std::string head = upstream.read_head();
  EXPECT_TRUE(has(head, "\r\nX-Instance: m1\r\n")) << head;
  EXPECT_FALSE(has(head, "X_Instance")) << head;
  EXPECT_FALSE(has(head, "x.instance")) << head;
  EXPECT_FALSE(has(head, "X_Other")) << head;
}

TEST(Aliases, OfAForwardedTokenDoNotPass) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.token_forwarding = TokenForwarding::Forward; }});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, "Client_Token: other\r\n"));
  Peer upstream = gate.upstream.accept();
  const std::string head = upstream.read_head();
  EXPECT_TRUE(has(head, "\r\nClient-Token: gta_")) << head;
  EXPECT_FALSE(has(head, "Client_Token")) << head;
}

void open_reading(Tuning& tuning) {
  policy::RouteConfig open;
  open.path = "/instances/{_}/status";
  open.methods = {"POST"};
  open.access = "public";
  open.overlaps = true;
  auto routes = policy::default_routes();
  routes.insert(routes.begin(), open);
  tuning.routes = std::move(*policy::RouteTable::parse(routes));
}

TEST(Aliases, OfAMethodThatARouteReadsDoNotPass) {
  const std::string aliases =
      "X-HTTP-Method-Override: DELETE\r\nx_http_method: PUT\r\nX-Method-Override: PUT\r\n";
  Gate gate({.tune = &open_reading});
  Peer caller = gate.call();
  caller.send(Gate::request("POST", "i1", "", aliases));
  const std::string head = gate.upstream.accept().read_head();
  EXPECT_TRUE(has(head, "POST /instances/i1/status ")) << head;
  EXPECT_FALSE(has(head, "DELETE")) << head;
  EXPECT_FALSE(has(head, "PUT")) << head;

  Gate any_method;
  Peer other = any_method.call();
  other.send(Gate::request("POST", "i1", kToken, aliases));
  EXPECT_TRUE(has(any_method.upstream.accept().read_head(), "X-HTTP-Method-Override: DELETE"));
}

// ---- work that one head can make

TEST(Work, AConnectionListOfCommasIsRefused) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, "Connection: x" + std::string(8'000, ',') + "\r\n"));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 400 "));
  Peer honest = gate.call();
  honest.send(Gate::get("i1", "", "Connection: , keep-alive,, x ,\r\n"));
  EXPECT_TRUE(has(honest.read_response(), "token_missing"));
}

}  // namespace
}  // namespace guarita::proxy::testing
