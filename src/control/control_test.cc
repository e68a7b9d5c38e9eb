// The whole: any sequence of changes, several threads, a store that fails, restarts, secrets.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "base/log.h"
#include "control/flaky_store.h"
#include "control/testing.h"

namespace guarita::control::testing {
namespace {

constexpr unsigned kSeed = 20261124;

// One random use case; most of them are refused, which is as good a test.
void random_step(World& world, std::mt19937& random) {
  const auto pick = [&](unsigned n) { return random() % n; };
  Control& control = world.control();
  const std::string account = "a" + std::to_string(pick(3));
  const std::string instance = "i" + std::to_string(pick(6));
  const auto lock = pick(2) == 0 ? Lock::Accept : Lock::Refuse;
  switch (pick(16)) {
    case 0: std::ignore = control.create_account(as_operator(), account, "n"); break;
    case 1:
      if (pick(4) == 0) {
        std::ignore =
            control.delete_account(as_operator(), account, store::Cascade::DeleteInstances);
      }
      break;
    case 2:
    case 3:
      std::ignore = control.create_instance(as_operator(), {.id = instance,
                                                            .account_id = account,
                                                            .name = {},
                                                            .upstream = "http://u:1",
                                                            .instance_token = {}});
      break;
    case 4:
      std::ignore = control.move_instance(as_operator(), instance, account, Force::Yes);
      break;
    case 5: std::ignore = control.delete_instance(as_operator(), instance); break;
    case 6:
    case 7: {
      NewToken token;
      if (pick(2) == 0) token.expires_at = world.clock.now() + Millis(1 + pick(5000));
      std::ignore = control.generate(as_operator(), account, std::move(token));
      break;
    }
    case 8: std::ignore = control.regenerate(as_operator(), account, {}, CutOff::Accept); break;
    case 9: std::ignore = control.rotate(as_operator(), account, {}); break;
    case 10: std::ignore = control.promote(as_operator(), account, Millis(pick(4000)), lock); break;
    case 11:
      std::ignore = pick(2) == 0 ? control.activate(as_operator(), account)
                                 : control.deactivate(as_operator(), account, Confirm::Yes);
      break;
    case 12: std::ignore = control.revoke_all(as_operator(), account, lock); break;
    case 13:
      std::ignore = control.change_ip_list(
          as_operator(), account, IpListVerb::Set,
          pick(2) == 0 ? std::vector<IpEntryText>{} : std::vector<IpEntryText>{{"192.0.2.0/24"}},
          Confirm::Yes);
      break;
    case 14:
      world.clock.pass(Millis(pick(3000)));
      control.tick();
      break;
    default: {
      InstanceUpdate update;
      update.upstream = "http://v:" + std::to_string(1 + pick(3));
      std::ignore = control.update_instance(as_operator(), instance, std::move(update));
    }
  }
}

TEST(Control, SnapshotIsWhatAFreshLoadGivesAfterAnySequenceOfChanges) {
  RecordProperty("seed", static_cast<int>(kSeed));
  std::mt19937 random(kSeed);
  World world;
  for (int step = 0; step < 400; ++step) {
    world.barrier.stuck = random() % 5 == 0;
    random_step(world, random);
    if (step % 10 == 0)
      ASSERT_TRUE(world.snapshot_is_the_store()) << "seed " << kSeed << ", step " << step;
  }
  ASSERT_TRUE(world.snapshot_is_the_store()) << "seed " << kSeed;
  const auto report = world.control().verify_audit({});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->findings.empty());
}

TEST(Control, ThreadsChangeAndAskAtOnceAndTheSnapshotIsStillTheStore) {
  World world;
  for (int i = 0; i < 4; ++i) world.make_account("a" + std::to_string(i));
  // The fake's lists are not for several threads.
  class QuietBarrier final : public Barrier {
   public:
    explicit QuietBarrier(const Clock& clock) : clock_(clock) {}
    BarrierReport pass(const Redecide&, Millis) override {
      return {.complete = true, .at = clock_.now(), .streams_closed = 0, .pending = {}};
    }

   private:
    const Clock& clock_;
  } quiet(world.clock);
  world.snapshot = std::make_unique<policy::Snapshot>(
      policy::SnapshotOptions{.hash_key = {1, 2, 3, 4, 5}, .reserve_bytes = 64 * 1024 * 1024});
  Control control({}, {.store = world.store(),
                       .snapshot = *world.snapshot,
                       .barrier = quiet,
                       .clock = world.clock,
                       .hub = &world.hub});
  ASSERT_TRUE(control.load());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&control, i] {
      const std::string account = "a" + std::to_string(i);
      for (int round = 0; round < 10; ++round) {
        const std::string instance = account + "-" + std::to_string(round);
        EXPECT_TRUE(control.create_instance(as_operator(), {.id = instance,
                                                            .account_id = account,
                                                            .name = {},
                                                            .upstream = {},
                                                            .instance_token = {}}));
        EXPECT_EQ(control.check({.instance_id = instance, .address = {}, .token = {}}).account_id,
                  account);
        std::ignore = control.generate(as_operator(), account, {});
        std::ignore = control.activate(as_operator(), account);
        EXPECT_FALSE(control.check({.instance_id = instance, .address = {}, .token = {}}).allow);
        std::ignore = control.deactivate(as_operator(), account, Confirm::Yes);
        control.status();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Control, StoreThatFailsChangesNothingAndTheNextCallWorks) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  FlakyStore flaky(world.store());
  policy::Snapshot snapshot({.hash_key = {1, 2, 3, 4, 5}, .reserve_bytes = 64 * 1024 * 1024});
  Control control({}, {.store = flaky,
                       .snapshot = snapshot,
                       .barrier = world.barrier,
                       .clock = world.clock,
                       .hub = &world.hub});
  flaky.reads_fail = true;
  EXPECT_EQ(code_of(control.load()), ErrorCode::StoreUnavailable);
  flaky.reads_fail = false;
  ASSERT_TRUE(control.load());
  ASSERT_TRUE(control.generate(as_operator(), "acme", {}));
  const auto revision = snapshot.revision();
  const auto passes = world.barrier.scopes.size();

  flaky.writes_fail = true;
  const auto refused = control.activate(as_operator(), "acme");
  ASSERT_EQ(code_of(refused), ErrorCode::StoreUnavailable);
  EXPECT_EQ(refused.error().remedy, "free some space");
  EXPECT_EQ(refused.error().detail.find("SQLITE"), std::string::npos);
  EXPECT_EQ(code_of(control.create_account(as_operator(), "b", "")), ErrorCode::StoreUnavailable);
  EXPECT_EQ(code_of(control.delete_instance(as_operator(), "i1")), ErrorCode::StoreUnavailable);
  EXPECT_EQ(snapshot.revision(), revision);
  EXPECT_EQ(world.barrier.scopes.size(), passes);
  EXPECT_TRUE(control.check({.instance_id = "i1", .address = {}, .token = {}}).allow);
  control.tick();

  flaky.reads_fail = true;
  EXPECT_EQ(code_of(control.account("acme")), ErrorCode::StoreUnavailable);
  EXPECT_FALSE(control.authenticate("gadm_0000"));
  control.tick();
  flaky.reads_fail = flaky.writes_fail = false;
  ASSERT_TRUE(control.activate(as_operator(), "acme"));
  EXPECT_FALSE(control.check({.instance_id = "i1", .address = {}, .token = {}}).allow);
}

TEST(Control, CountersThatTheStoreDidNotTakeAreNotLost) {
  World world;
  world.hub.set_access_log(telemetry::AccessLog::Off);
  world.make_account("acme");
  FlakyStore flaky(world.store());
  Control control({}, {.store = flaky,
                       .snapshot = *world.snapshot,
                       .barrier = world.barrier,
                       .clock = world.clock,
                       .hub = &world.hub});
  telemetry::Exchange exchange;
  exchange.at = world.clock.now();
  exchange.stage = telemetry::Stage::Decided;
  exchange.classified = true;
  exchange.token_class = policy::TokenClass::Missing;
  exchange.account_id = "acme";
  world.hub.add_shard().record(exchange);
  flaky.writes_fail = true;
  control.tick();
  flaky.writes_fail = false;
  control.tick();
  const auto check = control.check_activation("acme");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->refused, 1U) << "once, not twice, not never";
}

