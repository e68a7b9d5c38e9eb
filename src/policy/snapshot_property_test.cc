// After any random sequence of changes the incremental snapshot equals a full rebuild.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "policy/snapshot.h"
#include "policy/snapshot_dump.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy {
namespace {

using testing::account_row;
using testing::digest_number;
using testing::instance_token_number;
using testing::Random;
using testing::snapshot_options;

// The rows of a store, and the same changes made to a snapshot one by one.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), snapshot_(snapshot_options()) {}

  void step() {
    snapshot_.set_revision(++revision_);
    switch (random_.below(12)) {
      case 0: create_account(); break;
      case 1:
        if (random_.one_in(6)) delete_account();
        break;
      case 2:
      case 3: change_account(); break;
      case 4:
      case 5:
      case 6:
      case 7: put_instance(); break;
      case 8:
      case 9: delete_instance(); break;
      case 10: kill_token(); break;
      default: move_instance();
    }
    if (random_.one_in(20)) pending_.push_back(snapshot_.retire_mark());
    if (random_.one_in(40) && !pending_.empty()) {
      snapshot_.reclaim(pending_[pending_.size() / 2]);
      pending_.clear();
    }
  }

  // In an order of its own, with other sizes: nothing may depend on either.
  std::vector<std::string> rebuilt() const {
    SnapshotOptions options = snapshot_options();
    options.expected_instances = instances_.size();
    options.expected_accounts = accounts_.size();
    Snapshot fresh(options);
    for (auto it = accounts_.rbegin(); it != accounts_.rend(); ++it) fresh.put_account(it->second);
    for (const auto& [owner, state] : dead_) {
      fresh.put_dead_token(owner.first, owner.second, state);
    }
    for (const auto& [id, row] : instances_) fresh.put_instance(row);
    fresh.set_revision(revision_);
    return canonical_dump(fresh);
  }
  std::vector<std::string> incremental() const { return canonical_dump(snapshot_); }

  void check_lookups() {
    ASSERT_EQ(snapshot_.instances(), instances_.size());
    ASSERT_EQ(snapshot_.accounts(), accounts_.size());
    for (const auto& [id, row] : instances_) {
      const auto view = snapshot_.find_instance(snapshot_.hash_id(id));
      ASSERT_TRUE(view) << id;
      const auto account = snapshot_.find_account(view->account_number);
      ASSERT_TRUE(account);
      EXPECT_EQ(account->key, row.account);
      EXPECT_EQ(view->upstream.text, row.upstream);
      EXPECT_EQ(view->token != nullptr, row.token.has_value());
      EXPECT_TRUE(snapshot_.find_folded(snapshot_.hash_folded(id)));
    }
    for (const auto& [key, row] : accounts_) {
      const auto account = snapshot_.find_account(snapshot_.account_number(key));
      ASSERT_TRUE(account);
    }
    for (std::uint64_t n = 0; n < kIds; ++n) {
      if (instances_.contains(id(n))) continue;
      EXPECT_FALSE(snapshot_.find_instance(snapshot_.hash_id(id(n))));
    }
  }

 private:
  static constexpr std::uint64_t kIds = 4000;
  static constexpr std::uint64_t kDigests = 500;  // few: accounts share tokens

  static std::string id(std::uint64_t n) {
    return (n % 2 == 0 ? "inst" : "Inst") + std::to_string(n / 2);
  }

