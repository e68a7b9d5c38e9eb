// After every injected fault: nothing half done, and the store is usable.
#include <fstream>

#include "store/sqlite/database.h"
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

namespace fs = std::filesystem;

std::string padded(std::uint64_t n) {
  return std::to_string(n) + std::string(400, 'x');
}

TEST(Faults, AFullDiskChangesNothingAndIsSurvived) {
  const TempFolder folder;
  const fs::path file = folder / "guarita.db";
  std::string before;
  std::uint64_t made = 0;
  {
    auto store = open_or_fail({.file = file, .pages_max = 80});
    must(*store, new_account(1, "a"));
    StoreErrorKind failure{};
    for (std::uint64_t n = 2; n < 2000 && made == 0; ++n) {
      before = dump(*store);
      auto done = store->apply_one(change(new_account(n, padded(n))));
      if (done) continue;
      failure = done.error().kind;
      made = n - 1;
    }
    ASSERT_EQ(failure, StoreErrorKind::Full);
    EXPECT_EQ(dump(*store), before);
    // Several at once: all fail, none is done.
    auto results = store->apply(std::vector<Change>{
        change(RenameAccount{account_key(1), "short"}), change(new_account(3000, padded(3000))),
        change(new_account(3001, padded(3001))), change(new_account(3002, padded(3002))),
        change(new_account(3003, padded(3003)))});
    for (const auto& result : results) EXPECT_EQ(result.error().kind, StoreErrorKind::Full);
    EXPECT_EQ(dump(*store), before);
    EXPECT_EQ(store->account(account_key(1))->name, "Name");
    EXPECT_TRUE(store->verify_audit(std::nullopt)->findings.empty());
  }
  auto store = open_or_fail({.file = file});
  EXPECT_EQ(dump(*store), before);
  EXPECT_EQ(must(*store, new_account(3000, padded(3000))).revision, made + 1);
}

struct Case {
  ChangeBody body;
  std::vector<const char*> statements;  // besides those that every change has
};

std::vector<Case> cases() {
  return {
      {new_account(3, "c"), {"INSERT ON accounts"}},
      {RenameAccount{account_key(1), "x"}, {"UPDATE ON accounts"}},
      {new_instance(2, "i-2", 1), {"INSERT ON instances", "UPDATE ON accounts"}},
      {UpdateInstance{.instance = instance_key(1), .name = "x"}, {"UPDATE ON instances"}},
      {MoveInstance{instance_key(1), account_key(2)},
       {"UPDATE ON instances", "UPDATE ON accounts"}},
      {policy(1, true, {token(2, TokenState::Current)}, {{token_key(1), TokenState::Revoked}}),
       {"INSERT ON tokens", "UPDATE ON tokens", "UPDATE ON accounts"}},
      {SetIpList{account_key(1), {{*parse_cidr("192.0.2.0/24"), ""}}},
       {"INSERT ON ip_entries", "DELETE ON ip_entries", "UPDATE ON accounts"}},
      {CreateAdminToken{admin_key(1), digest(1), "read", std::nullopt, ""},
       {"INSERT ON admin_tokens"}},
      {DeleteInstance{instance_key(1)}, {"DELETE ON instances", "UPDATE ON accounts"}},
      {DeleteAccount{account_key(1), Cascade::DeleteInstances},
       {"DELETE ON instances", "DELETE ON tokens", "DELETE ON ip_entries", "DELETE ON accounts"}},
  };
}

