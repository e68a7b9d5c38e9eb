// Filling the snapshot at the start.
#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"
#include "control/engine.h"
#include "control/snapshot_file.h"

namespace guarita::control {
namespace {

using Steady = std::chrono::steady_clock;

std::int64_t millis_since(Steady::time_point begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begun).count();
}

// Rows of the store into the snapshot. Rows keep their memory: a million of them must
// not cost a million allocations.
class Builder final : public store::SnapshotVisitor {
 public:
  explicit Builder(policy::Snapshot& snapshot) : snapshot_(snapshot) {}

  void account(const store::AccountRow& row, std::span<const store::TokenRow> tokens,
               std::span<const store::IpEntry> ip_list) override {
    account_.key = row.key;
    account_.id = row.id;
    account_.enforce = row.enforce;
    account_.tokens.clear();
    account_.ip_list.clear();
    for (const store::TokenRow& token : tokens) {
      if (!is_live(token)) continue;
      const policy::LiveToken live{.key = token.key,
                                   .state = token.state,
                                   .expires_at = token.expires_at,
                                   .retires_at = token.retires_at};
      account_.tokens.push_back({token.digest, token.state, policy::deadline_of(live)});
    }
    std::ranges::sort(account_.tokens, {}, &policy::TokenRow::state);
    for (const store::IpEntry& entry : ip_list) account_.ip_list.push_back(entry.cidr);
    if (snapshot_.put_account(account_) == 0) {
      log::error("control", "an account does not fit into the snapshot", {{"account", row.id}});
    }
    for (const store::TokenRow& token : tokens) {
      if (!is_live(token)) snapshot_.put_dead_token(row.key, token.digest, token.state);
    }
  }

  void instance(const store::InstanceRow& row) override {
    policy::InstanceRow& next = instances_[waiting_++];
    next.id = row.id;
    next.account = row.account;
    next.upstream = row.upstream;
    next.token = row.token;
    if (waiting_ == instances_.size()) finish();
  }

  // To be called after the last instance.
  void finish() {
    snapshot_.put_instances(std::span(instances_).first(waiting_), [](const auto& row) {
      log::error("control", "an instance does not fit into the snapshot", {{"instance", row.id}});
    });
    waiting_ = 0;
  }

 private:
  policy::Snapshot& snapshot_;
  policy::AccountRow account_;
  std::array<policy::InstanceRow, 16> instances_;  // put together: see put_instances()
  std::size_t waiting_ = 0;
};

// When time alone would lock it: as policy::locks_at().
std::optional<Time> locks_at(const policy::AccountView& account) {
  if (!account.enforce || account.tokens.empty()) return std::nullopt;
  const auto last = std::ranges::max_element(account.tokens, {}, &policy::StoredToken::deadline_ms);
  if (last->deadline_ms == policy::kNoDeadline) return std::nullopt;
  return Time(Millis(last->deadline_ms));
}

}  // namespace

// What control itself remembers follows from the snapshot, wherever that came from.
void Control::Engine::begin(store::Revision revision) {
  ports.snapshot.set_revision(revision);
  ports.snapshot.reclaim(ports.snapshot.retire_mark());  // nobody reads yet
  token_counts = ports.snapshot.count_tokens();
  ports.snapshot.for_each_account([&](const policy::AccountView& account) {
    if (const auto at = locks_at(account)) {
      expiries[account.key] = {
          .locks_at = *at, .account_id = std::string(account.id), .announced = 0};
    }
  });
  set_gauges();
}

Outcome<store::Revision> Control::load() {
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  const auto begun = Steady::now();
  policy::Snapshot& snapshot = engine.ports.snapshot;
  Builder builder(snapshot);
  const auto revision = engine.ports.store.load_all(builder);
  if (!revision) return store_failed(revision.error());
  builder.finish();
  engine.begin(*revision);
  log::info("control", "the snapshot is loaded",
            {{"from", "store"},
             {"revision", *revision},
             {"accounts", snapshot.accounts()},
             {"instances", snapshot.instances()},
             {"ms", millis_since(begun)}});
  return *revision;
}

store::Revision Control::catch_up(const CatchUp& since) {
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  policy::Snapshot& snapshot = engine.ports.snapshot;
  for (const std::string& id : since.gone) snapshot.erase_instance(id);
  Builder builder(snapshot);
  for (const auto& account : since.accounts) {
    builder.account(account.row, account.tokens, account.ip_list);
  }
  for (const store::InstanceRow& row : since.instances) builder.instance(row);
  builder.finish();
  engine.begin(since.revision);
  log::info("control", "the snapshot is loaded",
            {{"from", "file"},
             {"revision", since.revision},
             {"accounts", snapshot.accounts()},
             {"instances", snapshot.instances()},
             {"changes_since", since.changes},
             {"ms", millis_since(since.begun)}});
  return since.revision;
}

Result<void, std::string> Control::save_snapshot(const std::filesystem::path& file) {
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  const auto begun = Steady::now();
  policy::Snapshot& snapshot = engine.ports.snapshot;
  snapshot.reclaim(snapshot.retire_mark());
  auto saved = save_snapshot_file(file, engine.ports.store, snapshot);
  if (!saved) return Err<std::string>(std::move(saved.error().why));
  log::info(
      "control", "the snapshot is written",
      {{"file", file.string()}, {"revision", snapshot.revision()}, {"ms", millis_since(begun)}});
  return {};
}

}  // namespace guarita::control
