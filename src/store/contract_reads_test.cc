// What every store promises about lists, the change log, the audit and the bookkeeping.
#include <set>

#include "store/test_support.h"

namespace guarita::store::test {
namespace {

class ReadsContract : public ContractTest {};
GUARITA_ON_EVERY_STORE(ReadsContract);

std::vector<std::string> all_ids(Store& store, const InstanceFilter& filter, std::size_t limit) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto page = store.instances(filter, {.cursor = cursor, .limit = limit});
    if (!page) return {page.error().text};
    EXPECT_LE(page->rows.size(), limit);
    for (const InstanceRow& row : page->rows) ids.push_back(row.id);
    cursor = page->next;
  } while (!cursor.empty());
  return ids;
}

// Account by account, by their ids.
TEST_P(ReadsContract, PagesHoldEveryRowOnceInOrder) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "Z"));
  must(store(), new_account(3, "none"));
  std::vector<std::string> of_one;
  std::vector<std::string> expected;
  for (std::uint64_t n = 0; n < 23; ++n) {
    const std::string id = "i-" + std::to_string(100 + n);
    must(store(), new_instance(n, id, 1 + n % 2));
    (n % 2 == 0 ? of_one : expected).push_back(id);
  }
  expected.insert(expected.end(), of_one.begin(), of_one.end());
  for (const std::size_t limit : {1u, 7u, 23u, 24u}) {
    EXPECT_EQ(all_ids(store(), {}, limit), expected) << limit;
    EXPECT_EQ(all_ids(store(), {.account = account_key(1), .search = {}}, limit), of_one);
  }
  EXPECT_EQ(store().instances({}, {.limit = 0})->rows.size(), 1u);
  EXPECT_EQ(store().instances({}, {})->rows.front().account_id, "Z");
  // The next page is what lies behind the last row, be that row gone, or its account with it.
  const auto page = store().instances({}, {.limit = 10});
  must(store(), DeleteInstance{page->rows.back().key});
  EXPECT_EQ(store().instances({}, {.cursor = page->next})->rows.front().id, expected[10]);
  EXPECT_EQ(store().instances({}, {.cursor = "Y/i-100"})->rows.front().account_id, "Z");
  EXPECT_EQ(store().instances({}, {.cursor = "Z0/i-100"})->rows.front().account_id, "a");
  EXPECT_EQ(*store().count_instances(std::nullopt), 22u);
  EXPECT_EQ(*store().count_instances(account_key(1)), 12u);
  auto accounts = store().accounts({}, {.limit = 1});
  EXPECT_EQ(accounts->rows.front().id, "Z");
  accounts = store().accounts({}, {.cursor = accounts->next, .limit = 2});
  EXPECT_EQ(accounts->rows.front().id, "a");
  EXPECT_EQ(accounts->next, "");
}

TEST_P(ReadsContract, ManyByIdAreThoseOneByOneAndWhatIsNotThereIsNone) {
  must(store(), new_account(1, "a"));
  must(store(), new_account(2, "b"));
  must(store(), new_instance(1, "i1", 2));
  must(store(), ChangePolicy{.account = account_key(1),
                             .verb = "token.generate",
                             .enforce = false,
                             .upserts = {token(1, TokenState::Current)},
                             .ended = {}});
  const auto rows = store().named(std::vector<std::string_view>{"no", "b", "a", "i1", "b"},
                                  std::vector<std::string_view>{"i1", "a", "i1"});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->accounts.size(), 5u);
  EXPECT_FALSE(rows->accounts[0]);
  EXPECT_EQ(rows->accounts[1]->row.key, account_key(2));
  EXPECT_EQ(rows->accounts[1]->row.revision, 3u);
  EXPECT_TRUE(rows->accounts[1]->tokens.empty());
  EXPECT_EQ(rows->accounts[2]->row.key, account_key(1));
  ASSERT_EQ(rows->accounts[2]->tokens.size(), 1u);
  EXPECT_EQ(rows->accounts[2]->tokens[0].digest, token(1, TokenState::Current).digest);
  EXPECT_FALSE(rows->accounts[3]);
  EXPECT_EQ(rows->accounts[4]->row.id, "b");
  ASSERT_EQ(rows->instances.size(), 3u);
  EXPECT_EQ(rows->instances[0]->id, "i1");
  EXPECT_EQ(rows->instances[0]->account, account_key(2));
  EXPECT_EQ(rows->instances[0]->account_id, "b");
  EXPECT_FALSE(rows->instances[1]);
  EXPECT_EQ(rows->instances[2]->key, rows->instances[0]->key);
}

