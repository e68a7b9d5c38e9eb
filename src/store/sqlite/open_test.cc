// Opening: what is refused, by which error, and what it leaves.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/sqlite/database.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/schema.h"
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

namespace fs = std::filesystem;

class Opening : public ::testing::Test {
 protected:
  SqliteOptions serve() const { return {.file = db_}; }
  StoreErrorKind error(const SqliteOptions& options) {
    auto opened = open_sqlite(options);
    if (opened) {
      ADD_FAILURE() << "was opened";
      return StoreErrorKind::Io;
    }
    last_ = opened.error();
    EXPECT_FALSE(last_.text.empty());
    EXPECT_FALSE(last_.remedy.empty());
    return last_.kind;
  }
  void write(const fs::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary) << text;
  }

  TempFolder folder_;
  fs::path db_ = folder_ / "guarita.db";
  StoreError last_;
};

TEST_F(Opening, ASecondServerIsRefusedWhileReadersAreNot) {
  auto first = open_or_fail(serve());
  must(*first, new_account(1, "a"));
  EXPECT_EQ(error(serve()), StoreErrorKind::FolderInUse);
  EXPECT_NE(last_.text.find(std::to_string(::getpid())), std::string::npos);
  auto reader = open_or_fail({.file = db_, .mode = OpenMode::ReadOnly});
  EXPECT_TRUE(reader->account_by_id("a"));
  must(*first, new_account(2, "b"));
  EXPECT_TRUE(reader->account_by_id("b"));
  EXPECT_EQ(reader->apply_one(change(new_account(3, "c"))).error().kind, StoreErrorKind::ReadOnly);
  EXPECT_EQ(reader->prune({}).error().kind, StoreErrorKind::ReadOnly);
  first.reset();
  EXPECT_TRUE(open_or_fail(serve())->account_by_id("b"));
}

// An import changes the same pages in batch after batch: each is moved once for several of them.
TEST_F(Opening, TheLogGathersSeveralBatchesBeforeItIsMoved) {
  auto db = sqlite::Database::open(db_, sqlite::Access::Create);
  ASSERT_TRUE(db->use_wal());
  ASSERT_TRUE(db->script("CREATE TABLE t (b)"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(db->run("INSERT INTO t VALUES (zeroblob(5000000))"));
  EXPECT_LT(fs::file_size(db_), 1'000'000u);
  EXPECT_GT(fs::file_size(db_.string() + "-wal"), 15'000'000u);
}

// With a million tokens, reading all of them every second kept every other call waiting.
TEST_F(Opening, WhatIsAskedEverySecondReadsNoWholeTable) {
  auto store = open_or_fail(serve());
  auto db = sqlite::Database::open(db_, sqlite::Access::Read);
  auto plan = db->prepare((std::string("EXPLAIN QUERY PLAN ") + sqlite::kDueTokens).c_str());
  unsigned steps = 0;
  for (; plan.next(); ++steps) EXPECT_FALSE(plan.text(3).starts_with("SCAN")) << plan.text(3);
  EXPECT_GE(steps, 3u);
}

// A page of a list is found by indexes and comes in their order, however many rows there are.
TEST_F(Opening, ListsOfInstancesAreNotSorted) {
  auto store = open_or_fail(serve());
  auto db = sqlite::Database::open(db_, sqlite::Access::Read);
  for (const char* sql : {sqlite::kInstancesOfAccount, sqlite::kInstancesOfLaterAccounts}) {
    const std::string explain = std::string("EXPLAIN QUERY PLAN ") + sql;
    auto plan = db->prepare(explain);
    while (plan.next()) {
      EXPECT_TRUE(plan.text(3).starts_with("SEARCH")) << plan.text(3);
    }
  }
}

TEST_F(Opening, TheConnectionIsAsDurableAsPromised) {
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  auto db = sqlite::Database::open(db_, sqlite::Access::Write);
  EXPECT_EQ(*db->number("PRAGMA user_version"), sqlite::migrations().back().version);
  auto mode = db->prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.next());
  EXPECT_EQ(mode.text(0), "wal");
  ASSERT_TRUE(db->use_wal());
  EXPECT_EQ(*db->number("PRAGMA synchronous"), 2);
  EXPECT_EQ(*db->number("PRAGMA foreign_keys"), 1);
}

TEST_F(Opening, FilesAreForTheirOwnerOnly) {
  auto store = open_or_fail({.file = db_, .audit_sink = folder_ / "audit.jsonl"});
  must(*store, new_account(1, "a"));
  ASSERT_TRUE(store->backup(folder_ / "copy.db"));
  unsigned files = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 6u);
}

