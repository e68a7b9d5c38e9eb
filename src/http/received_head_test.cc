// Heads and requests as HTTP/2 fields.
#include "http/received_head.h"

#include <gtest/gtest.h>

#include "http/serialise.h"
#include "http/testing.h"

namespace guarita::http {
namespace {

using Pair = std::pair<std::string, std::string>;

ErrorCode receive(ReceivedHead& into, const std::vector<Pair>& fields, Method method = Method::Get,
                  BodyAfter body = BodyAfter::Yes, const Limits& limits = {}) {
  into.clear();
  for (const auto& [name, value] : fields) {
    const ErrorCode e =
        name == ":status" ? add_status(into, value) : add_field(into, name, value, limits);
    if (e != ErrorCode::None) return e;
  }
  return finish(into, {.method = method}, body);
}

TEST(ReceivedHead, SaysHowItsBodyEnds) {
  ReceivedHead got;
  EXPECT_EQ(receive(got, {{":status", "200"}, {"content-length", "12"}, {"x-a", "b"}}),
            ErrorCode::None);
  EXPECT_EQ(got.head.framing, Framing::Length);
  EXPECT_EQ(got.head.content_length, 12U);
  EXPECT_EQ(got.head.fields.lines("X-A").value, "b");
  EXPECT_EQ(receive(got, {{":status", "200"}}), ErrorCode::None);
  EXPECT_EQ(got.head.framing, Framing::UntilClose);
  EXPECT_EQ(receive(got, {{":status", "200"}}, Method::Get, BodyAfter::No), ErrorCode::None);
  EXPECT_EQ(got.head.framing, Framing::Length);
  EXPECT_TRUE(got.head.states_length);
  EXPECT_EQ(
      receive(got, {{":status", "200"}, {"content-length", "9"}}, Method::Head, BodyAfter::No),
      ErrorCode::None);
  EXPECT_EQ(got.head.framing, Framing::None);
  EXPECT_EQ(got.head.content_length, 9U);
  EXPECT_EQ(receive(got, {{":status", "103"}, {"link", "</a>"}}), ErrorCode::None);
  EXPECT_TRUE(got.head.interim());
}

TEST(ReceivedHead, RefusesWhatAParsedHeadWouldNotBe) {
  ReceivedHead got;
  const struct {
    std::vector<Pair> fields;
    ErrorCode error;
  } cases[] = {
      {{{":status", "20"}}, ErrorCode::BadStatusLine},
      {{{":status", "2000"}}, ErrorCode::BadStatusLine},
      {{{":status", "099"}}, ErrorCode::BadStatusLine},
      {{{":status", "200"}, {":status", "200"}}, ErrorCode::BadStatusLine},
      {{{"x", "y"}}, ErrorCode::BadStatusLine},
      {{{":status", "101"}}, ErrorCode::UnaskedUpgrade},
      {{{":status", "200"}, {"X-Upper", "y"}}, ErrorCode::BadFieldName},
      {{{":status", "200"}, {"", "y"}}, ErrorCode::BadFieldName},
      {{{":status", "200"}, {"a b", "y"}}, ErrorCode::BadFieldName},
      {{{":status", "200"}, {":path", "y"}}, ErrorCode::BadFieldName},
      {{{":status", "200"}, {"x", "a\r\nb"}}, ErrorCode::BadFieldValue},
      {{{":status", "200"}, {"x", " a"}}, ErrorCode::BadFieldValue},
      {{{":status", "200"}, {"connection", "close"}}, ErrorCode::BadConnection},
      {{{":status", "200"}, {"transfer-encoding", "chunked"}}, ErrorCode::BadConnection},
      {{{":status", "200"}, {"content-length", "+1"}}, ErrorCode::BadContentLength},
      {{{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}},
       ErrorCode::ManyContentLengths},
  };
  for (const auto& c : cases) EXPECT_EQ(receive(got, c.fields), c.error) << c.fields.back().first;
  EXPECT_EQ(receive(got, {{":status", "200"}, {"content-length", "1"}}, Method::Get, BodyAfter::No),
            ErrorCode::BadContentLength);
}

TEST(ReceivedHead, HoldsTheLimitsOfAHeadAndOfTrailers) {
  ReceivedHead got;
  Limits limits;
  limits.fields_max = 1;
  const std::vector<Pair> two{{":status", "200"}, {"a", "1"}, {"b", "2"}};
  EXPECT_EQ(receive(got, two, Method::Get, BodyAfter::Yes, limits), ErrorCode::TooManyFields);
  limits = {};
  limits.field_bytes_max = 4;
  EXPECT_EQ(receive(got, {{":status", "200"}, {"abc", "1"}}, Method::Get, BodyAfter::Yes, limits),
            ErrorCode::FieldTooLarge);
  limits = {};
  limits.head_bytes_max = 7;
  EXPECT_EQ(receive(got, two, Method::Get, BodyAfter::Yes, limits), ErrorCode::HeadTooLarge);
  ReceivedFields trailers;
  limits = {};
  limits.trailers_max = 1;
  EXPECT_EQ(add_trailer(trailers, "x-sum", "1", limits), ErrorCode::None);
  EXPECT_EQ(add_trailer(trailers, "x-more", "1", limits), ErrorCode::TooManyFields);
  seal(trailers);
  EXPECT_EQ(trailers.fields.lines("X-Sum").value, "1");
}

TEST(ReceivedHead, GoesToTheCallerAsHttp11) {
  ReceivedHead got;
  ASSERT_EQ(receive(got, {{":status", "404"}, {"content-length", "2"}, {"x-a", "b"}}),
            ErrorCode::None);
  std::string out;
  append_response(out, got.head, {.token_header = {}, .date = "D", .via_name = "g", .set = {}});
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nx-a: b\r\nDate: D\r\nVia: 2.0 g\r\n"
            "Content-Length: 2\r\n\r\n");
}

}  // namespace
}  // namespace guarita::http
