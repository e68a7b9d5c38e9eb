#include "policy/snapshot.h"

#include <gtest/gtest.h>

#include "policy/snapshot_dump.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_key;
using testing::account_row;
using testing::digest_number;
using testing::instance_token_number;
using testing::reclaim_all;
using testing::snapshot_options;

TEST(Arena, ReusesWhatIsFreedAndMergesRuns) {
  Arena arena(0, 64);
  const Block small = arena.allocate(20);
  EXPECT_EQ(small.bytes, 24U);
  arena.free(small);
  EXPECT_EQ(arena.allocate(24).offset, small.offset);

  const auto before = arena.bytes_used();
  const Block a = arena.allocate(5000);
  const Block b = arena.allocate(5000);
  const Block c = arena.allocate(5000);
  EXPECT_EQ(arena.bytes_used(), before + 3 * 5120);
  std::memset(arena.at(b.offset), 0xff, b.bytes);
  arena.free(a);
  arena.free(c);
  arena.free(b);
  const Block all = arena.allocate(3 * 5120);
  EXPECT_EQ(all.offset, a.offset);
  for (std::uint32_t i = 0; i < all.bytes; ++i) {
    ASSERT_EQ(arena.as<std::uint8_t>(all.offset)[i], 0) << "runs are zeroed";
  }
  EXPECT_EQ(arena.bytes_used(), before + 3 * 5120);
}

struct Bare {
  Arena arena{0, 64};
  SlotTable table;
  explicit Bare(std::uint64_t expected) : table(arena, expected) {}
  bool insert(const crypto::Hash128& hash, std::uint32_t value) {
    return table.insert(
        hash, value, [](std::uint32_t) { return true; }, [&](Block b) { arena.free(b); });
  }
};

TEST(SlotTable, KeysThatShareAHomeAreToldApart) {
  Bare bare(0);
  // One segment, one home: only the low halves differ.
  for (std::uint32_t i = 1; i <= 400; ++i) ASSERT_TRUE(bare.insert({.low = i, .high = 7}, i));
  for (std::uint32_t i = 1; i <= 400; ++i) EXPECT_EQ(bare.table.find({.low = i, .high = 7}), i);
  EXPECT_EQ(bare.table.find({.low = 401, .high = 7}), SlotTable::kEmpty);
  EXPECT_EQ(bare.table.live(), 400U);
}

TEST(SlotTable, ErasedSlotsDoNotHideWhatStandsBehindThem) {
  Bare bare(0);
  for (std::uint32_t i = 1; i <= 100; ++i) bare.insert({.low = i, .high = 7}, i);
  for (std::uint32_t i = 1; i <= 99; ++i) {
    EXPECT_TRUE(bare.table.erase({.low = i, .high = 7}, i));
    EXPECT_FALSE(bare.table.erase({.low = i, .high = 7}, i));
  }
  EXPECT_EQ(bare.table.find({.low = 1, .high = 7}), SlotTable::kEmpty);
  EXPECT_EQ(bare.table.find({.low = 100, .high = 7}), 100U);
}

TEST(SlotTable, ChurnWithinOneSizeTakesNoMoreMemory) {
  Bare bare(0);
  testing::Random random(1);
  std::vector<crypto::Hash128> held;
  for (std::uint32_t i = 1; i <= 5000; ++i) {
    held.push_back({.low = random.below(~0ULL), .high = random.below(~0ULL)});
    bare.insert(held.back(), i);
  }
  const auto before = bare.arena.bytes_used();
  for (std::uint32_t round = 0; round < 50'000; ++round) {
    auto& hash = held[random.below(held.size())];
    ASSERT_TRUE(bare.table.erase(hash, bare.table.find(hash)));
    hash = {.low = random.below(~0ULL), .high = random.below(~0ULL)};
    bare.insert(hash, round + 1);
  }
  EXPECT_EQ(bare.table.live(), 5000U);
  EXPECT_LE(bare.arena.bytes_used(), before * 3 / 2);
}

