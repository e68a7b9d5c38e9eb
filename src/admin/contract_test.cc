// openapi.json and the route table say the same; answers hold what the schemas require; every
// route is closed to every scope that it is not for.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "admin/problem.h"
#include "admin/routes.h"
#include "admin/testing.h"

namespace guarita::admin::testing {
namespace {

namespace json = boost::json;

const json::value& document() {
  static const json::value parsed = json::parse(openapi_text());
  return parsed;
}

const json::value* at(std::string_view pointer) {
  boost::system::error_code error;
  return document().find_pointer(pointer, error);
}

// "{\"$ref\": \"#/components/…\"}" → what it points to.
const json::value& resolved(const json::value& value) {
  if (!value.is_object()) return value;
  const auto* ref = value.get_object().if_contains("$ref");
  if (ref == nullptr) return value;
  const json::value* target = at(std::string_view(ref->get_string()).substr(1));
  EXPECT_NE(target, nullptr) << json::serialize(value);
  return target == nullptr ? value : resolved(*target);
}

const json::object& operation(const Route& route) {
  std::string method(route.method);
  std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c + 32); });
  return document().at("paths").at(route.path).at(method).as_object();
}

TEST(OpenApi, EveryRouteIsDescribedWithItsRightAndParameters) {
  for (const Route& route : route_table()) {
    SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
    const auto* path = document().at("paths").as_object().if_contains(route.path);
    ASSERT_NE(path, nullptr);
    const json::object& op = operation(route);
    EXPECT_EQ(op.at("x-guarita-right").as_string(), text_of(route.right));
    std::set<std::string> query;
    std::string if_match = "none";
    for (const json::value& reference : op.at("parameters").as_array()) {
      const json::object& parameter = resolved(reference).as_object();
      const std::string name(parameter.at("name").as_string());
      if (parameter.at("in").as_string() == "query") query.insert(name);
      if (parameter.at("in").as_string() == "path") {
        EXPECT_NE(route.path.find("{" + name + "}"), std::string_view::npos) << name;
      }
      if (name == "If-Match") if_match = parameter.contains("required") ? "required" : "optional";
    }
    std::string joined;
    std::set<std::string> known;
    for (std::string_view rest = route.query; !rest.empty();) {
      const auto comma = rest.find(',');
      known.emplace(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    EXPECT_EQ(query, known);
    const std::map<IfMatch, std::string> words = {
        {IfMatch::None, "none"}, {IfMatch::Optional, "optional"}, {IfMatch::Required, "required"}};
    EXPECT_EQ(if_match, words.at(route.if_match));
  }
}

TEST(OpenApi, NothingIsDescribedThatIsNoRoute) {
  std::set<std::string> routes;
  for (const Route& route : route_table()) {
    EXPECT_TRUE(routes.insert(std::string(route.method) + " " + std::string(route.path)).second);
  }
  for (const auto& path : document().at("paths").as_object()) {
    for (const auto& method : path.value().as_object()) {
      std::string name(method.key());
      std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c - 32); });
      EXPECT_TRUE(routes.contains(name + " " + std::string(path.key())));
    }
  }
}

TEST(OpenApi, CodesAreThoseOfTheTable) {
  std::set<std::string> described;
  for (const json::value& code :
       at("/components/schemas/Problem/properties/code/enum")->as_array()) {
    described.emplace(code.as_string());
  }
  std::set<std::string> known;
  for (const CodeRow& row : code_table()) {
    EXPECT_TRUE(known.emplace(row.name).second) << row.name;
    EXPECT_FALSE(row.title.empty());
    EXPECT_FALSE(row.remedy.empty());
    const auto* responses = at("/components/responses/E" + std::to_string(row.status));
    ASSERT_NE(responses, nullptr) << row.status;
    EXPECT_TRUE(std::string_view(responses->at("description").as_string()).contains(row.name))
        << row.name;
  }
  EXPECT_EQ(described, known);
}

