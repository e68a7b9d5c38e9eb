// apply checks the whole file before anything is sent for good, and names lines.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "cli/progress.h"
#include "cli/rows.h"
#include "cli/testing.h"

namespace guarita::cli {
namespace {

std::string batch(const std::string& counts, const std::string& errors = "") {
  return R"({"dry_run":false,"counts":{)" + counts + R"(},"results":[],"errors":[)" + errors +
         "]," + std::string(kReceipt) + "}";
}

class Apply : public ::testing::Test {
 protected:
  ExitCode apply(const std::string& text, std::vector<std::string> more = {}) {
    server.in.str(text);
    std::vector<std::string> words{"apply", "-"};
    words.insert(words.end(), more.begin(), more.end());
    return server.run(words);
  }
  bool says(std::string_view text) { return server.err.str().find(text) != std::string::npos; }
  FakeServer server;
};

TEST_F(Apply, AsksFirstAndThenSendsTheRowsAsTheyStand) {
  server.answer(200, batch(R"("created":2)"));
  server.answer(200, batch(R"("created":2)"));
  EXPECT_EQ(apply("{\"account\":\"a\"}\n\n{\"instance\":\"i\",\"account\":\"a\"}\n"), ExitCode::Ok);
  ASSERT_EQ(server.calls.size(), 2u);
  EXPECT_EQ(server.calls[0].method + " " + server.calls[0].target, "POST /v1/batch");
  const std::string rows = R"({"items":[{"account":"a"},{"instance":"i","account":"a"}])";
  EXPECT_EQ(server.calls[0].body, rows + R"(,"dry_run":true})");
  EXPECT_EQ(server.calls[1].body, rows + "}");
  EXPECT_EQ(server.out.str(), "2 rows, 2 created\n");
}

TEST_F(Apply, ADryRunOnlyAsks) {
  server.answer(200, batch(R"("updated":1)"));
  EXPECT_EQ(apply("{\"account\":\"a\"}\n", {"--dry-run"}), ExitCode::Ok);
  EXPECT_EQ(server.calls.size(), 1u);
  EXPECT_EQ(server.out.str(), "1 row, nothing changed, would be, 1 updated\n");
}

TEST_F(Apply, WhatIsWrongInTheFileIsNamedByItsLineAndNothingIsSent) {
  server.answer(200, batch(R"("created":1,"failed":1)",
                           R"({"index":1,"code":"invalid_request","detail":"too long"})"));
  EXPECT_EQ(apply("{\"account\":\"a\"}\nnot json\n{\"account\":\"a\"}\n{\"account\":\"b\"}\n[]\n"),
            ExitCode::Failed);
  EXPECT_EQ(server.calls.size(), 1u);
  for (const char* line : {"line 2: it is not JSON", "line 3: account 'a' is named by a row before",
                           "line 4: too long (invalid_request)", "line 5: it is no JSON object",
                           "nothing was changed: 4 of 5 rows"}) {
    EXPECT_TRUE(says(line)) << line << "\n" << server.err.str();
  }
}

TEST_F(Apply, AnOwnerThatTheFileMakesBeforeIsNotMissing) {
  const auto missing = [](int index) {
    return R"({"index":)" + std::to_string(index) +
           R"(,"code":"account_not_found","detail":"there is no account"})";
  };
  server.answer(200, batch(R"("created":1,"failed":1)", missing(1)));
  server.answer(200, batch(R"("created":2)"));
  EXPECT_EQ(apply("{\"account\":\"a\"}\n{\"instance\":\"i\",\"account\":\"a\"}\n"), ExitCode::Ok);
  server.answer(200, batch(R"("created":1,"failed":1)", missing(0)));
  EXPECT_EQ(apply("{\"instance\":\"i\",\"account\":\"a\"}\n{\"account\":\"a\"}\n"),
            ExitCode::Failed);
  EXPECT_TRUE(says("line 1: there is no account (account_not_found)"));
}

TEST_F(Apply, AnOwnerThatABatchBeforeMakesIsNotMissing) {
  std::string text = "{\"account\":\"a\"}\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "{\"instance\":\"i" + std::to_string(i) + "\",\"account\":\"a\"}\n";
  }
  server.answer(200, batch(R"("created":20000)"));
  server.answer(
      200, batch(R"("failed":1)", R"({"index":0,"code":"account_not_found","detail":"none"})"));
  server.answer(200, batch(R"("created":20000)"));
  server.answer(200, batch(R"("created":1)"));
  EXPECT_EQ(apply(text), ExitCode::Ok) << server.err.str();
  EXPECT_EQ(server.out.str(), "20,001 rows, 20,001 created\n");
  server.out.str("");
  server.answer(200, batch(R"("created":20000)"));
  server.answer(
      200, batch(R"("failed":1)", R"({"index":0,"code":"account_not_found","detail":"none"})"));
  EXPECT_EQ(apply(text, {"--dry-run"}), ExitCode::Ok) << server.err.str();
  EXPECT_EQ(server.out.str(), "20,001 rows, nothing changed, would be, 20,001 created\n");
}

TEST_F(Apply, ShowsTwentyErrorsAndCountsTheRest) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "x\n";
  EXPECT_EQ(apply(text), ExitCode::Failed);
  EXPECT_TRUE(server.calls.empty());
  EXPECT_TRUE(says("line 20: "));
  EXPECT_FALSE(says("line 21: "));
  EXPECT_TRUE(says("… and 5 more"));
}

TEST_F(Apply, SaysHowFarItCameAndHowToGoOn) {
  std::string text;
  for (int i = 0; i < 21'000; ++i) text += "{\"account\":\"a" + std::to_string(i) + "\"}\n";
  server.answer(200, batch(R"("created":20000)"));
  server.answer(200, batch(R"("created":1000)"));
  server.answer(200, batch(R"("created":20000)"));
  server.answer(503,
                R"({"code":"store_unavailable","detail":"the disk is full","remedy":"free it"})");
  EXPECT_EQ(apply(text), ExitCode::Failed);
  EXPECT_TRUE(
      says("the disk is full (store_unavailable); 20,000 of 21,000 rows were applied, up to "
           "line 20000"));
  EXPECT_TRUE(says("run the same command again"));
  EXPECT_TRUE(says("free it"));
}

TEST_F(Apply, WithoutAServerNothingIsSaidToBeDone) {
  EXPECT_EQ(apply("{\"account\":\"a\"}\n"), ExitCode::Unreachable);
  EXPECT_TRUE(says("nothing was changed"));
}

std::vector<Row> rows_of(const std::string& text) {
  std::istringstream in(text);
  RowReader reader(in, RowFormat::Csv);
  std::vector<Row> rows;
  for (Row row; reader.next(row);) rows.push_back(row);
  return rows;
}

TEST(Csv, ColumnsBecomeMembersAndLinesAreCounted) {
  const auto rows = rows_of(
      "\xef\xbb\xbf"
      "account,instance,name,upstream,delete\r\n"
      "acme,,\"Acme, \"\"Ltda\"\"\",,\r\n"
      "acme,i1,,,\n\n"
      "acme,i2,\"two\nlines\",http://h:1,true\n"
      "acme,i3\n"
      ",i4,,,maybe");
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].json, R"({"account":"acme","name":"Acme, \"Ltda\""})");
  EXPECT_EQ(rows[1].json, R"({"account":"acme","instance":"i1","name":"","upstream":""})");
  EXPECT_EQ(rows[2].json,
            R"({"account":"acme","instance":"i2","name":"two\nlines","upstream":"http://h:1",)"
            R"("delete":true})");
  EXPECT_NE(rows[3].wrong, "");
  EXPECT_EQ(rows[3].line, 7u);
  EXPECT_NE(rows[4].wrong, "");
}

