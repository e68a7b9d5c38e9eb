// The upstream's side: failures, retries, hostile responses, and that the gate recovers.
#include <gtest/gtest.h>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

// The gate serves on after whatever happened: a request on a new connection passes.
void expect_recovery(Gate& gate) {
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "GET "));
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

// Leaves an idle connection in the gate's pool.
Peer warm_up(Gate& gate, Peer& caller) {
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  return upstream;
}

TEST(Upstream, RefusedIs502) {
  Gate gate;
  gate.upstream.close();
  Peer caller = gate.call();
  for (int i = 0; i < 2; ++i) {  // and the caller's connection lives on
    caller.send(Gate::get("i1", kToken));
    const std::string response = caller.read_response();
    EXPECT_TRUE(has(response, "HTTP/1.1 502 ")) << response;
    EXPECT_EQ(body_of(response), R"({"error":"Instance unavailable"})");
  }
}

TEST(Upstream, ClosedBeforeAResponseIsRetriedOnceForGet) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer first = gate.upstream.accept();
  first.read_head();
  first.close();
  Peer second = gate.upstream.accept();
  EXPECT_TRUE(has(second.read_head(), "GET "));
  second.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(Upstream, OnceOnly) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  for (int i = 0; i < 2; ++i) {
    Peer upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.reset();
  }
  const std::string response = caller.read_response();
  EXPECT_TRUE(has(response, "HTTP/1.1 502 ")) << response;
  EXPECT_TRUE(has(response, "Guarita-Reason: upstream_closed\r\n")) << response;
  EXPECT_TRUE(gate.upstream.nobody_came());
  expect_recovery(gate);
}

TEST(Upstream, PostIsNeverRetried) {
  Gate gate;
  Peer caller = gate.call();
  for (const std::string_view body : {"", "x"}) {
    caller.send(Gate::request("POST", "i1", kToken,
                              "Content-Length: " + std::to_string(body.size()) + "\r\n"));
    caller.send(body);
    Peer upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.read_bytes(body.size());
    upstream.close();
    EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 "));
  }
  EXPECT_TRUE(gate.upstream.nobody_came());
  expect_recovery(gate);
}

