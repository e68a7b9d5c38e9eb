#include "control/control.h"

#include <algorithm>

#include "base/log.h"
#include "control/engine.h"

namespace guarita::control {

Control::Control(Options options, Ports ports)
    : engine_(std::make_unique<Engine>(std::move(options), ports)) {
  engine_->unknown_instance = engine_->options.unknown_instance;
  engine_->started_at = ports.clock.now();
}

Control::~Control() = default;

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
