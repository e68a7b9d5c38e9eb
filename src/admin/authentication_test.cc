// Who a request comes from: socket, admin token, cookie.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/testing.h"

namespace guarita::admin::testing {
namespace {

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
  EXPECT_EQ(origin("http://localhost").status, 200U) << "the request's own";
  for (const char* value : {"http://guarita.example", "null", "https://evil.example",
                            "https://guarita.example:8443", "https://localhost"}) {
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

const Ask kSession{.method = "GET", .target = "/v1/session"};
const Ask kRename{.method = "PATCH", .target = "/v1/me", .body = R"({"name":"Bia"})"};

void set_header(net::AdminRequest& request, std::string_view name, std::string value) {
  std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
  request.headers.emplace_back(name, std::move(value));
}

TEST(CookieAuthentication, AGoodCookieIsItsUser) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  EXPECT_TRUE(boss.cookie.starts_with("guarita="));
  const auto shown = api.browser(boss, kSession);
  EXPECT_EQ(shown.text("/user/email"), "boss@example.com");
  EXPECT_EQ(shown.text("/user/operator"), "true");
  EXPECT_EQ(shown.text("/accounts"), "[]");
  EXPECT_EQ(shown.text("/link"), "null");
  EXPECT_EQ(shown.text("/csrf"), boss.csrf);
}

TEST(CookieAuthentication, CookieAndBearerExcludeEachOther) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  const std::string token = api.admin_token("read");
  auto request = boss.request({.method = "GET", .target = "/v1/status"});
  request.headers.emplace_back("Authorization", "Bearer " + token);
  const auto refused = api.send(request);
  EXPECT_EQ(refused.code(), "invalid_request");
  EXPECT_EQ(refused.text("/member"), "Authorization");
  set_header(request, "Cookie", "__Host-guarita=x");
  EXPECT_EQ(api.send(request).code(), "invalid_request") << "any cookie of ours";
  set_header(request, "Cookie", "theme=dark");
  EXPECT_EQ(api.send(request).status, 200U) << "others do not count";
}

TEST(CookieAuthentication, WhatIsNoCookieOfOneSessionIsNobody) {
  ApiWorld api;
  api.world.make_account("acme");
  const Browser boss = api.operator_user("boss@example.com");
  const Browser link = api.console_link("acme", "view");
  const std::string value = boss.cookie.substr(boss.cookie.find('=') + 1);
  const std::string link_value = link.cookie.substr(link.cookie.find('=') + 1);
  for (const std::string& cookie :
       {"guarita=" + std::string(43, 'A'), std::string("guarita="), boss.cookie + "x",
        boss.cookie + "; " + boss.cookie, boss.cookie + "; " + link.cookie,
        "__Host-guarita=" + value, "guarita-link=" + value, "guarita=" + link_value}) {
    auto request = boss.request(kSession);
    set_header(request, "Cookie", cookie);
    const auto refused = api.send(request);
    EXPECT_EQ(refused.status, 401U) << cookie;
    EXPECT_EQ(refused.code(), "unauthenticated") << cookie;
  }
  EXPECT_EQ(api.browser(link, kSession).text("/link/account"), "acme");
}

TEST(CookieAuthentication, ASessionEndsWhenIdleAndAtItsLimit) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  api.world.clock.pass(identity::kSessionIdle - Millis(1));
  EXPECT_EQ(api.browser(boss, kSession).status, 200U);
  api.world.clock.pass(identity::kSessionIdle);
  EXPECT_EQ(api.browser(boss, kSession).code(), "unauthenticated");
  const Browser again = api.sign_in("boss@example.com", kPassword);
  for (Millis passed{0}; passed < identity::kSessionAbsolute; passed += std::chrono::minutes(20)) {
    EXPECT_EQ(api.browser(again, kSession).status, 200U) << passed.count();
    api.world.clock.pass(std::chrono::minutes(20));
  }
  EXPECT_EQ(api.browser(again, kSession).code(), "unauthenticated");
}

TEST(CookieAuthentication, EveryChangeBySessionNeedsItsProof) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  const Browser other = api.operator_user("other@example.com");
  EXPECT_EQ(api.browser(boss, kRename).text("/user/name"), "Bia");
  const auto with = [&](std::string_view name, const std::string& value) {
    auto request = boss.request(kRename);
    set_header(request, name, value);
    return api.send(request).code();
  };
  EXPECT_EQ(with("X-Guarita-CSRF", ""), "csrf_refused");
  EXPECT_EQ(with("X-Guarita-CSRF", other.csrf), "csrf_refused");
  EXPECT_EQ(with("Sec-Fetch-Site", "cross-site"), "csrf_refused");
  EXPECT_EQ(with("Origin", "https://evil.example"), "origin_refused");
  EXPECT_EQ(with("Origin", "null"), "origin_refused");
  EXPECT_EQ(with("Host", "evil.example"), "misdirected");
  // By bearer there is no ambient right that a page could use: no proof is asked for.
  const std::string token = api.admin_token("write");
  EXPECT_EQ(
      api.tcp({.method = "POST", .target = "/v1/accounts", .body = R"({"id":"a"})"}, token).status,
      201U);
}

