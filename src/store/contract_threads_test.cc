// Any thread may call; a reader sees whole commits only.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class ThreadsContract : public ContractTest {};
GUARITA_ON_EVERY_STORE(ThreadsContract);

// Both accounts are renamed to the same name in one COMMIT: nobody may see them differ.
class SameNames final : public SnapshotVisitor {
 public:
  void account(const AccountRow& row, std::span<const TokenRow>,
               std::span<const IpEntry>) override {
    names.insert(row.name);
  }
  void instance(const InstanceRow&) override {}
  std::set<std::string> names;
};

constexpr unsigned kRounds = 40;

TEST_P(ThreadsContract, ReadersBesideWritersSeeWholeCommits) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "b"));
  std::atomic<bool> writing = true;
  std::atomic<unsigned> reads = 0;
  std::vector<std::vector<Revision>> revisions(2);
  std::vector<std::jthread> writers;
  for (unsigned w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (unsigned n = 0; n < kRounds; ++n) {
        const std::string name = std::to_string(w) + "-" + std::to_string(n);
        for (const auto& done :
             store().apply(std::vector<Change>{change(RenameAccount{account_key(1), name}),
                                               change(RenameAccount{account_key(2), name})})) {
          ASSERT_TRUE(done) << done.error().internal;
          revisions[w].push_back(done->revision);
        }
        ASSERT_TRUE(store().add_counters(std::vector<CounterRow>{{at(0), "a", "", "valid", 1}}));
      }
    });
  }
  std::vector<std::jthread> readers;
  for (unsigned r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (writing || reads < 20) {
        SameNames seen;
        ASSERT_TRUE(store().load_all(seen));
        EXPECT_EQ(seen.names.size(), 1u);
        ASSERT_TRUE(store().accounts({}, {}));
        EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
        ++reads;
      }
    });
  }
  writers.clear();
  writing = false;
  readers.clear();
  std::set<Revision> all;
  for (const auto& of_one : revisions) {
    EXPECT_TRUE(std::ranges::is_sorted(of_one));
    all.insert(of_one.begin(), of_one.end());
  }
  EXPECT_EQ(all.size(), 4 * kRounds);
  EXPECT_EQ(*all.rbegin(), 2 + 4 * kRounds);
  EXPECT_EQ(store().counters({})->front().count, 2 * kRounds);
}

}  // namespace
}  // namespace guarita::store::test
