// The file is the snapshot, whole and of this store, or it is refused.
#include "control/snapshot_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "control/testing.h"
#include "policy/snapshot_dump.h"

namespace guarita::control::testing {
namespace {

namespace fs = std::filesystem;
using policy::canonical_dump;
using policy::FoldedIndex;

struct Scene {
  World world;
  fs::path file = world.folder / "guarita.db.snapshot";

  Scene() {
    for (const char* id : {"acme", "mona", "zeta"}) {
      world.make_account(id);
      world.make_instance(std::string(id) + "-1", id);
      world.make_token(id);
    }
    world.activate("acme");
    save();
  }
  void save() {
    const auto saved = world.control().save_snapshot(file);
    EXPECT_TRUE(saved) << saved.error();
  }
  FoldedIndex folded() const {
    return world.snapshot->tracks_folded() ? FoldedIndex::On : FoldedIndex::Off;
  }
  SnapshotFileResult<SnapshotFromFile> load() {
    return load_snapshot_file(file, world.store(), folded());
  }
  // Why it is refused, or "".
  std::string refusal() {
    const auto loaded = load();
    return loaded ? "" : loaded.error().why;
  }
  // The file, caught up, is what the store is.
  ::testing::AssertionResult catches_up(std::uint64_t changes) {
    auto loaded = load();
    if (!loaded) return ::testing::AssertionFailure() << loaded.error().why;
    if (loaded->catch_up.changes != changes) {
      return ::testing::AssertionFailure() << loaded->catch_up.changes << " changes";
    }
    FakeBarrier barrier(world.clock);
    Control control({}, Ports{.store = world.store(),
                              .snapshot = *loaded->snapshot,
                              .barrier = barrier,
                              .clock = world.clock,
                              .hub = nullptr});
    control.catch_up(loaded->catch_up);
    const auto caught_up = canonical_dump(*loaded->snapshot);
    const auto followed = canonical_dump(*world.snapshot);
    if (caught_up == followed) return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure();
    for (const auto& line : followed) failure << "\nfollowed  " << line;
    for (const auto& line : caught_up) failure << "\ncaught up " << line;
    return failure;
  }

  std::string bytes() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
  }
};

TEST(SnapshotFile, IsTheSnapshot) {
  Scene scene;
  EXPECT_TRUE(scene.catches_up(0));
  EXPECT_EQ(fs::status(scene.file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(fs::path(scene.file) += ".partial"));
  const auto info = inspect_snapshot_file(scene.file);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->revision, scene.world.snapshot->revision());
  EXPECT_EQ(info->instances, 3U);
  EXPECT_EQ(info->bytes, fs::file_size(scene.file));
}

TEST(SnapshotFile, AbsentOneIsNoFault) {
  Scene scene;
  fs::remove(scene.file);
  const auto loaded = scene.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, SnapshotFileProblem::Kind::Absent);
}

TEST(SnapshotFile, TruncatedOneIsRefused) {
  Scene scene;
  const std::string whole = scene.bytes();
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 31) {
    scene.write(whole.substr(0, size));
    EXPECT_NE(scene.refusal(), "") << size << " of " << whole.size();
  }
  scene.write(whole + "x");
  EXPECT_NE(scene.refusal(), "");
  scene.write(whole);
  EXPECT_EQ(scene.refusal(), "");
}

TEST(SnapshotFile, EveryFlippedBitIsRefused) {
  Scene scene;
  const std::string whole = scene.bytes();
  std::mt19937 random(1);
  for (std::size_t n = 0; n < 128 + 40; ++n) {  // each byte of the head, then anywhere
    std::string bad = whole;
    const std::size_t at = n < 128 ? n : random() % whole.size();
    bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
    scene.write(bad);
    EXPECT_NE(scene.refusal(), "") << "byte " << at;
  }
}

