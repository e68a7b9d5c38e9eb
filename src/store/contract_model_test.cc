// Random changes against a model in plain maps: every store must do what the model does, refuse
// what it refuses, and hold what it holds.
#include <map>
#include <random>

#include "store/users_test_support.h"

namespace guarita::store::test {
namespace {

constexpr unsigned kSeed = 20261124;
constexpr unsigned kOperations = 1500;
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
constexpr std::uint64_t kRows = 10'000;
#else
constexpr std::uint64_t kRows = 100'000;
#endif

struct ModelToken {
  std::uint64_t text;
  TokenState state;
};
struct ModelAccount {
  std::string id;
  std::string name = "Name";
  bool enforce = false;
  Revision revision = 0;
  std::map<std::uint64_t, ModelToken> tokens;
};
struct ModelUser {
  std::string email;
  Revision revision = 0;
  std::map<std::uint64_t, Role> roles;  // by account
};
struct ModelInstance {
  std::string id;
  std::uint64_t account;
};

// The rules once more, as plainly as they can be said.
class Model {
 public:
  std::map<std::uint64_t, ModelAccount> accounts;
  std::map<std::uint64_t, ModelInstance> instances;
  std::map<std::uint64_t, ModelUser> users;
  Revision revision = 0;

  using Outcome = std::optional<StoreErrorKind>;

  Outcome create_account(std::uint64_t key, const std::string& id) {
    for (const auto& [k, a] : accounts) {
      if (k == key || a.id == id) return StoreErrorKind::AlreadyExists;
    }
    accounts[key] = ModelAccount{.id = id, .revision = ++revision, .tokens = {}};
    return {};
  }
  Outcome delete_account(std::uint64_t key, Cascade cascade) {
    if (!accounts.contains(key)) return StoreErrorKind::NotFound;
    const auto owned = [&](const auto& i) { return i.second.account == key; };
    const bool any = std::ranges::any_of(instances, owned);
    if (any && cascade == Cascade::Refuse) return StoreErrorKind::InUse;
    std::erase_if(instances, owned);
    for (auto& [k, user] : users) user.roles.erase(key);
    accounts.erase(key);
    ++revision;
    return {};
  }
  Outcome create_instance(std::uint64_t key, const std::string& id, std::uint64_t account) {
    if (!accounts.contains(account)) return StoreErrorKind::NotFound;
    for (const auto& [k, i] : instances) {
      if (k == key || i.id == id) return StoreErrorKind::AlreadyExists;
    }
    instances[key] = {id, account};
    accounts[account].revision = ++revision;
    return {};
  }
  Outcome move_instance(std::uint64_t key, std::uint64_t to) {
    if (!instances.contains(key) || !accounts.contains(to)) return StoreErrorKind::NotFound;
    ++revision;
    accounts[instances[key].account].revision = revision;
    accounts[to].revision = revision;
    instances[key].account = to;
    return {};
  }
  Outcome delete_instance(std::uint64_t key) {
    if (!instances.contains(key)) return StoreErrorKind::NotFound;
    accounts[instances[key].account].revision = ++revision;
    instances.erase(key);
    return {};
  }
  Outcome put_token(std::uint64_t account, std::uint64_t key, TokenState state, bool enforce) {
    if (!accounts.contains(account)) return StoreErrorKind::NotFound;
    for (const auto& [k, other] : accounts) {
      if (k != account && other.tokens.contains(key)) return StoreErrorKind::Invalid;
    }
    ModelAccount after = accounts[account];
    if (after.tokens.contains(key) && after.tokens[key].state >= TokenState::Revoked) {
      return StoreErrorKind::DeadToken;
    }
    after.tokens[key] = {key, state};
    unsigned count[5] = {};
    for (const auto& [k, t] : after.tokens) ++count[static_cast<unsigned>(t.state)];
    if (count[0] > 1 || count[1] + count[2] > 1 || (count[1] == 1 && count[0] == 0)) {
      return StoreErrorKind::Invalid;
    }
    return keep(account, std::move(after), enforce);
  }
  Outcome end_token(std::uint64_t account, std::uint64_t key, TokenState state, bool enforce) {
    if (!accounts.contains(account)) return StoreErrorKind::NotFound;
    ModelAccount after = accounts[account];
    if (!after.tokens.contains(key)) return StoreErrorKind::NotFound;
    ModelToken& token = after.tokens[key];
    if (token.state < TokenState::Revoked) token.state = state;
    bool next = false;
    bool current = false;
    for (const auto& [k, t] : after.tokens) {
      next |= t.state == TokenState::Next;
      current |= t.state == TokenState::Current;
    }
    if (next && !current) return StoreErrorKind::Invalid;
    return keep(account, std::move(after), enforce);
  }
  Outcome create_user(std::uint64_t key, const std::string& email) {
    for (const auto& [k, u] : users) {
      if (k == key || u.email == email) return StoreErrorKind::AlreadyExists;
    }
    users[key] = {.email = email, .revision = ++revision, .roles = {}};
    return {};
  }
  Outcome delete_user(std::uint64_t key) {
    if (users.erase(key) == 0) return StoreErrorKind::NotFound;
    ++revision;
    return {};
  }
  Outcome set_role(std::uint64_t key, std::uint64_t account, std::optional<Role> role) {
    if (!users.contains(key) || !accounts.contains(account)) return StoreErrorKind::NotFound;
    ModelUser& user = users[key];
    if (!role && !user.roles.contains(account)) return StoreErrorKind::NotFound;
    user.revision = ++revision;
    if (role) {
      user.roles[account] = *role;
    } else {
      user.roles.erase(account);
    }
    return {};
  }

