// Signing in and out, one's own sessions, profile and two-factor, and giving the password again.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/samples.h"
#include "admin/testing.h"

namespace guarita::admin::testing {
namespace {

const Ask kSession{.method = "GET", .target = "/v1/session"};

Ask post(std::string target, std::string body = {}) {
  return {.method = "POST", .target = std::move(target), .body = std::move(body)};
}

TEST(SignIn, SetsOneCookieAndClearsTheOther) {
  ApiWorld api;
  api.world.make_account("acme");
  api.member("ana@example.com", "acme", store::Role::Owner);
  const auto done = api.page(
      post("/v1/session", R"({"email":"ANA@example.com","password":"a long sentence of mine"})"));
  ASSERT_EQ(done.status, 200U) << done.raw.body;
  const std::string line = set_cookie_line(done, "guarita").value_or("");
  EXPECT_TRUE(line.ends_with("; Path=/; HttpOnly; SameSite=Strict")) << line;
  EXPECT_EQ(set_cookie_line(done, "guarita-link"),
            "guarita-link=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  EXPECT_EQ(done.text("/accounts/0/id"), "acme");
  EXPECT_EQ(done.text("/accounts/0/role"), "owner");
  EXPECT_EQ(done.text("/accounts/0/mode"), "unset");
  const std::string cookie = line.substr(8, line.find(';') - 8);
  EXPECT_EQ(done.raw.body.find(cookie), std::string::npos) << "only in Set-Cookie";
}

TEST(SignIn, RefusalsSayTheSameOfEverybody) {
  ApiWorld api;
  api.operator_user("boss@example.com");
  const auto refused = [&](const char* body) { return api.page(post("/v1/session", body)); };
  const auto wrong = refused(R"({"email":"boss@example.com","password":"wrong"})");
  const auto nobody = refused(R"({"email":"nobody@example.com","password":"wrong"})");
  EXPECT_EQ(wrong.status, 401U);
  EXPECT_EQ(wrong.code(), "wrong_credentials");
  EXPECT_EQ(wrong.text("/detail"), nobody.text("/detail"));
  EXPECT_FALSE(set_cookie_line(wrong, "guarita"));
  EXPECT_EQ(refused("{}").text("/member"), "email");
  EXPECT_EQ(refused(R"({"email":"boss@example.com","password":"x","totp":"1"})").text("/member"),
            "totp");
  auto form = Browser{}.request(post("/v1/session"));
  form.body = "email=boss%40example.com&password=x";
  form.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(api.send(form).code(), "unsupported_media_type");
  for (int i = 0; i < 10; ++i) refused(R"({"email":"boss@example.com","password":"wrong"})");
  const auto slowed = refused(R"({"email":"boss@example.com","password":"wrong"})");
  EXPECT_EQ(slowed.code(), "too_many_failures");
  EXPECT_TRUE(slowed.raw.header("Retry-After"));
}

TEST(SignOut, EndsTheSessionAndClearsBothCookies) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  const auto done = api.browser(boss, {.method = "DELETE", .target = "/v1/session"});
  ASSERT_EQ(done.status, 200U) << done.raw.body;
  EXPECT_EQ(set_cookie_line(done, "guarita"),
            "guarita=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
  EXPECT_TRUE(set_cookie_line(done, "guarita-link"));
  EXPECT_EQ(api.browser(boss, kSession).code(), "unauthenticated");
}

TEST(Reauthentication, IsAskedForAfterAWhileByWhatMakesAndKills) {
  ApiWorld api;
  api.world.make_account("acme");
  const Browser owner = api.member("ana@example.com", "acme", store::Role::Owner);
  const auto generate = [&] {
    return api.browser(owner, {.method = "POST",
                               .target = "/v1/accounts/acme/tokens:generate",
                               .if_match = api.etag("acme")});
  };
  api.world.clock.pass(identity::kFresh);
  EXPECT_EQ(generate().code(), "reauthentication_required");
  const auto ask = [&](const char* target, const char* body) {
    return api.browser(owner, post(target, body)).code();
  };
  // What only asks, and what changes nothing that counts, goes on.
  EXPECT_EQ(api.browser(owner, kSession).status, 200U);
  EXPECT_EQ(ask("/v1/accounts/acme:activate", R"({"dry_run":true})"), "");
  EXPECT_EQ(ask("/v1/accounts/acme:activate", ""), "reauthentication_required");
  EXPECT_EQ(ask("/v1/accounts/acme/ip-list:add", R"({"entries":["192.0.2.1"],"dry_run":true})"),
            "");
  EXPECT_EQ(ask("/v1/accounts/acme/ip-list:add", R"({"entries":["192.0.2.1"],"confirm":true})"),
            "reauthentication_required");
  EXPECT_EQ(ask("/v1/session:reauthenticate", R"({"password":"wrong"})"), "wrong_credentials");
  EXPECT_EQ(generate().code(), "reauthentication_required");
  const auto fresh = api.browser(
      owner, post("/v1/session:reauthenticate", R"({"password":"a long sentence of mine"})"));
  ASSERT_EQ(fresh.status, 200U) << fresh.raw.body;
  EXPECT_EQ(fresh.text("/fresh_until"), api.browser(owner, kSession).text("/session/fresh_until"));
  EXPECT_EQ(generate().status, 200U);
  // Rights come first: a viewer is not asked for a password in vain.
  const Browser viewer = api.member("bia@example.com", "acme", store::Role::Viewer);
  api.world.clock.pass(identity::kFresh);
  EXPECT_EQ(api.browser(viewer, post("/v1/accounts/acme:activate")).code(), "forbidden");
}

TEST(Reauthentication, IsNotAskedOfConsoleLinksAndTokens) {
  ApiWorld api;
  api.world.make_account("acme");
  const Browser link = api.console_link("acme", "rotate");
  const std::string token = api.admin_token("account:acme");
  api.world.clock.pass(identity::kFresh);
  const Ask generate{.method = "POST",
                     .target = "/v1/accounts/acme/tokens:generate",
                     .if_match = api.etag("acme")};
  EXPECT_EQ(api.browser(link, generate).status, 200U);
  EXPECT_EQ(api.tcp(post("/v1/accounts/acme:activate"), token).status, 200U);
}

TEST(Sessions, AreListedAndEnded) {
  ApiWorld api;
  const Browser here = api.operator_user("boss@example.com");
  const Browser there = api.sign_in("boss@example.com", kPassword);
  const Browser stranger = api.operator_user("other@example.com");
  const auto list = [&](const Browser& who) {
    return api.browser(who, {.method = "GET", .target = "/v1/sessions"});
  };
  const auto end = [&](const Browser& who, const std::string& id) {
    return api.browser(who, {.method = "DELETE", .target = "/v1/sessions/" + id});
  };
  const auto listed = list(there);
  ASSERT_EQ(listed.body.at("items").as_array().size(), 2U);
  EXPECT_EQ(listed.text("/items/0/address"), "127.0.0.1");
  EXPECT_EQ(listed.text("/items/0/user_agent"), "Mozilla/5.0");
  const std::string here_id = api.browser(here, kSession).text("/session/id");
  EXPECT_EQ(end(stranger, here_id).code(), "session_not_found") << "another's";
  EXPECT_EQ(end(there, "x").code(), "session_not_found");
  EXPECT_EQ(end(there, here_id).status, 200U);
  EXPECT_EQ(api.browser(here, kSession).code(), "unauthenticated");
  const Browser third = api.sign_in("boss@example.com", kPassword);
  EXPECT_EQ(api.browser(third, post("/v1/sessions:end-others")).status, 200U);
  EXPECT_EQ(api.browser(there, kSession).code(), "unauthenticated");
  EXPECT_EQ(list(third).body.at("items").as_array().size(), 1U);
  // One's own ends like a logout.
  const auto own = end(third, api.browser(third, kSession).text("/session/id"));
  EXPECT_TRUE(set_cookie_line(own, "guarita"));
}

TEST(Me, ProfileAndPassword) {
  ApiWorld api;
  const Browser boss = api.operator_user("boss@example.com");
  const Browser elsewhere = api.sign_in("boss@example.com", kPassword);
  const auto patch = [&](const char* body) {
    return api.browser(boss, {.method = "PATCH", .target = "/v1/me", .body = body});
  };
  EXPECT_EQ(patch(R"({"name":"Ana","language":"es"})").text("/user/language"), "es");
  EXPECT_EQ(patch(R"({"language":"xx"})").text("/member"), "language");
  EXPECT_EQ(patch(R"({"operator":false})").text("/member"), "operator");
  const auto change = [&](const char* body) {
    return api.browser(boss, post("/v1/me:change-password", body));
  };
  EXPECT_EQ(change(R"({"current":"wrong","password":"quite another sentence"})").code(),
            "wrong_credentials");
  const auto weak = change(R"({"current":"a long sentence of mine","password":"short"})");
  EXPECT_EQ(weak.status, 422U);
  EXPECT_EQ(weak.code(), "weak_password");
  EXPECT_EQ(weak.text("/why"), "too_short");
  EXPECT_EQ(
      change(R"({"current":"a long sentence of mine","password":"quite another sentence"})").status,
      200U);
  EXPECT_EQ(api.browser(boss, kSession).status, 200U) << "this one stays";
  EXPECT_EQ(api.browser(elsewhere, kSession).code(), "unauthenticated");
}

TEST(Me, TwoFactorIsBegunConfirmedUsedAndSwitchedOff) {
  ApiWorld api;
  Stage stage(api);
  const Browser boss = api.operator_user("boss@example.com");
  const auto ask = [&](const char* target, std::string body) {
    return api.browser(boss, stage.ask({"POST", target, target, std::move(body)}, boss));
  };
  EXPECT_EQ(ask("/v1/me/two-factor:disable", R"({"code":"123456"})").code(), "two_factor_is_off");
  const auto begun = ask("/v1/me/two-factor:begin", "");
  stage.totp_secret = begun.text("/secret");
  EXPECT_TRUE(begun.text("/uri").starts_with("otpauth://totp/"));
  EXPECT_TRUE(begun.text("/qr_svg").starts_with("<svg"));
  const auto wrong = ask("/v1/me/two-factor:confirm", R"({"code":"000000"})");
  EXPECT_EQ(wrong.code(), "wrong_code");
  EXPECT_EQ(wrong.status, 403U) << "401 would say that the session is over";
  EXPECT_EQ(wrong.text("/status"), "403");
  const auto on = ask("/v1/me/two-factor:confirm", R"({"code":"CODE"})");
  ASSERT_EQ(on.status, 200U) << on.raw.body;
  EXPECT_EQ(on.body.at("recovery_codes").as_array().size(), identity::kRecoveryCodes);
  EXPECT_EQ(ask("/v1/me/two-factor:begin", "").code(), "two_factor_is_on");
  const auto sign_in = [&](const std::string& code) {
    return api.page(
        post("/v1/session", R"({"email":"boss@example.com","password":"a long sentence of mine")" +
                                (code.empty() ? "" : R"(,"code":")" + code + "\"") + "}"));
  };
  EXPECT_EQ(sign_in("").code(), "two_factor_required");
  const auto bad = sign_in("000000");
  EXPECT_EQ(bad.code(), "wrong_code");
  EXPECT_EQ(bad.status, 401U);
  const auto recovered =
      sign_in(std::string(on.body.at("recovery_codes").as_array().front().as_string()));
  EXPECT_EQ(recovered.text("/user/recovery_codes_left"), "9");
  EXPECT_EQ(ask("/v1/me/two-factor:recovery-codes", R"({"code":"CODE"})").status, 200U);
  EXPECT_EQ(ask("/v1/me/two-factor:disable", R"({"code":"CODE"})").status, 200U);
  EXPECT_EQ(sign_in("").status, 200U);
}

}  // namespace
}  // namespace guarita::admin::testing
