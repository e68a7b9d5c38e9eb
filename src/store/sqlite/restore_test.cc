// Backup and restore: what comes back, what is refused, what is never forgotten.
#include <fstream>

#include "store/sqlite_store.h"
#include "store/users_test_support.h"

namespace guarita::store::test {
namespace {

namespace fs = std::filesystem;

class Restore : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_or_fail({.file = file_, .audit_sink = sink_}); }
  StoreResult<RestoreReport> restore(AcceptLoss accept) {
    return restore_sqlite({.backup = backup_,
                           .target = file_,
                           .accept_loss = accept,
                           .audit_sink = sink_,
                           .now = at(1'000'000)});
  }

  TempFolder folder_;
  fs::path file_ = folder_ / "guarita.db";
  fs::path sink_ = folder_ / "audit.jsonl";
  fs::path backup_ = folder_ / "copy.db";
};

TEST_F(Restore, ABackupIsTheWholeStoreInOneFile) {
  auto store = open();
  must(*store, new_account(1, "a"));
  must(*store, policy(1, true, {token(1, TokenState::Current)}));
  ASSERT_TRUE(store->backup(backup_));
  EXPECT_FALSE(fs::exists(folder_ / "copy.db-wal"));
  EXPECT_FALSE(fs::exists(folder_ / "copy.db.partial"));
  auto copy = open_or_fail({.file = backup_, .mode = OpenMode::ReadOnly});
  EXPECT_EQ(dump(*copy), dump(*store));
  EXPECT_TRUE(copy->verify_audit(store->audit_head()->hash)->findings.empty());
}

TEST_F(Restore, ABackupNeverOverwrites) {
  auto store = open();
  std::ofstream(backup_) << "precious";
  EXPECT_EQ(store->backup(backup_).error().kind, StoreErrorKind::FileExists);
  EXPECT_EQ(fs::file_size(backup_), 8u);
  EXPECT_EQ(store->backup(file_).error().kind, StoreErrorKind::FileExists);
  fs::create_symlink(folder_ / "nowhere", folder_ / "link");
  EXPECT_EQ(store->backup(folder_ / "link").error().kind, StoreErrorKind::FileExists);
  EXPECT_EQ(store->backup(folder_ / "no" / "x").error().kind, StoreErrorKind::CannotOpen);
  must(*store, new_account(1, "a"));
}

TEST_F(Restore, IsRefusedBesideARunningServer) {
  auto store = open();
  ASSERT_TRUE(store->backup(backup_));
  EXPECT_EQ(restore(AcceptLoss::Yes).error().kind, StoreErrorKind::FolderInUse);
}

TEST_F(Restore, WithoutALossNeedsNoConsent) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    ASSERT_TRUE(store->backup(backup_));
  }
  std::ofstream(file_, std::ios::trunc) << "damaged";
  auto report = restore(AcceptLoss::No);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->info.epoch, 1u);
  EXPECT_TRUE(fs::exists(report->replaced));
  EXPECT_TRUE(open()->account_by_id("a"));
}

TEST_F(Restore, ALossIsRefusedUntilAccepted) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    ASSERT_TRUE(store->backup(backup_));
    must(*store, new_account(2, "b"));
    must(*store, new_account(3, "c"));
  }
  const std::string before = dump(*open());
  EXPECT_EQ(restore(AcceptLoss::No).error().kind, StoreErrorKind::RolledBack);
  EXPECT_EQ(dump(*open()), before);
  auto report = restore(AcceptLoss::Yes);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->info.epoch, 2u);
  EXPECT_EQ(report->revisions_lost, 2u);
  auto store = open();
  EXPECT_TRUE(store->account_by_id("a"));
  EXPECT_FALSE(store->account_by_id("b"));
  EXPECT_EQ(store->info()->revision, 2u);
  EXPECT_EQ(store->audit({}, {})->rows.front().verb, "store.restore");
  EXPECT_TRUE(store->verify_audit(std::nullopt)->findings.empty());
  must(*store, new_account(4, "d"));
  // The former database is still there, and is not served by mistake.
  store.reset();
  EXPECT_TRUE(fs::exists(report->replaced));
  fs::copy_file(report->replaced, file_, fs::copy_options::overwrite_existing);
  EXPECT_EQ(open_sqlite({.file = file_}).error().kind, StoreErrorKind::RolledBack);
}

