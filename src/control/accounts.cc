// Accounts, and their bit `enforce`.
#include <algorithm>

#include "control/engine.h"

namespace guarita::control {
namespace {

Outcome<void> refuse_when_locked(const AccountState& state, Time now) {
  if (policy::mode_of(policy_of(state), now) != policy::Mode::Locked) return {};
  return fail(ErrorCode::ConfirmationRequired,
              "account '" + state.row.id +
                  "' is locked: deactivating lets every request pass, with or without token");
}

}  // namespace

Outcome<store::Page<AccountView>> Control::accounts(const store::PageRequest& page,
                                                    const store::AccountFilter& filter) {
  auto rows = engine_->ports.store.accounts(filter, page);
  if (!rows) return store_failed(rows.error());
  store::Page<AccountView> result{.rows = {}, .next = std::move(rows->next)};
  for (const store::AccountRow& row : rows->rows) {
    auto view = engine_->view(row);
    if (!view) return Err<Error>(view.error());
    result.rows.push_back(std::move(*view));
  }
  return result;
}

Outcome<store::Page<store::AccountRow>> Control::account_rows(const store::PageRequest& page) {
  auto rows = engine_->ports.store.accounts({}, page);
  if (!rows) return store_failed(rows.error());
  return std::move(*rows);
}

Outcome<AccountView> Control::account(std::string_view id) {
  return engine_->load_account(id).and_then([this](AccountState&& state) {
    return Outcome<AccountView>(view_of(state, engine_->now()));
  });
}

Outcome<Done<AccountView>> Control::create_account(const Request& request, std::string id,
                                                   std::string name) {
  if (auto ok = check_account_id(id); !ok) return Err<Error>(ok.error());
  if (auto ok = check_name(name); !ok) return Err<Error>(ok.error());
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  AccountState state;
  state.row.key = {crypto::random_uuid_v7(engine.now())};
  state.row.id = std::move(id);
  state.row.name = std::move(name);
  state.row.created_at = engine.now();
  auto committed =
      engine.apply({.actor = request.actor,
                    .at = state.row.created_at,
                    .body = store::CreateAccount{state.row.key, state.row.id, state.row.name}});
  if (!committed && committed.error().kind == store::StoreErrorKind::AlreadyExists) {
    return fail(ErrorCode::AccountExists, "there is already an account '" + state.row.id + "'");
  }
  if (!committed) return store_failed(committed.error());
  state.row.revision = committed->revision;
  engine.publish_account(state, {});
  const Published change = engine.published(*committed, {});
  lock.unlock();
  return Done<AccountView>{view_of(state, engine.now()), engine.settle(change)};
}

Outcome<Done<AccountView>> Control::rename_account(const Request& request, std::string_view id,
                                                   std::string name) {
  if (auto ok = check_name(name); !ok) return Err<Error>(ok.error());
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  if (state->row.name == name) {
    lock.unlock();
    return Done<AccountView>{view_of(*state, engine.now()), engine.unchanged(state->row.revision)};
  }
  const auto committed =
      engine.commit(request, store::RenameAccount{state->row.key, name}, state->row.revision);
  if (!committed) return Err<Error>(committed.error());
  state->row.name = std::move(name);
  state->row.revision = committed->revision;
  engine.publish_account(*state, {});
  const Published change = engine.published(*committed, {});
  lock.unlock();
  return Done<AccountView>{view_of(*state, engine.now()), engine.settle(change)};
}

Outcome<std::vector<std::string>> Control::Engine::check_deletable(const AccountState& state,
                                                                   store::Cascade cascade) {
  std::vector<std::string> instances;
  store::PageRequest page{.cursor = {}, .limit = store::kPageRowsMax};
  do {
    auto rows = ports.store.instances({.account = state.row.key, .search = {}}, page);
    if (!rows) return store_failed(rows.error());
    for (store::InstanceRow& row : rows->rows) instances.push_back(std::move(row.id));
    page.cursor = rows->next;
  } while (!page.cursor.empty());
  if (instances.empty()) return instances;
  if (cascade == store::Cascade::Refuse) {
    return fail(ErrorCode::AccountOwnsInstances,
                "account '" + state.row.id + "' owns " + std::to_string(instances.size()) +
                    (instances.size() == 1 ? " instance" : " instances"));
  }
  if (auto ok = check_deleting_opens_nothing(state); !ok) return Err<Error>(ok.error());
  return instances;
}

Outcome<Published> Control::Engine::remove_account(const Request& request,
                                                   const AccountState& state,
                                                   store::Cascade cascade) {
  // Read before the commit: what is published afterwards must not depend on a read.
  const auto instances = check_deletable(state, cascade);
  if (!instances) return Err<Error>(instances.error());
  const auto committed =
      commit(request, store::DeleteAccount{state.row.key, cascade}, state.row.revision);
  if (!committed) return Err<Error>(committed.error());
  const Redecide scope = scope_of(state);
  ports.snapshot.erase_account(state.row.key);
  for (const std::string& instance : *instances) ports.snapshot.erase_instance(instance);
  expiries.erase(state.row.key);
  count_tokens(state.tokens, -1);
  return published(*committed, scope);
}

Outcome<Done<Nothing>> Control::delete_account(const Request& request, std::string_view id,
                                               store::Cascade cascade) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  const auto change = engine.remove_account(request, *state, cascade);
  if (!change) return Err<Error>(change.error());
  lock.unlock();
  return Done<Nothing>{{}, engine.settle(*change)};
}

Outcome<Done<AccountView>> Control::activate(const Request& request, std::string_view id) {
  return engine_->verb(request, id, "token.activate", policy::Activate{});
}

Outcome<Done<AccountView>> Control::deactivate(const Request& request, std::string_view id,
                                               Confirm confirm) {
  return engine_->verb(request, id, "token.deactivate", policy::Deactivate{},
                       confirm == Confirm::No ? &refuse_when_locked : nullptr);
}

}  // namespace guarita::control
