// What admin's tests share: an Api over control's test world, and short ways to ask it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "control/testing.h"
#include "identity/password.h"

namespace guarita::admin::testing {

inline constexpr uid_t kOwnUid = 1234;

struct Response {
  unsigned status = 0;
  boost::json::value body;
  net::AdminResponse raw;

  std::string code() const;                          // of a problem, else ""
  std::string text(std::string_view pointer) const;  // member, strings without quotes
};

struct Ask {
  std::string method;
  std::string target;
  std::string body{};
  std::string if_match{};
  net::AdminHeaders headers{};
};

// Argon2id would cost each test a core for a second.
class FastPasswords final : public identity::PasswordFunctions {
 public:
  std::optional<std::string> hash(std::string_view password) override;
  crypto::PasswordMatch verify(std::string_view hash, std::string_view password) override;
};

// A browser's request on loopback. Sends what the panel would; what a test wants otherwise it
// takes from request() and changes.
struct Browser {
  std::string cookie;  // "guarita=…"
  std::string csrf;
  std::string id{};  // of the user

  net::AdminRequest request(const Ask& ask) const;
};

inline constexpr std::string_view kPassword = "a long sentence of mine";

struct ApiWorld {
  explicit ApiWorld(ApiOptions options = {.console = {}, .own_uid = kOwnUid});

  // Over the socket, as the server's user.
  Response operator()(const Ask& ask);
  // Over TCP from 127.0.0.1 with that admin token ("" = none).
  Response tcp(const Ask& ask, const std::string& token);
  Response send(const net::AdminRequest& request);

  Response browser(const Browser& who, const Ask& ask) { return send(who.request(ask)); }
  // Without a cookie, from a page of this server.
  Response page(const Ask& ask);

  // Users that have accepted their invitation and are signed in.
  Browser operator_user(const std::string& email);
  Browser member(const std::string& email, const std::string& account, store::Role role);
  Browser console_link(const std::string& account, const std::string& rights);
  Browser sign_in(const std::string& email, std::string_view password);
  std::string email_of(const Browser& who);
  // From an answer with Set-Cookie.
  static Browser browser_of(const Response& signed_in);

  std::string admin_token(const std::string& scope);
  std::string etag(const std::string& account);

  control::testing::World world;  // [token] storage is "encrypted"
  FastPasswords passwords;
  identity::Identity identity;
  Api api;
};

net::AdminRequest request_of(const Ask& ask);
// The value behind "name=" in a Set-Cookie line of the answer; none.
std::optional<std::string> set_cookie_line(const Response& response, std::string_view name);

// A caller of identity and control.
store::Actor somebody();

}  // namespace guarita::admin::testing
