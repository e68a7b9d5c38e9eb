#include "admin/samples.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "identity/two_factor.h"

namespace guarita::admin::testing {

namespace {

std::vector<Sample> samples_of_people() {
  return {
      {"GET", "/v1/console", "/v1/console", ""},
      {"POST", "/v1/session", "/v1/session",
       R"({"email":"guest@example.com","password":"a long sentence of mine"})"},
      {"POST", "/v1/links:inspect", "/v1/links:inspect", R"({"token":"LINK"})"},
      {"POST", "/v1/links:redeem", "/v1/links:redeem",
       R"({"token":"LINK","password":"quite another sentence"})"},
      {"GET", "/v1/session", "/v1/session", ""},
      {"POST", "/v1/session:reauthenticate", "/v1/session:reauthenticate",
       R"({"password":"a long sentence of mine"})"},
      {"GET", "/v1/sessions", "/v1/sessions", ""},
      {"DELETE", "/v1/sessions/{id}", "/v1/sessions/SESSION", ""},
      {"POST", "/v1/sessions:end-others", "/v1/sessions:end-others", ""},
      {"PATCH", "/v1/me", "/v1/me", R"({"name":"Bia","language":"es"})"},
      {"POST", "/v1/me/two-factor:begin", "/v1/me/two-factor:begin", ""},
      {"POST", "/v1/me/two-factor:confirm", "/v1/me/two-factor:confirm", R"({"code":"CODE"})"},
      {"POST", "/v1/me/two-factor:recovery-codes", "/v1/me/two-factor:recovery-codes",
       R"({"code":"CODE"})"},
      {"POST", "/v1/me/two-factor:disable", "/v1/me/two-factor:disable", R"({"code":"CODE"})"},
      {"POST", "/v1/me:change-password", "/v1/me:change-password",
       R"({"current":"a long sentence of mine","password":"a longer sentence of mine"})"},
      {"GET", "/v1/users", "/v1/users?q=guest&limit=5", ""},
      {"POST", "/v1/users", "/v1/users",
       R"({"email":"new@example.com","memberships":[{"account":"acme","role":"viewer"}]})"},
      {"GET", "/v1/users/{id}", "/v1/users/GUEST", ""},
      {"PATCH", "/v1/users/{id}", "/v1/users/GUEST", R"({"name":"Guest","operator":false})"},
      {"POST", "/v1/users/{id}:reset-link", "/v1/users/GUEST:reset-link", ""},
  };
}

std::vector<Sample> samples_of_accounts() {
  const std::string a = "/v1/accounts/acme";
  return {
      {"GET", "/v1/accounts", "/v1/accounts?limit=5&q=c", ""},
      {"POST", "/v1/accounts", "/v1/accounts", R"({"id":"beta"})"},
      {"GET", "/v1/accounts/{account}", a, ""},
      {"PATCH", "/v1/accounts/{account}", a, R"({"name":"N"})"},
      {"GET", "/v1/accounts/{account}/members", a + "/members", ""},
      {"POST", "/v1/accounts/{account}/members", a + "/members",
       R"({"email":"third@example.com","role":"viewer","language":"en"})"},
      {"PATCH", "/v1/accounts/{account}/members/{id}", a + "/members/MEMBER",
       R"({"role":"owner"})"},
      {"DELETE", "/v1/accounts/{account}/members/{id}", a + "/members/MEMBER", ""},
      {"POST", "/v1/accounts/{account}/console-links", a + "/console-links",
       R"({"rights":["view","rotate"],"end_user":"cliente 42"})"},
      {"GET", "/v1/accounts/{account}/traffic", a + "/traffic?range=day", ""},
      {"GET", "/v1/accounts/{account}/denials", a + "/denials?limit=5", ""},
      {"GET", "/v1/accounts/{account}/callers", a + "/callers", ""},
      {"GET", "/v1/accounts/{account}/events", a + "/events", ""},
      {"POST", "/v1/accounts/{account}:test", a + ":test", R"({"instance":"i1","token":"null"})"},
      {"GET", "/v1/traffic", "/v1/traffic?range=week", ""},
      {"GET", "/v1/accounts/{account}/tokens", a + "/tokens", ""},
      {"POST", "/v1/accounts/{account}/tokens:reveal", a + "/tokens:reveal",
       R"({"token_id":"TOKEN"})"},
      {"POST", "/v1/accounts/{account}/tokens:generate", a + "/tokens:generate",
       R"({"as":"next"})"},
      {"POST", "/v1/accounts/{account}/tokens:promote", a + "/tokens:promote", R"({"grace":"0s"})"},
      {"POST", "/v1/accounts/{account}/tokens:rotate", a + "/tokens:rotate", ""},
      {"POST", "/v1/accounts/{account}/tokens:regenerate", a + "/tokens:regenerate", "{}"},
      {"POST", "/v1/accounts/{account}:activate", a + ":activate", R"({"dry_run":true})"},
      {"POST", "/v1/accounts/{account}:activate", a + ":activate", ""},
      {"POST", "/v1/accounts/{account}:deactivate", a + ":deactivate", ""},
      {"POST", "/v1/accounts/{account}/tokens:revoke", a + "/tokens:revoke", R"({"all":true})"},
      {"GET", "/v1/accounts/{account}/ip-list", a + "/ip-list", ""},
      {"PUT", "/v1/accounts/{account}/ip-list", a + "/ip-list",
       R"({"entries":["192.0.2.0/24"],"dry_run":true})"},
      {"PUT", "/v1/accounts/{account}/ip-list", a + "/ip-list",
       R"({"entries":["192.0.2.0/24"],"confirm":true})"},
      {"POST", "/v1/accounts/{account}/ip-list:add", a + "/ip-list:add",
       R"({"entries":["203.0.113.7"]})"},
      {"POST", "/v1/accounts/{account}/ip-list:remove", a + "/ip-list:remove",
       R"({"entries":["203.0.113.7"]})"},
  };
}

std::vector<Sample> samples_of_the_rest() {
  return {
      {"GET", "/v1/instances", "/v1/instances?q=i", ""},
      {"POST", "/v1/instances", "/v1/instances", R"({"id":"a:b","account":"acme"})"},
      {"GET", "/v1/instances/{instance}", "/v1/instances/i1", ""},
      {"PATCH", "/v1/instances/{instance}", "/v1/instances/i1", R"({"name":"Loja"})"},
      {"POST", "/v1/instances/{instance}:move", "/v1/instances/a%3Ab:move", R"({"to":"beta"})"},
      {"DELETE", "/v1/instances/{instance}", "/v1/instances/a%3Ab", ""},
      {"POST", "/v1/batch", "/v1/batch",
       R"({"items":[{"account":"gamma","name":"G"},{"instance":"g1","account":"gamma"},)"
       R"({"instance":"nobody","delete":true},{"instance":"g2","account":"nobody"}]})"},
      {"GET", "/v1/export", "/v1/export?of=instances&limit=5", ""},
      {"GET", "/v1/unknown-instances", "/v1/unknown-instances", ""},
      {"GET", "/v1/admin-tokens", "/v1/admin-tokens", ""},
      {"POST", "/v1/admin-tokens", "/v1/admin-tokens", R"({"scope":"account:acme"})"},
      {"DELETE", "/v1/admin-tokens/{id}", "/v1/admin-tokens/ADMIN_TOKEN", ""},
      {"GET", "/v1/audit", "/v1/audit?limit=500&verb=token.&account=acme", ""},
      {"GET", "/v1/audit:verify", "/v1/audit:verify", ""},
      {"POST", "/v1/check", "/v1/check", R"({"instance":"i1","address":"192.0.2.7"})"},
      {"GET", "/v1/receipts/{revision}", "/v1/receipts/1", ""},
      {"GET", "/v1/status", "/v1/status", ""},
      {"GET", "/v1/openapi.json", "/v1/openapi.json", ""},
      {"POST", "/v1/users/{id}:reset-two-factor", "/v1/users/GUEST:reset-two-factor", ""},
      {"DELETE", "/v1/users/{id}", "/v1/users/GUEST", ""},
      {"DELETE", "/v1/accounts/{account}", "/v1/accounts/acme?cascade=true", ""},
      {"DELETE", "/v1/session", "/v1/session", ""},
  };
}

}  // namespace

std::vector<Sample> samples() {
  std::vector<Sample> all = samples_of_people();
  for (const auto& more : {samples_of_accounts(), samples_of_the_rest()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

const Route& route_of(const Sample& sample) {
  const auto table = route_table();
  const auto found = std::ranges::find_if(table, [&](const Route& route) {
    return route.method == sample.method && route.path == sample.path;
  });
  EXPECT_NE(found, table.end()) << sample.path;
  return *found;
}

Stage::Stage(ApiWorld& world) : api(world) {
  api.world.make_account("acme");
  api.world.make_account("other");
  api.world.make_instance("i1", "acme");
  api.world.make_token("acme");
  owner = api.member("owner@example.com", "acme", store::Role::Owner);
  viewer = api.member("viewer@example.com", "acme", store::Role::Viewer);
  stranger = api.member("stranger@example.com", "other", store::Role::Owner);
  guest = api.member("guest@example.com", "other", store::Role::Viewer);
  api.admin_token("read");
}

// RFC 4648 §6, as the authenticator's secret is shown; "" is none.
std::string from_base32(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string raw;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) continue;
    bits = (bits << 5 | static_cast<unsigned>(digit)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    raw.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return raw;
}

// A step is good once: time passes before each.
std::string Stage::code() {
  if (totp_secret.empty()) return "000000";
  api.world.clock.pass(std::chrono::seconds(30));
  const Secret raw(from_base32(totp_secret));
  return identity::totp_code(raw, identity::totp_step(api.world.clock.now()));
}

std::string Stage::value_of(std::string_view word, const Browser& self) {
  if (word == "ADMIN_TOKEN") {
    return api({.method = "GET", .target = "/v1/admin-tokens"}).text("/items/0/id");
  }
  if (word == "MEMBER") return viewer.id;
  if (word == "GUEST") return guest.id;
  if (word == "TOKEN") {
    return api({.method = "GET", .target = "/v1/accounts/acme/tokens"}).text("/items/0/id");
  }
  if (word == "SESSION") {
    if (!self.id.empty()) api.sign_in(api.email_of(self), kPassword);
    const auto listed = api.browser(self, {.method = "GET", .target = "/v1/sessions"});
    for (const char* place : {"/items/0", "/items/1"}) {
      if (listed.text(std::string(place) + "/current") == "false") {
        return listed.text(std::string(place) + "/id");
      }
    }
    return "00000000-0000-7000-8000-000000000000";
  }
  if (word == "LINK") {
    const auto link = api.identity.reset_link(somebody(), UserKey{*parse_uuid(guest.id)});
    EXPECT_TRUE(link);
    return std::string(link->token.reveal());
  }
  return code();
}

Ask Stage::ask(const Sample& sample, const Browser& self) {
  Ask ask{.method = std::string(sample.method), .target = sample.target, .body = sample.body};
  for (std::string* text : {&ask.target, &ask.body}) {
    for (const std::string_view word :
         {"ADMIN_TOKEN", "MEMBER", "GUEST", "TOKEN", "SESSION", "LINK", "CODE"}) {
      const auto at = text->find(word);
      if (at != std::string::npos) text->replace(at, word.size(), value_of(word, self));
    }
  }
  if (route_of(sample).if_match == IfMatch::Required) ask.if_match = api.etag("acme");
  return ask;
}

}  // namespace guarita::admin::testing
