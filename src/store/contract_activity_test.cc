// What every store promises about traffic: sums by hour, callers, last calls.
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class ActivityContract : public ContractTest {
 protected:
  void SetUp() override {
    ContractTest::SetUp();
    must(store(), new_account(1, "a"));
    must(store(), new_account(2, "b"));
    must(store(), new_instance(1, "i1", 1));
    must(store(), new_instance(2, "i2", 1));
  }
};
GUARITA_ON_EVERY_STORE(ActivityContract);

const Time kHour = std::chrono::floor<std::chrono::hours>(at(0));
constexpr std::chrono::hours kOneHour{1};

IpAddress address(std::uint32_t n) {
  IpAddress ip = *parse_ip("198.51.100.0");
  ip.bytes[13] = static_cast<std::uint8_t>(n >> 16U);
  ip.bytes[14] = static_cast<std::uint8_t>(n >> 8U);
  ip.bytes[15] = static_cast<std::uint8_t>(n);
  return ip;
}
CallerRow caller(std::string account, std::uint32_t n, Time seen, std::uint64_t requests = 1,
                 std::uint64_t accepted = 0) {
  return {.account_id = std::move(account),
          .address = address(n),
          .first_seen = seen,
          .last_seen = seen,
          .requests = requests,
          .accepted = accepted};
}

TEST_P(ActivityContract, SumsOfAnAccountAndOfAllAreKeptBesideTheCounters) {
  const std::vector<CounterRow> deltas{{kHour, "a", "i1", "missing", 3, 2},
                                       {kHour, "a", "i2", "missing", 4, 0},
                                       {kHour + kOneHour, "a", "i1", "valid_current", 5, 0},
                                       {kHour, "b", "", "missing", 10, 10},
                                       {kHour, "gone", "gone", "missing", 1, 1}};
  ASSERT_TRUE(store().add_counters(deltas));
  ASSERT_TRUE(store().add_counters(deltas));
  const auto of_a = store().account_traffic(account_key(1), kHour, Time::max());
  ASSERT_TRUE(of_a) << of_a.error().internal;
  ASSERT_EQ(of_a->size(), 2u);
  EXPECT_EQ((*of_a)[0].hour, kHour);
  EXPECT_EQ((*of_a)[0].token_class, "missing");
  EXPECT_EQ((*of_a)[0].count, 14u);
  EXPECT_EQ((*of_a)[0].denied, 4u);
  EXPECT_EQ((*of_a)[1].count, 10u);
  EXPECT_EQ(store().account_traffic(account_key(1), kHour, kHour + kOneHour)->size(), 1u);
  const auto of_all = store().account_traffic(std::nullopt, kHour, kHour + kOneHour);
  ASSERT_EQ(of_all->size(), 1u);
  EXPECT_EQ(of_all->front().count, 36u);
  EXPECT_EQ(of_all->front().denied, 26u);
  const auto of_one =
      store().instance_traffic(account_key(1), instance_key(1), kHour, kHour + 2 * kOneHour);
  ASSERT_EQ(of_one->size(), 2u);
  EXPECT_EQ((*of_one)[0].count, 6u);
  EXPECT_EQ((*of_one)[0].denied, 4u);
  EXPECT_EQ((*of_one)[1].hour, kHour + kOneHour);
  EXPECT_TRUE(store().instance_traffic(account_key(1), instance_key(1), kHour, kHour)->empty());
  const auto places = store().places(account_key(1), kHour, {}, 2);
  ASSERT_EQ(places->size(), 2u);
  EXPECT_EQ((*places)[0].instance_id, "i1");
  EXPECT_EQ((*places)[0].token_class, "valid_current");
  EXPECT_EQ((*places)[0].count, 10u);
  EXPECT_EQ((*places)[1].instance_id, "i2");
  const std::vector<std::string_view> valid{"valid_current"};
  EXPECT_EQ(store().places(account_key(1), kHour, valid, 9)->front().instance_id, "i2");
  ASSERT_TRUE(store().prune({.counters_before = kHour + kOneHour}));
  EXPECT_EQ(store().account_traffic(account_key(1), kHour, Time::max())->size(), 1u);
}

