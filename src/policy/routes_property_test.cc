// Random paths against a matcher that shares no code with ours: it tries every split.
#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>

#include "policy/routes_testing.h"

namespace guarita::policy {
namespace {

using testing::gated;
using testing::open;
using testing::Outcome;

using Bindings = std::pair<std::optional<std::string>, std::optional<std::string>>;

// Every way in which template segment `t` takes `s`.
void segment_ways(const std::string& t, const std::string& s, Bindings bound,
                  std::set<Bindings>& ways) {
  if (t.empty()) {
    if (s.empty()) ways.insert(bound);
    return;
  }
  if (t[0] != '{') {
    if (!s.empty() && s[0] == t[0]) segment_ways(t.substr(1), s.substr(1), bound, ways);
    return;
  }
  const std::size_t end = t.find('}');
  const std::string name = t.substr(1, end - 1);
  for (std::size_t n = 1; n <= s.size(); ++n) {
    Bindings next = bound;
    if (name == "instance") next.first = s.substr(0, n);
    if (name == "instance_token") next.second = s.substr(0, n);
    segment_ways(t.substr(end + 1), s.substr(n), next, ways);
  }
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path.substr(1)) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool naive_bad(const std::string& segment) {
  std::string upper = segment;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c == 'f' ? 'F' : c; });
  for (const char* bad : {";", "\\", "%2F", "%25"}) {
    if (upper.find(bad) != std::string::npos) return true;
  }
  for (std::size_t i = upper.find('%'); i != std::string::npos; i = upper.find('%', i + 1)) {
    if (upper.size() < i + 3 || !isxdigit(upper[i + 1]) || !isxdigit(upper[i + 2])) return true;
  }
  return false;
}

// What one gated or public template says of a path; none: it does not fit.
std::optional<std::string> naive(const std::string& pattern, const std::string& path) {
  std::vector<std::string> t = split(pattern);
  const std::vector<std::string> s = split(path);
  const bool tail = t.back() == "*";
  if (tail) t.pop_back();
  if (s.size() < t.size() || (!tail && s.size() != t.size())) return std::nullopt;
  bool bad = false;
  bool ambiguous = false;
  Bindings bound;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const bool whole = t[i].starts_with('{') && t[i].find('}') == t[i].size() - 1;
    if (s[i].empty() && whole && i + 1 < s.size()) {
      bad = true;
      continue;
    }
    std::set<Bindings> ways;
    segment_ways(t[i], s[i], bound, ways);
    if (ways.empty()) return std::nullopt;
    if (t[i].find('{') != std::string::npos && naive_bad(s[i])) bad = true;
    if (ways.size() > 1) ambiguous = true;
    bound = *ways.begin();
  }
  if (bad) return "bad";
  if (ambiguous) return "ambiguous";
  return bound.first.value_or("") + "|" + bound.second.value_or("");
}

std::string ours(const RouteMatch& match) {
  switch (match.outcome) {
    case Outcome::Unmatched:
    case Outcome::NoInstance:
    case Outcome::Public: return "";
    case Outcome::BadTarget: return "bad";
    case Outcome::Ambiguous: return "ambiguous";
    case Outcome::Gated: break;
  }
  return std::string(match.instance_id.view()) + "|" + std::string(match.instance_token.view());
}

