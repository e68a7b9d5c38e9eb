#include "admin/testing.h"

#include <boost/json/serialize.hpp>

namespace guarita::admin::testing {

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
    : identity({}, world.control(), world.store(), world.clock),
      api(std::move(options), world.control(), identity, world.clock) {}

Response ApiWorld::send(const net::AdminRequest& request) {
  Response response;
  response.raw = api.handle(request);
  response.status = response.raw.status;
  boost::system::error_code error;
  response.body = boost::json::parse(response.raw.body, error);
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
