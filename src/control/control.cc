#include "control/control.h"

#include <algorithm>

#include "base/log.h"
#include "control/engine.h"

namespace guarita::control {
namespace {

// The writer's calls for every row of the store. REQUIRES: the engine's lock is held.
class Loader final : public store::SnapshotVisitor {
 public:
  explicit Loader(std::function<void(const AccountState&)> account,
                  std::function<void(const store::InstanceRow&)> instance)
      : account_(std::move(account)), instance_(std::move(instance)) {}

  void account(const store::AccountRow& row, std::span<const store::TokenRow> tokens,
               std::span<const store::IpEntry> ip_list) override {
    state_.row = row;
    state_.tokens.assign(tokens.begin(), tokens.end());
    state_.ip_list.assign(ip_list.begin(), ip_list.end());
    account_(state_);
  }
  void instance(const store::InstanceRow& row) override { instance_(row); }

 private:
  AccountState state_;
  std::function<void(const AccountState&)> account_;
  std::function<void(const store::InstanceRow&)> instance_;
};

}  // namespace

Control::Control(Options options, Ports ports)
    : engine_(std::make_unique<Engine>(std::move(options), ports)) {
  engine_->unknown_instance = engine_->options.unknown_instance;
  engine_->started_at = ports.clock.now();
}

Control::~Control() = default;

Outcome<store::Revision> Control::load() {
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  Loader loader(
      [&](const AccountState& state) {
        std::vector<policy::EndedToken> ended;
        for (const store::TokenRow& token : state.tokens) {
          if (!is_live(token)) ended.push_back({.key = token.key, .end = token.state, .at = {}});
        }
        engine.publish_account(state, ended);
        engine.count_tokens(state.tokens, +1);
      },
      [&](const store::InstanceRow& row) { engine.publish_instance(row); });
  const auto revision = engine.ports.store.load_all(loader);
  if (!revision) return store_failed(revision.error());
  engine.ports.snapshot.set_revision(*revision);
  engine.set_gauges();
  log::info("control", "the snapshot is loaded",
            {{"revision", *revision},
             {"accounts", engine.ports.snapshot.accounts()},
             {"instances", engine.ports.snapshot.instances()}});
  return *revision;
}

void Control::set_unknown_instance(UnknownInstance policy) {
  const Engine::Lock lock(engine_->mutex);
  engine_->unknown_instance = policy;
}

Outcome<store::Page<store::AuditRow>> Control::audit(const store::PageRequest& page,
                                                     const store::AuditFilter& filter) {
  auto rows = engine_->ports.store.audit(filter, page);
  if (!rows) return store_failed(rows.error());
  return std::move(*rows);
}

store::StoreResult<store::Committed> Control::apply(const store::Actor& actor,
                                                    store::ChangeBody body) {
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  auto committed = engine.ports.store.apply_one(
      {.actor = actor, .at = engine.now(), .body = std::move(body), .if_revision = {}});
  if (!committed) return committed;
  engine.ports.snapshot.set_revision(committed->revision);
  engine.set_gauges();
  return committed;
}

Outcome<store::AuditReport> Control::verify_audit(const std::optional<crypto::Digest>& head) {
  auto report = engine_->ports.store.verify_audit(head);
  if (!report) return store_failed(report.error());
  return std::move(*report);
}

Outcome<store::Page<store::UnknownInstanceRow>> Control::unknown_instances(
    const store::PageRequest& page) {
  auto rows = engine_->ports.store.unknown_instances(page);
  if (!rows) return store_failed(rows.error());
  return std::move(*rows);
}

Outcome<Receipt> Control::receipt(store::Revision revision) {
  engine_->refresh_receipts();
  if (auto known = engine_->receipts.find(revision)) return *known;
  return fail(ErrorCode::ReceiptNotFound,
              "no receipt of revision " + std::to_string(revision) + " is remembered");
}

Status Control::status() {
  Engine& engine = *engine_;
  engine.refresh_receipts();
  const auto pending = engine.receipts.oldest_pending();
  const Engine::Lock lock(engine.mutex);
  const auto revision = engine.ports.snapshot.revision();
  return {.revision = revision,
          .in_force = pending ? *pending - 1 : revision,
          .started_at = engine.started_at,
          .now = engine.now(),
          .accounts = engine.ports.snapshot.accounts(),
          .instances = engine.ports.snapshot.instances(),
          .receipts_pending = engine.receipts.pending(),
          .unknown_instance = engine.unknown_instance};
}

}  // namespace guarita::control