 private:
  Outcome keep(std::uint64_t account, ModelAccount after, bool enforce) {
    after.enforce = enforce;
    after.revision = ++revision;
    accounts[account] = std::move(after);
    return {};
  }
};

// Compares everything that load_all gives with the model.
class Comparison final : public SnapshotVisitor {
 public:
  explicit Comparison(const Model& model) : model_(model) {}
  void account(const AccountRow& row, std::span<const TokenRow> tokens,
               std::span<const IpEntry>) override {
    ++accounts_;
    for (const auto& [key, a] : model_.accounts) {
      if (account_key(key) != row.key) continue;
      EXPECT_EQ(row.id, a.id);
      EXPECT_EQ(row.enforce, a.enforce);
      EXPECT_EQ(row.revision, a.revision);
      EXPECT_EQ(tokens.size(), a.tokens.size());
      for (const TokenRow& t : tokens) {
        for (const auto& [k, m] : a.tokens) {
          if (token_key(k) == t.key) EXPECT_EQ(t.state, m.state);
        }
      }
      return;
    }
    ADD_FAILURE() << "an account too many: " << row.id;
  }
  void instance(const InstanceRow& row) override {
    ++instances_;
    for (const auto& [key, i] : model_.instances) {
      if (row.id != i.id) continue;
      EXPECT_EQ(row.account, account_key(i.account));
      return;
    }
    ADD_FAILURE() << "an instance too many: " << row.id;
  }
  void users(const std::vector<UserRow>& rows) const {
    EXPECT_EQ(rows.size(), model_.users.size());
    for (const UserRow& row : rows) {
      for (const auto& [key, user] : model_.users) {
        if (user_key(key) != row.key) continue;
        EXPECT_EQ(row.email, user.email);
        EXPECT_EQ(row.revision, user.revision);
        EXPECT_EQ(row.memberships.size(), user.roles.size());
        for (const MembershipRow& m : row.memberships) {
          for (const auto& [account, role] : user.roles) {
            if (account_key(account) == m.account) EXPECT_EQ(m.role, role);
          }
        }
      }
    }
  }
  void end(Revision revision) const {
    EXPECT_EQ(revision, model_.revision);
    EXPECT_EQ(accounts_, model_.accounts.size());
    EXPECT_EQ(instances_, model_.instances.size());
  }

