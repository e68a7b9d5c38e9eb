#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/testing.h"

namespace guarita::cli {
namespace {

const std::string kShow = R"({"id":"acme","mode":"enforce","revision":6,"tokens":[)"
                          R"({"id":"t-1","state":"current","hint":"wxyz"},)"
                          R"({"id":"t-2","state":"next","hint":"abcd"}]})";

std::string made() {
  return object(kAccount, R"("secret":"gta_new")", kReceipt);
}

TEST(TokenGenerate, ReadsThenWritesUnderTheETagAndPrintsTheTokenAlone) {
  FakeServer server;
  server.answer(200, kShow, "\"6\"");
  server.answer(200, made());
  EXPECT_EQ(server.run({"token", "generate", "acme"}), ExitCode::Ok);
  ASSERT_EQ(server.calls.size(), 2u);
  EXPECT_EQ(server.calls[0].method + " " + server.calls[0].target, "GET /v1/accounts/acme");
  EXPECT_EQ(server.calls[1].target, "/v1/accounts/acme/tokens:generate");
  EXPECT_EQ(server.calls[1].if_match, "\"6\"");
  EXPECT_EQ(server.out.str(), "gta_new\n");
  EXPECT_NE(server.err.str().find("guarita token activate acme"), std::string::npos);
  EXPECT_EQ(server.err.str().find("gta_new"), std::string::npos);
}

TEST(TokenGenerate, JsonPrintsTheApisAnswerAndNothingElse) {
  FakeServer server;
  server.answer(200, kShow, "\"6\"");
  server.answer(200, made());
  EXPECT_EQ(server.run({"token", "generate", "acme", "--output", "json"}), ExitCode::Ok);
  EXPECT_EQ(server.out.str(), made() + "\n");
  EXPECT_EQ(server.err.str(), "");
}

TEST(TokenGenerate, TheTokenIsPrintedBeforeWaitingForTheReceipt) {
  FakeServer server;
  server.answer(200, kShow, "\"6\"");
  server.answer(202, object(kAccount, R"("secret":"gta_new")", kPending), "", "/v1/receipts/7");
  // Nobody answers any more: the wait runs out, the token is there all the same.
  EXPECT_EQ(server.run({"token", "generate", "acme"}), ExitCode::NotInForce);
  EXPECT_EQ(server.out.str(), "gta_new\n");
  EXPECT_EQ(server.pauses, kInForceWait / kInForcePoll);
  EXPECT_NE(server.err.str().find("not in force everywhere after 30 s"), std::string::npos);
}

TEST(Finish, WaitsForTheReceiptAndThenIsOk) {
  FakeServer server;
  server.answer(202, object(kAccount, kPending), "", "/v1/receipts/7");
  const std::string pending(kPending);
  const std::string receipt(kReceipt);
  server.answer(200, pending.substr(pending.find('{')));
  server.answer(200, receipt.substr(receipt.find('{')));
  EXPECT_EQ(server.run({"token", "activate", "acme"}), ExitCode::Ok);
  EXPECT_EQ(server.pauses, 2);
  EXPECT_EQ(server.calls.back().target, "/v1/receipts/7");
  EXPECT_NE(server.out.str().find("in force on 1 of 1 nodes after 2140 us"), std::string::npos);
}

TEST(Finish, ANoOpSaysSo) {
  FakeServer server;
  std::string receipt(kReceipt);
  receipt.replace(receipt.find("\"changed\":true"), 14, "\"changed\":false");
  server.answer(200, object(kAccount, receipt));
  EXPECT_EQ(server.run({"token", "activate", "acme"}), ExitCode::Ok);
  EXPECT_EQ(server.out.str().find("nothing to change"), 0u);
}

TEST(TokenRevoke, AStateWordFindsTheIdOfTheLiveToken) {
  FakeServer server;
  server.answer(200, kShow, "\"6\"");
  server.answer(200, object(kAccount, kReceipt));
  EXPECT_EQ(server.run({"token", "revoke", "acme", "--token", "next"}), ExitCode::Ok);
  EXPECT_EQ(server.calls.at(1).body, R"({"token_id":"t-2"})");
  EXPECT_EQ(server.calls.at(1).if_match, "\"6\"");

  FakeServer without;
  without.answer(200, kShow, "\"6\"");
  EXPECT_EQ(without.run({"token", "revoke", "acme", "--token", "retiring"}), ExitCode::Failed);
  EXPECT_EQ(without.calls.size(), 1u);
}

TEST(TokenRevoke, NeedsToBeToldWhich) {
  FakeServer server;
  EXPECT_EQ(server.run({"token", "revoke", "acme"}), ExitCode::Usage);
  EXPECT_TRUE(server.calls.empty());
}

TEST(TokenVerbs, OptionsReachTheBody) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"token", "regenerate", "acme", "--cut-off"}, R"({"cut_off":true})"},
      {{"token", "promote", "acme", "--grace", "15m"}, R"({"grace":"15m"})"},
      {{"token", "promote", "acme", "--grace", "0s", "--lock"}, R"({"grace":"0s","lock":true})"},
      {{"token", "promote", "acme"}, "{}"},
      {{"token", "revoke", "acme", "--all", "--lock"}, R"({"all":true,"lock":true})"},
  };
  for (const auto& [words, body] : cases) {
    FakeServer server;
    server.answer(200, kShow, "\"6\"");
    server.answer(200, made());
    EXPECT_EQ(server.run(words), ExitCode::Ok) << body;
    ASSERT_EQ(server.calls.size(), 2u) << body;
    EXPECT_EQ(server.calls[1].body, body);
  }
}