TEST_F(Opening, WhatIsNoStoreIsNotTouched) {
  const std::string text = "name = value\n" + std::string(5000, 'x');
  write(db_, text);
  EXPECT_EQ(error(serve()), StoreErrorKind::NotAStore);
  std::ifstream in(db_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST_F(Opening, AnotherProgramsDatabaseIsNotTouched) {
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Create);
    ASSERT_TRUE(db->script("CREATE TABLE bookmarks (url TEXT)"));
  }
  EXPECT_EQ(error(serve()), StoreErrorKind::NotAStore);
  auto db = sqlite::Database::open(db_, sqlite::Access::Read);
  EXPECT_EQ(*db->number("SELECT count(*) FROM sqlite_schema"), 1);
  auto mode = db->prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.next());
  EXPECT_EQ(mode.text(0), "delete");
}

TEST_F(Opening, AMissingFolderIsNamed) {
  EXPECT_EQ(error({.file = folder_ / "no" / "guarita.db"}), StoreErrorKind::CannotOpen);
  EXPECT_NE(last_.text.find("no/guarita.db"), std::string::npos);
  EXPECT_EQ(error({.file = folder_ / "none.db", .mode = OpenMode::ReadOnly}),
            StoreErrorKind::CannotOpen);
  EXPECT_EQ(error({.file = folder_.path()}), StoreErrorKind::CannotOpen);
}

TEST_F(Opening, ANewerSchemaIsRefused) {
  open_or_fail(serve());
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Write);
    ASSERT_TRUE(db->script("PRAGMA user_version = 99"));
  }
  EXPECT_EQ(error(serve()), StoreErrorKind::NewerSchema);
  EXPECT_NE(last_.text.find("99"), std::string::npos);
  EXPECT_EQ(error({.file = db_, .mode = OpenMode::ReadOnly}), StoreErrorKind::NewerSchema);
}

TEST_F(Opening, EveryOlderSchemaIsBackedUpAndMigrated) {
  for (unsigned old = 1; old < sqlite::migrations().back().version; ++old) {
    SCOPED_TRACE("schema " + std::to_string(old));
    const fs::path file = folder_ / (std::to_string(old) + ".db").c_str();
    {  // a store as that version wrote it
      auto db = sqlite::Database::open(file, sqlite::Access::Create);
      ASSERT_TRUE(db->use_wal());
      ASSERT_TRUE(sqlite::migrate(*db, old));
      ASSERT_TRUE(
          db->script("INSERT INTO accounts (key, id, name, revision, created_ms)"
                     " VALUES (x'00000000000000000000000000000001', 'old', 'Old', 0, 1)"));
    }
    auto store = open_or_fail({.file = file});
    EXPECT_EQ(store->account_by_id("old")->name, "Old");
    must(*store, CreateAdminToken{admin_key(1), digest(1), "read", std::nullopt, ""});
    const fs::path backup = file.string() + ".schema-" + std::to_string(old) + "-revision-0.backup";
    ASSERT_TRUE(fs::exists(backup));
    auto copy = sqlite::Database::open(backup, sqlite::Access::Read);
    EXPECT_EQ(*copy->number("PRAGMA user_version"), static_cast<std::int64_t>(old));
    EXPECT_EQ(*copy->number("SELECT count(*) FROM accounts"), 1);
  }
}

