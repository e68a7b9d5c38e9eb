// Every case of tests/corpora/http/: whole, at every split, byte by byte, requests pipelined.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "http/corpus_gate.h"
#include "http/names.h"

namespace guarita::http {
namespace {

const std::string kFolder = GUARITA_SOURCE_DIR "/tests/corpora/http";
constexpr Arrival kWhole{SIZE_MAX, 1};

const std::vector<test::HttpCase>& cases() {
  static const auto loaded = test::load_http_corpus(kFolder, kCorpusWords);
  return loaded;
}

// A wanted line that ends in `*` is the beginning of one.
bool has_line(std::string_view head, std::string_view wanted) {
  const bool prefix = wanted.ends_with('*');
  if (prefix) wanted.remove_suffix(1);
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (equal_ignoring_case(prefix ? line.substr(0, wanted.size()) : line, wanted)) return true;
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return false;
}

bool has_text(std::string_view head, std::string_view wanted) {
  return std::ranges::search(
             head, wanted,
             [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) ==
                      std::tolower(static_cast<unsigned char>(b));
             }).size() != 0 ||
         wanted.empty();
}

void expect_sight(const test::Sight& sight, std::string_view head, std::string_view body,
                  const std::string& where) {
  for (const std::string& line : sight.has)
    EXPECT_TRUE(has_line(head, line)) << where << " lacks: " << line << "\n" << head;
  for (const std::string& text : sight.lacks)
    EXPECT_FALSE(has_text(head, text)) << where << " has: " << text << "\n" << head;
  if (sight.body) EXPECT_EQ(body, *sight.body) << where;
  if (sight.status != 0)
    EXPECT_NE(head.find("HTTP/1.1 " + std::to_string(sight.status) + " "), std::string_view::npos)
        << where << "\n"
        << head;
}

void expect_exchange(const test::HttpExchange& exchange, const Replayed& seen,
                     const std::string& where) {
  using Expect = test::HttpExchange::Expect;
  EXPECT_EQ(seen.status, exchange.expect == Expect::Status ? exchange.status : 0)
      << where << " " << seen.error;
  EXPECT_EQ(seen.cut, exchange.expect == Expect::Cut) << where;
  if (!exchange.text.empty()) EXPECT_EQ(seen.error, exchange.text) << where;
  if (!exchange.then.empty()) EXPECT_EQ(seen.open, exchange.then == "open") << where;
  if (!exchange.upstream_then.empty())
    EXPECT_EQ(seen.reusable, exchange.upstream_then == "reuse") << where;
  if (exchange.expect == Expect::Status && exchange.status != 502)
    EXPECT_EQ(seen.upstream_head, "") << where << ": the upstream must see nothing";
  expect_sight(exchange.upstream, seen.upstream_head, seen.upstream_body, where + " upstream");
  expect_sight(exchange.caller, seen.caller_head, seen.caller_body, where + " caller");
}

TEST(HttpCorpus, EachCaseComesOutAsItSays) {
  for (const test::HttpCase& c : cases()) {
    if (c.needs_gate) continue;
    const std::vector<Replayed> seen = replay(c, kWhole, kWhole);
    for (std::size_t i = 0; i < seen.size(); ++i)
      expect_exchange(c.exchanges[i], seen[i], c.file + ":" + std::to_string(c.exchanges[i].line));
    EXPECT_EQ(seen.size(), c.exchanges.size()) << c.file << " closed early";
  }
}

// Long messages are split around their ends and at a sample of places between.
std::vector<std::size_t> splits(std::size_t size) {
  std::vector<std::size_t> at;
  const std::size_t stride = size <= 2000 ? 1 : size / 40;
  for (std::size_t i = 0; i < size; i += (i < 100 || i + 100 > size) ? 1 : stride) at.push_back(i);
  return at;
}

TEST(HttpCorpus, TheOutcomeIsTheSameAtEverySplit) {
  for (const test::HttpCase& c : cases()) {
    const std::vector<Replayed> whole = replay(c, kWhole, kWhole);
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;
    for (const auto& exchange : c.exchanges) {
      request_bytes += exchange.request.size();
      answer_bytes = std::max(answer_bytes, exchange.answer.size());
    }
    if (request_bytes > 1'000'000) continue;  // a body that says nothing new
    for (const std::size_t at : splits(request_bytes))
      ASSERT_EQ(replay(c, {at, SIZE_MAX / 2}, kWhole), whole) << c.file << " request at " << at;
    for (const std::size_t at : splits(answer_bytes))
      ASSERT_EQ(replay(c, kWhole, {at, SIZE_MAX / 2}), whole) << c.file << " answer at " << at;
    const std::size_t step = request_bytes + answer_bytes > 20000 ? 997 : 1;
    ASSERT_EQ(replay(c, {0, step}, {0, step}), whole) << c.file << " in small pieces";
  }
}

TEST(HttpCorpus, EveryRuleHasAnAttackAndAnHonestCaller) {
  const auto rules = test::load_http_rules(kFolder);
  std::set<std::string> attacked, honoured;
  for (const test::HttpCase& c : cases()) {
    EXPECT_TRUE(rules.contains(c.rule)) << c.file << ": its rule is not in rules.txt";
    EXPECT_FALSE(c.why.empty()) << c.file << ": begins with # why";
    (c.attack() ? attacked : honoured).insert(c.rule);
  }
  for (const auto& [rule, sentence] : rules) {
    EXPECT_TRUE(attacked.contains(rule)) << rule << " has no attack: " << sentence;
    EXPECT_TRUE(honoured.contains(rule)) << rule << " has no honest caller: " << sentence;
  }
  EXPECT_GE(cases().size(), 150u);
}

}  // namespace
}  // namespace guarita::http
