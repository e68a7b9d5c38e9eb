// Readers without locks beside a writer: meant for ThreadSanitizer, which must see no race, and
// for every other build, where no reader may ever see a mixture of two states. Bounded to 2 s.
#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <thread>
#include <vector>

#include "policy/snapshot.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_key;
using testing::account_row;
using testing::digest_number;
using testing::instance_token_number;
using testing::Random;

constexpr std::uint64_t kAccounts = 40;
constexpr std::uint64_t kFixed = 200;      // instances that move, and are never absent
constexpr std::uint64_t kPassing = 5'000;  // instances that come and go
constexpr unsigned kReaders = 2;
constexpr std::chrono::milliseconds kDuration{1500};

// All parts of a row follow from (account, version), so that a reader can tell a mixture.
AccountRow versioned_account(std::uint64_t n, std::uint64_t version) {
  AccountRow row = account_row(n);
  row.id = "v" + std::to_string(version);
  row.enforce = version % 2 == 1;
  for (std::uint64_t i = 0; i < version % 3; ++i) {
    row.tokens.push_back({digest_number(version * 4 + i),
                          i == 0 ? TokenState::Current : TokenState::Next,
                          testing::at_ms(static_cast<std::int64_t>(version))});
  }
  for (std::uint64_t i = 0; i < version % 50; ++i) {
    Cidr cidr;
    cidr.network.bytes[0] = static_cast<std::uint8_t>(i);
    cidr.prefix_bits = 8;
    row.ip_list.push_back(cidr);
  }
  return row;
}

bool is_one_state(const AccountView& view) {
  std::uint64_t version = 0;
  std::from_chars(view.id.data() + 1, view.id.data() + view.id.size(), version);
  bool whole = view.enforce == (version % 2 == 1) && view.tokens.size() == version % 3 &&
               view.ip_list.size() == version % 50;
  for (std::size_t i = 0; whole && i < view.tokens.size(); ++i) {
    whole = view.tokens[i].digest == digest_number(version * 4 + i) &&
            view.tokens[i].deadline_ms == static_cast<std::int64_t>(version);
  }
  return whole;
}

InstanceRow placed_instance(const std::string& id, std::uint64_t account, std::uint64_t salt) {
  return {id, account_key(account), "http://" + std::to_string(account),
          salt % 4 == 0 ? std::nullopt : std::optional(instance_token_number(account))};
}

bool is_one_place(const Snapshot& snapshot, const InstanceView& view) {
  const auto account = snapshot.find_account(view.account_number);
  if (!account) return false;
  std::uint64_t n = 0;
  const std::string_view text = view.upstream.text;
  std::from_chars(text.data() + 7, text.data() + text.size(), n);
  return account->key == account_key(n) &&
         (view.token == nullptr || *view.token == instance_token_number(n));
}

std::string fixed_id(std::uint64_t n) {
  return "fixed-" + std::to_string(n);
}
std::string passing_id(std::uint64_t n) {
  return "Passing-" + std::to_string(n);
}

struct alignas(64) Reader {
  std::atomic<std::uint64_t> rounds{0};  // quiescent points passed
  std::uint64_t lookups = 0;
  std::uint64_t mixtures = 0;
  std::uint64_t lost = 0;
};

void read_on(const Snapshot& snapshot, Reader& reader, const std::atomic<bool>& stop, unsigned n) {
  Random random(n);
  while (!stop.load(std::memory_order_acquire)) {
    for (int i = 0; i < 20; ++i) {
      const auto hash = snapshot.hash_id(fixed_id(random.below(kFixed)));
      snapshot.prefetch(hash);
      if (const auto view = snapshot.find_instance(hash)) {
        const auto account = snapshot.find_account(view->account_number);
        // What was given lives until the round ends, however long that takes.
        if (i == 0) std::this_thread::yield();
        if (!is_one_place(snapshot, *view) || !is_one_state(*account)) ++reader.mixtures;
      } else {
        ++reader.lost;
      }
      const std::string id = passing_id(random.below(kPassing));
      const auto passing = snapshot.find_instance(snapshot.hash_id(id));
      if (passing && !is_one_place(snapshot, *passing)) ++reader.mixtures;
      (void)snapshot.find_folded(snapshot.hash_folded(id));
      (void)snapshot.find_token(digest_number(random.below(1000)), 1);
      (void)snapshot.revision();
      reader.lookups += 2;
    }
    reader.rounds.fetch_add(1, std::memory_order_release);
    std::this_thread::yield();  // as many changes as lookups, on a machine with few cores too
  }
  reader.rounds.store(~0ULL, std::memory_order_release);  // passes every barrier from here on
}

void barrier(const std::vector<Reader>& readers) {
  std::vector<std::uint64_t> begun;
  for (const Reader& r : readers) begun.push_back(r.rounds.load(std::memory_order_acquire));
  for (std::size_t i = 0; i < readers.size(); ++i) {
    while (readers[i].rounds.load(std::memory_order_acquire) == begun[i]) {
      std::this_thread::yield();
    }
  }
}

void change(Snapshot& snapshot, Random& random, std::uint64_t version) {
  const std::uint64_t account = random.below(kAccounts);
  switch (random.below(6)) {
    case 0: snapshot.put_account(versioned_account(account, version)); break;
    case 1:
      snapshot.put_instance(placed_instance(fixed_id(random.below(kFixed)), account, version));
      break;
    case 2:
      snapshot.put_dead_token(account_key(account), digest_number(random.below(1000)),
                              TokenState::Revoked);
      break;
    case 3: snapshot.erase_instance(passing_id(random.below(kPassing))); break;
    default:
      snapshot.put_instance(placed_instance(passing_id(random.below(kPassing)), account, version));
  }
  snapshot.set_revision(version);
}

TEST(SnapshotStress, ReadersNeverSeeAMixture) {
  Snapshot snapshot(testing::snapshot_options());
  for (std::uint64_t n = 0; n < kAccounts; ++n) snapshot.put_account(versioned_account(n, n + 1));
  for (std::uint64_t n = 0; n < kFixed; ++n) {
    snapshot.put_instance(placed_instance(fixed_id(n), n % kAccounts, n));
  }
  testing::reclaim_all(snapshot);

  std::vector<Reader> readers(kReaders);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned n = 0; n < kReaders; ++n) {
    threads.emplace_back([&, n] { read_on(snapshot, readers[n], stop, n); });
  }
  Random random(20261124);
  std::uint64_t version = 1000;
  const auto end = std::chrono::steady_clock::now() + kDuration;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 64; ++i) change(snapshot, random, ++version);
    const auto mark = snapshot.retire_mark();
    barrier(readers);
    snapshot.reclaim(mark);
  }
  stop.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();

  std::uint64_t lookups = 0;
  for (const Reader& reader : readers) {
    EXPECT_EQ(reader.mixtures, 0U);
    EXPECT_EQ(reader.lost, 0U) << "a moved instance is in one account or in the other";
    EXPECT_GT(reader.lookups, 0U);
    lookups += reader.lookups;
  }
  std::printf("%llu changes, %llu lookups\n", static_cast<unsigned long long>(version - 1000),
              static_cast<unsigned long long>(lookups));
}

}  // namespace
}  // namespace guarita::policy
