// Requests and tables for the tests of routes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/routes.h"

namespace guarita::policy::testing {

using Outcome = RouteMatch::Outcome;

struct Request {
  std::string path;
  std::string method = "GET";
  std::string host = "gate.example.com";
  std::string query = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
};

inline FieldLines lookup(const void* context, std::string_view name) {
  FieldLines lines;
  for (const auto& [key, value] : static_cast<const Request*>(context)->fields) {
    if (key == name && lines.count++ == 0) lines.value = value;
  }
  return lines;
}

inline RouteMatch match(const RouteTable& table, const Request& request) {
  return policy::match(table, {.method = request.method,
                               .host = request.host,
                               .path = request.path,
                               .query = request.query,
                               .fields = {.context = &request, .get = lookup}});
}

inline RouteTable table_of(const std::vector<RouteConfig>& configs) {
  auto table = RouteTable::parse(configs);
  EXPECT_TRUE(table) << table.error().message;
  return std::move(*table);
}

inline RouteConfig gated(std::string path) {
  RouteConfig config;
  config.path = std::move(path);
  return config;
}
inline RouteConfig open(std::string path) {
  RouteConfig config = gated(std::move(path));
  config.access = "public";
  return config;
}

// "0 gated 7 token=t": route, outcome, instance, instance token.
inline std::string print(const RouteMatch& match) {
  std::string text = std::to_string(match.route) + " ";
  switch (match.outcome) {
    case Outcome::Unmatched: return "unmatched";
    case Outcome::BadTarget: return text + "bad_target";
    case Outcome::Ambiguous: return text + "ambiguous";
    case Outcome::NoInstance: return text + "no_instance";
    case Outcome::Public: return text + "public";
    case Outcome::Gated: break;
  }
  text += "gated ";
  text += match.instance_id.view();
  if (match.instance_token_seen) {
    text += " token=";
    text += match.instance_token.view();
  }
  return text;
}

struct Case {
  Request request;
  std::string expected;
};
inline void expect_all(const RouteTable& table, const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    EXPECT_EQ(print(match(table, test.request)), test.expected)
        << test.request.method << " " << test.request.host << test.request.path << "?"
        << test.request.query;
  }
}

}  // namespace guarita::policy::testing
