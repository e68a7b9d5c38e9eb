#include "admin/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "admin/routes.h"
#include "admin/testing.h"
#include "base/log.h"

namespace guarita::admin::testing {
namespace {

TEST(Api, ReceiptIsExactlyAsPromised) {
  ApiWorld api;
  api.world.barrier.streams_closed = 2;
  api.world.barrier.on_pass = [&] { api.world.clock.pass(Micros(2140)); };
  const auto made = api({.method = "POST", .target = "/v1/accounts", .body = R"({"id":"acme"})"});
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  const std::string at = format_rfc3339(api.world.clock.now());
  EXPECT_EQ(made.text("/receipt"),
            R"({"revision":1,"changed":true,"complete":true,"in_force":{"nodes":1,"of":1,"at":")" +
                at + R"(","ms":2,"us":2140},"streams_closed":2})");
  EXPECT_EQ(made.raw.header("ETag"), "\"1\"");
  EXPECT_EQ(made.text("/account/mode"), "unset");
}

TEST(Api, DoubleClickOnRegenerateIs412AndAVerbWithoutIfMatch428) {
  ApiWorld api;
  api.world.make_account("acme");
  api.world.make_token("acme");
  const std::string target = "/v1/accounts/acme/tokens:regenerate";
  EXPECT_EQ(api({.method = "POST", .target = target}).code(), "if_match_required");
  const std::string etag = api.etag("acme");
  const auto first = api({.method = "POST", .target = target, .if_match = etag});
  ASSERT_EQ(first.status, 200U) << first.raw.body;
  EXPECT_FALSE(first.text("/secret").empty());
  const auto second = api({.method = "POST", .target = target, .if_match = etag});
  EXPECT_EQ(second.status, 412U);
  EXPECT_EQ(second.code(), "revision_conflict");
  EXPECT_EQ("\"" + second.text("/revision") + "\"", first.raw.header("ETag"));
  for (const char* bad : {"*", "W/\"3\"", "3", "\"x\"", "\"1\", \"2\""}) {
    const auto refused = api({.method = "POST", .target = target, .if_match = bad});
    EXPECT_EQ(refused.code(), "invalid_request") << bad;
    EXPECT_EQ(refused.text("/member"), "If-Match");
  }
}

TEST(Api, IncompleteBarrierIs202WithLocationAndLaterComplete) {
  ApiWorld api;
  api.world.make_account("acme");
  api.world.make_token("acme");
  api.world.barrier.stuck = true;
  const auto done = api({.method = "POST", .target = "/v1/accounts/acme:activate"});
  EXPECT_EQ(done.status, 202U);
  EXPECT_EQ(done.text("/receipt/complete"), "false");
  EXPECT_EQ(done.text("/receipt/in_force/at"), "null");
  EXPECT_EQ(done.text("/account/mode"), "enforce");
  const std::string location(done.raw.header("Location").value_or(""));
  EXPECT_EQ(location, "/v1/receipts/3");
  EXPECT_EQ(api({.method = "GET", .target = location}).text("/complete"), "false");
  api.world.barrier.release();
  const auto later = api({.method = "GET", .target = location});
  EXPECT_EQ(later.status, 200U);
  EXPECT_EQ(later.text("/complete"), "true");
  EXPECT_EQ(later.text("/in_force/nodes"), "1");
}

TEST(Api, ImportShowsNoSecretAndIsAs) {
  ApiWorld api;
  api.world.make_account("acme");
  const std::string target = "/v1/accounts/acme/tokens:generate";
  const std::string text = "Zr8-kQ2mW5xT9vB3nH7jL1pC6dF4gS0a";
  auto done = api({.method = "POST",
                   .target = target,
                   .body = R"({"token":")" + text + R"("})",
                   .if_match = api.etag("acme")});
  ASSERT_EQ(done.status, 200U) << done.raw.body;
  EXPECT_EQ(done.raw.body.find(text), std::string::npos);
  EXPECT_EQ(done.raw.body.find("secret"), std::string::npos);
  EXPECT_EQ(done.text("/token/hint"), "gS0a");
  done = api({.method = "POST",
              .target = target,
              .body = R"({"as":"next"})",
              .if_match = api.etag("acme")});
  EXPECT_EQ(done.text("/token/state"), "next");
  EXPECT_EQ(api({.method = "POST",
                 .target = target,
                 .body = R"({"as":"retiring"})",
                 .if_match = api.etag("acme")})
                .text("/member"),
            "as");
  EXPECT_EQ(api({.method = "POST",
                 .target = target,
                 .body = R"({"token":""})",
                 .if_match = api.etag("acme")})
                .text("/member"),
            "token");
}