TEST_P(ReadsContract, SearchTakesItsTextLiterally) {
  must(store(), new_account(1, "a"));
  auto add = [&](std::uint64_t n, std::string id, std::string name) {
    CreateInstance create = new_instance(n, std::move(id), 1);
    create.name = std::move(name);
    must(store(), create);
  };
  add(1, "50%_off", "");
  add(2, "500-off", "Shop");
  add(3, "back\\slash", "shop two");
  using Ids = std::vector<std::string>;
  auto search = [&](std::string text) {
    return all_ids(store(), {.account = std::nullopt, .search = std::move(text)}, 10);
  };
  EXPECT_EQ(search("%"), (Ids{"50%_off"}));
  EXPECT_EQ(search("_"), (Ids{"50%_off"}));
  EXPECT_EQ(search("\\"), (Ids{"back\\slash"}));
  EXPECT_EQ(search("SHOP"), (Ids{"500-off", "back\\slash"}));
  EXPECT_EQ(search("off"), (Ids{"50%_off", "500-off"}));
  EXPECT_EQ(search("'; DROP TABLE instances; --"), Ids{});
}

TEST_P(ReadsContract, TheChangeLogTellsWhatChangedAndFromWhat) {
  must(store(), new_account(1, "a"));
  must(store(), new_instance(1, "i", 1));
  must(store(), UpdateInstance{.instance = instance_key(1), .name = "x"});
  must(store(), UpdateInstance{.instance = instance_key(1), .name = "y"});
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), policy(1, true));
  must(store(), CreateAdminToken{admin_key(1), digest(1), "read", std::nullopt, ""});
  auto log = store().changes_since(0, 100);
  ASSERT_EQ(log->size(), 7u);
  for (std::size_t n = 0; n < log->size(); ++n) EXPECT_EQ((*log)[n].revision, n + 1);
  EXPECT_EQ((*log)[0].kind, ChangeKind::Account);
  EXPECT_EQ((*log)[0].key, account_key(1).uuid);
  EXPECT_EQ((*log)[1].kind, ChangeKind::Instance);
  EXPECT_EQ((*log)[1].key, instance_key(1).uuid);
  EXPECT_EQ((*log)[6].kind, ChangeKind::AdminToken);
  EXPECT_EQ((*log)[0].row_before, crypto::Digest{});
  EXPECT_EQ((*log)[1].row_before, crypto::Digest{});
  std::set<crypto::Digest> different;
  for (const std::size_t n : {2u, 3u, 4u, 5u}) different.insert((*log)[n].row_before);
  EXPECT_EQ(different.size(), 4u);
  EXPECT_EQ(store().changes_since(5, 100)->front().revision, 6u);
  EXPECT_EQ(store().changes_since(0, 2)->size(), 2u);
  EXPECT_TRUE(store().changes_since(7, 100)->empty());
  ASSERT_TRUE(store().prune({.changes_until = 3}));
  EXPECT_EQ(store().changes_since(0, 100)->front().revision, 4u);
}

TEST_P(ReadsContract, TheAuditTellsWhoDidWhat) {
  must(store(), new_account(1, "a"));
  must(store(), policy(1, true, {token(1, TokenState::Current)}));
  must(store(), SetIpList{account_key(1), {{*parse_cidr("203.0.113.0/24"), "home"}}});
  Change by_system = change(policy(1, true, {}, {{token_key(1), TokenState::Expired}}));
  by_system.actor = Actor{};
  ASSERT_TRUE(store().apply_one(by_system));
  auto page = store().audit({}, {.limit = 3});
  ASSERT_EQ(page->rows.size(), 3u);
  const AuditRow& expired = page->rows[0];
  EXPECT_EQ(expired.seq, 4u);
  EXPECT_EQ(expired.actor_kind, "system");
  EXPECT_EQ(expired.personal, "{}");
  EXPECT_NE(expired.detail.find("\"ended\":[{\"id\":\"" + token_key(1).text()), std::string::npos);
  const AuditRow& ip = page->rows[1];
  EXPECT_EQ(ip.verb, "ip_list.set");
  EXPECT_EQ(ip.subject, "a");
  EXPECT_EQ(ip.actor_name, "uid:0");
  EXPECT_EQ(ip.request_id, "r-1");
  EXPECT_EQ(ip.personal, "{\"address\":\"192.0.2.7\",\"networks\":[\"203.0.113.0/24\"]}");
  EXPECT_EQ(ip.detail.find("203.0"), std::string::npos);
  EXPECT_EQ(ip.previous, page->rows[2].hash);
  EXPECT_EQ(page->rows[2].detail.find(crypto::hex(digest(1))), std::string::npos);
  auto last = store().audit({}, {.cursor = page->next, .limit = 3});
  ASSERT_EQ(last->rows.size(), 1u);
  EXPECT_EQ(last->rows[0].verb, "account.create");
  EXPECT_EQ(last->next, "");
  EXPECT_EQ(store().audit({}, {.cursor = "x1"}).error().kind, StoreErrorKind::Invalid);
  EXPECT_EQ(store().audit({}, {.cursor = "-1"}).error().kind, StoreErrorKind::Invalid);
}