TEST(SlotTable, SameHashIsBounded) {
  Bare bare(0);
  for (std::uint32_t i = 1; i <= SlotTable::kSameHashMax; ++i) {
    ASSERT_TRUE(bare.insert({.low = 1, .high = 7}, i));
  }
  EXPECT_FALSE(bare.insert({.low = 1, .high = 7}, 1000));
  EXPECT_TRUE(bare.table.erase({.low = 1, .high = 7}, 5));
  EXPECT_TRUE(bare.insert({.low = 1, .high = 7}, 1000));
}

TEST(Snapshot, AnAccountIsReadBackWhole) {
  Snapshot snapshot(snapshot_options());
  AccountRow row = account_row(1);
  row.enforce = true;
  row.tokens = {{digest_number(1), TokenState::Current, std::nullopt},
                {digest_number(2), TokenState::Retiring, testing::at_ms(5000)}};
  row.ip_list = {*parse_cidr("192.0.2.0/24"), *parse_cidr("192.0.2.7"),
                 *parse_cidr("2001:db8::/32")};
  const auto number = snapshot.put_account(row);
  ASSERT_NE(number, 0U);
  const auto view = snapshot.find_account(number);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->id, row.id);
  EXPECT_EQ(view->key, row.key);
  EXPECT_EQ(view->ip_list.size(), 2U) << "192.0.2.7 is covered";
  EXPECT_TRUE(view->allows(*parse_ip("192.0.2.9")));
  EXPECT_TRUE(view->allows(*parse_ip("2001:db8:1::1")));
  EXPECT_FALSE(view->allows(*parse_ip("192.0.3.0")));
  EXPECT_FALSE(view->allows(*parse_ip("192.0.1.255")));
  EXPECT_FALSE(view->allows(*parse_ip("2001:db9::")));
  EXPECT_EQ(view->mode(testing::at_ms(0)), Mode::Enforce);
  EXPECT_EQ(view->match(digest_number(2), testing::at_ms(4999)), 1);
  EXPECT_EQ(view->match(digest_number(2), testing::at_ms(5000)), std::nullopt);
  EXPECT_EQ(view->match(digest_number(3), testing::at_ms(0)), std::nullopt);
}