TEST_F(Restore, RevocationsAreNotForgotten) {
  {
    auto store = open();
    for (std::uint64_t n = 1; n <= 4; ++n) {
      must(*store, new_account(n, "a" + std::to_string(n)));
      must(*store, policy(n, true, {token(10 * n, TokenState::Current)}));
    }
    must(*store, policy(2, true, {token(21, TokenState::Next)}));
    must(*store, new_instance(1, "i", 4));
    must(*store, CreateAdminToken{admin_key(1), digest(500), "write", std::nullopt, ""});
    ASSERT_TRUE(store->backup(backup_));
    must(*store, policy(1, true, {}, {{token_key(10), TokenState::Revoked}}));
    TokenRow promoted = token(21, TokenState::Current);
    must(*store, policy(2, true, {promoted}, {{token_key(20), TokenState::Expired}}));
    // Made and ended after the backup: nothing to do.
    must(*store, policy(1, true, {token(11, TokenState::Current)}));
    must(*store, policy(1, true, {}, {{token_key(11), TokenState::Revoked}}));
    must(*store, DeleteAccount{account_key(4), Cascade::DeleteInstances});
    must(*store, RevokeAdminToken{admin_key(1)});
  }
  auto report = restore(AcceptLoss::Yes);
  ASSERT_TRUE(report) << report.error().text << report.error().internal;
  EXPECT_EQ(report->revocations_reapplied, 4u);
  auto store = open();
  EXPECT_EQ(store->tokens(account_key(1))->front().state, TokenState::Revoked);
  EXPECT_TRUE(store->account(account_key(1))->enforce);  // locked, not open
  auto rotated = store->tokens(account_key(2));
  EXPECT_EQ((*rotated)[0].state, TokenState::Expired);
  EXPECT_EQ((*rotated)[1].state, TokenState::Current);
  EXPECT_EQ(store->tokens(account_key(3))->front().state, TokenState::Current);
  EXPECT_FALSE(store->account_by_id("a4"));
  EXPECT_TRUE(store->admin_token(digest(500))->revoked_at);
  EXPECT_TRUE(store->verify_audit(std::nullopt)->findings.empty());
}

TEST_F(Restore, UsersDoNotGetAccessBackThatEndedAfterTheBackup) {
  {
    auto store = open();
    must(*store, new_account(1, "acme"));
    must(*store, new_account(2, "other"));
    for (std::uint64_t n = 1; n <= 5; ++n) {
      CreateUser create = new_user(n, std::to_string(n) + "@example.com");
      create.user.is_operator = n == 2;
      must(*store, create);
      must(*store, SetPassword{.user = user_key(n), .password_hash = "old"});
      must(*store, SetMembership{user_key(n), account_key(1), Role::Owner});
      must(*store, SetMembership{user_key(n), account_key(2), Role::Viewer});
      must(*store, StartSession{.session = session_of_user(n, n)});
    }
    must(*store, StartSession{.session = session_of_account(9, 1)});
    must(*store, IssueLink{reset_link(5, 5)});
    ASSERT_TRUE(store->backup(backup_));
    must(*store, DeleteUser{user_key(1)});
    must(*store, UpdateUser{.user = user_key(2), .is_operator = false});
    must(*store, SetMembership{user_key(3), account_key(1), Role::Viewer});
    must(*store, SetMembership{user_key(3), account_key(2), std::nullopt});
    must(*store, SetMembership{user_key(4), account_key(2), Role::Owner});  // a grant: stays lost
    must(*store, SetPassword{.user = user_key(4), .password_hash = "new"});
    must(*store, SetTwoFactor{user_key(5), "sealed", "k", 1, {}});
    must(*store, new_user(6, "6@example.com"));  // made and deleted after the backup
    must(*store, DeleteUser{user_key(6)});
  }
  auto report = restore(AcceptLoss::Yes);
  ASSERT_TRUE(report) << report.error().text << report.error().internal;
  EXPECT_EQ(report->revocations_reapplied, 4u);
  ASSERT_EQ(report->warnings.size(), 2u);
  EXPECT_NE(report->warnings[0].find("guarita user reset 4@example.com"), std::string::npos);
  EXPECT_NE(report->warnings[1].find("reset-two-factor 5@example.com"), std::string::npos);
  auto store = open();
  EXPECT_FALSE(store->user(user_key(1)));
  EXPECT_FALSE(store->user(user_key(2))->is_operator);
  ASSERT_EQ(store->user(user_key(3))->memberships.size(), 1u);
  EXPECT_EQ(store->user(user_key(3))->memberships.front().role, Role::Viewer);
  EXPECT_EQ(store->user(user_key(4))->memberships.back().role, Role::Viewer);
  EXPECT_EQ(store->user(user_key(4))->password_hash, "");
  EXPECT_EQ(store->user(user_key(5))->password_hash, "old");
  for (const std::uint64_t n : {201u, 202u, 203u, 204u, 205u, 209u}) {
    EXPECT_FALSE(store->session(digest(n))) << n;
  }
  EXPECT_FALSE(store->link(digest(105)));
  EXPECT_TRUE(store->verify_audit(std::nullopt)->findings.empty());
}