TEST_P(ReadsContract, AccountsAreFoundByIdOrName) {
  must(store(), new_account(1, "acme"));
  must(store(), new_account(2, "b_1"));
  must(store(), CreateAccount{account_key(3), "other", "Acme Two"});
  const auto found = [&](std::string text) {
    std::string ids;
    for (const AccountRow& row : store().accounts({.search = std::move(text)}, {})->rows) {
      ids += row.id + " ";
    }
    return ids;
  };
  EXPECT_EQ(found("ACME"), "acme other ");
  EXPECT_EQ(found("_"), "b_1 ");
  EXPECT_EQ(found("no such"), "");
  EXPECT_EQ(found(""), "acme b_1 other ");
  const auto page = store().accounts({.search = "acme"}, {.limit = 1});
  EXPECT_EQ(page->next, "acme");
  EXPECT_EQ(store().accounts({.search = "acme"}, {.cursor = page->next})->rows.front().id, "other");
}

TEST_P(ReadsContract, TheAuditIsFilteredByVerbTextAccountAndTime) {
  must(store(), new_account(1, "acme"));
  must(store(), RenameAccount{account_key(1), "x"});
  must(store(), new_account(2, "acme-2"));
  must(store(), new_instance(1, "i-1", 2));
  Change later = change(RenameAccount{account_key(2), "y"});
  later.at = at(1000);
  later.actor.email = "ana@example.com";
  later.actor.request_id = "r-77";
  ASSERT_TRUE(store().apply_one(later));
  const auto rows = [&](const AuditFilter& filter) {
    std::string seqs;
    for (const AuditRow& row : store().audit(filter, {})->rows) {
      seqs += std::to_string(row.seq) + " ";
    }
    return seqs;
  };
  EXPECT_EQ(rows({}), "5 4 3 2 1 ");
  EXPECT_EQ(rows({.verb = "account.rename"}), "5 2 ");
  EXPECT_EQ(rows({.verb = "account."}), "5 3 2 1 ");
  EXPECT_EQ(rows({.verb = "account"}), "");
  EXPECT_EQ(rows({.verb = "account_rename"}), "");
  EXPECT_EQ(rows({.search = "acme-2"}), "5 3 ");
  EXPECT_EQ(rows({.search = "ANA@"}), "5 ");
  EXPECT_EQ(rows({.search = "r-77"}), "5 ");
  EXPECT_EQ(rows({.search = "uid:0"}), "5 4 3 2 1 ");
  EXPECT_EQ(rows({.search = "%"}), "");
  EXPECT_EQ(rows({.account = account_key(2)}), "5 4 3 ");
  EXPECT_EQ(rows({.from = at(1)}), "5 ");
  EXPECT_EQ(rows({.until = at(1)}), "4 3 2 1 ");
  EXPECT_EQ(rows({.verb = "account.", .account = account_key(2), .until = at(1)}), "3 ");
  const auto page = store().audit({.verb = "account."}, {.limit = 2});
  ASSERT_EQ(page->next, "3");
  EXPECT_EQ(store().audit({.verb = "account."}, {.cursor = "3"})->rows.front().seq, 2u);
}

TEST_P(ReadsContract, ErasingPersonalFieldsKeepsTheChainWhole) {
  Change early = change(new_account(1, "a"));
  early.at = at(-1000);
  ASSERT_TRUE(store().apply_one(early));
  must(store(), new_account(2, "b"));
  ASSERT_TRUE(store().prune({.personal_before = at(0)}));
  auto page = store().audit({}, {});
  EXPECT_TRUE(page->rows[0].personal);
  EXPECT_FALSE(page->rows[1].personal);
  EXPECT_TRUE(store().verify_audit(std::nullopt)->findings.empty());
}

