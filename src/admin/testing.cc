#include "admin/testing.h"

#include <boost/json/serialize.hpp>

namespace guarita::admin::testing {
namespace {

identity::Options identity_options(FastPasswords& passwords) {
  identity::Options options;
  options.passwords = &passwords;
  options.sealing_key = []() -> Result<control::SealingKey, std::string> {
    return control::SealingKey{.key = {}, .id = "test"};
  };
  return options;
}

control::Options sealed() {
  control::Options options;
  options.sealing = control::SealingKey{.key = {}, .id = "test"};
  return options;
}

}  // namespace

store::Actor somebody() {
  return {.kind = store::ActorKind::Operator,
          .name = "uid:0",
          .address = "unix",
          .email = {},
          .request_id = {}};
}

std::optional<std::string> FastPasswords::hash(std::string_view password) {
  return "$test$" + crypto::hex(crypto::sha256(password));
}

crypto::PasswordMatch FastPasswords::verify(std::string_view hash, std::string_view password) {
  return hash == this->hash(password) ? crypto::PasswordMatch::Yes : crypto::PasswordMatch::No;
}

net::AdminRequest Browser::request(const Ask& ask) const {
  auto request = request_of(ask);
  request.headers.emplace_back("Host", "127.0.0.1:8081");
  request.headers.emplace_back("Sec-Fetch-Site", "same-origin");
  request.headers.emplace_back("User-Agent", "Mozilla/5.0");
  if (ask.method != "GET") {
    request.headers.emplace_back("Origin", "http://127.0.0.1:8081");
    if (!csrf.empty()) request.headers.emplace_back("X-Guarita-CSRF", csrf);
  }
  if (!cookie.empty()) request.headers.emplace_back("Cookie", "theme=dark; " + cookie);
  request.peer = {.unix_socket = false, .uid = std::nullopt, .address = "127.0.0.1"};
  return request;
}

std::optional<std::string> set_cookie_line(const Response& response, std::string_view name) {
  for (const auto& [header, line] : response.raw.headers) {
    if (header == "Set-Cookie" && line.starts_with(std::string(name) + "=")) return line;
  }
  return std::nullopt;
}

std::string Response::code() const {
  if (raw.header("Content-Type") != "application/problem+json") return {};
  return text("/code");
}

std::string Response::text(std::string_view pointer) const {
  boost::system::error_code error;
  const boost::json::value* at = body.find_pointer(pointer, error);
  if (at == nullptr) return {};
  return at->is_string() ? std::string(at->get_string()) : boost::json::serialize(*at);
}

net::AdminRequest request_of(const Ask& ask) {
  net::AdminRequest request{.method = ask.method,
                            .target = ask.target,
                            .headers = ask.headers,
                            .body = ask.body,
                            .peer = {}};
  if (!ask.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!ask.if_match.empty()) request.headers.emplace_back("If-Match", ask.if_match);
  return request;
}

ApiWorld::ApiWorld(ApiOptions options)
    : world(sealed()),
      identity(identity_options(passwords), world.control(), world.store(), world.clock),
      api(std::move(options), world.control(), identity, world.clock) {}

Response ApiWorld::send(const net::AdminRequest& request) {
  Response response;
  response.raw = api.handle(request);
  response.status = response.raw.status;
  boost::system::error_code error;
  if (response.raw.events) {
    response.body = boost::json::string(response.raw.body);
  } else {
    response.body = boost::json::parse(response.raw.body, error);
  }
  EXPECT_FALSE(error) << response.raw.body;
  EXPECT_EQ(response.raw.header("Cache-Control"), "no-store");
  EXPECT_TRUE(response.raw.header("X-Request-Id"));
  return response;
}

Response ApiWorld::operator()(const Ask& ask) {
  auto request = request_of(ask);
  request.headers.emplace_back("Host", "localhost");
  request.peer = {.unix_socket = true, .uid = kOwnUid, .address = "unix"};
  return send(std::move(request));
}

Response ApiWorld::tcp(const Ask& ask, const std::string& token) {
  auto request = request_of(ask);
  request.headers.emplace_back("Host", "127.0.0.1:8081");
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  request.peer = {.unix_socket = false, .uid = std::nullopt, .address = "127.0.0.1"};
  return send(std::move(request));
}

Response ApiWorld::page(const Ask& ask) {
  return send(Browser{}.request(ask));
}

Browser ApiWorld::sign_in(const std::string& email, std::string_view password) {
  const boost::json::object body = {{"email", email}, {"password", password}};
  const auto done =
      page({.method = "POST", .target = "/v1/session", .body = boost::json::serialize(body)});
  EXPECT_EQ(done.status, 200U) << done.raw.body;
  return browser_of(done);
}

std::string ApiWorld::email_of(const Browser& who) {
  return browser(who, {.method = "GET", .target = "/v1/session"}).text("/user/email");
}

Browser ApiWorld::browser_of(const Response& signed_in) {
  Browser who{.cookie = {}, .csrf = signed_in.text("/csrf"), .id = signed_in.text("/user/id")};
  for (const std::string_view name : {"guarita", "guarita-link"}) {
    const auto line = set_cookie_line(signed_in, name).value_or("");
    if (!line.empty() && !line.contains("Max-Age=0")) who.cookie = line.substr(0, line.find(';'));
  }
  EXPECT_FALSE(who.cookie.empty()) << signed_in.raw.body;
  return who;
}

namespace {

Browser redeem(ApiWorld& api, const identity::Outcome<identity::LinkMade>& link,
               std::string_view password) {
  EXPECT_TRUE(link) << (link ? "" : link.error().detail);
  boost::json::object body = {{"token", link->token.reveal()}};
  if (!password.empty()) body["password"] = password;
  const auto done = api.page(
      {.method = "POST", .target = "/v1/links:redeem", .body = boost::json::serialize(body)});
  EXPECT_EQ(done.status, 200U) << done.raw.body;
  return ApiWorld::browser_of(done);
}

}  // namespace

Browser ApiWorld::operator_user(const std::string& email) {
  identity::NewUser user;
  user.email = email;
  user.is_operator = true;
  return redeem(*this, identity.create_user(somebody(), std::move(user)), kPassword);
}

Browser ApiWorld::member(const std::string& email, const std::string& account, store::Role role) {
  identity::NewUser user;
  user.email = email;
  user.memberships.emplace_back(account, role);
  return redeem(*this, identity.create_user(somebody(), std::move(user)), kPassword);
}

Browser ApiWorld::console_link(const std::string& account, const std::string& rights) {
  std::vector<identity::LinkRight> list = {identity::LinkRight::View};
  if (rights.contains("rotate")) list.push_back(identity::LinkRight::Rotate);
  if (rights.contains("activate")) list.push_back(identity::LinkRight::Activate);
  return redeem(*this, identity.console_link(somebody(), account, std::move(list), "cliente 42"),
                "");
}

std::string ApiWorld::admin_token(const std::string& scope) {
  const auto made = (*this)({.method = "POST",
                             .target = "/v1/admin-tokens",
                             .body = R"({"scope":")" + scope + R"(","name":"test"})"});
  EXPECT_EQ(made.status, 201U) << made.raw.body;
  return made.text("/secret");
}

std::string ApiWorld::etag(const std::string& account) {
  const auto shown = (*this)({.method = "GET", .target = "/v1/accounts/" + account});
  return std::string(shown.raw.header("ETag").value_or(""));
}

}  // namespace guarita::admin::testing
