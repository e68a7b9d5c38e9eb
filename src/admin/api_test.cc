#include "admin/api.h"

#include <gtest/gtest.h>

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
  const auto made = api({.method = "POST", .target = "/v1/accounts", .body = R"({"id":"acme"})"});
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  const std::string at = format_rfc3339(api.world.clock.now());
  EXPECT_EQ(made.text("/receipt"),
            R"({"revision":1,"changed":true,"complete":true,"in_force":{"nodes":1,"of":1,"at":")" +
                at + R"(","ms":0},"streams_closed":2})");
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

TEST(Authentication, SocketServesItsOwnUserAndRoot) {
  ApiWorld api;
  for (const auto& [uid, status] : std::vector<std::pair<std::optional<uid_t>, unsigned>>{
           {kOwnUid, 200}, {0, 200}, {kOwnUid + 1, 401}, {std::nullopt, 401}}) {
    auto request = request_of({.method = "GET", .target = "/v1/status"});
    request.peer = {.unix_socket = true, .uid = uid, .address = "unix"};
    EXPECT_EQ(api.send(std::move(request)).status, status);
  }
}

TEST(Authentication, HostAndOriginAreChecked) {
  ApiWorld api({.console = {.public_url = "https://Guarita.example/panel"}, .own_uid = kOwnUid});
  const std::string token = api.admin_token("read");
  const auto ask = [&](net::AdminHeaders headers) {
    headers.emplace_back("Authorization", "Bearer " + token);
    return api.send({.method = "GET",
                     .target = "/v1/status",
                     .headers = std::move(headers),
                     .body = {},
                     .peer = {.unix_socket = false, .uid = {}, .address = "127.0.0.1"}});
  };
  for (const char* host :
       {"guarita.example", "localhost:8081", "127.0.0.1", "[::1]:80", "LOCALHOST"}) {
    EXPECT_EQ(ask({{"Host", host}}).status, 200U) << host;
  }
  for (const char* host : {"evil.example", "guarita.example:8443", "localhost.evil.example",
                           "127.0.0.1.evil.example", "", "guarita.example.", "localhost:x"}) {
    EXPECT_EQ(ask({{"Host", host}}).code(), "misdirected") << host;
  }
  EXPECT_EQ(ask({}).code(), "host_required");
  EXPECT_EQ(ask({{"Host", "localhost"}, {"Host", "localhost"}}).code(), "host_required");
  const auto origin = [&](const char* value) {
    return ask({{"Host", "localhost"}, {"Origin", value}});
  };
  EXPECT_EQ(origin("https://guarita.example").status, 200U);
  for (const char* value : {"http://guarita.example", "null", "https://evil.example",
                            "https://guarita.example:8443", "http://localhost"}) {
    EXPECT_EQ(origin(value).code(), "origin_refused") << value;
  }
}

TEST(Authentication, WrongTokensAreThrottledByAddress) {
  ApiWorld api;
  const std::string token = api.admin_token("read");
  const Ask ask{.method = "GET", .target = "/v1/status"};
  EXPECT_EQ(api.tcp(ask, "").code(), "unauthenticated") << "no guess, not counted";
  for (int i = 0; i < 10; ++i) {
    const auto refused = api.tcp(ask, "gadm_" + std::string(64, '0'));
    EXPECT_EQ(refused.code(), "unauthenticated");
    EXPECT_TRUE(refused.raw.header("WWW-Authenticate"));
  }
  const auto blocked = api.tcp(ask, token);
  EXPECT_EQ(blocked.code(), "too_many_failures");
  EXPECT_EQ(blocked.raw.header("Retry-After"), "60");
  auto elsewhere = request_of(ask);
  elsewhere.headers.emplace_back("Host", "localhost");
  elsewhere.headers.emplace_back("Authorization", "bearer " + token);
  elsewhere.peer = {.unix_socket = false, .uid = {}, .address = "192.0.2.7"};
  EXPECT_EQ(api.send(elsewhere).status, 200U);
  api.world.clock.pass(std::chrono::minutes(1));
  EXPECT_EQ(api.tcp(ask, token).status, 200U);
  elsewhere.headers.emplace_back("Authorization", "Bearer " + token);
  EXPECT_EQ(api.send(elsewhere).code(), "unauthenticated") << "two lines";
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
