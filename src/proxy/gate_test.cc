// Requests and answers: who passes, who is told what, and that the connection lives on.
#include <gtest/gtest.h>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

TEST(Gate, PassesARequestWithTheTokenAndTakesItOut) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken, "User-Agent: t\r\nX-Account-Id: forged\r\n"));
  Peer upstream = gate.upstream.accept();
  const std::string seen = upstream.read_head();
  EXPECT_TRUE(has(seen, "GET /instances/i1/status HTTP/1.1\r\n")) << seen;
  EXPECT_TRUE(has(seen, "X-Account-Id: acme\r\n")) << seen;
  EXPECT_TRUE(has(seen, "X-Instance-Id: i1\r\n")) << seen;
  EXPECT_TRUE(has(seen, "X-Forwarded-For: 127.0.0.1\r\n")) << seen;
  EXPECT_TRUE(has(seen, "X-Forwarded-Host: gate\r\n")) << seen;
  EXPECT_TRUE(has(seen, "User-Agent: t\r\n")) << seen;
  EXPECT_TRUE(has(seen, "guarita-test")) << seen;
  EXPECT_FALSE(has(seen, kToken)) << seen;
  EXPECT_FALSE(has(seen, "forged")) << seen;
  upstream.send(kOk);
  const std::string response = caller.read_response();
  EXPECT_TRUE(has(response, "HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_TRUE(has(response, "Cache-Control: private")) << response;
  EXPECT_TRUE(has(response, "X-Request-Id: ")) << response;
  EXPECT_TRUE(has(response, "Date: ")) << response;
  EXPECT_EQ(body_of(response), "ok");
}

TEST(Gate, ReusesBothConnections) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", kToken));
  Peer upstream = gate.upstream.accept();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(has(upstream.read_head(), "GET ")) << i;
    upstream.send(kOk);
    ASSERT_EQ(body_of(caller.read_response()), "ok") << i;
    caller.send(Gate::get(i % 2 == 0 ? "m1" : "i1", kToken));
  }
  EXPECT_TRUE(has(upstream.read_head(), "GET "));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Gate, DenialsAreTheDocumentedBytesAndTheUpstreamSeesNothing) {
  Gate gate;
  struct Case {
    std::string_view token, more, status, body, reason;
  };
  const std::string duplicate = "Client-Token: " + std::string(kToken) + "\r\n";
  for (const Case& c : {
           Case{"", "", "403", R"({"error":"null not allowed"})", "token_missing"},
           Case{"null", "", "403", R"({"error":"null not allowed"})", "token_placeholder"},
           Case{kOther, "", "403", R"({"error":"gta_****43 not allowed"})", "token_not_accepted"},
           Case{kToken, duplicate, "403", R"({"error":"**** not allowed"})", "token_duplicate"},
           Case{"short", "", "403", R"({"error":"**** not allowed"})", "token_malformed"},
       }) {
    Peer caller = gate.call();
    caller.send(Gate::get("i1", c.token, c.more));
    const std::string response = caller.read_response();
    EXPECT_TRUE(has(response, "HTTP/1.1 " + std::string(c.status) + " ")) << response;
    EXPECT_TRUE(has(response, "Guarita-Reason: " + std::string(c.reason) + "\r\n")) << response;
    EXPECT_TRUE(has(response, "Content-Type: application/json\r\n")) << response;
    EXPECT_TRUE(has(response, "Cache-Control: no-store\r\n")) << response;
    EXPECT_EQ(body_of(response), c.body);
    caller.send(Gate::get("nowhere", kToken));  // the connection lives on
    EXPECT_EQ(body_of(caller.read_response()), R"({"error":"Instance not found"})");
  }
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Gate, UnmatchedRoutesAreNeverForwarded) {
  Gate gate;
  Peer caller = gate.call();
  caller.send("GET /other HTTP/1.1\r\nHost: gate\r\n\r\n");
  const std::string response = caller.read_response();
  EXPECT_TRUE(has(response, "HTTP/1.1 404 ")) << response;
  EXPECT_EQ(body_of(response), R"({"error":"Route not found"})");
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Gate, MonitorLetsEverythingPass) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("m1", ""));
  Peer upstream = gate.upstream.accept();
  EXPECT_TRUE(has(upstream.read_head(), "X-Account-Id: mona\r\n"));
  upstream.send(kOk);
  const std::string response = caller.read_response();
  EXPECT_EQ(body_of(response), "ok");
  EXPECT_FALSE(has(response, "Cache-Control")) << response;
}

