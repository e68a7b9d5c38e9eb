#include "http/admit.h"

#include "http/testing.h"

namespace guarita::http {
namespace {

Admitted admitted(std::string_view start, std::string_view fields) {
  const AdmitRules rules{make_read_names({"Client-Token", "X-Device-Id", "X-Forwarded-For"}),
                         "guarita-7f3a"};
  const std::string text =
      std::string(start) + " / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
  return admit(testing::good_request(text), rules);
}
std::string error(std::string_view start, std::string_view fields) {
  return std::string(name_of(admitted(start, fields).error));
}

TEST(Admit, TraceAndConnectAreNotAllowed) {
  EXPECT_EQ(error("TRACE", ""), "method_not_allowed");
  EXPECT_EQ(error("CONNECT", ""), "method_not_allowed");
  for (const auto* method : {"GET", "PROPFIND", "trace", "QUERY", "OPTIONS", "PATCH"})
    EXPECT_EQ(error(method, ""), "none") << method;
}

TEST(Admit, ConnectionMayNotNameWhatTheGateReads) {
  for (const auto* name :
       {"Client-Token", "client_token", "Host", "Content-Length", "Transfer-Encoding",
        "x-device-id", "X-Forwarded-For", "Expect", "via", "keep-alive, close, Client.Token"})
    EXPECT_EQ(error("GET", "Connection: " + std::string(name) + "\r\n"), "connection_names_read")
        << name;
  for (const auto* name : {"keep-alive", "close", "Upgrade", "TE", "X-Mine", "Cookie"})
    EXPECT_EQ(error("GET", "Connection: " + std::string(name) + "\r\n"), "none") << name;
}

TEST(Admit, OurOwnViaIsALoop) {
  for (const auto* via : {"1.1 guarita-7f3a", "1.0 fred, 1.1 GUARITA-7F3A", "1.1 guarita-7f3a (x)",
                          "1.1 a\r\nVia: 1.1 guarita-7f3a, 1.1 b"})
    EXPECT_EQ(error("GET", "Via: " + std::string(via) + "\r\n"), "loop") << via;
  for (const auto* via : {"1.1 guarita-7f3b", "1.1 guarita-7f3", "1.1 xguarita-7f3a",
                          "1.1 guarita-7f3ab", "1.1 proxy"})
    EXPECT_EQ(error("GET", "Via: " + std::string(via) + "\r\n"), "none") << via;
}

TEST(Admit, MaxForwardsCountsForOptionsAlone) {
  EXPECT_TRUE(admitted("OPTIONS", "Max-Forwards: 0\r\n").answer_here);
  EXPECT_EQ(admitted("OPTIONS", "Max-Forwards: 10\r\n").max_forwards, 9);
  EXPECT_FALSE(admitted("OPTIONS", "Max-Forwards: 10\r\n").answer_here);
  EXPECT_FALSE(admitted("OPTIONS", "").answer_here);
  EXPECT_EQ(admitted("OPTIONS", "").max_forwards, -1);
  for (const auto* bad : {"", "-1", "1x", "1234567890", "1\r\nMax-Forwards: 1"})
    EXPECT_EQ(error("OPTIONS", "Max-Forwards: " + std::string(bad) + "\r\n"), "bad_max_forwards");
  EXPECT_EQ(error("GET", "Max-Forwards: x\r\n"), "none");
  EXPECT_FALSE(admitted("GET", "Max-Forwards: 0\r\n").answer_here);
}

TEST(Errors, EachHasAStatusATextAndAName) {
  for (int i = 1; i <= static_cast<int>(ErrorCode::UnaskedUpgrade); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_GE(answer_of(code).status, 400) << i;
    EXPECT_FALSE(answer_of(code).text.empty()) << i;
    EXPECT_EQ(answer_of(code).text.find_first_of("\"\\"), std::string_view::npos);
    for (int j = 0; j < i; ++j)
      EXPECT_NE(name_of(code), name_of(static_cast<ErrorCode>(j))) << i << " " << j;
  }
  EXPECT_EQ(answer_of(ErrorCode::BadExpect).status, 417);
  EXPECT_EQ(answer_of(ErrorCode::Loop).status, 508);
  EXPECT_EQ(answer_of(ErrorCode::MethodNotAllowed).status, 405);
  EXPECT_EQ(answer_of(ErrorCode::BadVersion).status, 505);
  EXPECT_EQ(answer_of(ErrorCode::TargetTooLong).status, 414);
  EXPECT_EQ(answer_of(ErrorCode::BodyTooLarge).status, 413);
}

}  // namespace
}  // namespace guarita::http
