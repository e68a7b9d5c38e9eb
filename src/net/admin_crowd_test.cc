#include "net/admin_crowd.h"

#include <gtest/gtest.h>

#include <vector>

namespace guarita::net {
namespace {

using std::chrono::seconds;

constexpr std::chrono::steady_clock::time_point kStart{};

AdminGuest guest(std::string_view address, AdminPhase phase, int since) {
  return {.block = block_of(address), .phase = phase, .since = kStart + seconds(since)};
}

TEST(AdminCrowd, LongestWaitingLeavesAndWhoIsServedNever) {
  using enum AdminPhase;
  const std::vector<AdminGuest> crowd{
      guest("10.0.0.1", Handled, 0), guest("10.0.0.2", Streaming, 1), guest("10.0.0.3", Awaited, 3),
      guest("10.0.0.4", Awaited, 2), guest("10.0.0.5", Answered, 1)};
  EXPECT_EQ(who_leaves(crowd, kStart + seconds(5)), 3U);
  EXPECT_EQ(who_leaves(std::span(crowd).first(2), kStart + seconds(9'999)), std::nullopt);
  EXPECT_EQ(who_leaves({}, kStart), std::nullopt);
}

TEST(AdminCrowd, AnswerThatIsNotTakenCountsAsWaitingAfterFiveSeconds) {
  const std::vector<AdminGuest> crowd{guest("10.0.0.1", AdminPhase::Answered, 10)};
  EXPECT_EQ(who_leaves(crowd, kStart + seconds(14)), std::nullopt);
  EXPECT_EQ(who_leaves(crowd, kStart + seconds(15)), 0U);
}

TEST(AdminCrowd, AddressOverItsSharePaysBeforeWhoWaitsLonger) {
  std::vector<AdminGuest> crowd{guest("192.0.2.1", AdminPhase::Awaited, 0)};
  for (std::size_t i = 0; i < kWaitingShare; ++i) {
    crowd.push_back(guest("2001:db8:1:2::" + std::to_string(i), AdminPhase::Awaited, 1));
  }
  EXPECT_EQ(who_leaves(crowd, kStart), 0U) << "at its share";
  crowd.push_back(guest("2001:db8:1:2:ffff::", AdminPhase::Handled, 0));
  EXPECT_EQ(who_leaves(crowd, kStart), 0U) << "only who waits counts";
  crowd.push_back(guest("2001:db8:1:2:ffff::", AdminPhase::Awaited, 2));
  EXPECT_EQ(who_leaves(crowd, kStart), 1U);
}

TEST(AdminCrowd, BlocksAreAnIpv4AddressAnIpv6NetworkAndTheSocket) {
  EXPECT_NE(block_of("192.0.2.1"), block_of("192.0.2.2"));
  EXPECT_EQ(block_of("2001:db8::1"), block_of("2001:db8::ffff:1:2:3"));
  EXPECT_NE(block_of("2001:db8::1"), block_of("2001:db8:0:1::1"));
  EXPECT_EQ(block_of("unix"), block_of(""));
}

}  // namespace
}  // namespace guarita::net
