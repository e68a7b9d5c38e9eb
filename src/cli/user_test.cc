#include <gtest/gtest.h>

#include "cli/testing.h"

namespace guarita::cli {
namespace {

const std::string kAna =
    R"({"id":"0192d4e0","email":"Ana@example.com","name":"Ana","language":"pt-BR",)"
    R"("operator":false,"two_factor":true,"memberships":[{"account":"acme","role":"owner"}],)"
    R"("has_password":true,"created_at":"2026-11-24T10:50:00.000Z","last_login_at":null})";
const std::string kFound =
    R"({"items":[{"id":"9","email":"xana@example.com"},)" + kAna + R"(],"next_cursor":null})";
const std::string kLink =
    R"({"url":"https://c.example/#/link/SECRET","expires_at":"2026-11-24T11:05:00.000Z"})";

TEST(UserCreate, AnOperatorGetsTheLinkAloneAndIsToldWhatToDo) {
  FakeServer server;
  server.answer(201, R"({"user":)" + kAna + R"(,"link":)" + kLink + "}");
  EXPECT_EQ(server.run({"user", "create", "ana@example.com", "--operator"}), ExitCode::Ok);
  ASSERT_EQ(server.calls.size(), 1u);
  EXPECT_EQ(server.calls[0].method + " " + server.calls[0].target, "POST /v1/users");
  EXPECT_EQ(server.calls[0].body, R"({"email":"ana@example.com","operator":true})");
  EXPECT_EQ(server.out.str(), "https://c.example/#/link/SECRET\n");
  EXPECT_EQ(server.err.str().find("SECRET"), std::string::npos);
  for (const char* told : {"works once", "2026-11-24T11:05:00.000Z", "choose a password",
                           "two-factor", "guarita user reset ana@example.com"}) {
    EXPECT_NE(server.err.str().find(told), std::string::npos) << told;
  }
}

TEST(UserCreate, OptionsReachTheBody) {
  FakeServer server;
  server.answer(201, R"({"user":)" + kAna + R"(,"link":)" + kLink + "}");
  EXPECT_EQ(server.run({"user", "create", "ana@example.com", "--name", "Ana", "--language", "es",
                        "--account", "acme", "--role", "viewer"}),
            ExitCode::Ok);
  EXPECT_EQ(server.calls.at(0).body, R"({"email":"ana@example.com","name":"Ana","language":"es",)"
                                     R"("memberships":[{"account":"acme","role":"viewer"}]})");
  EXPECT_NE(server.err.str().find("give it to ana@example.com"), std::string::npos);
}

TEST(UserCreate, JsonPrintsTheApisAnswerAndNothingElse) {
  FakeServer server;
  const std::string answer = R"({"user":)" + kAna + R"(,"link":)" + kLink + "}";
  server.answer(201, answer);
  EXPECT_EQ(server.run({"user", "create", "ana@example.com", "--output", "json"}), ExitCode::Ok);
  EXPECT_EQ(server.out.str(), answer + "\n");
  EXPECT_EQ(server.err.str(), "");
}

TEST(Users, AreNamedByTheirWholeEmailWhateverItsCase) {
  FakeServer server;
  server.answer(200, kFound);
  server.answer(200, kAna);
  EXPECT_EQ(server.run({"user", "show", "ANA@example.com"}), ExitCode::Ok);
  EXPECT_EQ(server.calls.at(0).target, "/v1/users?limit=500&q=ANA%40example.com");
  EXPECT_EQ(server.calls.at(1).target, "/v1/users/0192d4e0");
  EXPECT_NE(server.out.str().find("acme (owner)"), std::string::npos);

  FakeServer without;
  without.answer(200, R"({"items":[{"id":"9","email":"xana@example.com"}],"next_cursor":null})");
  EXPECT_EQ(without.run({"user", "delete", "ana@example.com"}), ExitCode::Failed);
  EXPECT_EQ(without.calls.size(), 1u);
  EXPECT_NE(without.err.str().find("guarita user list"), std::string::npos);
}

TEST(Users, EachVerbCallsItsRoute) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"delete", "DELETE /v1/users/0192d4e0"},
      {"reset", "POST /v1/users/0192d4e0:reset-link"},
      {"reset-two-factor", "POST /v1/users/0192d4e0:reset-two-factor"},
  };
  for (const auto& [verb, call] : cases) {
    FakeServer server;
    server.answer(200, kFound);
    server.answer(200, verb == "reset" ? kLink : "{}");
    EXPECT_EQ(server.run({"user", verb, "ana@example.com"}), ExitCode::Ok) << verb;
    ASSERT_EQ(server.calls.size(), 2u) << verb;
    EXPECT_EQ(server.calls[1].method + " " + server.calls[1].target, call);
    if (verb == "reset") EXPECT_EQ(server.out.str(), "https://c.example/#/link/SECRET\n");
  }
}

TEST(Users, TheListTellsWhoMayWhat) {
  FakeServer server;
  server.answer(200, R"({"items":[)" + kAna +
                         R"(,{"email":"root@example.com","operator":true,"memberships":[],)"
                         R"("has_password":false,"last_login_at":null}],"next_cursor":null})");
  EXPECT_EQ(server.run({"user", "list"}), ExitCode::Ok);
  EXPECT_NE(server.out.str().find("acme (owner)"), std::string::npos);
  EXPECT_NE(server.out.str().find("operator"), std::string::npos);
  EXPECT_NE(server.out.str().find("never (invited)"), std::string::npos);
  FakeServer nobody;
  nobody.answer(200, R"({"items":[],"next_cursor":null})");
  EXPECT_EQ(nobody.run({"user", "list"}), ExitCode::Ok);
  EXPECT_EQ(nobody.out.str(), "no user yet: guarita user create EMAIL --operator\n");
}

}  // namespace
}  // namespace guarita::cli