TEST(Api, BodiesAreReadStrictly) {
  ApiWorld api;
  struct Case {
    const char* body;
    const char* member;
  };
  for (const Case& c :
       {Case{"{", "body"}, Case{"[]", "body"}, Case{"{}", "id"}, Case{R"({"id":7})", "id"},
        Case{R"({"id":null})", "id"}, Case{R"({"id":"a","nmae":"x"})", "nmae"},
        Case{R"({"id":"a","name":true})", "name"}, Case{R"({"id":"a b"})", "id"},
        Case{R"({"id":"a"} x)", "body"}}) {
    const auto refused = api({.method = "POST", .target = "/v1/accounts", .body = c.body});
    EXPECT_EQ(refused.status, 400U) << c.body;
    EXPECT_EQ(refused.code(), "invalid_request") << c.body;
    EXPECT_EQ(refused.text("/member"), c.member) << c.body;
  }
  const std::string long_name(201, 'x');
  EXPECT_EQ(api({.method = "POST",
                 .target = "/v1/accounts",
                 .body = R"({"id":"a","name":")" + long_name + R"("})"})
                .text("/member"),
            "name");
  auto request = request_of({.method = "POST", .target = "/v1/accounts"});
  request.body = R"({"id":"a"})";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.peer = {.unix_socket = true, .uid = kOwnUid, .address = "unix"};
  EXPECT_EQ(api.send(std::move(request)).code(), "unsupported_media_type");
  EXPECT_EQ(api.world.control().status().accounts, 0U);
}

TEST(Api, QueriesAreReadStrictlyAndPagesFollowTheirCursor) {
  ApiWorld api;
  for (const char* id : {"a1", "a2", "a3"}) api.world.make_account(id);
  const auto first = api({.method = "GET", .target = "/v1/accounts?limit=2"});
  EXPECT_EQ(first.text("/items/1/id"), "a2");
  const std::string cursor = first.text("/next_cursor");
  ASSERT_NE(cursor, "null");
  const auto second = api({.method = "GET", .target = "/v1/accounts?limit=2&cursor=" + cursor});
  EXPECT_EQ(second.text("/items/0/id"), "a3") << second.raw.body;
  EXPECT_EQ(second.text("/next_cursor"), "null");
  for (const char* query :
       {"limit=0", "limit=501", "limit=x", "limit=1&limit=2", "size=3", "%zz=1"}) {
    const auto refused = api({.method = "GET", .target = "/v1/accounts?" + std::string(query)});
    EXPECT_EQ(refused.code(), "invalid_request") << query;
  }
}

TEST(Api, VerbsAreMatchedOnTheRawPath) {
  ApiWorld api;
  api.world.make_account("acme");
  api.world.make_instance("a:move", "acme");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/instances/a%3Amove"}).text("/id"), "a:move");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/instances/a:move"}).code(), "method_not_allowed");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/instances/a:b"}).code(), "no_such_route");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/accounts/"}).code(), "no_such_route");
  EXPECT_EQ(api({.method = "GET", .target = "/v1//accounts"}).code(), "no_such_route");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/instances/%zz"}).code(), "no_such_route");
  const auto wrong = api({.method = "PUT", .target = "/v1/accounts"});
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(wrong.raw.header("Allow"), "GET, POST");
  EXPECT_EQ(match_path("/v1/accounts/{account}:activate", "/v1/accounts/a:activate"),
            (NameValues{{"account", "a"}}));
  EXPECT_FALSE(match_path("/v1/accounts/{account}", "/v1/accounts/a:activate"));
}

TEST(Api, RemediesNameTheAccountAsked) {
  ApiWorld api;
  api.world.make_account("acme");
  const auto refused = api({.method = "POST", .target = "/v1/accounts/acme:activate"});
  EXPECT_EQ(refused.code(), "no_token");
  EXPECT_EQ(refused.text("/remedy"), "guarita token generate acme");
  const auto network = api({.method = "PUT",
                            .target = "/v1/accounts/acme/ip-list",
                            .body = R"({"entries":["10.0.0.1/8"],"confirm":true})"});
  EXPECT_EQ(network.code(), "invalid_network");
  EXPECT_EQ(network.text("/suggestion"), "10.0.0.0/8");
}

