// The barrier, and what a change does to exchanges that are open.
#include <gtest/gtest.h>

#include <thread>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

constexpr std::string_view kUpgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

struct Open {
  Peer caller, upstream;
};
Open open_tunnel(Gate& gate, std::string_view instance, std::string_view token) {
  Open open{gate.call(), Peer()};
  open.caller.send(Gate::get(instance, token, kUpgrade));
  open.upstream = gate.upstream.accept();
  open.upstream.read_head();
  open.upstream.send(kSwitched);
  EXPECT_TRUE(has(open.caller.read_head(), "HTTP/1.1 101 "));
  open.caller.send("x");  // it has arrived: the gate is in the tunnel
  EXPECT_EQ(open.upstream.read_bytes(1), "x");
  return open;
}
Open open_response(Gate& gate, std::string_view instance, std::string_view token,
                   std::string_view type) {
  Open open{gate.call(), Peer()};
  open.caller.send(Gate::get(instance, token));
  open.upstream = gate.upstream.accept();
  open.upstream.read_head();
  open.upstream.send("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
                     "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  open.caller.read_head();
  EXPECT_EQ(open.caller.read_until("a\r\n"), "1\r\na\r\n");
  return open;
}

policy::AccountRow without_tokens(policy::AccountRow row) {
  row.tokens.clear();
  return row;
}

TEST(Barrier, IsCompleteOnEveryThread) {
  Gate gate({.threads = 3});
  const BarrierReport report = gate.plane->barrier({}, Millis(10'000));
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.threads, 3U);
  EXPECT_EQ(report.threads_of, 3U);
  EXPECT_EQ(report.ticket, nullptr);
}

TEST(Barrier, WithoutThreadsIsCompleteAtOnce) {
  Gate gate;
  gate.plane->stop();
  EXPECT_TRUE(gate.plane->barrier({}, Millis(0)).complete);
}

TEST(Barrier, ThatDidNotWaitCompletesLater) {
  Gate gate;
  BarrierReport report = gate.plane->barrier({}, Millis(0));
  while (!report.complete) {
    ASSERT_NE(report.ticket, nullptr);
    std::this_thread::yield();
    report = DataPlane::query(report.ticket);
  }
  EXPECT_EQ(report.threads, 1U);
}

TEST(Redecide, RevocationCutsATunnelAndCountsIt) {
  Gate gate;
  Open open = open_tunnel(gate, "i1", kToken);
  const BarrierReport report = gate.change(without_tokens(gate.acme));
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.streams_closed, 1U);
  EXPECT_TRUE(open.caller.is_cut());
  EXPECT_TRUE(open.upstream.is_cut());
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
}

TEST(Redecide, AnEventStreamIsCutToo) {
  Gate gate;
  Open open = open_response(gate, "i1", kToken, "text/event-stream; charset=utf-8");
  EXPECT_EQ(gate.change(without_tokens(gate.acme)).streams_closed, 1U);
  EXPECT_TRUE(open.caller.is_cut());
}

TEST(Redecide, WhatIsStillAllowedLivesOn) {
  Gate gate;
  Open open = open_tunnel(gate, "i1", kToken);
  policy::AccountRow rotated = gate.acme;
  rotated.tokens.push_back({crypto::sha256(kOther), policy::TokenState::Next, std::nullopt});
  EXPECT_EQ(gate.change(rotated).streams_closed, 0U);
  open.upstream.send("y");
  EXPECT_EQ(open.caller.read_bytes(1), "y");
}

TEST(Redecide, OtherAccountsAreLeftAlone) {
  Gate gate;
  Open open = open_tunnel(gate, "m1", "");
  EXPECT_EQ(gate.change(without_tokens(gate.acme)).streams_closed, 0U);
  open.upstream.send("y");
  EXPECT_EQ(open.caller.read_bytes(1), "y");
}

TEST(Redecide, ActivationCutsStreamsWithoutToken) {
  Gate gate;
  Open with = open_tunnel(gate, "m1", kToken);
  Open without = open_tunnel(gate, "m1", "");
  gate.mona.enforce = true;
  EXPECT_EQ(gate.change(gate.mona).streams_closed, 1U);
  EXPECT_TRUE(without.caller.is_cut());
  with.upstream.send("y");
  EXPECT_EQ(with.caller.read_bytes(1), "y");
}

TEST(Redecide, ByInstance) {
  Gate gate;
  Open open = open_tunnel(gate, "i1", kToken);
  gate.snapshot.erase_instance("i1");
  const BarrierReport report = gate.plane->barrier(
      {.account_number = std::nullopt, .instance = gate.snapshot.hash_id("i1")}, Millis(5'000));
  EXPECT_EQ(report.streams_closed, 1U);
  EXPECT_TRUE(open.caller.is_cut());
}

TEST(Redecide, AnOrdinaryAnswerMayFinish) {
  Gate gate;
  Open open = open_response(gate, "i1", kToken, "application/json");
  const BarrierReport report = gate.change(without_tokens(gate.acme));
  EXPECT_EQ(report.streams_closed, 0U);
  EXPECT_EQ(report.left_to_finish, 1U);
  open.upstream.send("1\r\nb\r\n0\r\n\r\n");
  EXPECT_EQ(open.caller.read_until("0\r\n\r\n"), "1\r\nb\r\n0\r\n\r\n");
}

TEST(Redecide, ButNotBeyondTheAgeOfAStream) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.timeouts.stream_after = Millis(300); }});
  Open open = open_response(gate, "i1", kToken, "application/json");
  const BarrierReport report = gate.change(without_tokens(gate.acme));
  EXPECT_EQ(report.streams_closed + report.left_to_finish, 1U);
  EXPECT_TRUE(open.caller.is_cut());
}

TEST(Redecide, AMarkedExchangeThatBecomesATunnelIsCutThere) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, kUpgrade));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  EXPECT_EQ(gate.change(without_tokens(gate.acme)).left_to_finish, 1U);
  upstream.send(std::string(kSwitched) + "secret");
  EXPECT_FALSE(has(caller.read_all(), "secret"));
  EXPECT_TRUE(upstream.is_cut());
}

// No request that begins after an acknowledged change is decided by the old state.
TEST(Redecide, EveryRequestAfterAnAcknowledgedChangeSeesIt) {
  Gate gate({.threads = 2});
  std::vector<Peer> callers;
  for (int i = 0; i < 8; ++i) callers.push_back(gate.call());
  policy::AccountRow open = gate.acme;
  for (int round = 0; round < 100; ++round) {
    open.enforce = round % 2 == 1;
    ASSERT_TRUE(gate.change(open).complete);
    for (Peer& caller : callers) caller.send(Gate::get("i1", "", "X-Probe: 1\r\n"));
    for (Peer& caller : callers) {
      if (open.enforce) {
        ASSERT_TRUE(has(caller.read_response(), "token_missing")) << round;
      }
    }
    if (open.enforce) continue;
    // Allowed ones wait at the upstream; they are answered there, whichever connection they took.
    for (std::size_t i = 0; i < callers.size(); ++i) {
      Peer upstream = gate.upstream.accept();
      upstream.read_head();
      upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
      upstream.finish_sending();
    }
    for (Peer& caller : callers) ASSERT_EQ(body_of(caller.read_response()), "ok") << round;
  }
}

}  // namespace
}  // namespace guarita::proxy::testing
