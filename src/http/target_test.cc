#include "http/target.h"

#include <random>

#include "http/testing.h"

namespace guarita::http {
namespace {

using namespace std::literals;

struct Row {
  std::string_view target;
  std::string_view path;  // or the name of the error
};

std::string canonical(std::string_view target, SlashMerging merging = SlashMerging::Keep,
                      Method method = Method::Get, std::string_view host = "h.example:8080") {
  Target parsed;
  const ErrorCode error = parsed.assign(target, method, host, merging);
  if (error != ErrorCode::None) return std::string(name_of(error));
  return std::string(parsed.path()) + (parsed.has_query() ? "?" : "") + std::string(parsed.query());
}

TEST(Target, IsMadeCanonicalOnce) {
  for (const Row& row : std::initializer_list<Row>{
           {"/", "/"},
           {"/instances/A/token/B/send-text", "/instances/A/token/B/send-text"},
           {"/%61%2D%5f%7E%41", "/a-_~A"},
           {"/a%2fb%3a%c3%a9", "/a%2Fb%3A%C3%A9"},
           {"/a%20b?%7e%2f", "/a%20b?%7e%2f"},
           {"/a?", "/a?"},
           {"/?a?b/../c", "/?a?b/../c"},
           {"/@:+,[]|!$&'()*=~", "/@:+,[]|!$&'()*=~"},
           {"/55119@s.whatsapp.net/a,b", "/55119@s.whatsapp.net/a,b"},
           {"/a//b/", "/a//b/"},
           {"//h/a", "//h/a"},
           {"/.well-known/a..b/...", "/.well-known/a..b/..."},
           {"/a;v=1/b", "/a;v=1/b"},
           {"/%E9%C1gua", "/%E9%C1gua"},
           {"/%F0%9F%98%80/%E2%82%AC", "/%F0%9F%98%80/%E2%82%AC"},
           {"/100%25", "/100%25"},
           {"/a%", "bad_target"},
           {"/a%4", "bad_target"},
           {"/a%zz", "bad_target"},
           {"/a%u002e", "bad_target"},
           {"/\xC3\xA9", "bad_target"},
           {"/a b", "bad_target"},
           {"/a?b#c", "bad_target"},
           {"a", "bad_target"},
           {"", "bad_target"},
           {"*", "bad_target"},
           {"?a", "bad_target"},
       })
    EXPECT_EQ(canonical(row.target), row.path) << row.target;
}

TEST(Target, EveryReadingWithADotSegmentIsRefused) {
  for (const auto* path :
       {"/..",         "/.",          "/a/..",           "/a/../b",
        "/a/./b",      "/a/.",        "/%2e%2e",         "/a/%2E/b",
        "/a/.%2e/b",   "/a/..%2fb",   "/a%2f..%2Fb",     "/a/..;/b",
        "/a/..;x=y/b", "/a/.;/b",     "/a/..%3b/b",      "/a/..\\b",
        "/a\\..\\b",   "/a%5c..%5cb", "/a/%252e%252e/b", "/a/%252e/b",
        "/a/..%252fb", "/a/..%255cb", "/a%255c..",       "/a/%25%32%65%25%32%65/b",
        "/a//../b",    "/a/..//b",    "/a;/../b",        "/a/..%3f",
        "/a/..%23b",   "/..;a\\b"})
    EXPECT_EQ(canonical(path), "path_not_canonical") << path;
}

TEST(Target, NulAndOverlongFormsAreRefusedInEveryReading) {
  for (const auto* path :
       {"/a%00", "/a%2500", "/%00", "/%c0%ae%c0%ae/a", "/a%C0%AFb", "/%c1%9c", "/%e0%80%ae",
        "/%f0%80%80%ae", "/%f8%80%80%80%ae", "/%fc%80%80%80%80%ae", "/%25c0%25ae"})
    EXPECT_EQ(canonical(path), "path_not_canonical") << path;
}

TEST(Target, SlashesAreMergedWhenAsked) {
  EXPECT_EQ(canonical("//a///b//", SlashMerging::Merge), "/a/b/");
  EXPECT_EQ(canonical("/a//b?c//d", SlashMerging::Merge), "/a/b?c//d");
  EXPECT_EQ(canonical("/a%2f%2fb", SlashMerging::Merge), "/a%2F%2Fb");
  EXPECT_EQ(canonical("//a/..//b", SlashMerging::Merge), "path_not_canonical");
}

TEST(Target, AbsoluteFormMustNameTheHost) {
  const auto absolute = [](std::string_view target, std::string_view host,
                           Method method = Method::Get) {
    return canonical(target, SlashMerging::Keep, method, host);
  };
  EXPECT_EQ(absolute("http://h.example/a?b", "h.example"), "/a?b");
  EXPECT_EQ(absolute("HTTP://H.Example:80/a", "h.example"), "/a");
  EXPECT_EQ(absolute("http://h.example/a", "h.example:80"), "/a");
  EXPECT_EQ(absolute("https://h.example/a", "h.example:443"), "/a");
  EXPECT_EQ(absolute("http://[::1]:8080/a", "[::1]:8080"), "/a");
  EXPECT_EQ(absolute("http://h.example", "h.example"), "/");
  EXPECT_EQ(absolute("http://h.example?a", "h.example"), "/?a");
  EXPECT_EQ(absolute("http://h.example", "h.example", Method::Options), "*");
  EXPECT_EQ(absolute("http://other/a", "h.example"), "target_not_host");
  EXPECT_EQ(absolute("http://h.example:81/a", "h.example"), "target_not_host");
  EXPECT_EQ(absolute("http://h.example/a", ""), "target_not_host");
  EXPECT_EQ(absolute("http://u@h.example/a", "h.example"), "bad_target");
  EXPECT_EQ(absolute("http:///a", "h.example"), "bad_target");
  EXPECT_EQ(absolute("http:/a", "h.example"), "bad_target");
  EXPECT_EQ(absolute("ftp://h.example/a", "h.example"), "bad_target");
  EXPECT_EQ(absolute("h.example:80", "h.example"), "bad_target");
  EXPECT_EQ(absolute("http://h.example/a/../b", "h.example"), "path_not_canonical");
}

TEST(Target, AsteriskIsForOptions) {
  Target target;
  EXPECT_EQ(target.assign("*", Method::Options, "h", SlashMerging::Keep), ErrorCode::None);
  EXPECT_EQ(target.form(), TargetForm::Asterisk);
  EXPECT_EQ(target.assign("/", Method::Options, "h", SlashMerging::Keep), ErrorCode::None);
  EXPECT_EQ(target.form(), TargetForm::Path);
}

TEST(Target, HostIsLowerCaseWithoutPort) {
  const auto host = [](std::string_view authority) {
    Target target;
    EXPECT_EQ(target.assign("/", Method::Get, authority, SlashMerging::Keep), ErrorCode::None);
    return std::string(target.host());
  };
  EXPECT_EQ(host("API.Example:8080"), "api.example");
  EXPECT_EQ(host("api.example"), "api.example");
  EXPECT_EQ(host("[2001:DB8::1]:80"), "[2001:db8::1]");
  EXPECT_EQ(host(""), "");
}

// Properties, over random paths of the bytes that matter.
TEST(Target, CanonicalFormIsStableAndHarmless) {
  constexpr unsigned kSeed = 20261124;
  std::mt19937 random(kSeed);
  constexpr std::string_view kPieces[] = {"/",   "/",   "a",   "B",   ".",   "..",  "%2e", "%2F",
                                          "%25", "%5c", "\\",  ";",   "%41", "%00", "%c0", "%ae",
                                          "%e9", "2e",  "%3B", "x=1", "?",   "//",  "|",   "%20"};
  unsigned accepted = 0;
  std::string scratch;
  for (int round = 0; round < 20000; ++round) {
    std::string path = "/";
    const auto pieces = random() % 9;
    for (unsigned i = 0; i < pieces; ++i) path += kPieces[random() % std::size(kPieces)];
    for (const SlashMerging merging : {SlashMerging::Keep, SlashMerging::Merge}) {
      Target once;
      if (once.assign(path, Method::Get, "h", merging) != ErrorCode::None) continue;
      ++accepted;
      const std::string first = canonical(path, merging);
      ASSERT_EQ(canonical(first, merging), first) << path << " seed " << kSeed;
      ASSERT_FALSE(has_dangerous_reading(once.path(), scratch)) << path << " seed " << kSeed;
      std::string decoded(once.path());
      for (int depth = 0; depth < 3; ++depth) {
        ASSERT_EQ(decoded.find("/../"), std::string::npos) << path << " seed " << kSeed;
        ASSERT_FALSE(decoded.ends_with("/..")) << path << " seed " << kSeed;
        std::string next;
        for (std::size_t i = 0; i < decoded.size(); ++i) {
          unsigned byte = 0;
          if (decoded[i] == '%' && i + 2 < decoded.size() &&
              std::sscanf(decoded.substr(i + 1, 2).c_str(), "%2x", &byte) == 1 &&
              std::isxdigit(static_cast<unsigned char>(decoded[i + 2]))) {
            next += static_cast<char>(byte);
            i += 2;
          } else {
            next += decoded[i];
          }
        }
        if (depth < 2) decoded = next;
      }
    }
  }
  EXPECT_GT(accepted, 2000u);
}

}  // namespace
}  // namespace guarita::http