TEST(SnapshotFile, OpenToOthersIsRefused) {
  Scene scene;
  fs::permissions(scene.file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(scene.refusal(), "other users of this machine may write it");
}

TEST(SnapshotFile, AnotherStoresIsRefused) {
  Scene scene;
  Scene other;
  fs::copy_file(other.file, scene.file, fs::copy_options::overwrite_existing);
  EXPECT_EQ(scene.refusal(), "it is of another store");
}

TEST(SnapshotFile, AnotherHistoryIsRefused) {
  Scene scene;
  const auto copy = scene.world.folder / "copy.db";
  ASSERT_TRUE(scene.world.store().backup(copy));
  auto restored = store::open_sqlite({.file = copy, .audit_sink = {}});
  ASSERT_TRUE(restored);
  scene.world.make_account("here");
  scene.save();
  const auto ahead = load_snapshot_file(scene.file, **restored, scene.folded());
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().why, "it is ahead of the store");
  const AccountKey key{crypto::random_uuid_v7(scene.world.clock.now())};
  ASSERT_TRUE((*restored)->apply_one({.actor = {},
                                      .at = scene.world.clock.now(),
                                      .body = store::CreateAccount{key, "there", ""}}));
  const auto beside = load_snapshot_file(scene.file, **restored, scene.folded());
  ASSERT_FALSE(beside) << "the same revision, other rows";
  EXPECT_EQ(beside.error().why, "the store has another history");
}

TEST(SnapshotFile, WithoutTheIndexAskedForIsRefused) {
  Scene scene;
  const auto other = scene.folded() == FoldedIndex::On ? FoldedIndex::Off : FoldedIndex::On;
  const auto loaded = load_snapshot_file(scene.file, scene.world.store(), other);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().why, "routing.unknown_instance has changed since");
}

TEST(SnapshotFile, PrunedChangeLogIsNoGroundToCatchUpFrom) {
  Scene scene;
  scene.world.make_account("later");
  scene.world.make_account("latest");
  ASSERT_TRUE(scene.world.store().prune({.changes_until = scene.world.snapshot->revision() - 1}));
  EXPECT_EQ(scene.refusal(), "the change log does not hold all that has changed since");
}

TEST(SnapshotFile, DeletedAccountIsBuiltAnew) {
  Scene scene;
  ASSERT_TRUE(
      scene.world.control().delete_account(as_operator(), "mona", store::Cascade::DeleteInstances));
  EXPECT_EQ(scene.refusal(), "an account was deleted since");
}

TEST(SnapshotFile, CaughtUpIsWhatTheStoreIs) {
  Scene scene;
  Control& control = scene.world.control();
  const auto keys = control.tokens("acme");
  ASSERT_TRUE(keys);
  ASSERT_TRUE(control.revoke(as_operator(), "acme", keys->front().key, Lock::Accept));
  ASSERT_TRUE(control.move_instance(as_operator(), "mona-1", "zeta", Force::No));
  ASSERT_TRUE(control.delete_instance(as_operator(), "zeta-1"));
  scene.world.make_instance("zeta-1", "mona");
  scene.world.make_account("new");
  scene.world.make_instance("new-1", "new");
  ASSERT_TRUE(control.delete_instance(as_operator(), "new-1"));
  const auto info = inspect_snapshot_file(scene.file);
  ASSERT_TRUE(info);
  EXPECT_TRUE(scene.catches_up(scene.world.snapshot->revision() - info->revision));
}

TEST(SnapshotFile, CatchesUpAfterAnyChanges) {
  Scene scene;
  std::mt19937 random(7);
  const auto pick = [&](unsigned n) { return std::to_string(random() % n); };
  const char* const accounts[] = {"acme", "mona", "zeta"};
  for (unsigned round = 0; round < 12; ++round) {
    const auto from = scene.world.snapshot->revision();
    for (unsigned n = 0; n < 25; ++n) {
      const std::string account = accounts[random() % 3];
      const std::string instance = "i" + pick(12);
      Control& control = scene.world.control();
      switch (random() % 5) {
        case 0:
          std::ignore = control.create_instance(
              as_operator(),
              {.id = instance,
               .account_id = account,
               .name = {},
               .upstream = random() % 2 == 0 ? "" : "http://127.0.0.1:" + pick(9) + "1",
               .instance_token = {}});
          break;
        case 1: std::ignore = control.delete_instance(as_operator(), instance); break;
        case 2:
          std::ignore = control.move_instance(as_operator(), instance, account, Force::Yes);
          break;
        case 3: std::ignore = control.regenerate(as_operator(), account, {}, CutOff::Accept); break;
        case 4:
          std::ignore =
              control.change_ip_list(as_operator(), account, IpListVerb::Set,
                                     {{.cidr = "10." + pick(9) + ".0.0/16"}}, Confirm::Yes);
          break;
      }
    }
    ASSERT_TRUE(scene.catches_up(scene.world.snapshot->revision() - from)) << "round " << round;
    scene.save();
    ASSERT_TRUE(scene.catches_up(0)) << "round " << round;
  }
}

}  // namespace
}  // namespace guarita::control::testing
