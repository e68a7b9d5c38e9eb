// openapi.json and the route table say the same; answers hold what the schemas require.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "admin/problem.h"
#include "admin/routes.h"
#include "admin/samples.h"
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
    EXPECT_EQ(op.at("x-guarita-reauth").as_string(), text_of(route.reauth));
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

// Of the guest, with a session of its own.
void switch_two_factor_on(ApiWorld& api, Stage& stage) {
  const auto link = api.identity.reset_link(somebody(), UserKey{*parse_uuid(stage.guest.id)});
  ASSERT_TRUE(link);
  const Browser guest =
      ApiWorld::browser_of(api.page({.method = "POST",
                                     .target = "/v1/links:redeem",
                                     .body = R"({"password":"yet another sentence","token":")" +
                                             std::string(link->token.reveal()) + R"("})"}));
  stage.totp_secret =
      api.browser(guest, {.method = "POST", .target = "/v1/me/two-factor:begin"}).text("/secret");
  const auto on = api.browser(guest, stage.ask({"POST", "/v1/me/two-factor:confirm",
                                                "/v1/me/two-factor:confirm", R"({"code":"CODE"})"},
                                               guest));
  EXPECT_EQ(on.status, 200U) << on.raw.body;
}

TEST(OpenApi, AnswersOfEveryRouteFitTheirSchemas) {
  ApiWorld api;
  Stage stage(api);
  Browser self = api.member("self@example.com", "acme", store::Role::Owner);
  std::set<std::string> seen;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(std::string(sample.method) + " " + sample.target);
    const Route& route = route_of(sample);
    seen.insert(std::string(sample.method) + std::string(sample.path));
    if (sample.path == "/v1/users/{id}:reset-two-factor") switch_two_factor_on(api, stage);
    const Ask ask = stage.ask(sample, self);
    const bool by_session = route.right == Right::Session || route.right == Right::Self;
    const auto response = route.right == Right::Public ? api.page(ask)
                          : by_session                 ? api.browser(self, ask)
                                                       : api(ask);
    EXPECT_LT(response.status, 300U) << response.raw.body;
    EXPECT_EQ(misfit_of(response, route), "") << response.raw.body;
    if (sample.path == "/v1/me/two-factor:begin") stage.totp_secret = response.text("/secret");
    if (const auto* body = operation(route).if_contains("requestBody"); body && !ask.body.empty()) {
      const auto& schema = body->at("content").at("application/json").at("schema");
      EXPECT_EQ(misfit(json::parse(ask.body), schema, ""), "");
    }
  }
  EXPECT_EQ(seen.size(), route_table().size()) << "a route without a sample";
}

TEST(OpenApi, ASessionsRoutesNameItsCookieAndItsProof) {
  for (const Route& route : route_table()) {
    SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
    const json::array& ways = operation(route).at("security").as_array();
    EXPECT_EQ(ways.empty(), route.right == Right::Public);
    const bool tokens =
        route.right != Right::Session && route.right != Right::Self && route.right != Right::Public;
    bool admin_token = false;
    for (const json::value& way : ways) {
      const bool by_token = way.as_object().contains("admin_token");
      admin_token = admin_token || by_token;
      EXPECT_EQ(way.as_object().contains("csrf"), !by_token && route.method != "GET");
    }
    EXPECT_EQ(admin_token, tokens);
  }
}

TEST(OpenApi, ProblemsFitTheirSchemaAndStatus) {
  ApiWorld api;
  const auto missing = api({.method = "GET", .target = "/v1/accounts/nobody"});
  EXPECT_EQ(missing.code(), "account_not_found");
  EXPECT_EQ(misfit(missing.body, *at("/components/schemas/Problem"), ""), "");
  EXPECT_EQ(missing.text("/request_id"), missing.raw.header("X-Request-Id"));
}

}  // namespace
}  // namespace guarita::admin::testing
