#include "cli/api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace guarita::cli {
namespace {

TEST(Escape, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(escape("acme-1_a.b~"), "acme-1_a.b~");
  EXPECT_EQ(escape("5511:9@c.us"), "5511%3A9%40c.us");
  EXPECT_EQ(escape("a b%2F?x"), "a%20b%252F%3Fx");
  EXPECT_EQ(escape("é"), "%C3%A9");
}

TEST(TextAt, ReadsEveryKindOfMember) {
  const auto value = boost::json::parse(R"({"s":"x","n":3,"b":true,"z":null,"a":["p","q"]})");
  EXPECT_EQ(text_at(value, "s"), "x");
  EXPECT_EQ(text_at(value, "n"), "3");
  EXPECT_EQ(text_at(value, "b"), "true");
  EXPECT_EQ(text_at(value, "z"), "");
  EXPECT_EQ(text_at(value, "a"), "p, q");
  EXPECT_EQ(text_at(value, "absent"), "");
  EXPECT_EQ(text_at(nullptr, "s"), "");
}

Outcome<Reply> answered(unsigned status, std::string body) {
  const Api api([&](const RawCall&) -> Result<RawReply, std::string> {
    return RawReply{status, "\"7\"", "", body};
  });
  return api.get("/v1/status");
}

TEST(Api, AnAnswerBelow300IsAReply) {
  for (const unsigned status : {200u, 201u, 202u, 204u}) {
    const auto reply = answered(status, status == 204 ? "" : "{\"id\":\"acme\"}");
    ASSERT_TRUE(reply.has_value()) << status;
    EXPECT_EQ(reply->etag, "\"7\"");
  }
}

struct ErrorCase {
  unsigned status;
  std::string body;
  std::string message;
  std::string remedy;
};

TEST(Api, AProblemBecomesAFailureWithItsRemedy) {
  const std::vector<ErrorCase> cases = {
      {409, R"({"code":"no_token","title":"t","detail":"acme has no token","remedy":"guarita x"})",
       "acme has no token (no_token)", "guarita x"},
      {412, R"({"code":"revision_conflict","detail":"it is at 9"})",
       "it is at 9 (revision_conflict)",
       "somebody changed it meanwhile: look at its state, then run this again"},
      {500, "", "the server answered 500", ""},
      {502, "<html>", "the server answered 502: <html>", ""},
      {404, R"({"title":"No such account."})", "No such account.", ""},
      {301, "", "the server answered 301", ""},
  };
  for (const ErrorCase& one : cases) {
    const auto reply = answered(one.status, one.body);
    ASSERT_FALSE(reply.has_value()) << one.status;
    EXPECT_EQ(reply.error().code, ExitCode::Failed);
    EXPECT_EQ(reply.error().message, one.message);
    EXPECT_EQ(reply.error().remedy, one.remedy);
    EXPECT_EQ(reply.error().json, one.body);
  }
}

TEST(Api, NoAnswerIsUnreachable) {
  const Api api([](const RawCall&) -> Result<RawReply, std::string> {
    return Err<std::string>("guarita.sock: no such file");
  });
  const auto reply = api.get("/v1/status");
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, ExitCode::Unreachable);
  EXPECT_NE(reply.error().message.find("guarita.sock"), std::string::npos);
  EXPECT_NE(reply.error().remedy.find("guarita serve"), std::string::npos);
}

}  // namespace
}  // namespace guarita::cli