TEST_F(Restore, ASecondLossIsReadFromTheSameSink) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    must(*store, policy(1, true, {token(1, TokenState::Current)}));
    ASSERT_TRUE(store->backup(backup_));
    must(*store, RenameAccount{account_key(1), "x"});
  }
  ASSERT_TRUE(restore(AcceptLoss::Yes));
  {
    auto store = open();
    must(*store, policy(1, true, {}, {{token_key(1), TokenState::Revoked}}));
  }
  auto report = restore(AcceptLoss::Yes);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->info.epoch, 3u);
  EXPECT_EQ(open()->tokens(account_key(1))->front().state, TokenState::Revoked);
}

TEST_F(Restore, AnActivationThatIsLostIsNamed) {
  {
    auto store = open();
    must(*store, new_account(1, "acme"));
    must(*store, policy(1, false, {token(1, TokenState::Current)}));
    ASSERT_TRUE(store->backup(backup_));
    ChangePolicy activate = policy(1, true);
    activate.verb = "token.activate";
    must(*store, activate);
  }
  auto report = restore(AcceptLoss::Yes);
  ASSERT_EQ(report->warnings.size(), 1u);
  EXPECT_NE(report->warnings[0].find("guarita token activate acme"), std::string::npos);
}

TEST_F(Restore, InPlaceAcceptsWhatSomebodyPutThere) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    ASSERT_TRUE(store->backup(backup_));
    must(*store, new_account(2, "b"));
  }
  fs::copy_file(backup_, file_, fs::copy_options::overwrite_existing);
  EXPECT_FALSE(open_sqlite({.file = file_}));
  auto report =
      restore_sqlite({.backup = {}, .target = file_, .accept_loss = AcceptLoss::Yes, .now = at(1)});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->warnings.size(), 1u);  // no sink
  EXPECT_TRUE(open()->account_by_id("a"));
}

TEST_F(Restore, WhatIsNoBackupLeavesTheDatabaseAlone) {
  must(*open(), new_account(1, "a"));
  std::ofstream(backup_) << "no database, this";
  EXPECT_EQ(restore(AcceptLoss::Yes).error().kind, StoreErrorKind::NotAStore);
  std::ofstream(backup_, std::ios::trunc) << "";
  EXPECT_EQ(restore(AcceptLoss::Yes).error().kind, StoreErrorKind::NotAStore);
  fs::remove(backup_);
  EXPECT_EQ(restore(AcceptLoss::Yes).error().kind, StoreErrorKind::CannotOpen);
  EXPECT_TRUE(open()->account_by_id("a"));
}

TEST_F(Restore, ADamagedHighWaterFileNeedsConsent) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    ASSERT_TRUE(store->backup(backup_));
  }
  std::ofstream(folder_ / "guarita.db.high-water", std::ios::trunc) << "?";
  EXPECT_EQ(restore(AcceptLoss::No).error().kind, StoreErrorKind::Corrupt);
  auto report = restore(AcceptLoss::Yes);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->info.epoch, 2u);
  EXPECT_TRUE(open()->account_by_id("a"));
}

TEST_F(Restore, IntoAnEmptyFolderMakesTheStore) {
  {
    auto store = open();
    must(*store, new_account(1, "a"));
    ASSERT_TRUE(store->backup(backup_));
  }
  fs::create_directory(folder_ / "new");
  auto report = restore_sqlite({.backup = backup_, .target = folder_ / "new/guarita.db"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->replaced.empty());
  EXPECT_TRUE(open_or_fail({.file = folder_ / "new/guarita.db"})->account_by_id("a"));
}

}  // namespace
}  // namespace guarita::store::test
