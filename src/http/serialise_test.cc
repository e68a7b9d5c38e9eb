#include "http/serialise.h"

#include "http/testing.h"

namespace guarita::http {
namespace {

RequestRules rules(std::vector<std::string> removed = {"Client-Token"}) {
  RequestRules made;
  made.removed = make_removed_names(removed);
  made.via_name = "guarita-7f3a";
  return made;
}

std::string forward(const std::string& text, const OutgoingRequest& outgoing,
                    const RequestRules& made = rules()) {
  const RequestHead head = testing::good_request(text);
  Target target;
  EXPECT_EQ(target.assign(head, SlashMerging::Keep), ErrorCode::None);
  std::string out;
  append_request(out, head, target, made, outgoing);
  return out;
}
std::string forward(const std::string& text) {
  OutgoingRequest outgoing;
  outgoing.host = "up:9000";
  return forward(text, outgoing);
}
constexpr std::string_view kVia = "Via: 1.1 guarita-7f3a\r\n";

// "name=value|…" of the request's HTTP/2 fields.
std::string listed(const std::string& text, const OutgoingRequest& outgoing,
                   const RequestRules& made = rules()) {
  const RequestHead head = testing::good_request(text);
  Target target;
  EXPECT_EQ(target.assign(head, SlashMerging::Keep), ErrorCode::None);
  FieldList list;
  list_request(list, head, target, made, outgoing);
  std::string out;
  for (const SetField& field : list.fields)
    out.append(field.name).append("=").append(field.value).append("|");
  return out;
}

TEST(ListRequest, IsTheSameRequestWithoutWhatNamesAConnection) {
  OutgoingRequest outgoing;
  outgoing.path_prefix = "/api";
  outgoing.host = "up:9000";
  outgoing.max_forwards = 7;
  const SetField account{"X-Account-Id", "acme"};
  outgoing.set = {&account, 1};
  RequestRules made = rules();
  made.constant_lines.emplace_back("Authorization: Basic abc\r\n");
  EXPECT_EQ(
      listed("POST /a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\nClient_Token: t\r\n"
             "Client-Token: t\r\nConnection: te, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n"
             "Keep-Alive: 5\r\nUpgrade: h2c\r\nX-Account-Id: victim\r\nMax-Forwards: 8\r\n"
             "Accept: a\r\n\r\n",
             outgoing, made),
      ":method=POST|:scheme=http|:authority=up:9000|:path=/api/a?x=1|Accept=a|X-Account-Id=acme|"
      "Authorization=Basic abc|max-forwards=7|via=1.1 guarita-7f3a|content-length=5|te=trailers|");
  EXPECT_EQ(listed("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
                   {.path_prefix = {}, .host = "up", .set = {}}),
            ":method=PUT|:scheme=http|:authority=up|:path=/|via=1.1 guarita-7f3a|");
}

TEST(SerialiseRequest, WhatWasDecidedByPassesUnderItsOwnNameAlone) {
  RequestRules made = rules();
  made.passed = PassedNames({"x-instance", "plain_name"});
  OutgoingRequest outgoing;
  outgoing.host = "up:9000";
  EXPECT_EQ(forward("GET /a HTTP/1.1\r\nHost: h\r\nX-INSTANCE: 1\r\nX_Instance: 2\r\n"
                    "x.instance: 3\r\nPlain_Name: 4\r\nplain-name: 5\r\nX-Instance-: 6\r\n\r\n",
                    outgoing, made),
            "GET /a HTTP/1.1\r\nHost: up:9000\r\nX-INSTANCE: 1\r\nPlain_Name: 4\r\n"
            "X-Instance-: 6\r\n" +
                std::string(kVia) + "\r\n");
}

TEST(SerialiseRequest, IsWrittenAnew) {
  EXPECT_EQ(forward("POST /%61?x=%61 HTTP/1.1\r\nhOST: h\r\nA:   b  \r\nContent-Length: 005\r\n"
                    "traceparent: 00-1\r\n\r\n"),
            "POST /a?x=%61 HTTP/1.1\r\nHost: up:9000\r\nA: b\r\ntraceparent: 00-1\r\n" +
                std::string(kVia) + "Content-Length: 5\r\n\r\n");
}

TEST(SerialiseRequest, FramingIsTheHeads) {
  EXPECT_EQ(forward("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: up:9000\r\n" + std::string(kVia) +
                "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(
      forward("DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n"),
      "DELETE / HTTP/1.1\r\nHost: up:9000\r\n" + std::string(kVia) + "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(forward("GET / HTTP/1.0\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: up:9000\r\nVia: 1.0 guarita-7f3a\r\n\r\n");
}

TEST(SerialiseRequest, HopByHopLinesAndThoseConnectionNamesAreDropped) {
  EXPECT_EQ(
      forward("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\n"
              "Proxy-Connection: a\r\nProxy-Authorization: b\r\nTrailer: c\r\nTE: gzip\r\n"
              "Upgrade: h2c\r\nHTTP2-Settings: d\r\nx-hop: e\r\nX-Hop-2: f\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: up:9000\r\nX-Hop-2: f\r\n" + std::string(kVia) + "\r\n");
}

TEST(SerialiseRequest, TokenHeaderAndEveryAliasAreRemoved) {
  const std::string text =
      "GET / HTTP/1.1\r\nHost: h\r\nClient-Token: t\r\nCLIENT_TOKEN: t\r\nclient.token: t\r\n"
      "Client-Tokens: u\r\n\r\n";
  EXPECT_EQ(forward(text),
            "GET / HTTP/1.1\r\nHost: up:9000\r\nClient-Tokens: u\r\n" + std::string(kVia) + "\r\n");
  OutgoingRequest outgoing;
  outgoing.host = "up";
  EXPECT_NE(forward(text, outgoing, rules({})).find("\r\nClient-Token: t\r\n"), std::string::npos)
      << "the operator may ask to forward it";
}

TEST(SerialiseRequest, InboundCopiesOfWhatTheGateSetsAreRemoved) {
  const SetField set[] = {{"X-Account-Id", "acc"}, {"X-Forwarded-For", "1.1.1.1"}};
  OutgoingRequest outgoing;
  outgoing.host = "up";
  outgoing.path_prefix = "/base";
  outgoing.set = set;
  RequestRules made = rules();
  made.constant_lines = {"apikey: secret\r\n"};
  std::string text = "GET /a HTTP/1.1\r\nHost: h\r\n";
  for (const auto* name : {"X-Account-Id",
                           "x_account.id",
                           "X-Instance-Id",
                           "X_Instance_Id",
                           "X-Forwarded-For",
                           "X_Forwarded_For",
                           "X-Forwarded-Proto",
                           "X-Forwarded-Host",
                           "X-Forwarded-Prefix",
                           "Forwarded",
                           "X-Request-Id",
                           "X-Real-IP",
                           "Guarita-Reason",
                           "Guarita_Reason",
                           "X-Original-URL",
                           "X-Rewrite-Url",
                           "Content_Length",
                           "Transfer_Encoding",
                           "Transfer.Encoding",
                           "Host_",
                           "ho.st",
                           "Conn_ection"})
    text += std::string(name) + ": spoof\r\n";
  EXPECT_EQ(forward(text + "\r\n", outgoing, made),
            "GET /base/a HTTP/1.1\r\nHost: up\r\nHost_: spoof\r\nho.st: spoof\r\n"
            "Conn_ection: spoof\r\nX-Account-Id: acc\r\nX-Forwarded-For: 1.1.1.1\r\n"
            "apikey: secret\r\n" +
                std::string(kVia) + "\r\n");
}

TEST(SerialiseRequest, ViaExpectTrailersAndMaxForwards) {
  OutgoingRequest outgoing;
  outgoing.host = "up";
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nVia: 1.0 a\r\nExpect: 100-continue\r\nMax-Forwards: 7\r\n"
      "TE: trailers\r\nContent-Length: 1\r\n\r\n";
  const std::string tail = "Content-Length: 1\r\nTE: trailers\r\nConnection: TE\r\n\r\n";
  EXPECT_EQ(forward(text, outgoing),
            "POST / HTTP/1.1\r\nHost: up\r\nVia: 1.0 a\r\n"
            "Max-Forwards: 7\r\n" +
                std::string(kVia) + tail);
  outgoing.expect = ExpectForwarding::Forward;
  outgoing.max_forwards = 6;
  EXPECT_EQ(forward(text, outgoing),
            "POST / HTTP/1.1\r\nHost: up\r\nVia: 1.0 a\r\n"
            "Expect: 100-continue\r\nMax-Forwards: 6\r\n" +
                std::string(kVia) + tail);
}

TEST(SerialiseRequest, WebSocketHandshake) {
  EXPECT_EQ(forward("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: k\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: up:9000\r\nSec-WebSocket-Key: k\r\n" + std::string(kVia) +
                "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(SerialiseRequest, AppendsAfterWhatIsThere) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const RequestHead head = testing::good_request(text);
  Target target;
  ASSERT_EQ(target.assign(head, SlashMerging::Keep), ErrorCode::None);
  std::string out = "before|";
  OutgoingRequest outgoing;
  outgoing.host = "up";
  append_request(out, head, target, rules(), outgoing);
  append_request(out, head, target, rules(), outgoing);
  const std::string one = "GET / HTTP/1.1\r\nHost: up\r\n" + std::string(kVia) + "\r\n";
  EXPECT_EQ(out, "before|" + one + one);
}

// What we write, we read: the canonical head parses to itself.
TEST(SerialiseRequest, CanonicalFormIsAFixedPoint) {
  const std::string first =
      forward("POST /a//b;c=%7e?q HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 3\r\n\r\n");
  std::string second = forward(first);
  const std::size_t via = second.find(kVia);
  ASSERT_NE(via, std::string::npos);
  second.erase(via, kVia.size());
  EXPECT_EQ(second, first);
}

TEST(FieldValues, AreClean) {
  EXPECT_TRUE(is_field_value("a b"));
  EXPECT_TRUE(is_field_value(""));
  for (const auto* bad : {" a", "a\t", "a\r\nb", "a\nb", "a\x7f"})
    EXPECT_FALSE(is_field_value(bad));
}

}  // namespace
}  // namespace guarita::http