// The third schema makes the change log anew: what was in it must come along.
TEST_F(Opening, TheChangeLogOfTheSecondSchemaIsKeptByTheThird) {
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Create);
    ASSERT_TRUE(db->use_wal());
    ASSERT_TRUE(sqlite::migrate(*db, 2));
    ASSERT_TRUE(
        db->script("INSERT INTO changes VALUES (1, 'account', zeroblob(16), zeroblob(32)),"
                   " (2, 'admin_token', x'00000000000000000000000000000009', zeroblob(32));"
                   "UPDATE store SET revision = 2;"));
    EXPECT_FALSE(db->script("INSERT INTO changes VALUES (3, 'user', zeroblob(16), zeroblob(32))"));
  }
  auto store = open_or_fail(serve());
  UserRow user;
  user.key = user_key(1);
  user.email = "a@example.com";
  user.email_folded = user.email;
  must(*store, CreateUser{user});
  auto log = store->changes_since(0, 10);
  ASSERT_EQ(log->size(), 3u);
  EXPECT_EQ((*log)[0].kind, ChangeKind::Account);
  EXPECT_EQ((*log)[1].kind, ChangeKind::AdminToken);
  EXPECT_EQ((*log)[1].key, uuid(9));
  EXPECT_EQ((*log)[2].kind, ChangeKind::User);
  EXPECT_EQ((*log)[2].key, user_key(1).uuid);
}

// The fifth makes tokens and the change log anew: the rows come along, and the guards stand again.
TEST_F(Opening, TheFifthSchemaKeepsTokensAndTheirGuards) {
  const std::string key = "x'0000000000000000000000000000000";
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Create);
    ASSERT_TRUE(db->use_wal());
    ASSERT_TRUE(sqlite::migrate(*db, 4));
    ASSERT_TRUE(db->script(
        "INSERT INTO accounts (key, id, name, revision, created_ms) VALUES (" + key +
        "1', 'old', 'Old', 0, 1);"
        "INSERT INTO tokens VALUES (" +
        key + "2', " + key +
        "1', zeroblob(32), 'hint', 'current', 1, 7, 8, NULL, NULL, 9, x'aa', 'k'), (" + key +
        "3', " + key + "1', randomblob(32), '', 'revoked', 0, 6, NULL, NULL, 7, NULL, x'', '')"));
  }
  auto store = open_or_fail(serve());
  const auto tokens = store->tokens(account_key(1));
  ASSERT_EQ(tokens->size(), 2u);
  EXPECT_EQ((*tokens)[0].state, TokenState::Revoked);
  const TokenRow& live = (*tokens)[1];
  EXPECT_EQ(live.key.uuid, uuid(2));
  EXPECT_EQ(live.hint + live.sealed_key_id, "hintk");
  EXPECT_TRUE(live.weak);
  EXPECT_EQ(live.expires_at->time_since_epoch().count(), 8);
  EXPECT_EQ(live.last_used_at->time_since_epoch().count(), 9);
  store.reset();
  auto db = sqlite::Database::open(db_, sqlite::Access::Write);
  EXPECT_FALSE(db->script("UPDATE tokens SET state = 'current', ended_ms = NULL"));
  EXPECT_FALSE(db->script("UPDATE tokens SET digest = zeroblob(32)"));
  EXPECT_FALSE(db->script("UPDATE tokens SET state = 'strange'"));
  EXPECT_FALSE(db->script("INSERT INTO changes VALUES (3, 'x', zeroblob(16), zeroblob(32))"));
  EXPECT_EQ(*db->number("SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
                        " AND name LIKE 'tokens_%'"),
            6);
  EXPECT_TRUE(db->script("DELETE FROM accounts"));
  EXPECT_EQ(*db->number("SELECT count(*) FROM tokens"), 0);
}

TEST_F(Opening, AMigrationThatFailsLeavesTheOldSchema) {
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Create);
    ASSERT_TRUE(sqlite::migrate(*db, 1));
    // The second statement of the migration will find this in its way.
    ASSERT_TRUE(db->script("CREATE TABLE counters_hourly (x)"));
  }
  EXPECT_FALSE(open_sqlite(serve()));
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Write);
    EXPECT_EQ(*sqlite::schema_version(*db), 1u);
    EXPECT_EQ(*db->number("SELECT count(*) FROM sqlite_schema WHERE name = 'admin_tokens'"), 0);
    ASSERT_TRUE(db->script("DROP TABLE counters_hourly"));
  }
  EXPECT_NE(open_or_fail(serve()), nullptr);
}