TEST(CookieAuthentication, OutsideLoopbackPasswordsNeedHttps) {
  ApiWorld api({.console = {.public_url = "http://guarita.example"}, .own_uid = kOwnUid});
  api.operator_user("boss@example.com");
  const Ask sign_in{.method = "POST",
                    .target = "/v1/session",
                    .body = R"({"email":"boss@example.com","password":"a long sentence of mine"})"};
  const auto send = [&](const Ask& ask, const char* cookie) {
    auto request = request_of(ask);
    request.headers.emplace_back("Host", "guarita.example");
    if (*cookie != 0) request.headers.emplace_back("Cookie", cookie);
    request.peer = {.unix_socket = false, .uid = {}, .address = "192.0.2.7"};
    return api.send(request);
  };
  EXPECT_EQ(send(sign_in, "").code(), "https_required");
  EXPECT_EQ(send({.method = "POST", .target = "/v1/links:inspect", .body = "{}"}, "").code(),
            "https_required");
  EXPECT_EQ(send(kSession, "guarita=x").code(), "https_required");
  EXPECT_EQ(send({.method = "GET", .target = "/v1/status"}, "guarita=x").code(), "https_required");
  EXPECT_EQ(send({.method = "GET", .target = "/v1/console"}, "").text("/https_required"), "true");
  EXPECT_EQ(send({.method = "GET", .target = "/v1/status"}, "").code(), "unauthenticated");
}

TEST(CookieAuthentication, BehindATlsTerminatorCookiesAreSecure) {
  ApiWorld api({.console = {.public_url = "https://guarita.example",
                            .frame_origins = {"https://loja.example"}},
                .own_uid = kOwnUid});
  api.world.make_account("acme");
  api.operator_user("boss@example.com");
  auto request =
      request_of({.method = "POST",
                  .target = "/v1/session",
                  .body = R"({"email":"boss@example.com","password":"a long sentence of mine"})"});
  request.headers.emplace_back("Host", "guarita.example");
  request.headers.emplace_back("Origin", "https://guarita.example");
  request.peer = {.unix_socket = false, .uid = {}, .address = "192.0.2.7"};
  const auto done = api.send(request);
  ASSERT_EQ(done.status, 200U) << done.raw.body;
  const std::string line = set_cookie_line(done, "__Host-guarita").value_or("");
  EXPECT_TRUE(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict")) << line;
  EXPECT_EQ(set_cookie_line(done, "__Host-guarita-link"),
            "__Host-guarita-link=; Path=/; Secure; HttpOnly; SameSite=None; Partitioned; "
            "Max-Age=0");
  auto ask = request_of(kSession);
  ask.headers = {{"Host", "guarita.example"}, {"Cookie", line.substr(0, line.find(';'))}};
  ask.peer = request.peer;
  EXPECT_EQ(api.send(ask).text("/user/email"), "boss@example.com");
}

TEST(CookieAuthentication, WhoMayNotSeeAnAccountLearnsNothingOfIt) {
  ApiWorld api;
  for (const char* id : {"acme", "beta", "gama"}) api.world.make_account(id);
  api.world.make_instance("b1", "beta");
  const Browser owner = api.member("ana@example.com", "acme", store::Role::Owner);
  const auto get = [&](const std::string& target) {
    auto answer = api.browser(owner, {.method = "GET", .target = target});
    answer.body.as_object().erase("request_id");
    return boost::json::serialize(answer.body);
  };
  const auto same = [&](const std::string& there, const std::string& nowhere, std::string id) {
    std::string a = get(there);
    const auto at = a.find("'" + id + "'");
    if (at != std::string::npos) a.replace(at, id.size() + 2, "'none'");
    for (auto place = a.find(id); place != std::string::npos; place = a.find(id)) {
      a.replace(place, id.size(), "none");
    }
    EXPECT_EQ(a, get(nowhere));
  };
  same("/v1/accounts/beta", "/v1/accounts/none", "beta");
  same("/v1/accounts/beta/tokens", "/v1/accounts/none/tokens", "beta");
  same("/v1/instances?account=beta", "/v1/instances?account=none", "beta");
  same("/v1/instances/b1", "/v1/instances/none", "b1");
  EXPECT_EQ(api.browser(owner, {.method = "GET", .target = "/v1/accounts/beta"}).code(),
            "account_not_found");
  EXPECT_EQ(api.browser(owner, {.method = "GET", .target = "/v1/instances/b1"}).code(),
            "instance_not_found");
}

}  // namespace
}  // namespace guarita::admin::testing