TEST(Upstream, PutWithABodyConsumedIsNotRetried) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::request("PUT", "i1", kToken, "Content-Length: 1\r\n") + "x");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.read_bytes(1);
  upstream.close();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 "));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Upstream, NoRetryAfterAByteOfTheResponse) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 2");
  upstream.close();
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 502 "));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Upstream, AnIdleConnectionThatClosesIsNotUsedAgain) {
  Gate gate;
  Peer caller = gate.call();
  {
    Peer upstream = warm_up(gate, caller);
    upstream.close();
  }
  // A barrier is a full turn of the gate's loop: it has seen the close.
  gate.plane->barrier({}, Millis(5'000));
  gate.plane->barrier({}, Millis(5'000));
  caller.send(Gate::request("POST", "i1", kToken, "Content-Length: 0\r\n"));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "POST "));
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(Upstream, HostileResponsesAre502AndTheirConnectionIsGone) {
  for (const std::string_view hostile :
       {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "HTTP/2 200\r\n\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\n\r\n"}) {
    Gate gate;
    Peer caller = gate.call();
    caller.send(Gate::get("i1", kToken));
    Peer upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.send(hostile);
    const std::string response = caller.read_response();
    EXPECT_TRUE(has(response, "HTTP/1.1 502 ")) << hostile << response;
    EXPECT_TRUE(upstream.is_cut()) << hostile;
    expect_recovery(gate);
  }
}

TEST(Upstream, BytesAfterTheEndReachNobody) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send(std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_TRUE(upstream.is_cut());
  expect_recovery(gate);
}

TEST(Upstream, ATruncatedResponseDoesNotLookWhole) {
  Gate gate;
  struct Case {
    std::string_view sent, end;
  };
  for (const Case& c :
       {Case{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "abc"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc\r\n"}}) {
    Peer caller = gate.call();
    caller.send(Gate::get("i1", kToken));
    Peer upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.send(c.sent);
    upstream.close();
    const std::string response = caller.read_all();
    EXPECT_TRUE(response.ends_with(c.end)) << response;
  }
  expect_recovery(gate);
}

TEST(Upstream, UntilCloseBecomesChunked) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("m1", ""));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.0 200 OK\r\n\r\nall of it");
  upstream.close();
  const std::string response = caller.read_until("0\r\n\r\n");
  EXPECT_TRUE(has(response, "Transfer-Encoding: chunked\r\n")) << response;
  EXPECT_TRUE(has(response, "all of it")) << response;
  caller.send(Gate::get("i1", ""));  // the caller's connection lives on
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
}

TEST(Upstream, ChunksAreFramedAnewAndTrailersPassOnlyToThoseWhoAsked) {
  Gate gate;
  for (const std::string_view te : {"", "TE: trailers\r\nConnection: te\r\n"}) {
    Peer caller = gate.call();
    caller.send(Gate::get("i1", kToken, te));
    Peer upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "1;ext=1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 6\r\nContent-Length: 1\r\n\r\n");
    const std::string head = caller.read_head();
    EXPECT_TRUE(has(head, "Transfer-Encoding: chunked\r\n")) << head;
    if (te.empty()) {
      EXPECT_EQ(caller.read_until("0\r\n\r\n"), "3\r\nabc\r\n0\r\n\r\n");
    } else {
      EXPECT_EQ(caller.read_until("\r\n\r\n"), "3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n");
    }
  }
}

TEST(Upstream, InterimResponsesPass) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 103 "));
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(Upstream, TheResponseHeadHasADeadline) {
  Gate gate({.tune = [](Tuning& tuning) { tuning.timeouts.response_head = Millis(200); }});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  const std::string response = caller.read_response();
  EXPECT_TRUE(has(response, "HTTP/1.1 504 ")) << response;
  EXPECT_EQ(body_of(response), R"({"error":"Instance timed out"})");
  EXPECT_TRUE(upstream.is_cut());
  expect_recovery(gate);
}

TEST(Upstream, OneOfTheInstanceItsPrefixAndItsCredential) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.upstream_headers.push_back({.name = "Authorization", .value = Secret("Basic abc")});
  }});
  RawUpstream own;
  gate.snapshot.put_instance({"i1", gate.acme.key, own.url() + "/api", std::nullopt});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, "Authorization: mine\r\n"));
  Peer upstream = own.accept();
  const std::string seen = upstream.read_head();
  EXPECT_TRUE(has(seen, "GET /api/instances/i1/status ")) << seen;
  EXPECT_TRUE(has(seen, "Host: 127.0.0.1:" + std::to_string(own.port()) + "\r\n")) << seen;
  EXPECT_TRUE(has(seen, "Authorization: Basic abc\r\n")) << seen;
  EXPECT_FALSE(has(seen, "mine")) << seen;
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Upstream, ByNameResolvedInTheBackground) {
  Gate gate;
  RawUpstream own;
  gate.snapshot.put_instance(
      {"i1", gate.acme.key, "http://localhost:" + std::to_string(own.port()), std::nullopt});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = own.accept();
  upstream.read_head();
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
}

TEST(Upstream, OverAUnixSocket) {
  Gate gate;
  const std::string path = ::testing::TempDir() + "guarita-" + std::to_string(::getpid()) + ".sock";
  ::unlink(path.c_str());
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 8), 0);
  gate.snapshot.put_instance({"i1", gate.acme.key, "unix:" + path + ":/p", std::nullopt});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream(::accept(listening, nullptr, nullptr));
  const std::string seen = upstream.read_head();
  EXPECT_TRUE(has(seen, "GET /p/instances/i1/status ")) << seen;
  EXPECT_TRUE(has(seen, "Host: localhost\r\n")) << seen;
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  ::close(listening);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace guarita::proxy::testing