// Templates and paths from few characters, so that they often meet.
class Source {
 public:
  explicit Source(std::uint32_t seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  std::string path() {
    static constexpr std::array<std::string_view, 12> kBits = {"a", "b",   ":",   "-",  "A",  "ab",
                                                               ";", "%2F", "%25", "%z", "\\", "a:"};
    std::string text;
    const std::uint32_t segments = 1 + below(4);
    for (std::uint32_t i = 0; i < segments; ++i) {
      text += '/';
      const std::uint32_t bits = below(6);
      const std::uint32_t tame = below(4) == 0 ? 12 : 6;
      for (std::uint32_t n = 0; n < bits; ++n) text += kBits[below(tame)];
    }
    return text;
  }

  // One {instance}, at most one {instance_token}.
  std::string pattern() {
    std::vector<std::string> holders = {"{instance}"};
    if (below(2) == 0) holders.emplace_back("{instance_token}");
    while (below(3) == 0) holders.emplace_back("{_}");
    std::ranges::shuffle(holders, random_);
    std::string text = "/";
    for (const std::string& holder : holders) {
      if (text.back() == '}' || below(2) == 0) {
        static constexpr std::array<std::string_view, 6> kParts = {"/", ":", "-", "a", "b/", "/a/"};
        const std::string_view part = kParts[below(kParts.size())];
        text += text == "/" && part[0] == '/' ? "a/" : part;
      }
      text += holder;
    }
    if (below(3) == 0) text += "a";
    if (below(2) == 0) text += "/*";
    return text;
  }

 private:
  std::mt19937 random_;
};

TEST(RoutesProperty, AgreesWithAMatcherThatTriesEverySplit) {
  int gated_seen = 0;
  int bad = 0;
  int ambiguous = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    Source source(seed);
    const std::string pattern = source.pattern();
    const auto table = RouteTable::parse(std::vector{gated(pattern)});
    ASSERT_TRUE(table) << table.error().message;
    for (int i = 0; i < 200; ++i) {
      const std::string path = source.path();
      const RouteMatch found = match(*table, testing::Request{path});
      const auto expected = naive(pattern, path);
      ASSERT_EQ(found.outcome == Outcome::Unmatched, !expected.has_value())
          << "seed " << seed << " " << pattern << " " << path;
      if (!expected) continue;
      ASSERT_EQ(ours(found), *expected) << "seed " << seed << " " << pattern << " " << path;
      gated_seen += found.outcome == Outcome::Gated ? 1 : 0;
      bad += found.outcome == Outcome::BadTarget ? 1 : 0;
      ambiguous += found.outcome == Outcome::Ambiguous ? 1 : 0;
    }
  }
  // The paths went where they should.
  EXPECT_GT(gated_seen, 1000);
  EXPECT_GT(bad, 100);
  EXPECT_GT(ambiguous, 50);
}

// First match wins, and an accepted list never opens what its gated routes take.
TEST(RoutesProperty, AnAcceptedListIsReadInOrder) {
  int accepted = 0;
  int opened = 0;
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    Source source(seed);
    std::vector<RouteConfig> configs;
    for (std::uint32_t n = 1 + source.below(3); n > 0; --n)
      configs.push_back(gated(source.pattern()));
    configs.push_back(open(source.below(2) == 0 ? "/*" : source.pattern()));
    const auto table = RouteTable::parse(configs);
    ASSERT_TRUE(table) << table.error().message;
    ++accepted;
    for (int i = 0; i < 50; ++i) {
      const std::string path = source.path();
      const RouteMatch found = match(*table, testing::Request{path});
      std::size_t first = 0;
      while (first < configs.size() && !naive(configs[first].path, path)) ++first;
      if (first == configs.size()) {
        ASSERT_EQ(found.outcome, Outcome::Unmatched) << "seed " << seed << " " << path;
        continue;
      }
      ASSERT_EQ(found.route, first) << "seed " << seed << " " << path;
      opened += found.outcome == Outcome::Public ? 1 : 0;
      ASSERT_FALSE(found.outcome == Outcome::Public && first + 1 < configs.size());
    }
  }
  EXPECT_EQ(accepted, 400);
  EXPECT_GT(opened, 500);
}

// A public template above a gated one is refused when it takes all its requests of one length.
TEST(RoutesProperty, ACoveringPublicTemplateIsAlwaysFound) {
  int covering = 0;
  for (std::uint32_t seed = 1; seed <= 4000; ++seed) {
    Source source(seed);
    const std::string wide = source.below(3) == 0 ? "/*" : source.pattern();
    const std::string narrow = source.pattern();
    const bool refused = !RouteTable::parse(std::vector{open(wide), gated(narrow)});
    // A fresh letter in every placeholder stands for all the texts it takes.
    std::string path = narrow.ends_with("/*") ? narrow.substr(0, narrow.size() - 2) : narrow;
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
      path.replace(at, path.find('}') - at + 1, "Z");
    }
    bool expected = naive(wide, path).has_value();
    for (int more = 0; narrow.ends_with("/*") && more < 6; ++more) {
      path += "/Z";
      expected = expected || naive(wide, path).has_value();
    }
    ASSERT_EQ(refused, expected) << "seed " << seed << " " << wide << " above " << narrow;
    covering += refused ? 1 : 0;
  }
  EXPECT_GT(covering, 500);
}

TEST(RoutesProperty, LongPathsAreWalkedOnce) {
  // Quadratic or worse backtracking would not end here.
  const auto table = RouteTable::parse(std::vector{gated("/{_}a{_}a{_}a{_}a{_}a{instance}b")});
  ASSERT_TRUE(table);
  const std::string path = "/" + std::string(1 << 20, 'a');
  EXPECT_EQ(match(*table, testing::Request{path}).outcome, Outcome::Unmatched);
  EXPECT_EQ(match(*table, testing::Request{path + "b"}).outcome, Outcome::Ambiguous);
}

}  // namespace
}  // namespace guarita::policy