 private:
  const Model& model_;
  std::size_t accounts_ = 0;
  std::size_t instances_ = 0;
};

class ModelContract : public ContractTest {
 protected:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  // One random change, applied to the model; `expected` is what the store must answer.
  Change next(Model& model, Model::Outcome& expected) {
    const std::uint64_t account = below(6);
    const std::uint64_t instance = below(12);
    const std::uint64_t key = below(20);
    const std::string id = "id-" + std::to_string(below(12));
    const bool enforce = below(2) == 1;
    switch (below(12)) {
      case 0: expected = model.create_account(account, id); return change(new_account(account, id));
      case 1: {
        const Cascade cascade = below(4) == 0 ? Cascade::DeleteInstances : Cascade::Refuse;
        expected = model.delete_account(account, cascade);
        return change(DeleteAccount{account_key(account), cascade});
      }
      case 2:
      case 3:
        expected = model.create_instance(instance, id, account);
        return change(new_instance(instance, id, account));
      case 4:
        expected = model.move_instance(instance, account);
        return change(MoveInstance{instance_key(instance), account_key(account)});
      case 5:
        expected = model.delete_instance(instance);
        return change(DeleteInstance{instance_key(instance)});
      case 6: {
        const TokenState dead = below(2) == 0 ? TokenState::Revoked : TokenState::Expired;
        expected = model.end_token(account, key, dead, enforce);
        return change(policy(account, enforce, {}, {{token_key(key), dead}}));
      }
      case 7: expected = model.create_user(account, id); return change(new_user(account, id));
      case 8: expected = model.delete_user(account); return change(DeleteUser{user_key(account)});
      case 9: {
        const std::uint64_t user = below(6);
        const std::array<std::optional<Role>, 3> roles{Role::Viewer, Role::Owner, std::nullopt};
        const auto role = roles[below(3)];
        expected = model.set_role(user, account, role);
        return change(SetMembership{user_key(user), account_key(account), role});
      }
      default: {
        const auto live = static_cast<TokenState>(below(3));
        expected = model.put_token(account, key, live, enforce);
        return change(policy(account, enforce, {token(key, live)}));
      }
    }
  }

  std::mt19937 random_{kSeed};
};
GUARITA_ON_EVERY_STORE(ModelContract);

TEST_P(ModelContract, RandomChangesInRandomBatchesDoWhatTheModelDoes) {
  Model model;
  unsigned done = 0;
  unsigned refused = 0;
  for (unsigned n = 0; n < kOperations;) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", operation " + std::to_string(n));
    std::vector<Change> batch;
    std::vector<Model::Outcome> expected(1 + below(20));
    std::vector<Revision> revisions;
    for (Model::Outcome& outcome : expected) {
      batch.push_back(next(model, outcome));
      revisions.push_back(model.revision);
    }
    const auto results = store().apply(batch);
    ASSERT_EQ(results.size(), batch.size());
    for (std::size_t i = 0; i < results.size(); ++i, ++n) {
      if (expected[i]) {
        ASSERT_FALSE(results[i]) << batch[i].body.index();
        ASSERT_EQ(results[i].error().kind, *expected[i]) << results[i].error().internal;
        ++refused;
      } else {
        ASSERT_TRUE(results[i]) << results[i].error().text << results[i].error().internal;
        ASSERT_EQ(results[i]->revision, revisions[i]);
        ++done;
      }
    }
    Comparison comparison(model);
    auto loaded = store().load_all(comparison);
    ASSERT_TRUE(loaded);
    comparison.end(*loaded);
    comparison.users(store().users({}, {})->rows);
    if (below(20) == 0) reopen();
  }
  EXPECT_GT(done, kOperations / 8);
  EXPECT_GT(refused, kOperations / 8);
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
}

TEST_P(ModelContract, ManyInstancesAreListedQuickly) {
  must(store(), new_account(1, "a"));
  std::vector<Change> batch;
  for (std::uint64_t n = 0; n < kRows; ++n) {
    batch.push_back(change(new_instance(n, "instance-" + std::to_string(n), 1)));
    if (batch.size() < kRows / 10) continue;
    for (const auto& result : store().apply(batch)) ASSERT_TRUE(result);
    batch.clear();
  }
  const auto begin = std::chrono::steady_clock::now();
  auto page = store().instances({}, {.cursor = "a/instance-5", .limit = 100});
  EXPECT_EQ(page->rows.size(), 100u);
  page = store().instances({.account = account_key(1), .search = "no such"}, {});
  EXPECT_TRUE(page->rows.empty());
  page =
      store().instances({.account = std::nullopt, .search = "-" + std::to_string(kRows - 1)}, {});
  EXPECT_EQ(page->rows.size(), 1u);
  // Measured: a page and two full scans take a tenth of a second. The bound only tells quick from
  // quadratic, so that a loaded machine does not fail it.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace guarita::store::test