TEST(Control, RestartKnowsEverythingButReceipts) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string token = world.make_token("acme");
  world.activate("acme");
  world.restart();
  EXPECT_EQ(world.decide("i1", token), "allow");
  EXPECT_EQ(world.decide("i1", ""), "token_missing");
  EXPECT_EQ(code_of(world.control().receipt(4)), ErrorCode::ReceiptNotFound);
  const auto again = world.control().activate(as_operator(), "acme");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->receipt.changed);
  EXPECT_TRUE(again->receipt.complete);
}

TEST(AdminTokens, AreShownOnceAndDieWhenRevokedOrWithTheirAccount) {
  World world;
  world.make_account("acme");
  const auto make = [&](AdminScope scope) {
    auto made = world.control().create_admin_token(as_operator(), scope, "ci");
    EXPECT_TRUE(made);
    return std::move(made->value);
  };
  const auto read = make({AdminScope::Kind::Read, {}});
  EXPECT_EQ(read.secret.reveal().size(), 5U + 64U) << "256 bits";
  const auto owner = make({AdminScope::Kind::Account, "acme"});
  EXPECT_EQ(code_of(world.control().create_admin_token(as_operator(),
                                                       {AdminScope::Kind::Account, "nobody"}, "")),
            ErrorCode::AccountNotFound);
  auto known = world.control().authenticate(read.secret.reveal());
  ASSERT_TRUE(known);
  EXPECT_EQ(known->key, read.token.key);
  EXPECT_EQ(known->scope.kind, AdminScope::Kind::Read);
  EXPECT_EQ(world.control().authenticate(owner.secret.reveal())->scope.account_id, "acme");
  EXPECT_FALSE(world.control().authenticate(std::string(read.secret.reveal()) + "0"));
  EXPECT_FALSE(world.control().authenticate(""));
  ASSERT_TRUE(world.control().revoke_admin_token(as_operator(), read.token.key));
  EXPECT_FALSE(world.control().authenticate(read.secret.reveal()));
  const auto again = world.control().revoke_admin_token(as_operator(), read.token.key);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->receipt.changed);
  EXPECT_EQ(code_of(world.control().revoke_admin_token(as_operator(), {})),
            ErrorCode::AdminTokenNotFound);
  ASSERT_TRUE(world.control().delete_account(as_operator(), "acme", store::Cascade::Refuse));
  EXPECT_FALSE(world.control().authenticate(owner.secret.reveal()));
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Check, SaysWhyAndNamesTheOtherAccount) {
  World world;
  world.make_account("acme");
  world.make_account("beta");
  world.make_instance("i1", "acme");
  world.make_token("acme");
  world.activate("acme");
  const std::string foreign = world.make_token("beta");
  CheckQuestion question{.instance_id = "i1", .address = {}, .token = {}};
  question.token.emplace(foreign);
  const CheckAnswer answer = world.control().check(question);
  EXPECT_FALSE(answer.allow);
  EXPECT_EQ(answer.token_class, "other_account");
  EXPECT_NE(answer.why.find("'beta'"), std::string::npos);
  EXPECT_EQ(answer.account_id, "acme");
  EXPECT_EQ(answer.mode, policy::Mode::Enforce);
}