TEST_P(ActivityContract, CallersAreSummedByAddressTheLatestFirst) {
  using Rows = std::vector<CallerRow>;
  ASSERT_TRUE(store().note_activity(
      Rows{caller("a", 1, kHour, 2, 1), caller("a", 2, kHour + Millis(5)), caller("b", 1, kHour)},
      {}));
  ASSERT_TRUE(store().note_activity(
      Rows{caller("a", 1, kHour + kOneHour, 3, 3), caller("nobody", 1, kHour)}, {}));
  const auto rows = store().callers(account_key(1), kHour);
  ASSERT_TRUE(rows) << rows.error().internal;
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].address, address(1));
  EXPECT_EQ((*rows)[0].account_id, "a");
  EXPECT_EQ((*rows)[0].requests, 5u);
  EXPECT_EQ((*rows)[0].accepted, 4u);
  EXPECT_EQ((*rows)[0].first_seen, kHour);
  EXPECT_EQ((*rows)[0].last_seen, kHour + kOneHour);
  EXPECT_EQ((*rows)[1].address, address(2));
  EXPECT_EQ(store().callers(account_key(1), kHour + Millis(6))->size(), 1u);
  EXPECT_EQ(store().info()->newest, kHour + kOneHour);

  ASSERT_TRUE(store().forget_callers(kHour + kOneHour));
  const auto left = store().callers(account_key(1), kHour);
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().requests, 3u);
  EXPECT_TRUE(store().callers(account_key(2), kHour)->empty());
}

TEST_P(ActivityContract, AddressesOfAnAccountAreBounded) {
  std::vector<CallerRow> flood;
  for (std::uint32_t n = 0; n < kCallersPerAccountMax + 20; ++n) {
    flood.push_back(caller("a", n, kHour));
  }
  ASSERT_TRUE(store().note_activity(flood, {}));
  ASSERT_TRUE(store().note_activity(flood, {}));
  ASSERT_TRUE(store().note_activity(std::vector{caller("b", 1, kHour)}, {}));
  const auto rows = store().callers(account_key(1), kHour);
  EXPECT_EQ(rows->size(), kCallersPerAccountMax);
  EXPECT_EQ(rows->front().requests, 2u) << "who is known is counted on";
  EXPECT_EQ(store().callers(account_key(2), kHour)->size(), 1u);
}

TEST_P(ActivityContract, InstancesTellTheirLastCallAndTheirRequests) {
  ASSERT_TRUE(store().add_counters(
      std::vector<CounterRow>{{kHour, "a", "i1", "missing", 3, 0},
                              {kHour + 2 * kOneHour, "a", "i1", "valid_current", 4, 0}}));
  using Calls = std::vector<InstanceCall>;
  ASSERT_TRUE(store().note_activity({}, Calls{{"i1", kHour + 2 * kOneHour}, {"gone", kHour}}));
  ASSERT_TRUE(store().note_activity({}, Calls{{"i1", kHour}}));
  const auto page = store().instances({}, {});
  const auto activity = store().instance_activity(page->rows, kHour + kOneHour);
  ASSERT_TRUE(activity) << activity.error().internal;
  ASSERT_EQ(activity->size(), 2u);
  EXPECT_EQ((*activity)[0].last_call, kHour + 2 * kOneHour) << "never backwards";
  EXPECT_EQ((*activity)[0].requests, 4u);
  EXPECT_FALSE((*activity)[1].last_call);
  EXPECT_EQ((*activity)[1].requests, 0u);
  EXPECT_EQ(store().instance_activity(page->rows, kHour)->front().requests, 7u);
}

TEST_P(ActivityContract, GoesWithItsAccountAndInstance) {
  ASSERT_TRUE(store().note_activity(std::vector{caller("a", 1, kHour)},
                                    std::vector<InstanceCall>{{"i1", kHour}}));
  must(store(), DeleteAccount{.account = account_key(1), .cascade = Cascade::DeleteInstances});
  must(store(), new_account(3, "a"));
  must(store(), new_instance(3, "i1", 3));
  EXPECT_TRUE(store().callers(account_key(3), kHour)->empty());
  const auto page = store().instances({}, {});
  EXPECT_FALSE(store().instance_activity(page->rows, kHour)->front().last_call);
}

}  // namespace
}  // namespace guarita::store::test