TEST(Scopes, AdminTokensAreListedByPages) {
  ApiWorld api;
  for (int i = 0; i < 3; ++i) api.admin_token("read");
  const auto first = api({.method = "GET", .target = "/v1/admin-tokens?limit=2"});
  EXPECT_EQ(first.body.at("items").as_array().size(), 2U);
  const std::string cursor = first.text("/next_cursor");
  const auto second = api({.method = "GET", .target = "/v1/admin-tokens?limit=2&cursor=" + cursor});
  EXPECT_EQ(second.body.at("items").as_array().size(), 1U) << second.raw.body;
  EXPECT_EQ(second.text("/next_cursor"), "null");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/admin-tokens?cursor=x"}).text("/member"),
            "cursor");
}

TEST(Scopes, OwnerRenamesAndSeesOnlyItsOwn) {
  ApiWorld api;
  for (const char* id : {"acme", "beta"}) api.world.make_account(id);
  api.world.make_instance("i1", "acme");
  api.world.make_instance("b1", "beta");
  const std::string owner = api.admin_token("account:acme");
  const auto listed = api.tcp({.method = "GET", .target = "/v1/instances"}, owner);
  EXPECT_EQ(listed.text("/items/0/id"), "i1");
  EXPECT_EQ(listed.body.at("items").as_array().size(), 1U);
  EXPECT_EQ(api.tcp({.method = "GET", .target = "/v1/instances?account=beta"}, owner).code(),
            "forbidden");
  // Another's instance and none look the same.
  const auto foreign = api.tcp({.method = "GET", .target = "/v1/instances/b1"}, owner);
  const auto none = api.tcp({.method = "GET", .target = "/v1/instances/b2"}, owner);
  EXPECT_EQ(foreign.code(), "instance_not_found");
  EXPECT_EQ(none.code(), "instance_not_found");
  const auto patch = [&](const char* body) {
    return api.tcp({.method = "PATCH", .target = "/v1/instances/i1", .body = body}, owner);
  };
  EXPECT_EQ(patch(R"({"name":"Loja"})").text("/instance/name"), "Loja");
  EXPECT_EQ(patch(R"({"upstream":"http://evil:1"})").code(), "forbidden");
  EXPECT_EQ(patch(R"({"name":"x","instance_token":null})").code(), "forbidden");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/instances/i1"}).text("/name"), "Loja");
  EXPECT_EQ(api.tcp({.method = "GET", .target = "/v1/accounts/beta"}, owner).code(), "forbidden");
}

TEST(Secrets, TokensAreInNoProblemAndNoLogLine) {
  control::testing::TempFolder folder;
  const std::string path = folder / "log";
  ASSERT_EQ(log::start(log::Level::Debug, path), "");
  std::string everything;
  std::vector<std::string> secrets;
  {
    ApiWorld api;
    api.world.make_account("acme");
    secrets.push_back(api.world.make_token("acme"));
    const auto say = [&](const Response& response) { everything += response.raw.body; };
    const std::string weak = "weakweakweakweakweak";
    secrets.push_back(weak);
    const std::string etag = api.etag("acme");
    const std::string target = "/v1/accounts/acme/tokens:regenerate";
    say(api({.method = "POST",
             .target = target,
             .body = R"({"token":")" + weak + R"("})",
             .if_match = etag}));
    say(api({.method = "POST",
             .target = target,
             .body = R"({"token":")" + secrets.front() + R"("})",
             .if_match = etag}));
    say(api({.method = "POST",
             .target = "/v1/check",
             .body = R"({"instance":"i1","token":")" + secrets.front() + R"("})"}));
    say(api({.method = "POST",
             .target = "/v1/check",
             .body = R"({"instance":"i1","tokn":")" + secrets.front() + R"("})"}));
    say(api.tcp({.method = "GET", .target = "/v1/status"}, "gadm_" + secrets.front()));
    const std::string admin = api.admin_token("write");
    secrets.push_back(admin);
    say(api.tcp({.method = "GET", .target = "/v1/admin-tokens"}, admin));
    say(api({.method = "GET", .target = "/v1/audit"}));
    say(api({.method = "GET", .target = "/v1/accounts/acme/tokens"}));
  }
  log::stop();
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_NE(text.str().find("\"admin\""), std::string::npos) << "the log was on";
  for (const auto& secret : secrets) {
    ASSERT_GE(secret.size(), 16U);
    EXPECT_EQ(text.str().find(secret), std::string::npos);
    EXPECT_EQ(everything.find(secret), std::string::npos);
  }
}

TEST(Audit, IsFilteredAndShownAsCsvThatNoSpreadsheetRuns) {
  ApiWorld api;
  api.world.make_account("acme");
  api.world.make_account("beta");
  api.world.make_token("acme");
  const Browser boss = api.operator_user("=boss@example.com");
  const auto renamed = api.browser(
      boss, {.method = "PATCH", .target = "/v1/accounts/beta", .body = R"({"name":"N"})"});
  ASSERT_EQ(renamed.status, 200U) << renamed.raw.body;
  const auto verbs = [&](const std::string& query) {
    std::string out;
    const auto rows = api({.method = "GET", .target = "/v1/audit?" + query});
    EXPECT_EQ(rows.status, 200U) << rows.raw.body;
    for (const auto& row : rows.body.at("items").as_array()) {
      out += (out.empty() ? "" : " ") + std::string(row.at("verb").as_string());
    }
    return out;
  };
  EXPECT_EQ(verbs("account=acme"), "token.generate account.create");
  EXPECT_EQ(verbs("verb=account.&limit=2"), "account.rename account.create");
  EXPECT_EQ(verbs("q=boss%40example"),
            "account.rename session.start user.password link.issue "
            "user.create");
  EXPECT_EQ(verbs("until=2000-01-01T00:00:00Z"), "");
  const auto first = api({.method = "GET", .target = "/v1/audit?limit=1"});
  EXPECT_EQ(first.text("/items/0/actor/email"), "=boss@example.com");
  for (const char* query : {"from=yesterday", "format=xml", "format=csv&limit=5"}) {
    EXPECT_EQ(api({.method = "GET", .target = "/v1/audit?" + std::string(query)}).code(),
              "invalid_request")
        << query;
  }
  EXPECT_EQ(api({.method = "GET", .target = "/v1/audit?account=nobody"}).code(),
            "account_not_found");

  auto request =
      request_of({.method = "GET", .target = "/v1/audit?format=csv&verb=account.rename"});
  request.peer = {.unix_socket = true, .uid = kOwnUid, .address = "unix"};
  const auto csv = api.api.handle(request);
  EXPECT_EQ(csv.header("Content-Type"), "text/csv; charset=utf-8");
  EXPECT_EQ(csv.header("Guarita-Truncated"), "false");
  EXPECT_TRUE(csv.body.starts_with("seq,at,verb,subject,actor_kind,actor_name,email,address,"))
      << csv.body;
  EXPECT_TRUE(csv.body.contains(R"("account.rename","beta","user")")) << csv.body;
  EXPECT_TRUE(csv.body.contains(R"("'=boss@example.com")")) << csv.body;
  EXPECT_TRUE(csv.body.ends_with("\"\r\n"));
  EXPECT_EQ(std::ranges::count(csv.body, '\n'), 2);
}

TEST(Secrets, ALiveTokenIsShownAgainWhereItIsKept) {
  ApiWorld api;
  api.world.make_account("acme");
  const std::string text = api.world.make_token("acme");
  const auto id = api({.method = "GET", .target = "/v1/accounts/acme/tokens"}).text("/items/0/id");
  const auto reveal = [&](const std::string& body) {
    return api({.method = "POST", .target = "/v1/accounts/acme/tokens:reveal", .body = body});
  };
  EXPECT_EQ(reveal(R"({"token_id":")" + id + R"("})").text("/secret"), text);
  EXPECT_EQ(reveal(R"({"token_id":"00000000-0000-7000-8000-000000000000"})").code(),
            "token_not_found");
  EXPECT_EQ(reveal(R"({"token_id":"x"})").text("/member"), "token_id");
  EXPECT_EQ(reveal("{}").text("/member"), "token_id");
}

TEST(Api, RefusalsOfTheServerAreProblemsToo) {
  ApiWorld api;
  for (const auto& [status, code] : std::vector<std::pair<unsigned, std::string>>{
           {400, "invalid_request"}, {413, "body_too_large"}, {431, "head_too_large"}}) {
    const auto response = api.api.refuse(status);
    EXPECT_EQ(response.status, status);
    EXPECT_NE(response.body.find(code), std::string::npos);
  }
}

}  // namespace
}  // namespace guarita::admin::testing
