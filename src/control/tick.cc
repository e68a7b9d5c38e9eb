// What time alone brings about.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "control/engine.h"
#include "policy/classify.h"
#include "telemetry/hub.h"

namespace guarita::control {
namespace {

// A tick must not wait long for a data plane that is stuck: its receipts are finished later.
constexpr Millis kTickBarrierTimeout{200};
constexpr std::size_t kExpiriesPerTickMax = 256;
constexpr Millis kPruneEvery = std::chrono::hours(1);
constexpr Millis kCountersKept = std::chrono::hours(24 * 90);
constexpr Millis kUnknownKept = std::chrono::hours(24 * 30);
constexpr Millis kEndedKept = std::chrono::hours(24);  // sessions and links that are over

struct Warning {
  Millis ahead;
  std::string_view text;
};
constexpr Warning kWarnings[] = {{std::chrono::hours(24 * 7), "7d"},
                                 {std::chrono::hours(24), "1d"},
                                 {std::chrono::hours(1), "1h"}};

Request system_request() {
  return {.actor = {.kind = store::ActorKind::System,
                    .name = "tick",
                    .address = {},
                    .email = {},
                    .request_id = {}},
          .if_revision = {}};
}

}  // namespace

void Control::Engine::expire_due() {
  const auto due = ports.store.due_tokens(now());
  if (!due) {
    log::error("control", "expiries not read", {{"internal", due.error().internal}});
    return;
  }
  std::set<AccountKey> accounts;
  for (const store::TokenRow& token : *due) accounts.insert(token.account);
  std::vector<Published> changes;
  for (const AccountKey& key : accounts) {
    if (changes.size() == kExpiriesPerTickMax) break;
    const Lock lock(mutex);
    auto state = load_account(key);
    if (!state) continue;
    const auto change =
        change_policy(system_request(), *state, "token.expire", policy::Expire{}, nullptr);
    if (!change || !*change) continue;
    changes.push_back(**change);
    const AccountView view = view_of(*state, now());
    if (view.mode == policy::Mode::Locked) {
      log::warn("control", "the last token has expired: the account is locked",
                {{"account", view.row.id}});
    } else {
      log::info("control", "a token has expired", {{"account", view.row.id}});
    }
  }
  for (const Published& change : changes) std::ignore = settle(change, kTickBarrierTimeout);
}

// Warnings that were due before this process began are repeated in its log, but not in the audit.
void Control::Engine::announce() {
  const Lock lock(mutex);
  const Time at = now();
  std::vector<std::pair<AccountKey, std::string_view>> audited;
  for (auto& [key, expiry] : expiries) {
    unsigned stage = 0;
    for (unsigned i = 0; i < std::size(kWarnings); ++i) {
      if (at >= expiry.locks_at - kWarnings[i].ahead) stage = i + 1;
    }
    if (stage <= expiry.announced) continue;
    expiry.announced = stage;
    const Warning& warning = kWarnings[stage - 1];
    log::warn("control", "the account will be locked when its last token expires",
              {{"account", expiry.account_id},
               {"within", warning.text},
               {"at", format_rfc3339(expiry.locks_at)},
               {"remedy", "guarita token rotate " + expiry.account_id}});
    if (started_at < expiry.locks_at - warning.ahead) audited.emplace_back(key, warning.text);
  }
  for (const auto& [key, text] : audited) {
    auto state = load_account(key);
    if (!state) continue;
    const auto committed = commit(system_request(),
                                  store::ChangePolicy{.account = key,
                                                      .verb = "token.expiry_announced",
                                                      .enforce = state->row.enforce,
                                                      .upserts = {},
                                                      .ended = {}},
                                  state->row.revision);
    if (!committed) continue;
    state->row.revision = committed->revision;
    publish_account(*state, {});
    std::ignore = published(*committed, {});
  }
}

void Control::Engine::prune() {
  const Time at = now();
  if (at < next_prune) return;
  next_prune = at + kPruneEvery;
  const auto done = ports.store.prune({.counters_before = at - kCountersKept,
                                       .unknown_before = at - kUnknownKept,
                                       .personal_before = {},
                                       .changes_until = {},
                                       .ended_before = at - kEndedKept});
  if (!done) log::warn("control", "old rows not removed", {{"internal", done.error().internal}});
  const auto forgotten = ports.store.forget_callers(at - kCallersWindow);
  if (!forgotten) {
    log::warn("control", "callers not forgotten", {{"internal", forgotten.error().internal}});
  }
}

void Control::tick() {
  if (auto ok = engine_->ports.store.save_mark(); !ok) {
    log::error("control", "high-water file", {{"internal", ok.error().internal}});
  }
  engine_->expire_due();
  engine_->announce();
  engine_->books.tick();
  engine_->refresh_receipts();
  engine_->prune();
}

void Control::keep_counters() {
  engine_->books.flush();
}

}  // namespace guarita::control