TEST(Gate, DenialToHeadHasNoBody) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::request("HEAD", "i1", ""));
  const std::string head = caller.read_head();
  EXPECT_TRUE(has(head, "HTTP/1.1 403 ")) << head;
  EXPECT_TRUE(has(head, "Content-Length: 28\r\n")) << head;
  caller.send(Gate::request("HEAD", "i1", ""));
  EXPECT_TRUE(has(caller.read_head(), "HTTP/1.1 403 "));  // nothing lay between
}

TEST(Gate, PipelinedRequestsAreAnsweredInOrder) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", "") + Gate::get("i1", kToken) + Gate::get("nowhere", kToken));
  EXPECT_EQ(body_of(caller.read_response()), R"({"error":"null not allowed"})");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send(kOk);
  EXPECT_EQ(body_of(caller.read_response()), "ok");
  EXPECT_EQ(body_of(caller.read_response()), R"({"error":"Instance not found"})");
}

TEST(Gate, TheSameAnswerAtEverySplitPoint) {
  Gate gate;
  const std::string sent =
      Gate::request("POST", "i1", "", "Content-Length: 5\r\n") + "hello" + Gate::get("i1", "null");
  for (std::size_t at = 1; at < sent.size(); at += 3) {
    Peer caller = gate.call();
    caller.send(sent.substr(0, at));
    caller.send(sent.substr(at));
    ASSERT_EQ(body_of(caller.read_response()), R"({"error":"null not allowed"})") << at;
    ASSERT_EQ(body_of(caller.read_response()), R"({"error":"null not allowed"})") << at;
  }
}

TEST(Gate, MalformedIsAnsweredAndClosed) {
  Gate gate;
  for (const std::string_view sent :
       {"GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /instances/i1/../x HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    Peer caller = gate.call();
    caller.send(sent);
    const std::string response = caller.read_response();
    EXPECT_TRUE(has(response, "HTTP/1.1 4")) << sent << response;
    EXPECT_TRUE(has(response, "Connection: close\r\n")) << response;
    EXPECT_TRUE(has(response, "{\"error\":\"")) << response;
    EXPECT_TRUE(caller.reads_end()) << sent;
  }
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Gate, Http10IsAnsweredOnceAndClosed) {
  Gate gate;
  Peer caller = gate.call();
  caller.send("GET /instances/i1/x HTTP/1.0\r\nConnection: keep-alive\r\nClient-Token: " +
              std::string(kToken) + "\r\n\r\n");
  Peer upstream = gate.upstream.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  const std::string response = caller.read_all();
  EXPECT_FALSE(has(response, "chunked")) << response;
  EXPECT_EQ(body_of(response), "abc");
}

TEST(Gate, TheAnswersAreConfigurable) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.answers.push_back({.reason = policy::Reason::TokenMissing,
                              .status = 401,
                              .body = R"({"message":"token please"})"});
    tuning.conceal_instances = Conceal::Yes;
  }});
  Peer caller = gate.call();
  caller.send(Gate::get("i1", ""));
  const std::string response = caller.read_response();
  EXPECT_TRUE(has(response, "HTTP/1.1 401 ")) << response;
  EXPECT_EQ(body_of(response), R"({"message":"token please"})");
  caller.send(Gate::get("nowhere", ""));  // concealed: as an enforcing account would say
  EXPECT_EQ(body_of(caller.read_response()), body_of(response));
}

// What two requests may differ by: the id, and the second of the clock.
std::string without_id(std::string text) {
  for (const std::string_view name : {"X-Request-Id: ", "Date: "}) {
    const std::size_t at = text.find(name);
    EXPECT_NE(at, std::string::npos) << text;
    if (at != std::string::npos) text.erase(at, text.find("\r\n", at) - at);
  }
  return text;
}

