#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/uuid.h"

namespace guarita {
namespace {

TEST(Rfc3339, RoundTripsAndKeepsMilliseconds) {
  for (const std::string_view text : {"1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z",
                                      "2026-11-24T10:51:23.417Z", "9999-12-31T23:59:59.000Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_rfc3339(*time), text);
  }
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00+02:30"), parse_rfc3339("2026-11-24T09:30:00Z"));
  EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00.1234567Z"),
            parse_rfc3339("2026-11-24T12:00:00.123Z"));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "2026-11-24", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z",
        "2026-11-24T10:00:00", "2026-11-24T10:00:00.Z", "2026-11-24T10:00:00Zx",
        "2026-11-24 10:00:00Z", "2026-11-24T10:00:00+25:00"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Duration, RoundTripsAndRefusesNonsense) {
  EXPECT_EQ(parse_duration("15m"), Millis{900'000});
  EXPECT_EQ(parse_duration("250ms"), Millis{250});
  EXPECT_EQ(format_duration(Millis{900'000}), "15m");
  EXPECT_EQ(format_duration(Millis{0}), "0s");
  EXPECT_EQ(format_duration(Millis{1500}), "1500ms");
  for (const std::string_view text : {"", "m", "15", "-1s", "1.5h", "99999999999d", "1w", "1 s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(SystemClock, NeverGoesBackBehindItsFloor) {
  SystemClock clock;
  const Time future = clock.now() + std::chrono::hours{1};
  clock.raise_floor(future);
  EXPECT_GE(clock.now(), future);
}

TEST(Uuid, Version7CarriesTheTimeAndRoundTrips) {
  const Uuid id =
      make_uuid_v7(Time{Millis{0x0192d4e07b2aLL}}, {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6});
  EXPECT_EQ(format_uuid(id), "0192d4e0-7b2a-7fff-bfff-010203040506");
  EXPECT_EQ(parse_uuid(format_uuid(id)), id);
  EXPECT_FALSE(parse_uuid("0192d4e0-7b2a-7fff-bfff-01020304050"));
  EXPECT_FALSE(parse_uuid("0192d4e0x7b2a-7fff-bfff-010203040506"));
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret a("a-token-long-enough-to-be-on-the-heap-0123456789");
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the moved-from state is the point
  EXPECT_EQ(b.reveal().size(), 48U);
  static_assert(!std::is_copy_constructible_v<Secret>);
}

TEST(Result, ChainsAndCarriesErrors) {
  using R = Result<int, std::string>;
  const auto twice = [](int v) -> R { return v * 2; };
  EXPECT_EQ(*R(21).and_then(twice), 42);
  EXPECT_EQ(R(std::unexpect, "no").and_then(twice).error(), "no");
  EXPECT_EQ(R(std::unexpect, "no").map_error([](std::string e) { return e.size(); }).error(), 2U);
}

TEST(LogJson, EscapesEverythingThatIsNotPlainText) {
  std::string out;
  log::append_json_escaped(out,
                           "a\"b\\c\n\x7f\xff"
                           "é\xc0\xaf");
  EXPECT_EQ(out, "a\\\"b\\\\c\\u000a\\u007f\\u00ffé\\u00c0\\u00af");
}

std::size_t lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
}

TEST(Log, OpenedAnewWhileThreadsWriteLosesNoLine) {
  const auto folder = std::filesystem::temp_directory_path();
  const auto first = folder / ("guarita-log-test-1-" + std::to_string(::getpid()));
  const auto second = folder / ("guarita-log-test-2-" + std::to_string(::getpid()));
  ASSERT_EQ(log::start(log::Level::Info, first), "");
  EXPECT_NE(log::start(log::Level::Info, first / "below-a-file"), "") << "and the first goes on";
  std::vector<std::jthread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([] {
      for (int i = 0; i < 1000; ++i) log::info("test", "line", {{"i", i}});
    });
  }
  ASSERT_EQ(log::start(log::Level::Info, second), "");
  writers.clear();
  log::info("test", "the last one");
  const std::uint64_t dropped = log::dropped_lines();
  log::stop();
  EXPECT_EQ(dropped, 0U);
  EXPECT_EQ(lines_of(first) + lines_of(second), 2001U);
  EXPECT_GE(lines_of(second), 1U);
  std::filesystem::remove(first);
  std::filesystem::remove(second);
}

}  // namespace
}  // namespace guarita