// A planted trigger makes every statement of every change fail in turn.
TEST(Faults, AChangeThatFailsAtAnyStatementLeavesNothing) {
  const TempFolder folder;
  auto store = open_or_fail({.file = folder / "guarita.db"});
  must(*store, new_account(1, "a"));
  must(*store, new_account(2, "b"));
  must(*store, new_instance(1, "i-1", 1));
  must(*store, policy(1, true, {token(1, TokenState::Current)}));
  must(*store, SetIpList{account_key(1), {{*parse_cidr("10.0.0.0/8"), ""}}});
  const std::string before = dump(*store);
  auto planter = sqlite::Database::open(folder / "guarita.db", sqlite::Access::Write);
  for (const Case& c : cases()) {
    std::vector<const char*> statements = c.statements;
    for (const char* every :
         {"UPDATE OF revision ON store", "INSERT ON changes", "INSERT ON audit_personal",
          "INSERT ON audit", "UPDATE OF audit_head ON store"}) {
      statements.push_back(every);
    }
    for (const char* statement : statements) {
      ASSERT_TRUE(planter->script(std::string("CREATE TRIGGER fault BEFORE ") + statement +
                                  " BEGIN SELECT RAISE(ABORT, 'planted'); END"));
      auto done = store->apply_one(change(c.body));
      ASSERT_FALSE(done) << c.body.index() << " " << statement;
      EXPECT_NE(done.error().internal.find("planted"), std::string::npos);
      ASSERT_EQ(dump(*store), before) << c.body.index() << " " << statement;
      ASSERT_TRUE(planter->script("DROP TRIGGER fault"));
    }
  }
  EXPECT_TRUE(store->verify_audit(std::nullopt)->findings.empty());
  for (const Case& c : cases()) {  // and each of them works when nothing is in its way
    const bool gone = std::holds_alternative<DeleteInstance>(c.body);
    if (!gone) must(*store, c.body);
  }
}

TEST(Faults, ACommitThatFailsFailsEveryChangeOfTheBatch) {
  const TempFolder folder;
  const fs::path file = folder / "guarita.db";
  auto store = open_or_fail({.file = file});
  must(*store, new_account(1, "a"));
  const std::string before = dump(*store);
  auto planter = sqlite::Database::open(file, sqlite::Access::Write);
  // A deferred foreign key is checked at COMMIT: the rows go in, the commit does not.
  ASSERT_TRUE(planter->script(
      "CREATE TABLE planted (x REFERENCES planted_parent (y) DEFERRABLE INITIALLY DEFERRED);"
      "CREATE TABLE planted_parent (y INTEGER PRIMARY KEY);"
      "CREATE TRIGGER fault AFTER INSERT ON accounts BEGIN INSERT INTO planted VALUES (1); END"));
  auto results = store->apply(
      std::vector<Change>{change(RenameAccount{account_key(1), "x"}), change(new_account(2, "b"))});
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_EQ(dump(*store), before);
  ASSERT_TRUE(planter->script("DROP TRIGGER fault"));
  EXPECT_EQ(must(*store, new_account(2, "b")).revision, 2u);
}

TEST(Faults, AHeldDatabaseIsBusyThenFree) {
  const TempFolder folder;
  auto store = open_or_fail({.file = folder / "guarita.db"});
  must(*store, new_account(1, "a"));
  auto other = sqlite::Database::open(folder / "guarita.db", sqlite::Access::Write);
  {
    auto held = sqlite::Transaction::begin(*other, sqlite::Transaction::Kind::Write);
    ASSERT_TRUE(held);
    EXPECT_EQ(store->apply_one(change(new_account(2, "b"))).error().kind, StoreErrorKind::Busy);
    EXPECT_TRUE(store->account_by_id("a"));
  }
  EXPECT_EQ(must(*store, new_account(2, "b")).revision, 2u);
}

TEST(Faults, ADamagedDatabaseSaysSo) {
  const TempFolder folder;
  const fs::path file = folder / "guarita.db";
  {
    auto store = open_or_fail({.file = file});
    for (std::uint64_t n = 1; n < 100; ++n) must(*store, new_account(n, padded(n)));
  }
  {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(file));
    for (std::streamoff page = 4096; page < size; page += 4096) {
      out.seekp(page);
      out << std::string(64, '\xee');
    }
  }
  auto opened = open_sqlite({.file = file});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, StoreErrorKind::Corrupt);
  EXPECT_NE(opened.error().remedy.find("guarita restore"), std::string::npos);
}

TEST(Faults, AFailingHighWaterFileIsMadeUpFor) {
  const TempFolder folder;
  const fs::path file = folder / "guarita.db";
  const fs::path mark = folder / "guarita.db.high-water";
  auto store = open_or_fail({.file = file});
  must(*store, new_account(1, "a"));
  // A folder of that name: the rename must fail, the commit stands.
  fs::remove(mark);
  fs::create_directory(mark);
  std::ofstream(mark / "x") << "x";
  EXPECT_FALSE(store->save_mark());
  EXPECT_EQ(must(*store, new_account(2, "b")).revision, 2u);
  fs::remove_all(mark);
  EXPECT_TRUE(store->save_mark());
  EXPECT_TRUE(fs::is_regular_file(mark));
}

}  // namespace
}  // namespace guarita::store::test