// What is wrong with `value` by the schema; "" when it fits. Knows what openapi.json uses.
std::string misfit(const json::value& value, const json::value& schema_or_ref,
                   const std::string& place) {
  const json::object& schema = resolved(schema_or_ref).as_object();
  if (const auto* choices = schema.if_contains("oneOf")) {
    std::string first;
    for (const json::value& choice : choices->as_array()) {
      const std::string wrong = misfit(value, choice, place);
      if (wrong.empty()) return {};
      if (first.empty()) first = wrong;
    }
    return first;
  }
  if (const auto* constant = schema.if_contains("const")) {
    return *constant == value ? "" : place + " is not the constant";
  }
  if (const auto* words = schema.if_contains("enum")) {
    const auto& list = words->as_array();
    if (std::find(list.begin(), list.end(), value) == list.end()) {
      return place + ": " + json::serialize(value) + " is none of the enum";
    }
  }
  std::set<std::string> types;
  if (const auto* type = schema.if_contains("type")) {
    if (type->is_string()) types.emplace(type->as_string());
    if (type->is_array()) {
      for (const json::value& one : type->as_array()) types.emplace(one.as_string());
    }
    const bool fits = (value.is_null() && types.contains("null")) ||
                      (value.is_string() && types.contains("string")) ||
                      (value.is_bool() && types.contains("boolean")) ||
                      ((value.is_int64() || value.is_uint64()) && types.contains("integer")) ||
                      (value.is_array() && types.contains("array")) ||
                      (value.is_object() && types.contains("object"));
    if (!fits) return place + ": " + json::serialize(value) + " has another type";
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      const auto wrong =
          misfit(value.get_array()[i], schema.at("items"), place + "/" + std::to_string(i));
      if (!wrong.empty()) return wrong;
    }
  }
  if (!value.is_object() || !schema.contains("properties")) return {};
  const json::object& properties = schema.at("properties").as_object();
  if (const auto* required = schema.if_contains("required")) {
    for (const json::value& name : required->as_array()) {
      if (!value.get_object().contains(name.as_string())) {
        return place + " lacks " + std::string(name.as_string());
      }
    }
  }
  const bool open = resolved(schema_or_ref) == *at("/components/schemas/Problem");
  for (const auto& member : value.get_object()) {
    const auto* known = properties.if_contains(member.key());
    if (known == nullptr && open) continue;
    if (known == nullptr) return place + " holds the unknown " + std::string(member.key());
    const auto wrong = misfit(member.value(), *known, place + "/" + std::string(member.key()));
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string misfit_of(const Response& response, const Route& route) {
  const json::object& responses = operation(route).at("responses").as_object();
  const auto* described = responses.if_contains(std::to_string(response.status));
  if (described == nullptr)
    return "status " + std::to_string(response.status) + " is not described";
  const json::object& content = resolved(*described).at("content").as_object();
  return misfit(response.body, content.begin()->value().at("schema"), "");
}

TEST(OpenApi, ExamplesFitTheirSchemas) {
  for (const auto& example : at("/components/examples")->as_object()) {
    const auto* schema = at("/components/schemas/" + std::string(example.key()));
    ASSERT_NE(schema, nullptr) << example.key();
    EXPECT_EQ(misfit(example.value().at("value"), *schema, std::string(example.key())), "");
  }
}

// A request for every route that succeeds on an account "acme" with a token and an instance "i1".
struct Sample {
  std::string_view method, path;
  std::string target, body;
};
std::vector<Sample> samples() {
  const std::string a = "/v1/accounts/acme";
  return {
      {"GET", "/v1/accounts", "/v1/accounts?limit=5", ""},
      {"POST", "/v1/accounts", "/v1/accounts", R"({"id":"beta"})"},
      {"GET", "/v1/accounts/{account}", a, ""},
      {"PATCH", "/v1/accounts/{account}", a, R"({"name":"N"})"},
      {"GET", "/v1/accounts/{account}/tokens", a + "/tokens", ""},
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
      {"GET", "/v1/instances", "/v1/instances?q=i", ""},
      {"POST", "/v1/instances", "/v1/instances", R"({"id":"a:b","account":"acme"})"},
      {"GET", "/v1/instances/{instance}", "/v1/instances/i1", ""},
      {"PATCH", "/v1/instances/{instance}", "/v1/instances/i1", R"({"name":"Loja"})"},
      {"POST", "/v1/instances/{instance}:move", "/v1/instances/a%3Ab:move", R"({"to":"beta"})"},
      {"DELETE", "/v1/instances/{instance}", "/v1/instances/a%3Ab", ""},
      {"GET", "/v1/unknown-instances", "/v1/unknown-instances", ""},
      {"GET", "/v1/admin-tokens", "/v1/admin-tokens", ""},
      {"POST", "/v1/admin-tokens", "/v1/admin-tokens", R"({"scope":"account:acme"})"},
      {"DELETE", "/v1/admin-tokens/{id}", "/v1/admin-tokens/ID", ""},
      {"GET", "/v1/audit", "/v1/audit?limit=500", ""},
      {"GET", "/v1/audit:verify", "/v1/audit:verify", ""},
      {"POST", "/v1/check", "/v1/check", R"({"instance":"i1","address":"192.0.2.7"})"},
      {"GET", "/v1/receipts/{revision}", "/v1/receipts/1", ""},
      {"GET", "/v1/status", "/v1/status", ""},
      {"GET", "/v1/openapi.json", "/v1/openapi.json", ""},
      {"DELETE", "/v1/accounts/{account}", "/v1/accounts/acme?cascade=true", ""},
  };
}

const Route& route_of(const Sample& sample) {
  const auto table = route_table();
  const auto found = std::ranges::find_if(table, [&](const Route& route) {
    return route.method == sample.method && route.path == sample.path;
  });
  EXPECT_NE(found, table.end()) << sample.path;
  return *found;
}

void prepare(ApiWorld& api) {
  api.world.make_account("acme");
  api.world.make_instance("i1", "acme");
  api.world.make_token("acme");
}

// The sample's target, with the id of an admin token where it needs one.
std::string target_of(ApiWorld& api, const Sample& sample) {
  std::string target = sample.target;
  const auto place = target.find("/ID");
  if (place == std::string::npos) return target;
  const auto listed = api({.method = "GET", .target = "/v1/admin-tokens"});
  return target.substr(0, place + 1) + listed.text("/items/0/id");
}

TEST(OpenApi, AnswersOfEveryRouteFitTheirSchemas) {
  ApiWorld api;
  prepare(api);
  std::set<std::string> seen;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(std::string(sample.method) + " " + sample.target);
    const Route& route = route_of(sample);
    seen.insert(std::string(sample.method) + std::string(sample.path));
    const std::string etag = route.if_match == IfMatch::Required ? api.etag("acme") : "";
    const auto response = api({.method = std::string(sample.method),
                               .target = target_of(api, sample),
                               .body = sample.body,
                               .if_match = etag});
    EXPECT_LT(response.status, 300U) << response.raw.body;
    EXPECT_EQ(misfit_of(response, route), "") << response.raw.body;
    if (const auto* body = operation(route).if_contains("requestBody");
        body && !sample.body.empty()) {
      const auto& schema = body->at("content").at("application/json").at("schema");
      EXPECT_EQ(misfit(json::parse(sample.body), schema, ""), "");
    }
  }
  EXPECT_EQ(seen.size(), route_table().size()) << "a route without a sample";
}

