#include "policy/routes_testing.h"
#include "support/allocations.h"

namespace guarita::policy {
namespace {

using testing::expect_all;
using testing::gated;
using testing::open;
using testing::table_of;

TEST(Routes, DefaultListGatesInstances) {
  expect_all(table_of(default_routes()),
             {
                 {{"/instances/3A/token/T9/send-text"}, "0 gated 3A token=T9"},
                 {{"/instances/3A/token/T9"}, "0 gated 3A token=T9"},
                 {{"/instances/3A/token/T9/"}, "0 gated 3A token=T9"},
                 {{"/instances/3A/send-text"}, "1 gated 3A"},
                 {{"/instances/3A"}, "1 gated 3A"},
                 {{"/instances/3A/token"}, "1 gated 3A"},
                 {{"/instances/3A/Token/T9/send"}, "1 gated 3A"},
                 {{"/instances/5511@c.us:1,+[|]/x"}, "1 gated 5511@c.us:1,+[|]"},
                 {{"/instances"}, "unmatched"},
                 {{"/instances/"}, "unmatched"},
                 {{"/Instances/3A/x"}, "unmatched"},
                 {{"//instances/3A/x"}, "unmatched"},
                 {{"/api/instances/3A"}, "unmatched"},
                 {{"/"}, "unmatched"},
                 {{""}, "unmatched"},
                 {{"*"}, "unmatched"},
                 {{"instances/3A"}, "unmatched"},
             });
}

TEST(Routes, WhatIsReadHasOneReading) {
  const RouteTable table = table_of(default_routes());
  for (const std::string_view bad : {"", "a;b", ";", "a\\b", "a%2Fb", "a%2fb", "a%5Cb", "a%5cb",
                                     "a%00b", "a%25b", "%", "a%4", "a%zz"}) {
    const std::string text(bad);
    expect_all(table, {{{"/instances/" + text + "/x"}, "1 bad_target"},
                       {{"/instances/" + text + "/token/T/x"}, "0 bad_target"},
                       {{"/instances/3A/token/" + text + "/x"}, "0 bad_target"},
                       // In the tail anything goes that http has let through.
                       {{"/instances/3A/x/" + text + "/y"}, "1 gated 3A"}});
  }
  const std::string nul("/instances/a\0b/x", 16);
  EXPECT_EQ(testing::print(match(table, testing::Request{nul})), "1 bad_target");
}

TEST(Routes, DecodesIdsExactlyOnce) {
  expect_all(
      table_of(default_routes()),
      {
          {{"/instances/a%20b%C3%A9/x"}, "1 gated a b\xC3\xA9"},
          {{"/instances/a+b/x"}, "1 gated a+b"},
          {{"/instances/a%3Fb/token/%2B%3d/x"}, "0 gated a?b token=+="},
          {{"/instances/a%0Ab/x"}, "1 no_instance"},
          {{"/instances/a%7F/x"}, "1 no_instance"},
          {{"/instances/a%C2%85/x"}, "1 no_instance"},
          {{"/instances/%FF/x"}, "1 no_instance"},
          {{"/instances/%C0%AF/x"}, "1 no_instance"},
          {{"/instances/%ED%A0%80/x"}, "1 no_instance"},
          {{"/instances/" + std::string(128, 'a') + "/x"}, "1 gated " + std::string(128, 'a')},
          {{"/instances/" + std::string(129, 'a') + "/x"}, "1 no_instance"},
      });
}

TEST(Routes, LongInstanceTokensAreSeenAndEqualNothing) {
  const RouteTable table = table_of(default_routes());
  const auto longest =
      match(table, testing::Request{"/instances/a/token/" + std::string(256, 't')});
  EXPECT_EQ(longest.instance_token.view().size(), 256U);
  const auto over = match(table, testing::Request{"/instances/a/token/" + std::string(257, 't')});
  EXPECT_EQ(over.outcome, testing::Outcome::Gated);
  EXPECT_TRUE(over.instance_token_seen);
  EXPECT_TRUE(over.instance_token.empty());
}

TEST(Routes, PartsPlaceholdersWithinASegment) {
  expect_all(table_of({gated("/bot{instance}:{instance_token}/*"), gated("/s/{_}-{instance}.v{_}"),
                       gated("/file-{instance}.json")}),
             {
                 {{"/bot12:AAE-x/getMe"}, "0 gated 12 token=AAE-x"},
                 {{"/bot12:AAE-x"}, "0 gated 12 token=AAE-x"},
                 {{"/bot12:a:b/getMe"}, "0 ambiguous"},
                 {{"/bot::b/getMe"}, "0 gated : token=b"},
                 {{"/bot:b/getMe"}, "unmatched"},
                 {{"/bot12:/getMe"}, "unmatched"},
                 {{"/bot12%3Ab/getMe"}, "unmatched"},
                 {{"/bot1;:b/getMe"}, "0 bad_target"},
                 {{"/s/x-7.v1"}, "1 gated 7"},
                 {{"/s/x-y-7.v1"}, "1 ambiguous"},
                 {{"/s/x-7.v1.v2"}, "1 ambiguous"},
                 {{"/s/x-7.v1/"}, "unmatched"},
                 {{"/file-7.json"}, "2 gated 7"},
                 {{"/file-.json.json"}, "2 gated .json"},
                 {{"/file-.json"}, "unmatched"},
             });
}

TEST(Routes, FirstMatchWinsByMethodAndHost) {
  RouteConfig post = gated("/send/{instance}");
  post.methods = {"POST", "PUT"};
  RouteConfig by_host = open("/send/status");
  by_host.host = "Status.Example.com";
  expect_all(table_of({by_host, post, open("/health"), open("/static/*")}),
             {
                 {{"/send/7", "POST"}, "1 gated 7"},
                 {{"/send/7", "post"}, "unmatched"},
                 {{"/send/7", "GET"}, "unmatched"},
                 {{"/send/status", "GET", "status.example.com"}, "0 public"},
                 {{"/send/status", "GET", "status.example.com."}, "0 public"},
                 {{"/send/status", "GET", "xstatus.example.com"}, "unmatched"},
                 {{"/send/status", "POST", "gate.example.com"}, "1 gated status"},
                 {{"/health"}, "2 public"},
                 {{"/health/"}, "unmatched"},
                 {{"/static"}, "3 public"},
                 {{"/static/a;b//%2F%25"}, "3 public"},
             });
}

TEST(Routes, PublicRouteNeverTakesWhatAnUpstreamMayReadAsGated) {
  RouteConfig post = gated("/admin/{instance}");
  post.methods = {"POST"};
  expect_all(table_of({gated("/instances/{instance}/*"), post, open("/*")}),
             {
                 {{"/instances/7/x"}, "0 gated 7"},
                 {{"/Instances/7/x"}, "2 bad_target"},
                 {{"//instances/7/x"}, "2 bad_target"},
                 {{"/instances;v=1/7/x"}, "2 bad_target"},
                 {{"/instances%2F7"}, "2 bad_target"},
                 {{"/instances%5C7"}, "2 bad_target"},
                 {{"/instances\\7"}, "2 bad_target"},
                 {{"/instances%252F7"}, "2 bad_target"},
                 {{"/%69nstances/7"}, "2 bad_target"},
                 {{"/%2569nstances/7"}, "2 bad_target"},
                 {{"/;a/instances/7"}, "2 bad_target"},
                 {{"/" + std::string(20000, 'a')}, "2 bad_target"},
                 {{"/instances"}, "2 public"},
                 {{"/instances/"}, "2 public"},
                 {{"/"}, "2 public"},
                 {{"/a//b;c/100%25/%2F"}, "2 public"},
                 {{"/admin/7", "GET"}, "2 public"},
                 {{"/ADMIN/7", "post"}, "2 bad_target"},
             });
}

TEST(Routes, ReadsTheInstanceFromAHeader) {
  RouteConfig config = gated("/message/*");
  config.instance = "header:X-Instance";
  const RouteTable table = table_of({config});
  EXPECT_EQ(table.header_names(), std::vector<std::string>{"x-instance"});
  const auto with = [](std::vector<std::pair<std::string, std::string>> fields) {
    return testing::Request{.path = "/message/send", .query = {}, .fields = std::move(fields)};
  };
  expect_all(table, {
                        {with({{"x-instance", "7"}}), "0 gated 7"},
                        {with({{"x-instance", "a%20b"}}), "0 gated a%20b"},
                        {with({}), "0 no_instance"},
                        {with({{"x-instance", ""}}), "0 no_instance"},
                        {with({{"x-instance", "a/b"}}), "0 no_instance"},
                        {with({{"x-instance", "7"}, {"x-instance", "7"}}), "0 ambiguous"},
                    });
  EXPECT_EQ(
      policy::match(table,
                    {.method = "GET", .host = "a", .path = "/message", .query = "", .fields = {}})
          .outcome,
      testing::Outcome::NoInstance);
}

TEST(Routes, ReadsTheInstanceFromTheQuery) {
  RouteConfig config = gated("/api/*");
  config.instance = "query:session id";
  const auto with = [](std::string query) {
    return testing::Request{.path = "/api/send", .query = std::move(query), .fields = {}};
  };
  expect_all(table_of({config}), {
                                     {with("session+id=7"), "0 gated 7"},
                                     {with("a=b&session%20id=a+b%2Bc&x"), "0 gated a b+c"},
                                     {with("s%65ssion%20id=7"), "0 gated 7"},
                                     {with("session+id=7&session+id=7"), "0 ambiguous"},
                                     {with("session+id=7&s%65ssion%20id=8"), "0 ambiguous"},
                                     {with("session+id=7;session+id=8"), "0 ambiguous"},
                                     {with("a=1;session+id=8"), "0 ambiguous"},
                                     {with("session+id=a=b"), "0 gated a=b"},
                                     {with("session+id=%2541"), "0 gated %41"},
                                     {with("session+id="), "0 no_instance"},
                                     {with("session+id"), "0 no_instance"},
                                     {with("session+id=%zz"), "0 no_instance"},
                                     {with("session+id=a%2Fb"), "0 no_instance"},
                                     {with("Session+id=7"), "0 no_instance"},
                                     {with(""), "0 no_instance"},
                                 });
}

TEST(Routes, ReadsTheInstanceFromTheHost) {
  RouteConfig part = gated("/*");
  part.host = "{instance}.api.example.com";
  RouteConfig whole = gated("/*");
  whole.instance = "host";
  expect_all(table_of({part, whole}),
             {
                 {{"/x", "GET", "shop7.api.example.com"}, "0 gated shop7"},
                 {{"/x", "GET", "shop7.api.example.com."}, "0 gated shop7"},
                 {{"/x", "GET", "a.b.api.example.com"}, "1 gated a.b.api.example.com"},
                 {{"/x", "GET", "%61.api.example.com"}, "0 bad_target"},
                 {{"/x", "GET", "one.example.com."}, "1 gated one.example.com"},
                 {{"/x", "GET", "[2001:db8::1]"}, "1 gated [2001:db8::1]"},
                 {{"/x", "GET", ""}, "1 no_instance"},
                 {{"/x", "GET", "a%2eb.example.com"}, "1 no_instance"},
             });
  RouteConfig v6 = gated("/{instance}");
  v6.host = "[2001:DB8::1]";
  RouteConfig split = gated("/*");
  split.host = "{instance}-{_}.example.com";
  expect_all(table_of({v6, split}), {{{"/7", "GET", "[2001:db8::1]"}, "0 gated 7"},
                                     {{"/7", "GET", "[2001:db8::2]"}, "unmatched"},
                                     {{"/7", "GET", "a-b.example.com"}, "1 gated a"},
                                     {{"/7", "GET", "a-b-c.example.com"}, "1 ambiguous"}});
}

TEST(Routes, PlacesThatDisagreeAreAmbiguous) {
  RouteConfig config = gated("/instance/{instance}/*");
  config.shadow = {"query:instanceName", "header:X-Instance"};
  RouteConfig both = gated("/both/{instance}");
  both.instance = "header:X-Instance";
  RouteConfig host = gated("/host/{instance}");
  host.host = "{instance}.example.com";
  const RouteTable table = table_of({config, both, host});
  const auto with = [](std::string path, std::string query, std::string header) {
    testing::Request request{.path = std::move(path), .query = std::move(query), .fields = {}};
    if (!header.empty()) request.fields.emplace_back("x-instance", std::move(header));
    return request;
  };
  expect_all(
      table,
      {
          {with("/instance/7/x", "", ""), "0 gated 7"},
          {with("/instance/7/x", "instanceName=7", "7"), "0 gated 7"},
          {with("/instance/a%20b/x", "instanceName=a+b", ""), "0 gated a b"},
          {with("/instance/7/x", "instanceName=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName=", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName=%", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName=7&instanceName=7", ""), "0 ambiguous"},
          {with("/instance/7/x", "InstanceName=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName=7&INSTANCENAME=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName[]=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "a=1&instanceName%5B0%5D=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "+%20instanceName=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceName%00x=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "a=1;instancename=8", ""), "0 ambiguous"},
          {with("/instance/7/x", "instanceNames=8&instanceNam=8&xinstanceName=8", ""), "0 gated 7"},
          {with("/instance/7/x", "x[instanceName]=8&[instanceName]=8", ""), "0 gated 7"},
          {with("/instance/7/x", "=8&&%00=8", ""), "0 gated 7"},
          {with("/instance/7/x", "", "8"), "0 ambiguous"},
          {with("/instance/7/x", "", std::string(300, '7')), "0 ambiguous"},
          {with("/instance/" + std::string(200, '7'), "instanceName=7", ""), "0 no_instance"},
          {with("/both/7", "", "7"), "1 gated 7"},
          {with("/both/7", "", "8"), "1 ambiguous"},
          {with("/both/7", "", ""), "1 no_instance"},
          {{"/host/a", "GET", "a.example.com"}, "2 gated a"},
          {{"/host/A", "GET", "a.example.com"}, "2 ambiguous"},
      });
}

TEST(Routes, TellsWhetherTheInstanceTokenMayBeAbsent) {
  RouteConfig optional = gated("/o/{instance}");
  optional.instance_token = "optional";
  const RouteTable table = table_of({optional, gated("/r/{instance}")});
  EXPECT_TRUE(match(table, testing::Request{"/o/7"}).instance_token_optional);
  EXPECT_FALSE(match(table, testing::Request{"/r/7"}).instance_token_optional);
}

TEST(Routes, MatchingTakesNothingFromTheHeap) {
  RouteConfig query = gated("/q/*");
  query.instance = "query:a-rather-long-name-of-a-query-key";
  query.shadow = {"header:x-a-rather-long-name-of-a-header"};
  auto configs = default_routes();
  configs.push_back(query);
  configs.push_back(open("/*"));
  const RouteTable table = table_of(configs);
  const std::string id(kInstanceIdBytesMax, 'i');
  for (const testing::Request& request :
       {testing::Request{"/instances/" + id + "/token/" + id + id + "/send"},
        testing::Request{"/instances/" + id + id + "/send"},
        testing::Request{.path = "/q/x",
                         .query = "a-rather-long-name-of-a-query-key=" + id,
                         .fields = {{"x-a-rather-long-name-of-a-header", id}}},
        testing::Request{"/Instances/" + id + "/send"}, testing::Request{"/public/" + id}}) {
    const std::uint64_t before = guarita::testing::allocations();
    const RouteMatch found = match(table, request);
    EXPECT_EQ(guarita::testing::allocations(), before) << request.path;
    EXPECT_NE(found.outcome, testing::Outcome::Unmatched);
  }
  const std::uint64_t before = guarita::testing::allocations();
  EXPECT_FALSE(std::string(id).empty());
  if (guarita::testing::kAllocationsCounted) {
    EXPECT_GT(guarita::testing::allocations(), before) << "nothing is counted";
  }
}

TEST(Routes, KnowsInstanceIds) {
  for (const std::string_view good :
       {"a", " ", "3A", "a.b", "..", "\xF0\x9F\x8F\xA0", "\xC2\xA0"}) {
    EXPECT_TRUE(is_instance_id(good)) << good;
  }
  for (const std::string_view bad :
       {"", "a/b", "\n", "\x7f", "\xC2\x9F", "\x80", "\xC3", "\xC0\x80", "\xE0\x80\xAF",
        "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "a\xE2\x82"}) {
    EXPECT_FALSE(is_instance_id(bad)) << bad;
  }
  EXPECT_FALSE(is_instance_id(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace guarita::policy