  template <class Map>
  auto any_of(Map& map) {
    auto it = map.lower_bound(typename Map::key_type{});
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(map.size())));
    return it;
  }

  void fill_account(AccountRow& row) {
    row.enforce = random_.one_in(2);
    row.tokens.clear();
    const auto first = random_.below(kDigests);
    for (auto n = random_.below(3); n > 0; --n) {
      TokenRow token{digest_number(first + n), n == 1 ? TokenState::Current : TokenState::Retiring,
                     std::nullopt};
      if (random_.one_in(2)) token.deadline = testing::at_ms(static_cast<long>(random_.below(99)));
      if (!dead_.contains({row.key, token.digest})) row.tokens.push_back(token);
    }
    row.ip_list.clear();
    if (random_.one_in(3)) {
      for (auto n = random_.below(random_.one_in(50) ? 1000 : 5); n > 0; --n) {
        Cidr cidr;
        cidr.network.bytes[0] = static_cast<std::uint8_t>(random_.below(256));
        if (random_.one_in(2))
          cidr.network.bytes[1] = static_cast<std::uint8_t>(random_.below(256));
        cidr.prefix_bits = cidr.network.bytes[1] == 0 ? 8 : 16;
        row.ip_list.push_back(cidr);
      }
    }
  }

  void create_account() {
    if (accounts_.size() >= 300) return;
    AccountRow row = account_row(++last_account_);
    fill_account(row);
    ASSERT_NE(snapshot_.put_account(row), 0U);
    accounts_[row.key] = row;
  }

  // As control does: what the new policy no longer holds is dead; said before or after.
  void change_account() {
    if (accounts_.empty()) return;
    AccountRow& row = any_of(accounts_)->second;
    const auto old = row.tokens;
    const bool first = random_.one_in(2);
    fill_account(row);
    const auto bury = [&] {
      for (const TokenRow& token : old) {
        if (std::ranges::find(row.tokens, token.digest, &TokenRow::digest) != row.tokens.end()) {
          continue;
        }
        dead_[{row.key, token.digest}] = TokenState::Revoked;
        snapshot_.put_dead_token(row.key, token.digest, TokenState::Revoked);
      }
    };
    if (first) bury();
    snapshot_.put_account(row);
    if (!first) bury();
  }

  void delete_account() {
    if (accounts_.empty()) return;
    const AccountKey key = any_of(accounts_)->first;
    const bool first = random_.one_in(2);
    if (first) snapshot_.erase_account(key);
    std::erase_if(instances_, [&](const auto& entry) {
      if (entry.second.account != key) return false;
      EXPECT_TRUE(snapshot_.erase_instance(entry.first));
      return true;
    });
    if (!first) snapshot_.erase_account(key);
    std::erase_if(dead_, [&](const auto& entry) { return entry.first.first == key; });
    accounts_.erase(key);
  }

  void put_instance() {
    if (accounts_.empty()) return;
    InstanceRow row{id(random_.below(kIds)), any_of(accounts_)->first, "", std::nullopt};
    if (random_.one_in(3)) row.upstream = "http://u" + std::to_string(random_.below(50));
    if (random_.one_in(2)) row.token = instance_token_number(random_.below(1000));
    ASSERT_TRUE(snapshot_.put_instance(row));
    instances_[row.id] = row;
  }

  void move_instance() {
    if (instances_.empty()) return;
    InstanceRow& row = any_of(instances_)->second;
    row.account = any_of(accounts_)->first;
    ASSERT_TRUE(snapshot_.put_instance(row));
  }

  void delete_instance() {
    const std::string gone = id(random_.below(kIds));
    EXPECT_EQ(snapshot_.erase_instance(gone), instances_.erase(gone) == 1);
  }

  // A token that was never seen live here: the store's history.
  void kill_token() {
    if (accounts_.empty()) return;
    const auto& [key, row] = *any_of(accounts_);
    const auto digest = digest_number(kDigests + 10 + random_.below(kDigests));
    const auto state = random_.one_in(2) ? TokenState::Revoked : TokenState::Expired;
    dead_[{key, digest}] = state;
    EXPECT_TRUE(snapshot_.put_dead_token(key, digest, state));
  }

  Random random_;
  Snapshot snapshot_;
  std::uint64_t revision_ = 0;
  std::uint64_t last_account_ = 0;
  std::vector<std::uint64_t> pending_;
  std::map<AccountKey, AccountRow> accounts_;
  std::map<std::string, InstanceRow> instances_;
  std::map<std::pair<AccountKey, crypto::Digest>, TokenState> dead_;
};

TEST(SnapshotProperty, IncrementalEqualsRebuiltAfterAnySequenceOfChanges) {
  for (const std::uint64_t seed : {1ULL, 20'261'124ULL, 77ULL, 4'242ULL}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model(seed);
    for (int step = 1; step <= 30'000; ++step) {
      model.step();
      if (step % 3000 != 0 && step > 20) continue;
      const auto incremental = model.incremental();
      const auto rebuilt = model.rebuilt();
      ASSERT_EQ(incremental.size(), rebuilt.size()) << "at step " << step;
      for (std::size_t i = 0; i < rebuilt.size(); ++i) {
        ASSERT_EQ(incremental[i], rebuilt[i]) << "at step " << step;
      }
      model.check_lookups();
    }
  }
}

}  // namespace
}  // namespace guarita::policy