TEST(OpenApi, ProblemsFitTheirSchemaAndStatus) {
  ApiWorld api;
  prepare(api);
  const auto missing = api({.method = "GET", .target = "/v1/accounts/nobody"});
  EXPECT_EQ(missing.code(), "account_not_found");
  EXPECT_EQ(misfit(missing.body, *at("/components/schemas/Problem"), ""), "");
  EXPECT_EQ(missing.text("/request_id"), missing.raw.header("X-Request-Id"));
}

// What each scope may do, written out apart from permits().
bool may(const Route& route, std::string_view scope) {
  if (scope == "operator" || scope == "write") return true;
  if (scope == "none") return false;
  static const std::set<std::string> write_only_gets = {"/v1/admin-tokens"};
  if (scope == "read") {
    return route.method == "GET" && !write_only_gets.contains(std::string(route.path));
  }
  static const std::set<std::string> owner = {"GET /v1/accounts/{account}",
                                              "POST /v1/accounts/{account}:activate",
                                              "POST /v1/accounts/{account}:deactivate",
                                              "GET /v1/accounts/{account}/tokens",
                                              "POST /v1/accounts/{account}/tokens:generate",
                                              "POST /v1/accounts/{account}/tokens:regenerate",
                                              "POST /v1/accounts/{account}/tokens:rotate",
                                              "POST /v1/accounts/{account}/tokens:promote",
                                              "POST /v1/accounts/{account}/tokens:revoke",
                                              "GET /v1/accounts/{account}/ip-list",
                                              "PUT /v1/accounts/{account}/ip-list",
                                              "POST /v1/accounts/{account}/ip-list:add",
                                              "POST /v1/accounts/{account}/ip-list:remove",
                                              "GET /v1/instances",
                                              "GET /v1/instances/{instance}",
                                              "PATCH /v1/instances/{instance}"};
  static const std::set<std::string> anybody = {"GET /v1/receipts/{revision}",
                                                "GET /v1/openapi.json"};
  const std::string name = std::string(route.method) + " " + std::string(route.path);
  if (anybody.contains(name)) return true;
  // The instance list of a stranger is its own, cut down.
  if (scope == "stranger") return name == "GET /v1/instances";
  return owner.contains(name);
}

