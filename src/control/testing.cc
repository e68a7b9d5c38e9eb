#include "control/testing.h"

#include <cstdlib>

#include "policy/snapshot_dump.h"

namespace guarita::control::testing {
namespace {

constexpr crypto::HashKey kHashKey{1, 2, 3, 4, 5};

class FakePending final : public PendingBarrier {
 public:
  FakePending(std::shared_ptr<std::atomic<bool>> released, const Clock& clock, unsigned closed)
      : released_(std::move(released)), clock_(clock), closed_(closed) {}

  BarrierReport look() override {
    if (!*released_) return {};
    return {.complete = true,
            .at = clock_.now(),
            .passed = clock_.instant(),
            .streams_closed = closed_,
            .pending = nullptr};
  }

 private:
  std::shared_ptr<std::atomic<bool>> released_;
  const Clock& clock_;
  unsigned closed_;
};

std::unique_ptr<policy::Snapshot> new_snapshot() {
  return std::make_unique<policy::Snapshot>(
      policy::SnapshotOptions{.hash_key = kHashKey, .reserve_bytes = 64 * 1024 * 1024});
}

}  // namespace

BarrierReport FakeBarrier::pass(const Redecide& scope, Millis timeout) {
  scopes.push_back(scope);
  timeouts.push_back(timeout);
  if (on_pass) on_pass();
  if (stuck) {
    return {.complete = false,
            .at = {},
            .passed = {},
            .streams_closed = 0,
            .pending = std::make_shared<FakePending>(released_, clock_, streams_closed)};
  }
  return {.complete = true,
          .at = clock_.now(),
          .passed = clock_.instant(),
          .streams_closed = streams_closed,
          .pending = {}};
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "guarita-XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

World::World(Options o) : options(std::move(o)) {
  EXPECT_TRUE(crypto::init());
  auto opened = store::open_sqlite({.file = folder / "guarita.db"});
  EXPECT_TRUE(opened) << opened.error().text << opened.error().internal;
  store_ = std::move(*opened);
  restart();
}

void World::restart() {
  control_.reset();
  snapshot = new_snapshot();
  control_ = std::make_unique<Control>(options, Ports{.store = *store_,
                                                      .snapshot = *snapshot,
                                                      .barrier = barrier,
                                                      .clock = clock,
                                                      .hub = &hub});
  EXPECT_TRUE(control_->load());
}

AccountView World::account(const std::string& id) {
  auto view = control_->account(id);
  EXPECT_TRUE(view) << view.error().detail;
  return view ? std::move(*view) : AccountView{};
}

Done<AccountView> World::make_account(const std::string& id) {
  auto made = control_->create_account(as_operator(), id, "Name of " + id);
  EXPECT_TRUE(made) << made.error().detail;
  return std::move(*made);
}

Done<store::InstanceRow> World::make_instance(const std::string& id, const std::string& account) {
  auto made = control_->create_instance(
      as_operator(),
      {.id = id, .account_id = account, .name = {}, .upstream = {}, .instance_token = {}});
  EXPECT_TRUE(made) << made.error().detail;
  return std::move(*made);
}

std::string World::make_token(const std::string& id) {
  auto made = control_->generate(as_operator(account(id).row.revision), id, {});
  EXPECT_TRUE(made) << made.error().detail;
  return made ? std::string(made->value.secret.reveal()) : std::string();
}

void World::activate(const std::string& account) {
  const auto done = control_->activate(as_operator(), account);
  EXPECT_TRUE(done) << done.error().detail;
}

std::string World::decide(const std::string& instance, const std::string& token,
                          const std::string& address) {
  CheckQuestion question{.instance_id = instance, .address = parse_ip(address), .token = {}};
  if (!token.empty()) question.token.emplace(token);
  const CheckAnswer answer = control_->check(question);
  EXPECT_EQ(answer.allow, answer.reason == "none");
  return answer.allow ? "allow" : answer.reason;
}

::testing::AssertionResult World::snapshot_is_the_store() {
  const auto fresh = new_snapshot();
  FakeBarrier other(clock);
  Control reader(
      options,
      Ports{
          .store = *store_, .snapshot = *fresh, .barrier = other, .clock = clock, .hub = nullptr});
  if (!reader.load()) return ::testing::AssertionFailure() << "the store cannot be loaded";
  const auto followed = policy::canonical_dump(*snapshot);
  const auto loaded = policy::canonical_dump(*fresh);
  if (followed == loaded && snapshot->revision() == fresh->revision()) {
    return ::testing::AssertionSuccess();
  }
  auto failure = ::testing::AssertionFailure()
                 << "revisions " << snapshot->revision() << " and " << fresh->revision();
  for (const auto& line : followed) failure << "\nfollowed " << line;
  for (const auto& line : loaded) failure << "\nloaded   " << line;
  return failure;
}

Request as_operator(std::optional<store::Revision> seen) {
  return {.actor = {.kind = store::ActorKind::Operator,
                    .name = "uid:0",
                    .address = "unix",
                    .email = {},
                    .request_id = "r-1"},
          .if_revision = seen};
}

}  // namespace guarita::control::testing
