// What the schema itself keeps, whatever the code above believes.
#include "store/sqlite/database.h"
#include "store/users_test_support.h"

namespace guarita::store::test {
namespace {

class UserSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail({.file = file_});
    must(*store_, new_account(1, "a"));
    must(*store_, new_user(1, "ana@example.com"));
    must(*store_, SetTwoFactor{user_key(1), "s", "k", 10, {}});
    must(*store_, IssueLink{console_link(1, 1)});
    must(*store_, StartSession{.session = session_of_account(1, 1), .link = link_key(1)});
    auto db = sqlite::Database::open(file_, sqlite::Access::Write);
    ASSERT_TRUE(db);
    intruder_ = std::make_unique<sqlite::Database>(std::move(*db));
  }
  bool does(const std::string& sql) { return intruder_->script(sql).has_value(); }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "guarita.db";
  std::unique_ptr<Store> store_;
  std::unique_ptr<sqlite::Database> intruder_;
};

TEST_F(UserSchema, AUsedLinkStaysUsed) {
  EXPECT_FALSE(does("UPDATE links SET used_ms = NULL"));
  EXPECT_FALSE(does("UPDATE links SET used_ms = used_ms + 1"));
  EXPECT_FALSE(does("UPDATE links SET expires_ms = 9"));
  EXPECT_FALSE(does("UPDATE links SET rights = 'activate'"));
  EXPECT_TRUE(store_->link(digest(101))->used_at);
}

TEST_F(UserSchema, ASessionStaysWhoseItIs) {
  EXPECT_FALSE(does("UPDATE sessions SET rights = 'view rotate activate'"));
  EXPECT_FALSE(does("UPDATE sessions SET expires_ms = expires_ms + 1"));
  EXPECT_FALSE(does("UPDATE sessions SET user = (SELECT key FROM users), account = NULL"));
  EXPECT_TRUE(does("UPDATE sessions SET last_seen_ms = last_seen_ms + 1"));
}

TEST_F(UserSchema, ATimeStepDoesNotComeBack) {
  EXPECT_FALSE(does("UPDATE users SET totp_last_step = 9"));
  EXPECT_TRUE(does("UPDATE users SET totp_last_step = 11"));
  EXPECT_TRUE(does("UPDATE users SET totp_last_step = 0, totp_sealed = x'01'"));
}

TEST_F(UserSchema, WordsOutsideTheListsAreRefused) {
  EXPECT_FALSE(
      does("INSERT INTO memberships SELECT u.key, a.key, 'admin' FROM users u, accounts a"));
  EXPECT_FALSE(does("INSERT INTO changes VALUES (99, 'session', zeroblob(16), zeroblob(32))"));
}

}  // namespace
}  // namespace guarita::store::test