TEST_F(Opening, AnOldCopyIsNotServed) {
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  ASSERT_TRUE(store->backup(folder_ / "old.db"));
  must(*store, new_account(2, "b"));
  store.reset();
  fs::copy_file(folder_ / "old.db", db_, fs::copy_options::overwrite_existing);
  EXPECT_EQ(error(serve()), StoreErrorKind::RolledBack);
  EXPECT_NE(last_.remedy.find("--accept-loss"), std::string::npos);
  EXPECT_NE(open_or_fail({.file = db_, .mode = OpenMode::ReadOnly}), nullptr);
}

TEST_F(Opening, AnOldCopyThatWentOnElsewhereIsNotServed) {
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  ASSERT_TRUE(store->backup(folder_ / "old.db"));
  must(*store, new_account(2, "b"));
  store.reset();
  fs::create_directory(folder_ / "elsewhere");
  fs::copy_file(folder_ / "old.db", folder_ / "elsewhere/guarita.db");
  {
    auto other = open_or_fail({.file = folder_ / "elsewhere/guarita.db"});
    must(*other, new_account(3, "c"));
    must(*other, new_account(4, "d"));
  }
  fs::copy_file(folder_ / "elsewhere/guarita.db", db_, fs::copy_options::overwrite_existing);
  EXPECT_EQ(error(serve()), StoreErrorKind::RolledBack);
}

TEST_F(Opening, AVanishedOrForeignDatabaseIsNotTakenForNew) {
  must(*open_or_fail(serve()), new_account(1, "a"));
  fs::rename(db_, folder_ / "kept.db");
  EXPECT_EQ(error(serve()), StoreErrorKind::RolledBack);
  EXPECT_FALSE(fs::exists(db_));
  write(db_, "");  // an empty file becomes a new store with another identity
  EXPECT_EQ(error(serve()), StoreErrorKind::RolledBack);
  fs::rename(folder_ / "kept.db", db_);
  EXPECT_TRUE(open_or_fail(serve())->account_by_id("a"));
}

TEST_F(Opening, AStoreThatNeverHeldAnythingMayBeMadeAnew) {
  ASSERT_NE(open_or_fail(serve()), nullptr);
  fs::remove(db_);
  EXPECT_NE(open_or_fail(serve()), nullptr);
}

TEST_F(Opening, ADamagedHighWaterFileIsRefusedByName) {
  must(*open_or_fail(serve()), new_account(1, "a"));
  for (const char* text : {"", "guarita high water 1\nstore x\n", "\0\0\0"}) {
    write(folder_ / "guarita.db.high-water", text);
    EXPECT_EQ(error(serve()), StoreErrorKind::Corrupt);
    EXPECT_NE(last_.text.find(".high-water"), std::string::npos);
  }
  fs::remove(folder_ / "guarita.db.high-water");
  EXPECT_NE(open_or_fail(serve()), nullptr);
  EXPECT_TRUE(fs::exists(folder_ / "guarita.db.high-water"));
}

