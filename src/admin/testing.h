// What admin's tests share: an Api over control's test world, and short ways to ask it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "admin/api.h"
#include "control/testing.h"

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

struct ApiWorld {
  explicit ApiWorld(ApiOptions options = {.console = {}, .own_uid = kOwnUid});

  // Over the socket, as the server's user.
  Response operator()(const Ask& ask);
  // Over TCP from 127.0.0.1 with that admin token ("" = none).
  Response tcp(const Ask& ask, const std::string& token);
  Response send(const net::AdminRequest& request);

  std::string admin_token(const std::string& scope);
  std::string etag(const std::string& account);

  control::testing::World world;
  identity::Identity identity;
  Api api;
};

net::AdminRequest request_of(const Ask& ask);

}  // namespace guarita::admin::testing