TEST(TokenImport, TakesTheTokenFromStandardInputAndNeverShowsIt) {
  for (const char* output : {"table", "json"}) {
    FakeServer server;
    server.in.str("F00000000000000000000000000000000S\n");
    server.answer(200, kShow, "\"6\"");
    server.answer(200,
                  object(kAccount, R"("secret":"F00000000000000000000000000000000S")", kReceipt));
    EXPECT_EQ(server.run({"token", "import", "acme", "--as", "next", "--output", output}),
              ExitCode::Ok);
    EXPECT_EQ(server.calls.at(1).body,
              R"({"token":"F00000000000000000000000000000000S","as":"next"})");
    EXPECT_EQ((server.out.str() + server.err.str()).find("F0000"), std::string::npos);
  }
}

TEST(Failures, MapToExitCodesWithARemedy) {
  FakeServer nobody;
  EXPECT_EQ(nobody.run({"account", "list"}), ExitCode::Unreachable);
  EXPECT_NE(nobody.err.str().find("try: start it: guarita serve"), std::string::npos);

  FakeServer refusing;
  refusing.answer(409, R"({"code":"no_token","detail":"acme has no token",)"
                       R"("remedy":"guarita token generate acme"})");
  EXPECT_EQ(refusing.run({"token", "activate", "acme"}), ExitCode::Failed);
  EXPECT_EQ(refusing.err.str(),
            "error: acme has no token (no_token)\n  try: guarita token generate acme\n");

  FakeServer raced;
  raced.answer(200, kShow, "\"6\"");
  raced.answer(412, R"({"code":"revision_conflict","detail":"acme changed","remedy":""})");
  EXPECT_EQ(raced.run({"token", "rotate", "acme"}), ExitCode::Failed);
  EXPECT_NE(raced.err.str().find("run this again"), std::string::npos);
}

TEST(InstanceCreate, SendsWhatWasGivenAndEscapesIds) {
  FakeServer server;
  server.in.str("0123456789ABCDEF01234567\n");
  server.answer(201, object(R"("instance":{})", kReceipt));
  EXPECT_EQ(server.run({"instance", "create", "5511:9@c.us", "--account", "acme", "--upstream",
                        "http://h:1", "--instance-token-stdin"}),
            ExitCode::Ok);
  EXPECT_EQ(server.calls.at(0).body,
            R"({"id":"5511:9@c.us","account":"acme","upstream":"http://h:1",)"
            R"("instance_token":"0123456789ABCDEF01234567"})");
  FakeServer shown;
  shown.answer(200, "{}");
  shown.run({"instance", "show", "5511:9@c.us"});
  EXPECT_EQ(shown.calls.at(0).target, "/v1/instances/5511%3A9%40c.us");
}