TEST(Csv, ALineIsReadAsItWasWritten) {
  const auto rows = rows_of("account,name\n" + csv_line({"a", "x,\"y\"\nz"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].json, R"({"account":"a","name":"x,\"y\"\nz"})");
}

TEST(RowFormatOf, IsToldByTheNameOrByTheOption) {
  EXPECT_EQ(*row_format("", "x.csv"), RowFormat::Csv);
  EXPECT_EQ(*row_format("", "-"), RowFormat::JsonLines);
  EXPECT_EQ(*row_format("csv", "-"), RowFormat::Csv);
  EXPECT_EQ(row_format("", "x.txt").error().code, ExitCode::Usage);
}

TEST(ProgressBar, SaysRateAndTimeLeftNowAndThen) {
  std::ostringstream out;
  Millis now{0};
  Progress lines(out, Progress::Shape::Lines, "applying", [&] { return now; });
  now = Millis{1'000};
  lines.show(1'000, 100'000);
  EXPECT_EQ(out.str(), "");
  now = Millis{5'000};
  lines.show(50'000, 100'000);
  EXPECT_EQ(out.str(), "applying 50,000 of 100,000 rows, 10,000/s, 5 s left\n");
  std::ostringstream screen;
  Progress bar(screen, Progress::Shape::Bar, "checking", [&] { return now; });
  now += Millis{1'000};
  bar.show(12'000, 24'000);
  EXPECT_EQ(screen.str(),
            "\r\x1b[Kchecking [############............] 12,000 of 24,000 rows, "
            "12,000/s, 1 s left");
}

TEST(Export, WritesAccountsThenInstancesPageByPage) {
  FakeServer server;
  server.answer(200, R"({"items":[{"account":"a","name":"A"}],"next_cursor":"a"})");
  server.answer(200, R"({"items":[{"account":"b","name":""}],"next_cursor":null})");
  server.answer(200, R"({"items":[{"instance":"i","account":"a"}],"next_cursor":null})");
  EXPECT_EQ(server.run({"export"}), ExitCode::Ok);
  EXPECT_EQ(server.calls[1].target, "/v1/export?limit=500&of=accounts&cursor=a");
  EXPECT_EQ(server.out.str(),
            "{\"account\":\"a\",\"name\":\"A\"}\n{\"account\":\"b\",\"name\":\"\"}\n"
            "{\"instance\":\"i\",\"account\":\"a\"}\n");
}

}  // namespace
}  // namespace guarita::cli