TEST(Gate, TellsBeforehandTheVeryBytesOfADenial) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.answers.push_back({.reason = policy::Reason::TokenEmpty,
                              .status = 401,
                              .body = R"({"message":"token please"})"});
  }});
  gate.acme.ip_list = {*parse_cidr("192.0.2.0/24")};
  struct Case {
    std::string_view header, token;
    policy::Reason reason;
  };
  for (const Case& c :
       {Case{"", "", policy::Reason::IpNotAllowed}, Case{"", "", policy::Reason::TokenMissing},
        Case{"Client-Token: \r\n", "", policy::Reason::TokenEmpty},
        Case{"", kOther, policy::Reason::TokenNotAccepted},
        Case{"", "short", policy::Reason::TokenMalformed}}) {
    gate.put(gate.acme);
    Peer caller = gate.call();
    caller.send(Gate::get("i1", c.token, c.header));
    const std::string told = gate.plane->answer_text(
        {.reason = c.reason, .address = *parse_ip("127.0.0.1"), .token = c.token});
    EXPECT_EQ(without_id(told), without_id(caller.read_response()));
    gate.acme.ip_list.clear();
  }
  EXPECT_EQ(gate.plane->default_upstream(), gate.upstream.url());
}

TEST(Gate, PreflightsAreAnsweredForListedOrigins) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.preflight = Preflight::Answer;
    tuning.cors_origins = {"https://app.example"};
  }});
  const std::string_view asks =
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: client-token\r\n";
  Peer caller = gate.call();
  caller.send(Gate::request("OPTIONS", "i1", "",
                            std::string("Origin: https://app.example\r\n").append(asks)));
  const std::string granted = caller.read_head();
  EXPECT_TRUE(has(granted, "HTTP/1.1 204 ")) << granted;
  EXPECT_TRUE(has(granted, "Access-Control-Allow-Origin: https://app.example\r\n")) << granted;
  EXPECT_TRUE(has(granted, "Access-Control-Allow-Headers: client-token\r\n")) << granted;
  caller.send(
      Gate::request("OPTIONS", "i1", "", std::string("Origin: https://evil\r\n").append(asks)));
  const std::string refused = caller.read_response();
  EXPECT_TRUE(has(refused, "HTTP/1.1 403 ")) << refused;
  EXPECT_FALSE(has(refused, "Access-Control")) << refused;
  caller.send(Gate::get("i1", "", "Origin: https://app.example\r\n"));
  EXPECT_TRUE(has(caller.read_response(), "Access-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_TRUE(gate.upstream.nobody_came());
}

TEST(Gate, NewTuningCountsFromTheNextRequest) {
  Gate gate;
  Peer caller = gate.call();
  caller.send(Gate::get("i1", ""));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 403 "));
  gate.plane->apply_tuning(gate.make_tuning([](Tuning& tuning) {
    tuning.answers.push_back({.reason = policy::Reason::TokenMissing, .status = 499, .body = {}});
  }));
  caller.send(Gate::get("i1", ""));
  EXPECT_TRUE(has(caller.read_response(), "HTTP/1.1 499 "));
}

TEST(Gate, CountsWhatItDid) {
  {
    Gate gate;
    Peer caller = gate.call();
    caller.send(Gate::get("i1", "") + Gate::get("i1", kOther));
    caller.read_response();
    caller.read_response();
    caller.finish_sending();
    EXPECT_TRUE(caller.reads_end());
    gate.plane->stop();
    EXPECT_EQ(gate.hub.requests_total(), 2U);
    EXPECT_EQ(gate.hub.event_total(telemetry::Event::ConnectionClosed), 1U);
    const telemetry::Deltas deltas = gate.hub.take_deltas();
    ASSERT_EQ(deltas.usage.size(), 2U);
    EXPECT_EQ(deltas.usage[0].account_id, "acme");
  }
}

}  // namespace
}  // namespace guarita::proxy::testing