TEST(InstanceUpdate, AnEmptyUpstreamIsTheDefaultAgainAndNothingIsUsage) {
  FakeServer server;
  server.answer(200, object(R"("instance":{})", kReceipt));
  EXPECT_EQ(server.run({"instance", "update", "i", "--upstream", ""}), ExitCode::Ok);
  EXPECT_EQ(server.calls.at(0).body, R"({"upstream":null})");
  FakeServer nothing;
  EXPECT_EQ(nothing.run({"instance", "update", "i"}), ExitCode::Usage);
}

TEST(Lists, FollowTheCursorToTheEnd) {
  FakeServer server;
  server.answer(200, R"({"items":[{"id":"a","mode":"unset"}],"next_cursor":"c/1"})");
  server.answer(200, R"({"items":[{"id":"b","mode":"enforce"}],"next_cursor":null})");
  EXPECT_EQ(server.run({"account", "list", "--output", "json"}), ExitCode::Ok);
  EXPECT_EQ(server.calls.at(1).target, "/v1/accounts?limit=500&cursor=c%2F1");
  const auto all = boost::json::parse(server.out.str());
  EXPECT_EQ(all.at("items").as_array().size(), 2u);
}

TEST(IpSet, DryRunShowsTheDifferenceAndYesConfirms) {
  FakeServer dry;
  dry.answer(200, kShow, "\"6\"");
  dry.answer(200, R"({"dry_run":true,"before":[],"after":["10.0.0.0/8"],"added":["10.0.0.0/8"],)"
                  R"("removed":[],"needs_confirmation":true})");
  EXPECT_EQ(dry.run({"ip", "set", "acme", "10.0.0.0/8", "--dry-run"}), ExitCode::Ok);
  EXPECT_EQ(dry.calls.at(1).body, R"({"entries":["10.0.0.0/8"],"dry_run":true})");
  EXPECT_EQ(dry.out.str(),
            "+ 10.0.0.0/8\nwould begin the restriction: every other address is refused; needs "
            "--yes\n");
  FakeServer set;
  set.answer(200, kShow, "\"6\"");
  set.answer(200, object(R"("ip_list":{"entries":[],"revision":7})", kReceipt));
  EXPECT_EQ(set.run({"ip", "set", "acme", "--yes"}), ExitCode::Ok);
  EXPECT_EQ(set.calls.at(1).method + set.calls.at(1).body, R"(PUT{"entries":[],"confirm":true})");
}

TEST(Check, ExitCodeSaysAllowedOrDenied) {
  FakeServer denied;
  denied.answer(200, R"({"decision":"deny","reason":"token_missing","why":"no token header"})");
  EXPECT_EQ(denied.run({"check", "--instance", "i"}), ExitCode::Failed);
  EXPECT_EQ(denied.calls.at(0).body, R"({"instance":"i"})");
  FakeServer allowed;
  allowed.in.str("\n");  // an empty header, which is not the same as none
  allowed.answer(200, R"({"decision":"allow","reason":"none"})");
  EXPECT_EQ(allowed.run({"check", "--instance", "i", "--address", "::1"}), ExitCode::Ok);
  EXPECT_EQ(allowed.calls.at(0).body, R"({"instance":"i","address":"::1","token":""})");
}

TEST(CheckConfig, NeedsAFile) {
  FakeServer server;
  EXPECT_EQ(server.run({"check-config"}), ExitCode::Usage);
}

TEST(AuditVerify, ABrokenChainIsAFailure) {
  FakeServer server;
  server.answer(200, R"({"ok":false,"rows":9,"head":{"seq":9,"hash":"00"},)"
                     R"("findings":[{"fault":"edited","seq":4,"text":"was edited"}]})");
  EXPECT_EQ(server.run({"audit", "verify", "--head", "00"}), ExitCode::Failed);
  EXPECT_EQ(server.calls.at(0).target, "/v1/audit:verify?head=00");
  EXPECT_NE(server.out.str().find("row 4: was edited"), std::string::npos);
}

}  // namespace
}  // namespace guarita::cli
