// Users, members and links: who makes them, who sees them.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/testing.h"

namespace guarita::admin::testing {
namespace {

Ask post(std::string target, std::string body = {}) {
  return {.method = "POST", .target = std::move(target), .body = std::move(body)};
}
Ask get(std::string target) {
  return {.method = "GET", .target = std::move(target)};
}

std::string token_of(const Response& response, const char* pointer) {
  const std::string url = response.text(pointer);
  const auto at = url.find("/#/link/");
  EXPECT_NE(at, std::string::npos) << response.raw.body;
  return url.substr(at + 8);
}

Response redeem(ApiWorld& api, const std::string& token, std::string_view password) {
  boost::json::object body = {{"token", token}};
  if (!password.empty()) body["password"] = password;
  return api.page(post("/v1/links:redeem", boost::json::serialize(body)));
}

TEST(Users, AreMadeWithALinkThatSetsThePassword) {
  ApiOptions options{.console = {}, .own_uid = kOwnUid};
  options.console.console_bound = [] { return "http://127.0.0.1:8081"; };
  ApiWorld api(std::move(options));
  api.world.make_account("acme");
  const auto made = api(post(
      "/v1/users",
      R"({"email":"Ana@example.com","name":"Ana","memberships":[{"account":"acme","role":"owner"}]})"));
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  EXPECT_EQ(made.text("/user/has_password"), "false");
  EXPECT_TRUE(made.text("/link/url").starts_with("http://127.0.0.1:8081/#/link/"));
  const std::string token = token_of(made, "/link/url");
  const auto seen = api.page(post("/v1/links:inspect", R"({"token":")" + token + R"("})"));
  EXPECT_EQ(seen.text("/kind"), "invitation");
  EXPECT_EQ(seen.text("/email"), "Ana@example.com");
  EXPECT_EQ(seen.text("/account"), "null");
  EXPECT_EQ(redeem(api, token, "password").code(), "weak_password");
  EXPECT_EQ(redeem(api, token, kPassword).text("/accounts/0/role"), "owner");
  EXPECT_EQ(redeem(api, token, kPassword).code(), "link_invalid") << "once";
  EXPECT_EQ(redeem(api, "x", kPassword).status, 404U);
  const auto wrong = [&](const char* body) { return api(post("/v1/users", body)); };
  EXPECT_EQ(wrong(R"({"email":"ana@EXAMPLE.com"})").code(), "user_exists");
  EXPECT_EQ(wrong(R"({"email":"no address"})").text("/member"), "email");
  EXPECT_EQ(wrong(R"({"email":"b@example.com","memberships":[{"account":"acme","role":"boss"}]})")
                .text("/member"),
            "role");
  EXPECT_EQ(
      wrong(R"({"email":"b@example.com","memberships":[{"account":"nobody","role":"owner"}]})")
          .code(),
      "account_not_found");
  EXPECT_EQ(wrong(R"({"email":"b@example.com","memberships":[1]})").text("/member"), "memberships");
}

TEST(Users, AreFoundChangedAndDeleted) {
  ApiWorld api;
  api.world.make_account("acme");
  const Browser ana = api.member("ana@example.com", "acme", store::Role::Owner);
  api.operator_user("boss@example.com");
  EXPECT_EQ(api(get("/v1/users?account=acme")).text("/items/0/email"), "ana@example.com");
  EXPECT_EQ(api(get("/v1/users?q=BOSS")).body.at("items").as_array().size(), 1U);
  EXPECT_EQ(api(get("/v1/users?account=nobody")).code(), "account_not_found");
  const std::string target = "/v1/users/" + ana.id;
  const auto patched =
      api({.method = "PATCH", .target = target, .body = R"({"name":"Ana B","operator":true})"});
  EXPECT_EQ(patched.text("/user/name"), "Ana B");
  EXPECT_EQ(patched.text("/user/operator"), "true");
  EXPECT_EQ(api.browser(ana, get("/v1/status")).status, 200U) << "at once";
  EXPECT_EQ(api({.method = "PATCH", .target = target, .body = R"({"email":"x"})"}).text("/member"),
            "email");
  const auto link = api(post(target + ":reset-link"));
  EXPECT_EQ(redeem(api, token_of(link, "/url"), "quite another sentence").status, 200U);
  EXPECT_EQ(api.browser(ana, get("/v1/session")).code(), "unauthenticated")
      << "a new password ends every session";
  EXPECT_EQ(api(post(target + ":reset-two-factor")).code(), "two_factor_is_off");
  EXPECT_EQ(api({.method = "DELETE", .target = target}).status, 200U);
  EXPECT_EQ(api(get(target)).code(), "user_not_found");
  EXPECT_EQ(api(get("/v1/users/x")).code(), "user_not_found");
}

TEST(Members, AnOwnerInvitesChangesAndRemoves) {
  ApiWorld api;
  for (const char* id : {"acme", "secret"}) api.world.make_account(id);
  const Browser ana = api.member("ana@example.com", "acme", store::Role::Owner);
  const Browser bia = api.member("bia@example.com", "secret", store::Role::Owner);
  const std::string members = "/v1/accounts/acme/members";
  const auto invited =
      api.browser(ana, post(members, R"({"email":"new@example.com","role":"viewer"})"));
  ASSERT_EQ(invited.status, 201U) << invited.raw.body;
  EXPECT_EQ(invited.text("/user/role"), "viewer");
  EXPECT_EQ(redeem(api, token_of(invited, "/link/url"), kPassword).status, 200U);
  // Who took that address at another account, Ana cannot know; the operator can.
  const std::string bias = R"({"email":"bia@example.com","role":"viewer"})";
  EXPECT_EQ(api.browser(ana, post(members, bias)).code(), "user_exists");
  const auto added = api({.method = "POST", .target = members, .body = bias});
  EXPECT_EQ(added.text("/link"), "null") << "known already";
  EXPECT_EQ(added.raw.body.find("secret"), std::string::npos) << "of this account only";
  const auto listed = api.browser(ana, get(members));
  EXPECT_EQ(listed.body.at("items").as_array().size(), 3U);
  EXPECT_EQ(listed.raw.body.find("secret"), std::string::npos);
  EXPECT_EQ(api.browser(ana, post(members, R"({"email":"bia@example.com","role":"owner"})")).code(),
            "user_exists");
  EXPECT_EQ(
      api.browser(ana, post(members, R"({"email":"c@example.com","role":"boss"})")).text("/member"),
      "role");
  const auto patch = [&](const std::string& id, const char* body) {
    return api.browser(ana, {.method = "PATCH", .target = members + "/" + id, .body = body});
  };
  const auto remove = [&](const std::string& id) {
    return api.browser(ana, {.method = "DELETE", .target = members + "/" + id});
  };
  EXPECT_EQ(patch(ana.id, R"({"role":"viewer"})").code(), "last_owner");
  EXPECT_EQ(remove(ana.id).code(), "last_owner");
  EXPECT_EQ(patch(bia.id, R"({"role":"owner"})").text("/user/role"), "owner");
  EXPECT_EQ(remove(bia.id).status, 200U);
  EXPECT_EQ(remove(bia.id).code(), "user_not_found");
  EXPECT_EQ(patch(bia.id, R"({"role":"owner"})").code(), "user_not_found")
      << "a role makes nobody a member";
  EXPECT_EQ(remove("x").code(), "user_not_found");
  EXPECT_EQ(api({.method = "DELETE", .target = members + "/" + ana.id}).status, 200U)
      << "an operator may";
  EXPECT_EQ(api.browser(ana, get(members)).code(), "account_not_found") << "at once";
}

TEST(Members, SeeTheirAccountsAndNoOthers) {
  ApiWorld api;
  for (const char* id : {"acme", "beta", "gama"}) {
    api.world.make_account(id);
    api.world.make_instance(std::string("i-") + id, id);
  }
  const Ask reroute{.method = "PATCH",
                    .target = "/v1/instances/i-acme",
                    .body = R"({"upstream":"http://10.0.0.7:3000"})"};
  EXPECT_EQ(api(reroute).text("/instance/upstream"), "http://10.0.0.7:3000");
  const Browser ana = api.member("ana@example.com", "acme", store::Role::Owner);
  EXPECT_EQ(api.browser(ana, get("/v1/instances")).text("/items/0/id"), "i-acme");
  EXPECT_EQ(api.browser(ana, get("/v1/accounts")).text("/items/0/id"), "acme");
  api(post("/v1/accounts/beta/members", R"({"email":"ana@example.com","role":"viewer"})"));
  const auto accounts = api.browser(ana, get("/v1/accounts?limit=1"));
  EXPECT_EQ(accounts.text("/items/0/id"), "acme");
  EXPECT_EQ(accounts.text("/next_cursor"), "acme");
  const auto rest = api.browser(ana, get("/v1/accounts?cursor=acme"));
  EXPECT_EQ(rest.body.at("items").as_array().size(), 1U);
  EXPECT_EQ(rest.text("/items/0/id"), "beta");
  EXPECT_EQ(rest.text("/next_cursor"), "null");
  EXPECT_EQ(api.browser(ana, get("/v1/accounts?q=BET")).text("/items/0/id"), "beta");
  EXPECT_EQ(api.browser(ana, get("/v1/instances")).text("/member"), "account") << "which of two";
  EXPECT_EQ(api.browser(ana, get("/v1/instances?account=beta")).text("/items/0/id"), "i-beta");
  EXPECT_EQ(api.browser(ana, get("/v1/instances?account=gama")).code(), "account_not_found");
  const auto rename = [&](const char* id, const char* body) {
    return api.browser(
        ana, {.method = "PATCH", .target = std::string("/v1/instances/") + id, .body = body});
  };
  EXPECT_EQ(rename("i-acme", R"({"name":"Loja"})").text("/instance/name"), "Loja");
  for (const char* target : {"/v1/instances?account=acme", "/v1/instances/i-acme"}) {
    EXPECT_EQ(api.browser(ana, get(target)).raw.body.find("10.0.0.7"), std::string::npos)
        << "where it runs is the operator's own affair";
  }
  EXPECT_EQ(rename("i-acme", R"({"upstream":"http://127.0.0.1:1"})").code(), "forbidden");
  EXPECT_EQ(rename("i-acme", R"({"instance_token":null})").code(), "forbidden");
  EXPECT_EQ(rename("i-beta", R"({"name":"x"})").code(), "forbidden") << "a viewer there";
  EXPECT_EQ(rename("i-gama", R"({"name":"x"})").code(), "instance_not_found");
}

TEST(ConsoleLinks, OpenOneAccountForAMinuteWithTheirRights) {
  ApiWorld api;
  for (const char* id : {"acme", "beta"}) api.world.make_account(id);
  const std::string target = "/v1/accounts/acme/console-links";
  const auto made = api(post(target, R"({"rights":["view","activate"],"end_user":"cliente 42"})"));
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  const auto opened = redeem(api, token_of(made, "/url"), "");
  ASSERT_EQ(opened.status, 200U) << opened.raw.body;
  EXPECT_EQ(opened.text("/link"),
            R"({"account":"acme","rights":["view","activate"],"end_user":"cliente 42"})");
  EXPECT_EQ(opened.text("/user"), "null");
  EXPECT_EQ(opened.text("/accounts/0/id"), "acme");
  EXPECT_TRUE(set_cookie_line(opened, "guarita-link"));
  const Browser link = ApiWorld::browser_of(opened);
  EXPECT_EQ(api.browser(link, get("/v1/accounts/acme")).status, 200U);
  EXPECT_EQ(api.browser(link, get("/v1/accounts/beta")).code(), "account_not_found");
  EXPECT_EQ(api.browser(link, get("/v1/sessions")).code(), "forbidden");
  EXPECT_EQ(api.browser(link, post("/v1/accounts/acme:activate")).code(), "no_token");
  EXPECT_EQ(api.browser(link, {.method = "DELETE", .target = "/v1/session"}).status, 200U);

  const auto late = api(post(target, R"({"rights":["view"],"end_user":"x"})"));
  api.world.clock.pass(identity::kConsoleLinkLife);
  EXPECT_EQ(redeem(api, token_of(late, "/url"), "").code(), "link_invalid");
  for (const char* body : {R"({"rights":["view","view"],"end_user":"x"})", R"({"rights":["own"]})",
                           R"({"rights":[],"end_user":"x"})", R"({"rights":["view"]})"}) {
    EXPECT_EQ(api(post(target, body)).code(), "invalid_request") << body;
  }
  EXPECT_EQ(api(post("/v1/accounts/nobody/console-links", R"({"rights":["view"],"end_user":"x"})"))
                .code(),
            "account_not_found");
}

TEST(Console, SaysWhatAPageHasToKnow) {
  ApiOptions options{.console = {}, .own_uid = kOwnUid};
  options.console.gate_bound = [] { return "http://0.0.0.0:8080"; };
  options.console.example_path = "/instances/{instance}/*";
  ApiWorld api(std::move(options));
  const auto shown = api.page(get("/v1/console"));
  EXPECT_EQ(shown.text("/gate_url"), "http://127.0.0.1:8080") << "the page's own host";
  EXPECT_EQ(shown.text("/example_path"), "/instances/{instance}/*");
  EXPECT_EQ(shown.text("/https_required"), "false");
  EXPECT_EQ(shown.text("/demo"), "false");
  EXPECT_EQ(shown.text("/token_storage"), "digest");
  auto request = Browser{}.request(get("/v1/console"));
  for (auto& [name, value] : request.headers) {
    if (name == "Host") value = "evil.example";
  }
  EXPECT_EQ(api.send(request).code(), "misdirected") << "public, but not for every name";
}

}  // namespace
}  // namespace guarita::admin::testing
