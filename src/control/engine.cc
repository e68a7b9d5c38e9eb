#include "control/engine.h"

#include <algorithm>

#include "base/log.h"
#include "telemetry/hub.h"

namespace guarita::control {

bool is_live(const store::TokenRow& token) {
  return token.state != store::TokenState::Revoked && token.state != store::TokenState::Expired;
}

policy::AccountPolicy policy_of(const AccountState& state) {
  policy::AccountPolicy result{.enforce = state.row.enforce, .tokens = {}};
  for (const store::TokenRow& token : state.tokens) {
    if (!is_live(token)) continue;
    result.tokens.push_back({.key = token.key,
                             .state = token.state,
                             .expires_at = token.expires_at,
                             .retires_at = token.retires_at});
  }
  std::ranges::sort(result.tokens, {}, &policy::LiveToken::state);
  return result;
}

AccountView view_of(const AccountState& state, Time now) {
  AccountView view{.row = state.row,
                   .mode = policy::mode_of(policy_of(state), now),
                   .tokens = {},
                   .ip_entries = state.ip_list.size()};
  std::ranges::copy_if(state.tokens, std::back_inserter(view.tokens), is_live);
  std::ranges::sort(view.tokens, {}, &store::TokenRow::state);
  return view;
}

Outcome<AccountState> Control::Engine::load_rest(store::AccountRow row) {
  auto tokens = ports.store.tokens(row.key);
  if (!tokens) return store_failed(tokens.error());
  auto ip_list = ports.store.ip_list(row.key);
  if (!ip_list) return store_failed(ip_list.error());
  return AccountState{std::move(row), std::move(*tokens), std::move(*ip_list)};
}

Outcome<AccountState> Control::Engine::load_account(std::string_view id) {
  auto row = ports.store.account_by_id(id);
  if (row) return load_rest(std::move(*row));
  if (row.error().kind == store::StoreErrorKind::NotFound) return account_not_found(id);
  return store_failed(row.error());
}

Outcome<AccountState> Control::Engine::load_account(const AccountKey& key) {
  auto row = ports.store.account(key);
  if (row) return load_rest(std::move(*row));
  if (row.error().kind == store::StoreErrorKind::NotFound) return account_not_found(key.text());
  return store_failed(row.error());
}

Outcome<AccountView> Control::Engine::view(const store::AccountRow& row) {
  return load_rest(row).and_then(
      [this](AccountState&& state) { return Outcome<AccountView>(view_of(state, now())); });
}

Outcome<store::InstanceRow> Control::Engine::load_instance(std::string_view id) {
  auto row = ports.store.instance_by_id(id);
  if (row) return std::move(*row);
  if (row.error().kind == store::StoreErrorKind::NotFound) return instance_not_found(id);
  return store_failed(row.error());
}

store::StoreResult<store::Committed> Control::Engine::apply(const store::Change& change) {
  auto result = ports.store.apply_one(change);
  committed_at = ports.clock.instant();
  return result;
}

Outcome<store::Committed> Control::Engine::commit(const Request& request, store::ChangeBody body,
                                                  std::optional<store::Revision> seen) {
  auto committed = apply(store::Change{
      .actor = request.actor, .at = now(), .body = std::move(body), .if_revision = seen});
  if (!committed) return store_failed(committed.error());
  return *committed;
}

void Control::Engine::publish_account(const AccountState& state,
                                      std::span<const policy::EndedToken> ended) {
  policy::AccountRow row{.key = state.row.key,
                         .id = state.row.id,
                         .enforce = state.row.enforce,
                         .tokens = {},
                         .ip_list = {}};
  const policy::AccountPolicy policy = policy_of(state);
  for (const policy::LiveToken& live : policy.tokens) {
    const auto at = std::ranges::find(state.tokens, live.key, &store::TokenRow::key);
    row.tokens.push_back({at->digest, live.state, policy::deadline_of(live)});
  }
  for (const store::IpEntry& entry : state.ip_list) row.ip_list.push_back(entry.cidr);
  if (ports.snapshot.put_account(row) == 0) {
    log::error("control", "an account does not fit into the snapshot", {{"account", row.id}});
  }
  for (const policy::EndedToken& end : ended) {
    const auto at = std::ranges::find(state.tokens, end.key, &store::TokenRow::key);
    if (at != state.tokens.end()) {
      ports.snapshot.put_dead_token(row.key, at->digest, at->state);
    }
  }
  const auto locks_at = policy::locks_at(policy);
  if (!locks_at) {
    expiries.erase(row.key);
  } else if (Expiry& known = expiries[row.key]; known.locks_at != *locks_at) {
    known = {.locks_at = *locks_at, .account_id = row.id, .announced = 0};
  }
}

void Control::Engine::publish_instance(const store::InstanceRow& row) {
  if (!ports.snapshot.put_instance({row.id, row.account, row.upstream, row.token})) {
    log::error("control", "an instance does not fit into the snapshot", {{"instance", row.id}});
  }
}

Published Control::Engine::published(const store::Committed& committed, Redecide scope) {
  ports.snapshot.set_revision(committed.revision);
  set_gauges();
  return {.revision = committed.revision,
          .committed_at = committed_at,
          .mark = ports.snapshot.retire_mark(),
          .scope = scope};
}

void Control::Engine::count_tokens(std::span<const store::TokenRow> tokens, int sign) {
  for (const store::TokenRow& token : tokens) {
    token_counts[static_cast<std::size_t>(token.state)] += static_cast<std::uint64_t>(sign);
  }
}

void Control::Engine::set_gauges() {
  if (ports.hub == nullptr) return;
  ports.hub->set_store({.revision = ports.snapshot.revision(),
                        .accounts = ports.snapshot.accounts(),
                        .instances = ports.snapshot.instances(),
                        .tokens = token_counts,
                        .barrier_seconds = barrier_seconds,
                        .barriers_incomplete = barriers_incomplete});
}

Redecide Control::Engine::scope_of(const AccountState& state) const {
  return {.account_number = ports.snapshot.account_number(state.row.key), .instance = {}};
}

Receipt Control::Engine::settle(const Published& change, Millis timeout) {
  const BarrierReport report = ports.barrier.pass(change.scope, timeout);
  Receipt receipt{.revision = change.revision, .changed = true, .at = {}, .took = {}};
  fill(receipt, report, change.committed_at);
  receipts.add(receipt, change.mark, change.committed_at,
               report.complete ? nullptr : report.pending);
  const Lock lock(mutex);
  if (report.complete) {
    ports.snapshot.reclaim(change.mark);
    barrier_seconds = static_cast<double>(receipt.took->count()) / 1e6;
  } else {
    ++barriers_incomplete;
    log::warn("control", "a change is not yet in force everywhere",
              {{"revision", change.revision}});
  }
  set_gauges();
  return receipt;
}

Receipt Control::Engine::unchanged(store::Revision revision) {
  refresh_receipts();
  if (auto known = receipts.find(revision)) {
    known->changed = false;
    return *known;
  }
  return {.revision = revision,
          .changed = false,
          .complete = true,
          .nodes = 1,
          .of = 1,
          .at = now(),
          .took = Micros{0},
          .streams_closed = 0};
}

void Control::Engine::refresh_receipts() {
  const std::uint64_t mark = receipts.refresh();
  if (mark == 0) return;
  const Lock lock(mutex);
  ports.snapshot.reclaim(mark);
}

}  // namespace guarita::control
