#include "http/chunked.h"
#include "http/serialise.h"
#include "http/testing.h"

namespace guarita::http {
namespace {

OutgoingResponse outgoing() {
  OutgoingResponse made;
  made.date = "Tue, 24 Nov 2026 11:00:00 GMT";
  made.via_name = "guarita-7f3a";
  made.token_header = "Client-Token";
  return made;
}
std::string answer(const std::string& text, const OutgoingResponse& to) {
  const ResponseHead head = testing::good_response(text, {to.method, Upgrade::None});
  std::string out;
  append_response(out, head, to);
  return out;
}
SentBody sent(const std::string& text, const OutgoingResponse& to) {
  const ResponseHead head = testing::good_response(text, {to.method, Upgrade::None});
  std::string out;
  return append_response(out, head, to);
}
const std::string kDateVia = "Date: Tue, 24 Nov 2026 11:00:00 GMT\r\nVia: 1.1 guarita-7f3a\r\n";

TEST(SerialiseResponse, IsWrittenAnew) {
  EXPECT_EQ(answer("HTTP/1.1 201 Made it\r\nA:  b \r\nContent-Length: 05\r\nConnection: X\r\n"
                   "x: y\r\nKeep-Alive: timeout=5\r\nAlt-Svc: h3=\":443\"\r\n"
                   "Guarita-Reason: forged\r\nguarita_x: y\r\nContent_Length: 7\r\n\r\n",
                   outgoing()),
            "HTTP/1.1 201 Made it\r\nA: b\r\n" + kDateVia + "Content-Length: 5\r\n\r\n");
}

TEST(SerialiseResponse, EveryAnswerHasADate) {
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: date\r\n"
                   "Content-Length: 0\r\n\r\n",
                   outgoing()),
            "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nVia: 1.1 guarita-7f3a\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(SerialiseResponse, FramingFitsTheCaller) {
  OutgoingResponse to = outgoing();
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string until_close = "HTTP/1.1 200 OK\r\n\r\n";
  for (const std::string& text : {chunked, until_close}) {
    EXPECT_EQ(sent(text, to).framing, Framing::Chunked);
    EXPECT_TRUE(sent(text, to).keep_alive);
    EXPECT_NE(answer(text, to).find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  }
  to.caller = Version::Http10;
  for (const std::string& text : {chunked, until_close}) {
    EXPECT_EQ(sent(text, to).framing, Framing::UntilClose);
    EXPECT_FALSE(sent(text, to).keep_alive);
    EXPECT_EQ(answer(text, to).find("Transfer-Encoding"), std::string::npos);
    EXPECT_NE(answer(text, to).find("\r\nConnection: close\r\n"), std::string::npos);
  }
  to = outgoing();
  to.keep_alive = false;
  EXPECT_NE(answer(chunked, to).find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(SerialiseResponse, WithoutABody) {
  OutgoingResponse to = outgoing();
  to.method = Method::Head;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", to),
            "HTTP/1.1 200 OK\r\n" + kDateVia + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(sent("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", to).framing, Framing::None);
  EXPECT_EQ(answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", outgoing()),
            "HTTP/1.1 204 No Content\r\n" + kDateVia + "\r\n");
  EXPECT_EQ(
      answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n", outgoing()),
      "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" + kDateVia + "Content-Length: 5\r\n\r\n");
}

TEST(SerialiseResponse, CacheGuardKeepsSharedCachesOut) {
  OutgoingResponse to = outgoing();
  to.cache = CacheGuard::Private;
  const auto guarded = [&to](const std::string& lines) {
    const std::string text =
        answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + "\r\n", to);
    const std::size_t from = text.find("Date:");
    EXPECT_EQ(text.substr(0, from), "HTTP/1.1 200 OK\r\n") << "all else went or follows";
    const std::size_t cache = text.find("\r\n", from) + 2;
    return text.substr(cache, text.find("Via:") - cache);
  };
  EXPECT_EQ(guarded(""), "Cache-Control: private\r\nVary: Client-Token\r\n");
  EXPECT_EQ(guarded("Cache-Control: public, max-age=60, s-maxage=600\r\n"),
            "Cache-Control: private, max-age=60\r\nVary: Client-Token\r\n");
  EXPECT_EQ(guarded("cache-control: PUBLIC\r\nCache-Control: S-MaxAge = 5 ,no-transform\r\n"),
            "Cache-Control: private, no-transform\r\nVary: Client-Token\r\n");
  EXPECT_EQ(guarded("Cache-Control: private=\"a, public\", no-cache=\"b, s-maxage=5\"\r\n"),
            "Cache-Control: private, no-cache=\"b, s-maxage=5\"\r\nVary: Client-Token\r\n");
  EXPECT_EQ(guarded("Cache-Control: x=\"open, max-age=5\r\n"),
            "Cache-Control: private\r\nVary: Client-Token\r\n");
  EXPECT_EQ(
      guarded("CDN-Cache-Control: max-age=5\r\nSurrogate-Control: max-age=5\r\n"
              "Cloudflare-CDN-Cache-Control: x\r\nX-Accel-Expires: 60\r\nEdge_Control: y\r\n"),
      "Cache-Control: private\r\nVary: Client-Token\r\n");
}

TEST(SerialiseResponse, VaryIsAddedTo) {
  OutgoingResponse to = outgoing();
  to.cache = CacheGuard::Private;
  const std::string two =
      answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVary: Accept\r\nVary: Origin\r\n\r\n", to);
  EXPECT_NE(two.find("Vary: Accept\r\nVary: Origin\r\n"), std::string::npos);
  EXPECT_NE(two.find("Vary: Client-Token\r\n"), std::string::npos);
  const std::string all = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVary: *\r\n\r\n", to);
  EXPECT_EQ(all.find("Vary: Client-Token"), std::string::npos);
}

TEST(SerialiseResponse, CachesAreLeftAloneWhileNothingIsEnforced) {
  const std::string text = answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: public\r\nCDN-Cache-Control: "
      "a\r\n\r\n",
      outgoing());
  EXPECT_NE(text.find("Cache-Control: public\r\nCDN-Cache-Control: a\r\n"), std::string::npos);
  EXPECT_EQ(text.find("Vary"), std::string::npos);
}

TEST(SerialiseResponse, SetFieldsReplaceTheUpstreams) {
  const SetField set[] = {{"X-Request-Id", "r-1"}};
  OutgoingResponse to = outgoing();
  to.set = set;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nx-request-id: forged\r\nContent-Length: 0\r\n\r\n", to),
            "HTTP/1.1 200 OK\r\n" + kDateVia + "X-Request-Id: r-1\r\nContent-Length: 0\r\n\r\n");
}

TEST(SerialiseResponse, SwitchingProtocols) {
  const std::string text =
      "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
      "a\r\n\r\n";
  const ResponseHead head = testing::good_response(text, {Method::Get, Upgrade::WebSocket});
  std::string out;
  const SentBody body = append_response(out, head, outgoing());
  EXPECT_EQ(out, "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: a\r\n" + kDateVia +
                     "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_FALSE(body.keep_alive);
}

TEST(SerialiseResponse, Interim) {
  const std::string text = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nGuarita-X: y\r\n\r\n";
  const ResponseHead head = testing::good_response(text);
  std::string out;
  append_interim(out, head);
  EXPECT_EQ(out, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST(SerialiseResponse, TrailersThatSteerNothingPass) {
  ChunkedDecoder decoder;
  decoder.reset();
  const std::string text =
      "0\r\nGrpc-Status: 0\r\nContent-Length: 5\r\nSet-Cookie: a\r\nCache_Control: public\r\n"
      "Guarita-Reason: x\r\nServer-Timing: db\r\nX-Accel-Redirect: /\r\n\r\n";
  ASSERT_EQ(decoder.next(text, Limits{}).what, ChunkedDecoder::What::End);
  std::string out;
  append_last_chunk(out, decoder.trailers());
  EXPECT_EQ(out, "0\r\nGrpc-Status: 0\r\nServer-Timing: db\r\n\r\n");
}

TEST(LocalAnswers, HaveLengthDateAndNoBodyForHead) {
  const SetField set[] = {{"Guarita-Reason", "token_missing"}};
  const LocalAnswer denied{403, "application/json", "{\"error\":\"null not allowed\"}", set};
  const std::string head =
      "HTTP/1.1 403 Forbidden\r\nDate: Tue, 24 Nov 2026 11:00:00 GMT\r\n"
      "Content-Type: application/json\r\nGuarita-Reason: token_missing\r\nContent-Length: 28\r\n";
  OutgoingResponse to = outgoing();
  std::string out;
  append_answer(out, denied, to);
  EXPECT_EQ(out, head + "\r\n{\"error\":\"null not allowed\"}");
  out.clear();
  to.method = Method::Head;
  to.keep_alive = false;
  append_answer(out, denied, to);
  EXPECT_EQ(out, head + "Connection: close\r\n\r\n");
}

TEST(HttpDate, IsImfFixdate) {
  HttpDate date;
  EXPECT_EQ(date.text(Time(Millis(784111777000))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.text(Time(Millis(784111777999))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.text(Time(Millis(1709164800000))), "Thu, 29 Feb 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace guarita::http