TEST(Snapshot, TheIpListAgreesWithTheListItself) {
  testing::Random random(20261124);
  Snapshot snapshot(snapshot_options());
  for (int round = 0; round < 300; ++round) {
    AccountRow row = account_row(1);
    for (auto n = random.below(12); n > 0; --n) {
      std::string text;
      for (int i = 0; i < 4; ++i) text += std::to_string(random.below(4)) + (i < 3 ? "." : "");
      text += '/' + std::to_string(random.below(33));
      auto cidr = parse_cidr(text);
      if (!cidr) cidr = parse_cidr(cidr.error().suggestion);
      row.ip_list.push_back(*cidr);
    }
    const auto view = snapshot.find_account(snapshot.put_account(row));
    for (int probe = 0; probe < 200; ++probe) {
      IpAddress ip{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
      for (std::size_t i = 12; i < 16; ++i) {
        ip.bytes[i] = static_cast<std::uint8_t>(random.below(5));
      }
      EXPECT_EQ(view->allows(ip), allows(IpList{row.ip_list}, ip)) << format_ip(ip);
    }
    reclaim_all(snapshot);
  }
}

TEST(Snapshot, RowsOverTheLimitsAreRefusedAndChangeNothing) {
  Snapshot snapshot(snapshot_options());
  snapshot.put_account(account_row(1));
  const auto before = canonical_dump(snapshot);
  AccountRow row = account_row(1);
  row.tokens.resize(3);
  EXPECT_EQ(snapshot.put_account(row), 0U);
  row = account_row(1);
  row.tokens = {{digest_number(1), TokenState::Revoked, std::nullopt}};
  EXPECT_EQ(snapshot.put_account(row), 0U);
  row = account_row(1);
  row.id.assign(256, 'x');
  EXPECT_EQ(snapshot.put_account(row), 0U);
  row = account_row(1);
  row.ip_list.resize(kIpListEntriesMax + 1);
  EXPECT_EQ(snapshot.put_account(row), 0U);
  row = account_row(1);
  row.ip_list = {Cidr{.network = *parse_ip("10.0.0.1"), .prefix_bits = 104}};
  EXPECT_EQ(snapshot.put_account(row), 0U) << "host bits";
  EXPECT_FALSE(snapshot.put_instance({"a", account_key(2), "", std::nullopt}));
  EXPECT_FALSE(snapshot.put_instance({"a", account_key(1), std::string(70'000, 'u'), {}}));
  EXPECT_FALSE(snapshot.put_dead_token(account_key(2), digest_number(1), TokenState::Revoked));
  EXPECT_FALSE(snapshot.put_dead_token(account_key(1), digest_number(1), TokenState::Next));
  EXPECT_FALSE(snapshot.erase_account(account_key(2)));
  EXPECT_FALSE(snapshot.erase_instance("a"));
  EXPECT_EQ(canonical_dump(snapshot), before);
}

TEST(Snapshot, NumbersOfDeletedAccountsAreNotUsedAgain) {
  Snapshot snapshot(snapshot_options());
  const auto first = snapshot.put_account(account_row(1));
  ASSERT_TRUE(snapshot.put_instance({"a", account_key(1), "", std::nullopt}));
  ASSERT_TRUE(snapshot.erase_account(account_key(1)));
  EXPECT_FALSE(snapshot.find_account(first));
  const auto second = snapshot.put_account(account_row(1));
  EXPECT_NE(first, second);
  EXPECT_FALSE(snapshot.find_account(snapshot.find_instance(snapshot.hash_id("a"))->account_number))
      << "a new account under an old key inherits no instance";
}

TEST(Snapshot, UpstreamIdsNameTheirTextForEver) {
  Snapshot snapshot(snapshot_options());
  snapshot.put_account(account_row(1));
  const auto upstream = [&](std::string_view id) {
    return snapshot.find_instance(snapshot.hash_id(id))->upstream;
  };
  snapshot.put_instance({"a", account_key(1), "http://one", std::nullopt});
  snapshot.put_instance({"b", account_key(1), "http://one", std::nullopt});
  snapshot.put_instance({"c", account_key(1), "", std::nullopt});
  const auto first = upstream("a").id;
  EXPECT_EQ(upstream("b").id, first);
  EXPECT_EQ(upstream("c").id, 0U);
  snapshot.put_instance({"a", account_key(1), "http://two", std::nullopt});
  EXPECT_NE(upstream("a").id, first);
  EXPECT_EQ(upstream("b").text, "http://one");
  snapshot.erase_instance("b");
  reclaim_all(snapshot);
  snapshot.put_instance({"b", account_key(1), "http://one", std::nullopt});
  EXPECT_NE(upstream("b").id, first) << "its last user was gone";
}

TEST(Snapshot, WhatIsOfTheInstanceItselfComesAndGoes) {
  Snapshot snapshot(snapshot_options());
  const auto one = snapshot.put_account(account_row(1));
  const auto two = snapshot.put_account(account_row(2));
  const auto found = [&] { return *snapshot.find_instance(snapshot.hash_id("a")); };
  for (int round = 0; round < 3; ++round) {
    snapshot.put_instance({"a", account_key(1), "", std::nullopt});
    EXPECT_EQ(found().account_number, one);
    EXPECT_EQ(found().token, nullptr);
    EXPECT_EQ(found().upstream.text, "");
    snapshot.put_instance({"a", account_key(2), "http://up", instance_token_number(3)});
    EXPECT_EQ(found().account_number, two);
    EXPECT_EQ(*found().token, instance_token_number(3));
    EXPECT_EQ(found().upstream.text, "http://up");
    reclaim_all(snapshot);
  }
  EXPECT_TRUE(snapshot.erase_instance("a"));
  EXPECT_FALSE(snapshot.find_instance(snapshot.hash_id("a")));
  EXPECT_EQ(snapshot.instances(), 0U);
}

TEST(Snapshot, ManyInstancesAtOnceAreThoseOneByOne) {
  std::vector<InstanceRow> rows;
  for (std::uint64_t i = 0; i < 100; ++i) {
    rows.push_back({std::to_string(i % 70), account_key(i % 3), i % 5 == 0 ? "http://up" : "",
                    i % 2 == 0 ? std::optional(instance_token_number(i)) : std::nullopt});
  }
  Snapshot at_once(snapshot_options());
  Snapshot one_by_one(snapshot_options());
  for (std::uint64_t a = 0; a < 2; ++a) {  // there is no third account
    at_once.put_account(account_row(a));
    one_by_one.put_account(account_row(a));
  }
  std::vector<std::string> refused;
  std::vector<std::string> expected;
  at_once.put_instances(rows, [&](const InstanceRow& row) { refused.push_back(row.id); });
  for (const InstanceRow& row : rows) {
    if (!one_by_one.put_instance(row)) expected.push_back(row.id);
  }
  EXPECT_EQ(canonical_dump(at_once), canonical_dump(one_by_one));
  EXPECT_EQ(refused, expected);
}

TEST(Snapshot, RetiredMemoryIsUsedAgainOnlyAfterTheBarrier) {
  Snapshot snapshot(snapshot_options());
  snapshot.put_account(account_row(1));
  reclaim_all(snapshot);
  snapshot.put_instance({"a", account_key(1), "", instance_token_number(1)});
  const auto held = *snapshot.find_instance(snapshot.hash_id("a"));
  snapshot.put_instance({"a", account_key(1), "", instance_token_number(2)});
  const auto mark = snapshot.retire_mark();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    snapshot.put_instance({"b" + std::to_string(i), account_key(1), "", instance_token_number(3)});
  }
  EXPECT_EQ(*held.token, instance_token_number(1)) << "a reader may still look";
  EXPECT_GT(snapshot.bytes_retired(), 0U);
  snapshot.reclaim(mark);
  snapshot.put_instance({"c", account_key(1), "", instance_token_number(4)});
  EXPECT_EQ(*held.token, instance_token_number(4)) << "and is used again";
}

TEST(Snapshot, FoldedIdsAreCounted) {
  Snapshot snapshot(snapshot_options());
  snapshot.put_account(account_row(1));
  const auto known = [&](std::string_view id) {
    return snapshot.find_folded(snapshot.hash_folded(id));
  };
  snapshot.put_instance({"Ab", account_key(1), "", std::nullopt});
  snapshot.put_instance({"aB", account_key(1), "", std::nullopt});
  snapshot.put_instance({"aB", account_key(1), "x", std::nullopt});
  EXPECT_TRUE(known("AB"));
  snapshot.erase_instance("Ab");
  EXPECT_TRUE(known("ab"));
  snapshot.erase_instance("aB");
  EXPECT_FALSE(known("ab"));
}

TEST(Snapshot, DeadTokensAreFoundAndNeverComeBack) {
  Snapshot snapshot(snapshot_options());
  AccountRow one = account_row(1);
  one.tokens = {{digest_number(9), TokenState::Current, std::nullopt}};
  AccountRow two = account_row(2);
  const auto n1 = snapshot.put_account(one);
  const auto n2 = snapshot.put_account(two);
  EXPECT_EQ(snapshot.find_token(digest_number(9), n1).own, TokenState::Current);
  EXPECT_EQ(snapshot.find_token(digest_number(9), n2).other_account, n1);
  snapshot.put_dead_token(two.key, digest_number(9), TokenState::Expired);
  snapshot.put_dead_token(one.key, digest_number(9), TokenState::Revoked);
  snapshot.put_account(one);
  one.tokens.clear();
  snapshot.put_account(one);
  EXPECT_EQ(snapshot.find_token(digest_number(9), n1).own, TokenState::Revoked);
  EXPECT_EQ(snapshot.find_token(digest_number(9), n2).own, TokenState::Expired);
  snapshot.erase_account(one.key);
  EXPECT_EQ(snapshot.find_token(digest_number(9), n2).other_state, std::nullopt);
}

// 64 bytes an instance: 10 instances an account, a token an account, a token an instance.
void fill(Snapshot& snapshot) {
  for (std::uint64_t a = 0; a < 20'000; ++a) {
    AccountRow row = account_row(a);
    row.enforce = true;
    row.tokens = {{digest_number(a), TokenState::Current, std::nullopt}};
    ASSERT_NE(snapshot.put_account(row), 0U);
    for (std::uint64_t i = a * 10; i < a * 10 + 10; ++i) {
      ASSERT_TRUE(snapshot.put_instance(
          {"3C" + std::to_string(i * 7919) + "F", row.key, "", instance_token_number(i)}));
    }
    if (a % 100 == 0) reclaim_all(snapshot);
  }
  reclaim_all(snapshot);
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const auto id = "3C" + std::to_string(i * 7919) + "F";
    const auto view = snapshot.find_instance(snapshot.hash_id(id));
    ASSERT_TRUE(view) << id;
    ASSERT_EQ(*view->token, instance_token_number(i));
    ASSERT_FALSE(snapshot.find_instance(snapshot.hash_id(id + "x")));
  }
}

TEST(Snapshot, TakesAtMost64BytesAnInstance) {
  SnapshotOptions options = snapshot_options(FoldedIndex::Off);
  Snapshot grown(options);
  fill(grown);
  options.expected_instances = 200'000;
  options.expected_accounts = 20'000;
  Snapshot bulk(options);
  fill(bulk);
  const double grown_bytes = static_cast<double>(grown.bytes_used()) / 200'000;
  const double bulk_bytes = static_cast<double>(bulk.bytes_used()) / 200'000;
  std::printf("bytes an instance: %.1f built in bulk, %.1f grown one by one\n", bulk_bytes,
              grown_bytes);
  EXPECT_LE(bulk_bytes, 64);
  EXPECT_LE(grown_bytes, 64);
}

// Most have neither a token nor an upstream of their own: a slot, and a tenth of an account.
TEST(Snapshot, AnInstanceWithNothingOfItsOwnTakesAtMost40Bytes) {
  SnapshotOptions options = snapshot_options(FoldedIndex::Off);
  options.expected_instances = 200'000;
  options.expected_accounts = 20'000;
  Snapshot snapshot(options);
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    AccountRow row = account_row(i / 10);
    row.tokens = {{digest_number(i / 10), TokenState::Current, std::nullopt}};
    if (i % 10 == 0) snapshot.put_account(row);
    ASSERT_TRUE(snapshot.put_instance({std::to_string(i), row.key, "", std::nullopt}));
  }
  EXPECT_LE(static_cast<double>(snapshot.bytes_used()) / 200'000, 40);
}

// The figure must not depend on where between two rebuilds a fleet happens to stand.
TEST(Snapshot, TakesAtMost64BytesAnInstanceAtEverySize) {
  Snapshot snapshot(snapshot_options(FoldedIndex::Off));
  double worst = 0;
  for (std::uint64_t a = 0; a < 20'000; ++a) {
    AccountRow row = account_row(a);
    row.tokens = {{digest_number(a), TokenState::Current, std::nullopt}};
    snapshot.put_account(row);
    for (std::uint64_t i = a * 10; i < a * 10 + 10; ++i) {
      snapshot.put_instance({std::to_string(i), row.key, "", instance_token_number(i)});
    }
    if (a % 100 != 0) continue;
    reclaim_all(snapshot);
    if (a < 10'000) continue;  // below, the fixed parts (a few hundred KiB) weigh
    worst = std::max(worst, static_cast<double>(snapshot.bytes_used()) /
                                static_cast<double>(snapshot.instances()));
  }
  std::printf("bytes an instance, worst from 100,000 to 200,000: %.1f\n", worst);
  EXPECT_LE(worst, 64);
}

}  // namespace
}  // namespace guarita::policy
