#include <functional>

#include "policy/routes_testing.h"

namespace guarita::policy {
namespace {

using testing::gated;
using testing::open;

std::string error_of(const std::vector<RouteConfig>& configs) {
  const auto table = RouteTable::parse(configs);
  if (table) return "";
  EXPECT_TRUE(table.error().message.find(table.error().key) != std::string::npos);
  return table.error().message;
}
RouteConfig with(RouteConfig config, const std::function<void(RouteConfig&)>& change) {
  change(config);
  return config;
}

TEST(RouteConfig, NamesRouteKeyAndRemedy) {
  EXPECT_EQ(
      error_of({gated("/a/{instance}"), gated("/b")}),
      "route 2, instance: nothing names the instance of this gated route; put {instance} into "
      "`path` or `host`, or say instance = \"header:NAME\" or \"query:NAME\", or access = "
      "\"public\"");
  EXPECT_EQ(error_of({with(gated("/a/{instance}"), [](auto& c) { c.methods = {"post"}; })}),
            "route 1, methods: \"post\" never comes: methods are upper case; write \"POST\"");
  EXPECT_EQ(error_of({open("/instances/*"), gated("/instances/{instance}/*")}),
            "route 1, path: \"/instances/*\" is public and takes requests of the gated route 2 "
            "(\"/instances/{instance}/*\") below it; move it below that one, or say overlaps = "
            "true");
}

TEST(RouteConfig, RefusesTemplatesThatCannotWork) {
  for (const std::string_view path : {"",
                                      "a",
                                      "instances/{instance}",
                                      "/a//{instance}",
                                      "/a/./{instance}",
                                      "/a/../{instance}",
                                      "/{instance}/*/x",
                                      "/{instance}*",
                                      "/{instance",
                                      "/{Instance}",
                                      "/{}",
                                      "/{instance}{_}",
                                      "/{instance}/{instance}",
                                      "/{instance_token}/{instance_token}/{instance}",
                                      "/a b/{instance}",
                                      "/a%20/{instance}",
                                      "/a;b/{instance}",
                                      "/a\\b/{instance}",
                                      "/a?b/{instance}",
                                      "/a#b/{instance}",
                                      "/\xC3\xA9/{instance}",
                                      "/a}/{instance}"}) {
    const std::string error = error_of({gated(std::string(path))});
    EXPECT_TRUE(error.starts_with("route 1, path: ")) << path << " → " << error;
  }
  EXPECT_NE(error_of({gated("/{instance}/" + std::string(2000, 'a'))}), "");
  for (const std::string_view path : {"/{instance}", "/{instance}/", "/a.b-c_d~/{instance}/*",
                                      "/x{instance}y{_}z", "/a:@+,[|]/{instance}"}) {
    EXPECT_EQ(error_of({gated(std::string(path))}), "") << path;
  }
}

TEST(RouteConfig, RefusesOtherKeysThatCannotWork) {
  struct Row {
    const char* key;
    std::function<void(RouteConfig&)> change;
  };
  const Row rows[] = {
      {"access", [](auto& c) { c.access = "open"; }},
      {"methods", [](auto& c) { c.methods = {"GET", "GET"}; }},
      {"methods", [](auto& c) { c.methods = {"CONNECT"}; }},
      {"methods", [](auto& c) { c.methods = {"A B"}; }},
      {"methods", [](auto& c) { c.methods = {""}; }},
      {"host", [](auto& c) { c.host = "https://a.example.com"; }},
      {"host", [](auto& c) { c.host = "a.example.com:80"; }},
      {"host", [](auto& c) { c.host = "a..com"; }},
      {"host", [](auto& c) { c.host = "*.example.com"; }},
      {"host", [](auto& c) { c.host = "{instance_token}.example.com"; }},
      {"instance", [](auto& c) { c.instance = "body:x"; }},
      {"instance", [](auto& c) { c.instance = "header:"; }},
      {"instance", [](auto& c) { c.instance = "header:a b"; }},
      {"instance", [](auto& c) { c.instance = "query:"; }},
      {"instance", [](auto& c) { c.instance = "header:Host"; }},
      {"instance", [](auto& c) { c.instance = "header:Transfer-Encoding"; }},
      {"instance_token", [](auto& c) { c.instance_token = "no"; }},
      {"shadow", [](auto& c) { c.shadow = {"path"}; }},
      {"shadow", [](auto& c) { c.shadow = {"query:a", "query:a"}; }},
      {"overlaps", [](auto& c) { c.overlaps = true; }},
      {"instance",
       [](auto& c) {
         c.path = "/a";
         c.instance = "path";
       }},
      {"shadow",
       [](auto& c) {
         c.instance = "header:X-A";
         c.shadow = {"header:x-a"};
       }},
      {"instance",
       [](auto& c) {
         c.access = "public";
         c.instance = "path";
       }},
      {"shadow",
       [](auto& c) {
         c.access = "public";
         c.shadow = {"query:a"};
       }},
      {"instance_token",
       [](auto& c) {
         c.access = "public";
         c.instance_token = "optional";
       }},
  };
  for (const Row& row : rows) {
    const std::string error = error_of({with(gated("/a/{instance}"), row.change)});
    EXPECT_TRUE(error.starts_with(std::string("route 1, ") + row.key + ": ")) << error;
  }
}

TEST(RouteConfig, RefusesAnEmptyAndAnEndlessList) {
  EXPECT_FALSE(RouteTable::parse({}));
  std::vector<RouteConfig> many(kRoutesMax, open("/a"));
  EXPECT_TRUE(RouteTable::parse(many));
  many.push_back(open("/a"));
  EXPECT_FALSE(RouteTable::parse(many));
}

TEST(RouteConfig, PublicMayNotCoverGatedBelow) {
  struct Row {
    const char* open_path;
    const char* gated_path;
    bool covers;
  };
  for (const Row& row : {
           Row{"/*", "/instances/{instance}/*", true},
           Row{"/instances/*", "/instances/{instance}/*", true},
           Row{"/INSTANCES/*", "/instances/{instance}/*", true},
           Row{"/{_}/{_}/*", "/instances/{instance}/*", true},
           Row{"/instances/{_}", "/instances/{instance}/*", true},
           Row{"/instances/{_}/{_}", "/instances/{instance}/*", true},
           Row{"/i{_}/{_}", "/instances/{instance}", true},
           Row{"/{_}:{_}/*", "/bot{instance}:{instance_token}/*", true},
           Row{"/bot{_}/*", "/bot{instance}:{instance_token}/*", true},
           Row{"/instances/{_}/*", "/instances/{instance}/token/{instance_token}/*", true},
           Row{"/instances/integrator/on-demand", "/instances/{instance}/*", false},
           Row{"/instances/{_}/status", "/instances/{instance}/*", false},
           Row{"/instances", "/instances/{instance}/*", false},
           Row{"/instances/", "/instances/{instance}/*", false},
           Row{"/", "/{instance}/*", false},
           Row{"/health", "/{instance}/*", false},
           Row{"/instances/{_}/{_}", "/instances/{instance}", false},
           Row{"/instances/{_}/token/*", "/instances/{instance}/*", false},
           Row{"/x{_}/*", "/{instance}/*", false},
           Row{"/static/*", "/instances/{instance}/*", false},
       }) {
    EXPECT_EQ(error_of({open(row.open_path), gated(row.gated_path)}) != "", row.covers)
        << row.open_path << " above " << row.gated_path;
    EXPECT_EQ(error_of({gated(row.gated_path), open(row.open_path)}), "") << "below it is no error";
    EXPECT_EQ(error_of({with(open(row.open_path), [](auto& c) { c.overlaps = true; }),
                        gated(row.gated_path)}),
              "");
  }
}

TEST(RouteConfig, OverlapRuleSeesMethodsAndHosts) {
  const auto both = [](const std::function<void(RouteConfig&, RouteConfig&)>& change) {
    RouteConfig above = open("/*");
    RouteConfig below = gated("/{instance}/*");
    change(above, below);
    return error_of({above, below}) != "";
  };
  EXPECT_TRUE(both([](auto& a, auto&) { a.methods = {"GET"}; }));
  EXPECT_TRUE(both([](auto&, auto& b) { b.methods = {"GET"}; }));
  EXPECT_TRUE(both([](auto& a, auto& b) { a.methods = {"GET", "POST"}, b.methods = {"POST"}; }));
  EXPECT_FALSE(both([](auto& a, auto& b) { a.methods = {"GET"}, b.methods = {"POST"}; }));
  EXPECT_TRUE(both([](auto& a, auto&) { a.host = "a.example.com"; }));
  EXPECT_TRUE(both([](auto&, auto& b) { b.host = "a.example.com"; }));
  EXPECT_TRUE(both([](auto& a, auto& b) { a.host = "A.example.com", b.host = "a.EXAMPLE.com"; }));
  EXPECT_TRUE(both([](auto& a, auto& b) { a.host = "a.example.com", b.host = "{_}.example.com"; }));
  EXPECT_TRUE(
      both([](auto& a, auto& b) { a.host = "a{_}.example.com", b.host = "{_}b.example.com"; }));
  EXPECT_FALSE(both([](auto& a, auto& b) { a.host = "a.example.com", b.host = "b.example.com"; }));
  EXPECT_FALSE(both([](auto& a, auto& b) { a.host = "{_}.example.com", b.host = "example.com"; }));
}

TEST(RouteConfig, ListsTheHeadersThatRoutesRead) {
  RouteConfig a = gated("/a");
  a.instance = "header:X-B";
  RouteConfig b = gated("/b/{instance}");
  b.shadow = {"header:x-a", "query:q", "header:X-B"};
  const auto table = RouteTable::parse(std::vector{a, b});
  ASSERT_TRUE(table);
  EXPECT_EQ(table->header_names(), (std::vector<std::string>{"x-a", "x-b"}));
  EXPECT_EQ(table->template_of(1), "/b/{instance}");
}

}  // namespace
}  // namespace guarita::policy
