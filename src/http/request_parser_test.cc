#include "http/parser.h"

#include "http/testing.h"

namespace guarita::http {
namespace {

using namespace std::literals;
using testing::good_request;
using testing::parse_request;

std::string line(std::string_view start, std::string_view fields = "Host: h\r\n") {
  return std::string(start) + "\r\n" + std::string(fields) + "\r\n";
}
std::string with(std::string_view fields) {
  return line("POST / HTTP/1.1", "Host: h\r\n" + std::string(fields));
}

struct Row {
  std::string text;
  std::string outcome;
};

void expect_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(parse_request(row.text), row.outcome) << row.text;
}

TEST(RequestParser, ReadsAnOrdinaryHead) {
  EXPECT_EQ(parse_request("GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-A:  1 2\t \r\nX-B:\r\n\r\nrest"),
            "GET /a?b=c 1.1 Host=h:80|X-A=1 2|X-B=| framing 0 0 keep host h:80 at 54");
}

TEST(RequestParser, StartLine) {
  expect_all({
      {line("GET  / HTTP/1.1"), "bad_request_line"},
      {line("GET /  HTTP/1.1"), "bad_request_line"},
      {line(" GET / HTTP/1.1"), "bad_request_line"},
      {line("GET /"), "bad_request_line"},
      {line("GET"), "bad_request_line"},
      {line("G@T / HTTP/1.1"), "bad_method"},
      {"\x16\x03\x01\x02", "bad_method"},
      {line("GET\t/ HTTP/1.1"), "bad_method"},
      {line("GET / http/1.1"), "bad_request_line"},
      {line("GET / HTTP/1.1 "), "bad_request_line"},
      {line("GET / HTTP/1.1x"), "bad_request_line"},
      {line("GET / HTTP/11"), "bad_request_line"},
      {line("GET / HTTP/1,1"), "bad_request_line"},
      {line("GET / HTTP/2.0"), "bad_version"},
      {line("GET / HTTP/0.9"), "bad_version"},
      {line("GET / HTTP/1.2"), "bad_version"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_version"},
      {line("GET /\x80 HTTP/1.1"), "bad_target"},
      {line("GET /#a HTTP/1.1"), "bad_target"},
      {line("GET /\x7f HTTP/1.1"), "bad_target"},
      {"GET /\0 HTTP/1.1\r\n\r\n"s, "bad_target"},
      {"GET / HTTP/1.1\nHost: h\n\n", "bad_line_end"},
      {"GET /\nHost: h\n\n", "bad_line_end"},
      {"GET / HTTP/1.1\rHost: h\r\r", "bad_line_end"},
      {line("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1"), "method_too_long"},
      {line("purge-all! / HTTP/1.1"), "purge-all! / 1.1 Host=h| framing 0 0 keep host h at 34"},
      {line("GET * HTTP/1.0", ""), "GET * 1.0  framing 0 0 close host  at 18"},
  });
}

TEST(RequestParser, SkipsOneEmptyLineBeforeTheHeadAndNoMore) {
  expect_all({
      {"\r\n" + line("GET / HTTP/1.1"), "GET / 1.1 Host=h| framing 0 0 keep host h at 29"},
      {"\r\n\r\n" + line("GET / HTTP/1.1"), "bad_request_line"},
      {"\n" + line("GET / HTTP/1.1"), "bad_line_end"},
      {"\r" + line("GET / HTTP/1.1"), "bad_line_end"},
  });
}

TEST(RequestParser, HeaderLines) {
  expect_all({
      {with("A b: c\r\n"), "bad_field_name"},
      {with("A : c\r\n"), "bad_field_name"},
      {with(": c\r\n"), "bad_field_name"},
      {with("Ab\r\n"), "bad_field_name"},
      {with("A(b): c\r\n"), "bad_field_name"},
      {with("\x80: c\r\n"), "bad_field_name"},
      {with("A\0: c\r\n"s), "bad_field_name"},
      {with("A: b\r\n c\r\n"), "obs_fold"},
      {with("A: b\r\n\tc\r\n"), "obs_fold"},
      {line("GET / HTTP/1.1", " Host: h\r\n"), "obs_fold"},
      {with("A: b\nB: c\r\n"), "bad_line_end"},
      {with("A: b\rB: c\r\n"), "bad_line_end"},
      {with("A: b\r\r\n"), "bad_line_end"},
      {with("A\n: b\r\n"), "bad_line_end"},
      {with("A: b\0c\r\n"s), "bad_field_value"},
      {with("A: b\x7f\r\n"), "bad_field_value"},
      {with("A: b\x0b\r\n"), "bad_field_value"},
      {"GET / HTTP/1.1\r\nHost: h\r\n\rX", "bad_line_end"},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", "bad_line_end"},
  });
  EXPECT_EQ(parse_request(line("GET / HTTP/1.1", "Host: h\r\nA: \xC3\xA9\r\nhost2: i\r\n")),
            "GET / 1.1 Host=h|A=\xC3\xA9|host2=i| framing 0 0 keep host h at 44");
}

TEST(RequestParser, TellsABadByteAtOnce) {
  for (const std::string_view bad :
       {"GET / HTTP/1.1\n"sv, "GET / HTTP/1.1\r\nA\n"sv, "GET / HTTP/1.1\r\nA: \0"sv,
        "GET / HTTP/1.1\r\nA: \rx"sv, "GET / HTTP/1.1\r\nA :"sv, "GET / XTTP"sv, "GET\0"sv}) {
    RequestHead head;
    EXPECT_TRUE(parse(bad, Limits{}, head).failed()) << bad;
  }
}

TEST(RequestParser, Host) {
  expect_all({
      {line("GET / HTTP/1.1", ""), "missing_host"},
      {line("GET / HTTP/1.1", "Host: a\r\nHost: a\r\n"), "many_hosts"},
      {line("GET / HTTP/1.0", "Host: a\r\nhost: b\r\n"), "many_hosts"},
      {line("GET / HTTP/1.1", "Host:\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a b\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a,b\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a/b\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: u@a\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a:\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a:65536\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: a:1:2\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: [::1\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: [1.2.3.4]\r\n"), "bad_host"},
      {line("GET / HTTP/1.1", "Host: \xC3\xA9\r\n"), "bad_host"},
  });
  for (const auto* good : {"a", "A-b.c_d~.example", "a:0", "a:65535", "1.2.3.4:80", "[::1]",
                           "[2001:db8::1]:8443", "a."})
    EXPECT_EQ(good_request(line("GET / HTTP/1.1", "Host: "s + good + "\r\n")).host(), good);
}

TEST(RequestParser, Framing) {
  expect_all({
      {with("Content-Length: 5\r\nContent-Length: 5\r\n"), "many_content_lengths"},
      {with("Content-Length: 5, 5\r\n"), "bad_content_length"},
      {with("Content-Length: +5\r\n"), "bad_content_length"},
      {with("Content-Length: -0\r\n"), "bad_content_length"},
      {with("Content-Length: 0x5\r\n"), "bad_content_length"},
      {with("Content-Length:\r\n"), "bad_content_length"},
      {with("Content-Length: 5 5\r\n"), "bad_content_length"},
      {with("Content-Length: 9223372036854775808\r\n"), "bad_content_length"},
      {with("Content-Length: 00000000000000000005\r\n"), "bad_content_length"},
      {with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "length_and_encoding"},
      {with("Transfer-Encoding: gzip, chunked\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding: chunked, identity\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding: chunked;q=1\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding: \"chunked\"\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding: xchunked\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding:\r\n"), "bad_transfer_encoding"},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       "bad_transfer_encoding"},
      {line("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n"), "bad_transfer_encoding"},
  });
  const RequestHead length = good_request(with("content-LENGTH: 9223372036854775807\r\n"));
  EXPECT_EQ(length.framing, Framing::Length);
  EXPECT_EQ(length.content_length, 9223372036854775807u);
  EXPECT_EQ(good_request(with("Transfer-Encoding: CHUNKED\r\n")).framing, Framing::Chunked);
  EXPECT_EQ(good_request(with("Content-Length: 0\r\n")).framing, Framing::Length);
  EXPECT_EQ(good_request(with("")).framing, Framing::None);
}

TEST(RequestParser, KeepAlive) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    return good_request("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n" +
                        std::string(connection) + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: a\r\nConnection: b,,close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_FALSE(keeps("1.0", "Connection: keep-alive\r\n"));
  EXPECT_EQ(parse_request(with("Connection: a b\r\n")), "bad_connection");
  EXPECT_EQ(parse_request(with("Connection: \"close\"\r\n")), "bad_connection");
  std::string many = "Connection: x";
  for (int i = 0; i < 32; ++i) many += ",x";
  EXPECT_EQ(parse_request(with(many + "\r\n")), "bad_connection");
}

TEST(RequestParser, Expect) {
  EXPECT_TRUE(good_request(with("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expect_continue);
  EXPECT_TRUE(
      good_request(with("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")).expect_continue);
  EXPECT_FALSE(good_request(with("Expect: 100-continue\r\n")).expect_continue);
  EXPECT_FALSE(
      good_request(line("POST / HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n"))
          .expect_continue);
  expect_all({
      {with("Expect: 200-ok\r\n"), "bad_expect"},
      {with("Expect:\r\n"), "bad_expect"},
      {with("Expect: 100-continue, x\r\n"), "bad_expect"},
      {with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "bad_expect"},
  });
}

TEST(RequestParser, Upgrade) {
  const auto upgrade = [](std::string_view fields) {
    return good_request("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n").upgrade;
  };
  EXPECT_EQ(upgrade("Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"),
            Upgrade::WebSocket);
  EXPECT_EQ(upgrade("Upgrade: websocket\r\n"), Upgrade::None);
  EXPECT_EQ(upgrade("Connection: upgrade\r\n"), Upgrade::None);
  EXPECT_EQ(upgrade("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"), Upgrade::None);
  EXPECT_EQ(upgrade("Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"), Upgrade::None);
  EXPECT_EQ(upgrade("Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"),
            Upgrade::None);
  EXPECT_EQ(parse_request(with("Upgrade: websocket\r\nConnection: Upgrade\r\n")), "bad_upgrade");
  EXPECT_EQ(parse_request(line("GET / HTTP/1.1",
                               "Host: h\r\nUpgrade: websocket\r\nConnection: "
                               "Upgrade\r\nContent-Length: 1\r\n")),
            "bad_upgrade");
}

TEST(RequestParser, TeTrailers) {
  EXPECT_TRUE(good_request(with("TE: trailers\r\n")).te_trailers);
  EXPECT_TRUE(good_request(with("TE: deflate;q=0.5, Trailers\r\n")).te_trailers);
  EXPECT_FALSE(good_request(with("TE: deflate\r\n")).te_trailers);
}

TEST(RequestParser, LimitsHoldAtTheirEdge) {
  Limits limits;
  limits.target_bytes_max = 20;
  limits.field_bytes_max = 30;
  limits.head_bytes_max = 120;
  limits.fields_max = 3;
  const auto outcome = [&limits](const std::string& text) { return parse_request(text, limits); };
  const auto a = [](std::size_t n) { return std::string(n, 'a'); };
  EXPECT_NE(outcome(line("GET /" + a(19) + " HTTP/1.1")), "target_too_long");
  EXPECT_EQ(outcome(line("GET /" + a(20) + " HTTP/1.1")), "target_too_long");
  EXPECT_EQ(outcome("GET /" + a(20)), "target_too_long") << "known before the line is over";
  EXPECT_NE(outcome(with("A: " + a(27) + "\r\n")), "field_too_large");
  EXPECT_EQ(outcome(with("A: " + a(28) + "\r\n")), "field_too_large");
  EXPECT_EQ(outcome(with(a(33))), "field_too_large");
  EXPECT_NE(outcome(with("A: b\r\nC: d\r\n")), "too_many_fields");
  EXPECT_EQ(outcome(with("A: b\r\nC: d\r\nE: f\r\n")), "too_many_fields");
  const std::string full = with("A: " + a(27) + "\r\nB: " + a(27) + "\r\n");  // 17+9+32+32+2
  limits.head_bytes_max = static_cast<std::uint32_t>(full.size());
  EXPECT_NE(outcome(full), "head_too_large");
  limits.head_bytes_max -= 1;
  EXPECT_EQ(outcome(full), "head_too_large");
  limits.head_bytes_max = 10;
  EXPECT_EQ(outcome(full), "head_too_large") << "within the request line";
}

TEST(RequestParser, BodyLimit) {
  Limits limits;
  limits.body_bytes_max = 10;
  EXPECT_NE(parse_request(with("Content-Length: 10\r\n"), limits), "body_too_large");
  EXPECT_EQ(parse_request(with("Content-Length: 11\r\n"), limits), "body_too_large");
}

TEST(RequestParser, PipelinedHeadsAreToldApart) {
  const std::string first = line("GET /1 HTTP/1.1");
  const std::string both = first + line("GET /2 HTTP/1.1");
  RequestHead head;
  const Progress one = parse(both, Limits{}, head);
  ASSERT_TRUE(one.done());
  EXPECT_EQ(one.consumed, first.size());
  EXPECT_EQ(head.target(), "/1");
  head.clear();
  const Progress two = parse(std::string_view(both).substr(one.consumed), Limits{}, head);
  ASSERT_TRUE(two.done());
  EXPECT_EQ(head.target(), "/2");
  EXPECT_EQ(head.fields.size(), 1u);
}

TEST(RequestParser, ViewsFollowTheBuffer) {
  std::string text = line("GET /here HTTP/1.1");
  RequestHead head = good_request(text);
  const std::string moved = text;
  text.assign(text.size(), '?');
  head.rebase(moved.data());
  EXPECT_EQ(head.target(), "/here");
  EXPECT_EQ(head.fields.lines(HeaderId::Host).value, "h");
}

}  // namespace
}  // namespace guarita::http