// A commit does not wait for the mark: save_mark() and the store's end bring it up.
TEST_F(Opening, TheMarkFollowsTheCommitsWhenToldTo) {
  const auto mark = [&] {
    std::ifstream in(folder_ / "guarita.db.high-water");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  EXPECT_TRUE(mark().contains("revision 0\n")) << mark();
  ASSERT_TRUE(store->save_mark());
  EXPECT_TRUE(mark().contains("revision 1\nhead " + crypto::hex(store->audit_head()->hash)));
  // A refused change is none; of several the last counts that was made.
  auto results = store->apply(std::vector<Change>{
      change(new_account(2, "b")), change(new_account(3, "c")), change(new_account(4, "a"))});
  EXPECT_FALSE(results[2]);
  EXPECT_TRUE(mark().contains("revision 1\n"));
  const crypto::Digest head = store->audit_head()->hash;
  store.reset();
  EXPECT_TRUE(mark().contains("revision 3\nhead " + crypto::hex(head))) << mark();
}

// The seventh makes instances anew, whose calls refer to them.
TEST_F(Opening, TheSeventhSchemaKeepsInstancesAndTheirCalls) {
  const std::string key = "x'0000000000000000000000000000000";
  {
    auto db = sqlite::Database::open(db_, sqlite::Access::Create);
    ASSERT_TRUE(db->use_wal());
    ASSERT_TRUE(sqlite::migrate(*db, 6));
    ASSERT_TRUE(
        db->script("INSERT INTO accounts (key, id, name, revision, created_ms) VALUES (" + key +
                   "1', 'a', '', 0, 1);"
                   "INSERT INTO instances VALUES (" +
                   key + "2', 'I-2', " + key + "1', 'Two', 'http://u', zeroblob(16), 3, 4), (" +
                   key + "3', 'I-3', " + key +
                   "1', '', '', NULL, 5, 6);"
                   "INSERT INTO instance_calls VALUES (" +
                   key + "2', 77)"));
  }
  auto store = open_or_fail(serve());
  const auto two = store->instance_by_id("I-2");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->key.uuid, uuid(2));
  EXPECT_EQ(two->account, account_key(1));
  EXPECT_EQ(two->name + two->upstream, "Twohttp://u");
  EXPECT_EQ(two->token, InstanceTokenDigest{});
  EXPECT_EQ(two->revision, 3u);
  const auto rows = store->instances({.account = account_key(1), .search = {}}, {})->rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_FALSE(rows[1].token);
  const auto activity = store->instance_activity(rows, at(0));
  EXPECT_EQ((*activity)[0].last_call->time_since_epoch().count(), 77);
  EXPECT_FALSE((*activity)[1].last_call);
  // Both guards stand again: an id is there once, an owner exists.
  EXPECT_EQ(store->apply_one(change(new_instance(9, "I-3", 1))).error().kind,
            StoreErrorKind::AlreadyExists);
  must(*store, DeleteInstance{two->key});
  store.reset();
  auto db = sqlite::Database::open(db_, sqlite::Access::Write);
  EXPECT_EQ(*db->number("SELECT count(*) FROM instance_calls"), 0);
  EXPECT_FALSE(db->script("UPDATE instances SET account = zeroblob(16)"));
}

// 64 bits of a digest: two ids that agree in them are one in 2^64, and the second one is told.
TEST_F(Opening, AnIdWhoseHashIsTakenIsRefusedAndSaysSo) {
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  must(*store, new_instance(1, "one", 1));
  auto db = sqlite::Database::open(db_, sqlite::Access::Write);
  ASSERT_TRUE(db->script("UPDATE instances SET id_hash = id_hash('two')"));
  const auto refused = store->apply_one(change(new_instance(2, "two", 1)));
  EXPECT_EQ(refused.error().kind, StoreErrorKind::AlreadyExists);
  EXPECT_TRUE(refused.error().text.contains("same hash")) << refused.error().text;
  must(*store, new_instance(3, "three", 1));
}

// A crash between a commit and its mark: never taken for an old copy. An older database is one.
TEST_F(Opening, TheMarkMayLagByACrashButNotLead) {
  auto store = open_or_fail(serve());
  must(*store, new_account(1, "a"));
  ASSERT_TRUE(store->save_mark());
  ASSERT_TRUE(store->backup(folder_ / "old.db"));
  must(*store, new_account(2, "b"));
  ASSERT_TRUE(store->save_mark());
  must(*store, new_account(3, "c"));
  fs::create_directory(folder_ / "crashed");
  for (const char* name : {"guarita.db", "guarita.db-wal", "guarita.db.high-water"}) {
    fs::copy_file(folder_ / name, folder_ / "crashed" / name);
  }
  db_ = folder_ / "crashed/guarita.db";
  EXPECT_TRUE(open_or_fail(serve())->account_by_id("c"));
  fs::copy_file(folder_ / "old.db", db_, fs::copy_options::overwrite_existing);
  EXPECT_EQ(error(serve()), StoreErrorKind::RolledBack);
}

}  // namespace
}  // namespace guarita::store::test