TEST(Sweep, EveryRouteIsClosedToEveryScopeThatItIsNotFor) {
  for (const std::string scope : {"operator", "none", "read", "write", "owner", "stranger"}) {
    ApiWorld api;
    prepare(api);
    api.world.make_account("other");
    std::string token;
    if (scope == "read" || scope == "write") token = api.admin_token(scope);
    if (scope == "owner") token = api.admin_token("account:acme");
    if (scope == "stranger") token = api.admin_token("account:other");
    if (token.empty()) api.admin_token("read");  // for the sample that revokes one
    for (const Sample& sample : samples()) {
      SCOPED_TRACE(scope + ": " + std::string(sample.method) + " " + sample.target);
      if (sample.path == "/v1/admin-tokens/{id}" && scope == "write") continue;  // its own
      const Route& route = route_of(sample);
      const std::string etag = route.if_match == IfMatch::Required ? api.etag("acme") : "";
      const Ask ask{.method = std::string(sample.method),
                    .target = target_of(api, sample),
                    .body = sample.body,
                    .if_match = etag};
      const auto before = api.world.control().status().revision;
      const auto response = scope == "operator" ? api(ask) : api.tcp(ask, token);
      if (may(route, scope)) {
        EXPECT_LT(response.status, 500U) << response.raw.body;
        EXPECT_NE(response.status, 401U);
        EXPECT_NE(response.status, 403U) << response.raw.body;
        continue;
      }
      const bool hidden = route.path.contains("{instance}") && scope == "stranger" &&
                          response.code() == "instance_not_found";
      EXPECT_TRUE(response.status == (scope == "none" ? 401U : 403U) || hidden)
          << response.raw.body;
      EXPECT_EQ(api.world.control().status().revision, before) << "it changed something";
    }
  }
}

}  // namespace
}  // namespace guarita::admin::testing
