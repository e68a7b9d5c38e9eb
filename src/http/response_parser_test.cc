#include "http/parser.h"
#include "http/testing.h"

namespace guarita::http {
namespace {

using namespace std::literals;
using testing::good_response;
using testing::parse_response;

std::string ok(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n";
}

struct Row {
  std::string text;
  std::string outcome;
};
void expect_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(parse_response(row.text), row.outcome) << row.text;
}

TEST(ResponseParser, StatusLine) {
  expect_all({
      {ok("Content-Length: 0\r\n"), "200 OK 1.1 Content-Length=0| framing 1 0 keep at 38"},
      {"HTTP/1.1 200 \r\n\r\n", "200  1.1  framing 3 0 close at 17"},
      {"HTTP/1.1 200\r\n\r\n", "200  1.1  framing 3 0 close at 16"},
      {"HTTP/1.0 299 a\tb \xE9\r\n\r\n", "299 a\tb \xE9 1.0  framing 3 0 close at 22"},
      {"HTTP/1.1  200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 20 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 099 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 -20 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/2.0 200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.2 200 OK\r\n\r\n", "bad_status_line"},
      {"ICY 200 OK\r\n\r\n", "bad_status_line"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, "bad_status_line"},
      {"HTTP/1.1 200 OK\n\n", "bad_line_end"},
      {"HTTP/1.1 200\n\n", "bad_line_end"},
      {"HTTP/1.1 200 OK\rX: y\r\n\r\n", "bad_line_end"},
  });
}

TEST(ResponseParser, HeaderLinesAreAsStrictAsInRequests) {
  expect_all({
      {ok("A : b\r\n"), "bad_field_name"},
      {ok("A b\r\n"), "bad_field_name"},
      {ok("A: b\r\n c\r\n"), "obs_fold"},
      {ok("A: b\nB: c\r\n"), "bad_line_end"},
      {ok("A: b\rSet-Cookie: c\r\n"), "bad_line_end"},
      {ok("A: \0\r\n"s), "bad_field_value"},
  });
}

TEST(ResponseParser, Framing) {
  expect_all({
      {ok("Content-Length: 5\r\nContent-Length: 6\r\n"), "many_content_lengths"},
      {ok("Content-Length: 5, 6\r\n"), "bad_content_length"},
      {ok("Content-Length: -1\r\n"), "bad_content_length"},
      {ok("Content-Length: 5x\r\n"), "bad_content_length"},
      {ok("Transfer-Encoding: gzip\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding: gzip, chunked\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "bad_transfer_encoding"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "bad_transfer_encoding"},
      {ok("Content-Length: 5\r\nContent-Length: 5\r\n"),
       "200 OK 1.1 Content-Length=5|Content-Length=5| framing 1 5 close at 57"},
      {ok("Transfer-Encoding: chunked\r\n"),
       "200 OK 1.1 Transfer-Encoding=chunked| framing 2 0 keep at 47"},
      {ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       "200 OK 1.1 Transfer-Encoding=chunked|Content-Length=5| framing 2 0 close at 66"},
      {ok(""), "200 OK 1.1  framing 3 0 close at 19"},
  });
}

TEST(ResponseParser, KeepAlive) {
  const auto keeps = [](std::string_view version, std::string_view fields) {
    return good_response("HTTP/" + std::string(version) + " 200 OK\r\nContent-Length: 0\r\n" +
                         std::string(fields) + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(ResponseParser, NoBodyWhereThereIsNone) {
  const ResponseContext head{Method::Head, Upgrade::None};
  const ResponseHead to_head = good_response(ok("Content-Length: 5\r\n"), head);
  EXPECT_EQ(to_head.framing, Framing::None);
  EXPECT_TRUE(to_head.states_length);
  EXPECT_EQ(to_head.content_length, 5u);
  EXPECT_TRUE(to_head.keep_alive);
  EXPECT_EQ(good_response(ok("Transfer-Encoding: chunked\r\n"), head).framing, Framing::None);
  const ResponseHead not_modified =
      good_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(not_modified.framing, Framing::None);
  EXPECT_TRUE(not_modified.states_length);
  EXPECT_EQ(good_response("HTTP/1.1 204 No Content\r\n\r\n").framing, Framing::None);
  EXPECT_TRUE(good_response("HTTP/1.1 204 No Content\r\n\r\n").keep_alive);
  EXPECT_FALSE(good_response("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").keep_alive);
  EXPECT_FALSE(
      good_response("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").keep_alive);
}

TEST(ResponseParser, InterimAnswers) {
  EXPECT_TRUE(good_response("HTTP/1.1 100 Continue\r\n\r\n").interim());
  EXPECT_TRUE(good_response("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").interim());
  EXPECT_TRUE(good_response("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n").interim());
  expect_all({
      {"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", "bad_content_length"},
      {"HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n", "bad_transfer_encoding"},
  });
}

TEST(ResponseParser, SwitchesOnlyWhenAsked) {
  const std::string yes = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  const ResponseContext asked{Method::Get, Upgrade::WebSocket};
  const ResponseHead head = good_response(yes, asked);
  EXPECT_TRUE(head.switched);
  EXPECT_FALSE(head.interim());
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(parse_response(yes), "unasked_upgrade");
  EXPECT_EQ(parse_response("HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", asked),
            "unasked_upgrade");
  EXPECT_EQ(parse_response("HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", asked),
            "unasked_upgrade");
  EXPECT_EQ(
      parse_response("HTTP/1.0 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", asked),
      "unasked_upgrade");
}

TEST(ResponseParser, KeepAliveTimeout) {
  const auto timeout = [](std::string_view value) {
    return keep_alive_timeout_s(
        good_response(ok("Content-Length: 0\r\nKeep-Alive: " + std::string(value) + "\r\n")));
  };
  EXPECT_EQ(timeout("timeout=5"), 5);
  EXPECT_EQ(timeout("timeout=5, max=100"), 5);
  EXPECT_EQ(timeout("max=100, timeout=72"), 72);
  EXPECT_EQ(timeout("timeout=0"), 0);
  EXPECT_EQ(timeout("timeout=999999999999"), 86400);
  EXPECT_EQ(timeout("timeout="), -1);
  EXPECT_EQ(timeout("xtimeout=5"), -1);
  EXPECT_EQ(keep_alive_timeout_s(good_response(ok("Content-Length: 0\r\n"))), -1);
}

}  // namespace
}  // namespace guarita::http