TEST_P(ReadsContract, AHeadIsFoundAnywhereInTheChain) {
  const Committed first = must(store(), new_account(1, "a"));
  const Committed second = must(store(), new_account(2, "b"));
  EXPECT_TRUE(store().verify_audit(first.head.hash)->findings.empty());
  EXPECT_TRUE(store().verify_audit(second.head.hash)->findings.empty());
  auto report = store().verify_audit(digest(1));
  ASSERT_EQ(report->findings.size(), 1u);
  EXPECT_EQ(report->findings[0].fault, AuditFault::HeadNotFound);
  EXPECT_EQ(report->rows, 2u);
  EXPECT_EQ(report->head.hash, second.head.hash);
}

TEST_P(ReadsContract, CountersAddUpByHour) {
  must(store(), new_account(1, "a"));
  must(store(), new_instance(1, "i", 1));
  const Time hour = std::chrono::floor<std::chrono::hours>(at(0));
  const std::vector<CounterRow> deltas{{hour, "a", "i", "valid", 2},
                                       {hour + std::chrono::minutes(59), "a", "i", "valid", 3},
                                       {hour + std::chrono::hours(1), "a", "i", "valid", 7},
                                       {hour, "a", "i", "missing", 1},
                                       {hour, "", "", "unmatched_route", 4},
                                       {hour, "gone", "gone", "valid", 1}};
  ASSERT_TRUE(store().add_counters(deltas));
  ASSERT_TRUE(store().add_counters(deltas));
  auto rows = store().counters({.account = account_key(1), .until = hour + Millis(3'600'000)});
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].token_class, "missing");
  EXPECT_EQ((*rows)[1].count, 10u);
  EXPECT_EQ((*rows)[1].instance_id, "i");
  EXPECT_EQ((*rows)[1].hour, hour);
  EXPECT_EQ(store().counters({})->size(), 5u);
  must(store(), DeleteInstance{instance_key(1)});
  must(store(), new_instance(2, "i", 1));
  EXPECT_EQ(store().counters({.account = account_key(1)})->front().instance_id, "");
  ASSERT_TRUE(store().prune({.counters_before = hour + std::chrono::hours(1)}));
  EXPECT_EQ(store().counters({})->size(), 1u);
  EXPECT_EQ(store().info()->revision, 4u);
}

TEST_P(ReadsContract, UnknownInstancesAreBoundedAndLeaveWhenRegistered) {
  must(store(), new_account(1, "a"));
  must(store(), new_instance(1, "known", 1));
  using Rows = std::vector<UnknownInstanceRow>;
  ASSERT_TRUE(store().touch_unknown_instances(
      Rows{{"x", at(5), at(9), 2}, {"known", at(5), at(9), 2}, {"y", at(1), at(1), 1}}));
  ASSERT_TRUE(store().touch_unknown_instances(Rows{{"x", at(3), at(7), 1}}));
  auto page = store().unknown_instances({.limit = 1});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].id, "x");
  EXPECT_EQ(page->rows[0].first_seen, at(3));
  EXPECT_EQ(page->rows[0].last_seen, at(9));
  EXPECT_EQ(page->rows[0].count, 3u);
  EXPECT_EQ(store().unknown_instances({.cursor = page->next})->rows.front().id, "y");
  must(store(), new_instance(2, "x", 1));
  EXPECT_EQ(store().unknown_instances({})->rows.size(), 1u);
  Rows flood;
  for (std::size_t n = 0; n < kUnknownInstancesMax + 10; ++n) {
    flood.push_back({"f" + std::to_string(n), at(20), at(20), 1});
  }
  ASSERT_TRUE(store().touch_unknown_instances(flood));
  std::size_t rows = 0;
  std::string cursor;
  do {
    page = store().unknown_instances({.cursor = cursor, .limit = 1000});
    rows += page->rows.size();
    cursor = page->next;
  } while (!cursor.empty());
  EXPECT_EQ(rows, kUnknownInstancesMax);
  ASSERT_TRUE(store().prune({.unknown_before = at(20)}));
  EXPECT_EQ(store().unknown_instances({.limit = 1})->rows[0].id, "f0");
}

}  // namespace
}  // namespace guarita::store::test
