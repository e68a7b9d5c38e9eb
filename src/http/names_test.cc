#include "http/names.h"

#include "http/head.h"
#include "http/testing.h"

namespace guarita::http {
namespace {

TEST(Names, KnownHeadersAreFoundInAnyCase) {
  const auto id = [](std::string_view name) { return header_id(name, fingerprint(name)); };
  EXPECT_EQ(id("host"), HeaderId::Host);
  EXPECT_EQ(id("HOST"), HeaderId::Host);
  EXPECT_EQ(id("tE"), HeaderId::Te);
  EXPECT_EQ(id("Transfer-Encoding"), HeaderId::TransferEncoding);
  EXPECT_EQ(id("X-Forwarded-For"), HeaderId::XForwardedFor);
  EXPECT_EQ(id("http2-settings"), HeaderId::Http2Settings);
  EXPECT_EQ(id("hos"), HeaderId::Other);
  EXPECT_EQ(id("Host_"), HeaderId::Other);
  EXPECT_EQ(id("Content_Length"), HeaderId::Other);
  EXPECT_EQ(id(""), HeaderId::Other);
}

TEST(Names, FoldingJoinsEveryAlias) {
  EXPECT_EQ(fold("X_Account.ID"), "x-account-id");
  EXPECT_TRUE(folds_to("CLIENT_TOKEN", "client-token"));
  EXPECT_TRUE(folds_to("client.token", "client-token"));
  EXPECT_FALSE(folds_to("client-tokens", "client-token"));
  EXPECT_FALSE(folds_to("client+token", "client-token"));
}

TEST(Names, SetHoldsAliasesPrefixesAndSuffixes) {
  const NameSet names({"Client-Token", "guarita-*", "*-cdn-cache-control", "a"});
  for (const auto* name : {"client-token", "CLIENT_TOKEN", "Client.Token", "Guarita-Reason",
                           "guarita_x", "GUARITA-", "Cloudflare-CDN-Cache-Control", "A"})
    EXPECT_TRUE(names.contains(name)) << name;
  for (const auto* name : {"client-toke", "client-token2", "clienttoken", "xguarita-a", "guarita",
                           "cdn-cache-control", "b", ""})
    EXPECT_FALSE(names.contains(name)) << name;
  EXPECT_FALSE(NameSet().contains("a"));
  EXPECT_TRUE(NameSet().empty());
}

TEST(Names, SetFindsLongAliases) {
  const std::string longest(200, 'a');
  const NameSet names({longest + "-b"});
  EXPECT_TRUE(names.contains(longest + "_B"));
  EXPECT_TRUE(names.contains(longest + "-b"));
  EXPECT_FALSE(names.contains(longest + "_c"));
}

TEST(Names, SetAnswersForManyNames) {
  NameSet names;
  for (int i = 0; i < 300; ++i) names.add("x-name-" + std::to_string(i));
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(names.contains("X_Name." + std::to_string(i)));
    EXPECT_FALSE(names.contains("y-name-" + std::to_string(i)));
  }
}

TEST(Fields, TheAccessorTellsNoneOneAndMany) {
  const std::string text =
      "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nX_A: 3\r\nX-B: 4\r\n\r\n";
  const RequestHead head = testing::good_request(text);
  const Name a("x-a");
  EXPECT_TRUE(head.fields.lines(a).many());
  EXPECT_EQ(head.fields.lines(a).count, 2u);
  EXPECT_EQ(head.fields.lines(a).value, "1");
  EXPECT_TRUE(head.fields.lines("X-B").one());
  EXPECT_EQ(head.fields.lines("X-B").value, "4");
  EXPECT_TRUE(head.fields.lines("x-c").none());
  EXPECT_EQ(head.fields.alias_lines("x-a").count, 3u);
  EXPECT_TRUE(head.fields.lines(HeaderId::Host).one());
  EXPECT_TRUE(head.fields.lines(HeaderId::Via).none());
}

}  // namespace
}  // namespace guarita::http
