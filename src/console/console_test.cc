#include "console/console.h"

#include <gtest/gtest.h>

#include "console/assets.h"

namespace guarita::console {
namespace {

net::AdminRequest get(std::string target, std::string host = "127.0.0.1:8081") {
  net::AdminRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = {{"Host", std::move(host)}};
  return request;
}

Console make_console(Options options = {}) {
  options.api = [](const net::AdminRequest& request) {
    return net::AdminResponse{.status = 299, .headers = {}, .body = request.target};
  };
  return Console(std::move(options));
}

const Asset& some_script() {
  for (const Asset& asset : assets()) {
    if (asset.path.ends_with(".js")) return asset;
  }
  ADD_FAILURE() << "no script is embedded";
  return assets().front();
}

TEST(Console, ServesThePageWithAPolicyThatLetsNothingInlineRun) {
  const auto page = make_console().handle(get("/"));
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  const auto policy = page.header("Content-Security-Policy");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->contains("default-src 'none'"));
  EXPECT_TRUE(policy->contains("frame-ancestors 'none'"));
  EXPECT_FALSE(policy->contains("unsafe"));
  EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(page.header("X-Frame-Options"), "DENY");
  EXPECT_FALSE(page.header("Strict-Transport-Security"));
  // The page itself keeps to it.
  EXPECT_FALSE(page.body.contains("<style"));
  EXPECT_FALSE(page.body.contains("style="));
  EXPECT_FALSE(page.body.contains("<script>"));
}

TEST(Console, NamesWithAHashAreImmutable) {
  const Asset& script = some_script();
  const auto reply = make_console().handle(get(std::string(script.path)));
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(reply.body, script.plain);
}

TEST(Console, ChoosesTheCodingByAcceptEncoding) {
  const Asset& script = some_script();
  struct Row {
    const char* accept;
    const char* coding;
    std::string_view bytes;
  };
  for (const Row& row :
       {Row{"gzip, deflate, br", "br", script.brotli}, Row{"gzip;q=0.5", "gzip", script.gzip},
        Row{"br;q=0, gzip", "gzip", script.gzip}, Row{"br;q=0.000", "", script.plain},
        Row{"", "", script.plain}, Row{"brx", "", script.plain}}) {
    auto request = get(std::string(script.path));
    request.headers.emplace_back("Accept-Encoding", row.accept);
    const auto reply = make_console().handle(request);
    EXPECT_EQ(reply.header("Content-Encoding").value_or(""), row.coding) << row.accept;
    EXPECT_TRUE(reply.body == row.bytes) << row.accept;
    EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
  }
}

TEST(Console, AnswersAKnownETagWithoutABody) {
  auto request = get("/");
  request.headers.emplace_back("Accept-Encoding", "br");
  const auto first = make_console().handle(request);
  request.headers.emplace_back("If-None-Match",
                               "\"other\", W/" + std::string(*first.header("ETag")));
  const auto again = make_console().handle(request);
  EXPECT_EQ(again.status, 304U);
  EXPECT_TRUE(again.body.empty());
  // Another coding is another representation.
  request.headers[1].second = "gzip";
  EXPECT_EQ(make_console().handle(request).status, 200U);
}

TEST(Console, FindsExactPathsOnly) {
  for (const char* path :
       {"/index.html", "/assets", "/assets/", "/assets/../index.html", "/..%2f..%2fetc/passwd",
        "//", "/assets/..%5c", "/%2e%2e/", "/favicon.ico", "/v2"}) {
    EXPECT_EQ(make_console().handle(get(path)).status, 404U) << path;
  }
  EXPECT_EQ(make_console().handle(get("/?x=1")).status, 200U);
}

TEST(Console, HandsTheApiThroughAndLetsNoAnswerOfItBeAPage) {
  const auto reply = make_console().handle(get("/v1/status"));
  EXPECT_EQ(reply.status, 299U);
  EXPECT_EQ(reply.header("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
}

TEST(Console, RefusesAForeignHostAndOtherMethods) {
  EXPECT_EQ(make_console().handle(get("/", "evil.example")).status, 421U);
  EXPECT_EQ(make_console({.public_url = "https://painel.example", .frame_origins = {}, .api = {}})
                .handle(get("/", "painel.example"))
                .status,
            200U);
  auto post = get("/");
  post.method = "POST";
  const auto refused = make_console().handle(post);
  EXPECT_EQ(refused.status, 405U);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD");
}

TEST(Console, SaysWhoMayFrameItAndThatHttpsStays) {
  auto request = get("/", "painel.example");
  const auto page = make_console({.public_url = "https://painel.example",
                                  .frame_origins = {"https://app.example"},
                                  .api = {}})
                        .handle(request);
  EXPECT_TRUE(page.header("Content-Security-Policy")
                  ->contains("frame-ancestors 'self' https://app.example"));
  EXPECT_FALSE(page.header("X-Frame-Options"));
  EXPECT_EQ(page.header("Strict-Transport-Security"), "max-age=31536000");
}

}  // namespace
}  // namespace guarita::console