TEST(Check, KnowsWhatATokenWasBeforeItDied) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const std::string revoked = world.make_token("acme");
  NewToken dying;
  dying.expires_at = world.clock.now() + Millis(1000);
  const auto made =
      world.control().regenerate(as_operator(), "acme", std::move(dying), CutOff::Refuse);
  ASSERT_TRUE(made);
  const std::string expired(made->value.secret.reveal());
  world.clock.pass(Millis(1000));
  world.control().tick();
  const auto class_of = [&](const std::string& token) {
    CheckQuestion question{.instance_id = "i1", .address = {}, .token = {}};
    question.token.emplace(token);
    return world.control().check(question).token_class;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(class_of(revoked), "revoked");
    EXPECT_EQ(class_of(expired), "expired");
    EXPECT_EQ(class_of("gta_whatever-nobody-has-00"), "unknown");
    world.restart();  // dead states are sticky
  }
}

TEST(Secrets, NoTokenIsInAnyLineOfTheLogAtDebugLevel) {
  TempFolder folder;
  const std::string path = folder / "log";
  std::vector<std::string> secrets;
  ASSERT_EQ(log::start(log::Level::Debug, path), "");
  {
    World world;
    world.make_account("acme");
    world.make_instance("i1", "acme");
    secrets.push_back(world.make_token("acme"));
    world.activate("acme");
    world.barrier.stuck = true;
    const auto made = world.control().rotate(as_operator(), "acme", {});
    secrets.emplace_back(made->value.secret.reveal());
    const auto admin =
        world.control().create_admin_token(as_operator(), {AdminScope::Kind::Write, {}}, "");
    secrets.emplace_back(admin->value.secret.reveal());
    const std::string import = "weakweakweakweakweak";
    const auto refused = world.control().regenerate(
        as_operator(), "acme", {.import = Secret(import), .weak = Weak::Refuse, .expires_at = {}},
        CutOff::Accept);
    EXPECT_EQ(refused.error().detail.find(import), std::string::npos);
    secrets.push_back(import);
    world.decide("i1", secrets.front());
    world.control().tick();
  }
  log::stop();
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_NE(text.str().find("snapshot is loaded"), std::string::npos) << "the log was on";
  for (const auto& secret : secrets) {
    ASSERT_GE(secret.size(), 16U);
    EXPECT_EQ(text.str().find(secret), std::string::npos);
  }
}

}  // namespace
}  // namespace guarita::control::testing
