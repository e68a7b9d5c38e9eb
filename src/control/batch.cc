// A batch under one lock: judged item by item against what is and what the items before will have
// made, then committed together, then published together.
#include "control/batch.h"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <unordered_map>

#include "control/engine.h"

namespace guarita::control {

// REQUIRES: the engine's lock is held while it lives.
struct Control::Engine::Batch {
  Batch(Engine& e, const Request& r, std::size_t items, DryRun d)
      : engine(e), request(r), dry_run(d), results(items, ItemResult::Unchanged) {}

  // An account that an item names, as it will be.
  struct Account {
    AccountState state;  // `ip_list` of an existing one is read when it is changed
    std::vector<store::InstanceTokenDigest> coming;  // instance tokens, not yet in the store
  };
  struct IdHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };
  // A change of its own, and what it does to the snapshot.
  struct Step {
    std::size_t item;
    store::ChangeBody body;
    std::function<void()> publish;
  };

  Engine& engine;
  const Request& request;
  const DryRun dry_run;
  std::vector<ItemResult> results;
  std::vector<ItemError> errors;
  std::optional<Error> broken;  // the store failed: nothing more is tried

  std::unordered_map<std::string, Account, IdHash, std::equal_to<>> accounts;  // that there are
  // Views are into the items.
  boost::unordered_flat_set<std::string_view> asked_accounts;  // one not in `accounts` is none
  boost::unordered_flat_map<std::string_view, store::InstanceRow> instances;
  boost::unordered_flat_set<std::string_view> named_accounts, named_instances;
  Account* last_found = nullptr;  // rows come account by account
  std::string good_upstream;      // the last one that was checked: they repeat

  store::CreateMany many;
  std::vector<std::size_t> many_items;
  std::vector<Step> steps;
  Redecide scope;
  std::optional<store::Committed> last;

  void run(std::span<const BatchItem> items);
  Outcome<BatchDone> end(Lock& lock);

 private:
  Outcome<void> read(std::span<const BatchItem> items);
  bool is_known(std::string_view instance) const;
  Outcome<ItemResult> judge(std::size_t index, const BatchItem& item);
  Outcome<ItemResult> account(std::size_t index, const BatchItem& item);
  Outcome<ItemResult> new_account(std::size_t index, const BatchItem& item);
  Outcome<ItemResult> known_account(std::size_t index, const BatchItem& item, Account& known);
  Outcome<ItemResult> remove_account(const BatchItem& item);
  Outcome<ItemResult> instance(std::size_t index, const BatchItem& item);
  Outcome<ItemResult> new_instance(std::size_t index, const BatchItem& item,
                                   const std::optional<store::InstanceTokenDigest>& token);
  Outcome<ItemResult> known_instance(
      std::size_t index, const BatchItem& item,
      const std::optional<std::optional<store::InstanceTokenDigest>>& token);
  Outcome<ItemResult> remove_instance(std::size_t index, const BatchItem& item);

  Outcome<Account*> find(std::string_view id);   // null: there is none
  Outcome<Account*> owner(std::string_view id);  // one there must be
  Outcome<void> check_instance_token(Account& of,
                                     const std::optional<store::InstanceTokenDigest>& digest);
  Outcome<std::optional<PlannedPolicy>> plan(const Account& of, const BatchItem& item);
  void flush();
  void flush_many(const store::StoreResult<store::Committed>& result);
  void fail_item(std::size_t index, Error error);
  Uuid next_uuid();

  // Randomness for many keys at once: a system call for each was a third of an import.
  std::array<std::uint8_t, 4000> random;
  std::size_t random_used = sizeof random;
};

Uuid Control::Engine::Batch::next_uuid() {
  std::array<std::uint8_t, 10> bytes;
  if (random_used == random.size()) {
    crypto::random_bytes(random);
    random_used = 0;
  }
  std::copy_n(random.begin() + static_cast<std::ptrdiff_t>(random_used), bytes.size(),
              bytes.begin());
  random_used += bytes.size();
  return make_uuid_v7(engine.now(), bytes);
}

void Control::Engine::Batch::fail_item(std::size_t index, Error error) {
  if (results[index] == ItemResult::Failed) return;
  results[index] = ItemResult::Failed;
  errors.push_back({index, std::move(error)});
}

void Control::Engine::Batch::run(std::span<const BatchItem> items) {
  if (auto ok = read(items); !ok) {
    broken = std::move(ok.error());
    return;
  }
  for (std::size_t i = 0; i < items.size() && !broken; ++i) {
    auto judged = judge(i, items[i]);
    if (judged) {
      results[i] = *judged;
    } else if (judged.error().code == ErrorCode::StoreUnavailable) {
      broken = std::move(judged.error());
    } else {
      fail_item(i, std::move(judged.error()));
    }
    if (broken) {
      for (std::size_t rest = i; rest < items.size(); ++rest) fail_item(rest, *broken);
    }
  }
  flush();
}

// The snapshot holds every instance: whoever is not in it is new, and the store is not asked.
bool Control::Engine::Batch::is_known(std::string_view instance) const {
  const policy::Snapshot& snapshot = engine.ports.snapshot;
  return snapshot.find_instance(snapshot.hash_id(instance)).has_value();
}

// All that the items name, in one read: each alone would lock and unlock the database's files.
Outcome<void> Control::Engine::Batch::read(std::span<const BatchItem> items) {
  std::vector<std::string_view> account_ids;
  std::vector<std::string_view> instance_ids;
  const auto ask = [&](std::string_view id) {
    if (!account_ids.empty() && account_ids.back() == id) return;
    if (asked_accounts.insert(id).second) account_ids.push_back(id);
  };
  for (const BatchItem& item : items) {
    if (item.kind == BatchItem::Kind::Account) {
      ask(item.id);
      continue;
    }
    if (item.account_id) ask(*item.account_id);
    if (is_known(item.id)) instance_ids.push_back(item.id);
  }
  auto rows = engine.ports.store.named(account_ids, instance_ids);
  if (!rows) return store_failed(rows.error());
  for (std::size_t i = 0; i < account_ids.size(); ++i) {
    if (!rows->accounts[i]) continue;
    AccountState& state = accounts[std::string(account_ids[i])].state;
    state.row = std::move(rows->accounts[i]->row);
    state.tokens = std::move(rows->accounts[i]->tokens);
  }
  instances.reserve(instance_ids.size());
  many.instances.reserve(items.size() - instance_ids.size());
  for (std::size_t i = 0; i < instance_ids.size(); ++i) {
    if (rows->instances[i]) instances.emplace(instance_ids[i], std::move(*rows->instances[i]));
  }
  return {};
}

Outcome<ItemResult> Control::Engine::Batch::judge(std::size_t index, const BatchItem& item) {
  const bool is_account = item.kind == BatchItem::Kind::Account;
  if (!(is_account ? named_accounts : named_instances).insert(item.id).second) {
    return invalid(is_account ? "account" : "instance", "the batch names it twice");
  }
  return is_account ? account(index, item) : instance(index, item);
}

Outcome<Control::Engine::Batch::Account*> Control::Engine::Batch::find(std::string_view id) {
  if (last_found != nullptr && last_found->state.row.id == id) return last_found;
  if (const auto known = accounts.find(id); known != accounts.end()) {
    return last_found = &known->second;
  }
  if (asked_accounts.contains(id)) return nullptr;
  auto state = engine.load_account(id);  // the owner of an instance that an item names
  if (!state) return Err<Error>(std::move(state.error()));
  Account account{.state = std::move(*state), .coming = {}};
  return last_found = &accounts.emplace(id, std::move(account)).first->second;
}

Outcome<Control::Engine::Batch::Account*> Control::Engine::Batch::owner(std::string_view id) {
  auto found = find(id);
  if (found && *found == nullptr) return account_not_found(id);
  return found;
}

// Also against what this batch brings.
Outcome<void> Control::Engine::Batch::check_instance_token(
    Account& of, const std::optional<store::InstanceTokenDigest>& digest) {
  if (!digest) return {};
  if (auto ok = engine.check_instance_token(of.state, digest); !ok) return ok;
  of.coming.push_back(*digest);
  return {};
}

// ---- accounts ---------------------------------------------------------------------------------

Outcome<ItemResult> Control::Engine::Batch::account(std::size_t index, const BatchItem& item) {
  if (item.remove) return remove_account(item);
  if (item.name) {
    if (auto ok = check_name(*item.name); !ok) return Err<Error>(ok.error());
  }
  auto found = find(item.id);
  if (!found) return Err<Error>(found.error());
  return *found == nullptr ? new_account(index, item) : known_account(index, item, **found);
}

// The verbs that bring the account's token and its bit to what the item says.
Outcome<std::optional<PlannedPolicy>> Control::Engine::Batch::plan(const Account& of,
                                                                   const BatchItem& item) {
  std::optional<PlannedPolicy> planned;
  const auto has = [&](const store::TokenRow& token) {
    return is_live(token) && crypto::equal(token.digest, *item.account_token);
  };
  if (item.account_token && std::ranges::none_of(of.state.tokens, has)) {
    if (auto ok = engine.check_new_token(of.state, *item.account_token); !ok) {
      return Err<Error>(ok.error());
    }
    for (const store::InstanceTokenDigest& digest : of.coming) {
      if (!std::ranges::equal(digest, std::span(*item.account_token).first(digest.size())))
        continue;
      return fail(ErrorCode::TokenIsInstanceToken,
                  "an instance of this account has that text as its instance token");
    }
    store::TokenRow row;
    row.key = {next_uuid()};
    row.account = of.state.row.key;
    row.digest = *item.account_token;
    row.created_at = engine.now();
    auto made = engine.plan_policy(of.state, "token.generate",
                                   policy::Generate{{.key = row.key, .expires_at = {}}}, &row);
    if (!made) return made;
    planned = std::move(*made);
  }
  if (!item.enforce) return planned;
  const AccountState& before = planned ? planned->after : of.state;
  auto active = engine.plan_policy(before, "token.activate", policy::Activate{}, nullptr);
  if (!active || !*active) {
    if (!active) return active;
    return planned;
  }
  if (!planned) return active;
  planned->after = std::move((*active)->after);
  planned->body.enforce = planned->after.row.enforce;
  return planned;
}

Outcome<ItemResult> Control::Engine::Batch::new_account(std::size_t index, const BatchItem& item) {
  if (auto ok = check_account_id(item.id); !ok) return Err<Error>(ok.error());
  Account fresh;
  store::AccountRow& row = fresh.state.row;
  row.key = {next_uuid()};
  row.id = item.id;
  row.name = item.name.value_or("");
  row.created_at = engine.now();
  const auto planned = plan(fresh, item);
  if (!planned) return Err<Error>(planned.error());
  if (*planned) fresh.state = (*planned)->after;
  store::CreateMany::Account made{
      .key = row.key, .id = row.id, .name = row.name, .enforce = row.enforce, .token = {}};
  if (!fresh.state.tokens.empty()) made.token = fresh.state.tokens.front();
  many.accounts.push_back(std::move(made));
  many_items.push_back(index);
  accounts.emplace(item.id, std::move(fresh));
  return ItemResult::Created;
}

Outcome<ItemResult> Control::Engine::Batch::known_account(std::size_t index, const BatchItem& item,
                                                          Account& known) {
  ItemResult result = ItemResult::Unchanged;
  if (item.account_token || item.enforce) {
    auto planned = plan(known, item);
    if (!planned) return Err<Error>(planned.error());
    if (*planned) {
      auto ip_list = engine.ports.store.ip_list(known.state.row.key);
      if (!ip_list) return store_failed(ip_list.error());
      known.state.ip_list = *ip_list;
      (*planned)->after.ip_list = std::move(*ip_list);
      const auto plan = std::make_shared<PlannedPolicy>(std::move(**planned));
      const auto before = std::make_shared<AccountState>(std::move(known.state));
      known.state = plan->after;
      steps.push_back({index, plan->body, [this, plan, before] {
                         engine.publish_policy(*before, *plan);
                         scope.accounts.push_back(*engine.scope_of(plan->after).account_number);
                       }});
      result = ItemResult::Updated;
    }
  }
  if (item.name && *item.name != known.state.row.name) {
    known.state.row.name = *item.name;
    steps.push_back({index, store::RenameAccount{known.state.row.key, *item.name}, [] {}});
    result = ItemResult::Updated;
  }
  return result;
}

Outcome<ItemResult> Control::Engine::Batch::remove_account(const BatchItem& item) {
  const auto cascade = item.cascade ? store::Cascade::DeleteInstances : store::Cascade::Refuse;
  if (dry_run == DryRun::No) flush();  // what it owns by then counts
  if (broken) return Err<Error>(*broken);
  auto found = find(item.id);
  if (!found) return Err<Error>(found.error());
  if (*found == nullptr) return ItemResult::Unchanged;
  auto state = engine.load_rest((*found)->state.row);
  if (!state) return Err<Error>(state.error());
  if (dry_run == DryRun::Yes) {
    const auto deletable = engine.check_deletable(*state, cascade);
    if (!deletable) return Err<Error>(deletable.error());
    return ItemResult::Deleted;
  }
  auto present = engine.ports.store.account(state->row.key);  // at the revision that flush() made
  if (!present) return store_failed(present.error());
  state->row = std::move(*present);
  const auto gone = engine.remove_account(request, *state, cascade);
  if (!gone) return Err<Error>(gone.error());
  last = store::Committed{.revision = gone->revision, .at = {}, .head = {}};
  if (gone->scope.account_number) scope.accounts.push_back(*gone->scope.account_number);
  accounts.erase(item.id);
  last_found = nullptr;
  return ItemResult::Deleted;
}

// ---- instances --------------------------------------------------------------------------------

Outcome<ItemResult> Control::Engine::Batch::instance(std::size_t index, const BatchItem& item) {
  if (item.remove) return remove_instance(index, item);
  if (item.name) {
    if (auto ok = check_name(*item.name); !ok) return Err<Error>(ok.error());
  }
  if (item.upstream && *item.upstream != good_upstream) {
    if (auto ok = check_upstream(engine.options, *item.upstream); !ok) {
      return Err<Error>(ok.error());
    }
    good_upstream = *item.upstream;
  }
  std::optional<std::optional<store::InstanceTokenDigest>> token;
  if (item.instance_token) {
    const auto digest = digest_of(*item.instance_token);
    if (!digest) return Err<Error>(digest.error());
    token = *digest;
  } else if (item.instance_token_digest) {
    token.emplace(*item.instance_token_digest);
  }
  return is_known(item.id) ? known_instance(index, item, token)
                           : new_instance(index, item, token.value_or(std::nullopt));
}

Outcome<ItemResult> Control::Engine::Batch::new_instance(
    std::size_t index, const BatchItem& item,
    const std::optional<store::InstanceTokenDigest>& token) {
  if (auto ok = check_instance_id(item.id); !ok) return Err<Error>(ok.error());
  if (!item.account_id) return invalid("account", "a new instance names its account");
  auto owning = owner(*item.account_id);
  if (!owning) return Err<Error>(owning.error());
  if (auto ok = check_instance_token(**owning, token); !ok) return Err<Error>(ok.error());
  many.instances.push_back({.key = {next_uuid()},
                            .id = item.id,
                            .account = (*owning)->state.row.key,
                            .name = item.name.value_or(""),
                            .upstream = item.upstream.value_or(""),
                            .token = token});
  many_items.push_back(index);
  return ItemResult::Created;
}

Outcome<ItemResult> Control::Engine::Batch::known_instance(
    std::size_t index, const BatchItem& item,
    const std::optional<std::optional<store::InstanceTokenDigest>>& token) {
  const auto found = instances.find(item.id);
  if (found == instances.end()) return instance_not_found(item.id);
  const store::InstanceRow* const row = &found->second;
  auto from = owner(row->account_id);
  if (!from) return Err<Error>(from.error());
  auto to = item.account_id ? owner(*item.account_id) : from;
  if (!to) return Err<Error>(to.error());
  const bool moves = *from != *to;
  store::InstanceRow after = *row;
  after.name = item.name.value_or(row->name);
  after.upstream = item.upstream.value_or(row->upstream);
  after.token = token.value_or(row->token);
  const bool changes =
      after.name != row->name || after.upstream != row->upstream || after.token != row->token;
  if (!moves && !changes) return ItemResult::Unchanged;
  if (moves) {
    const auto force = item.force ? Force::Yes : Force::No;
    auto ok = check_moving_opens_nothing((*from)->state.row, (*to)->state.row, force);
    if (!ok) return Err<Error>(ok.error());
    after.account = (*to)->state.row.key;
    after.account_id = (*to)->state.row.id;
  }
  if (moves || after.token != row->token) {
    if (auto ok = check_instance_token(**to, after.token); !ok) return Err<Error>(ok.error());
  }
  const auto publish = [this, after] {
    engine.publish_instance(after);
    scope.instances.push_back(engine.ports.snapshot.hash_id(after.id));
  };
  if (moves) steps.push_back({index, store::MoveInstance{row->key, after.account}, publish});
  if (changes) {
    store::UpdateInstance update{.instance = row->key, .name = {}, .upstream = {}, .token = {}};
    if (after.name != row->name) update.name = after.name;
    if (after.upstream != row->upstream) update.upstream = after.upstream;
    if (after.token != row->token) update.token = after.token;
    steps.push_back({index, std::move(update), publish});
  }
  return ItemResult::Updated;
}

Outcome<ItemResult> Control::Engine::Batch::remove_instance(std::size_t index,
                                                            const BatchItem& item) {
  if (!is_known(item.id)) return ItemResult::Unchanged;
  const auto found = instances.find(item.id);
  if (found == instances.end()) return instance_not_found(item.id);
  const store::InstanceRow* const row = &found->second;
  auto owning = owner(row->account_id);
  if (!owning) return Err<Error>(owning.error());
  if (auto ok = engine.check_deleting_opens_nothing((*owning)->state); !ok) {
    return Err<Error>(ok.error());
  }
  steps.push_back({index, store::DeleteInstance{row->key}, [this, id = row->id] {
                     engine.ports.snapshot.erase_instance(id);
                     scope.instances.push_back(engine.ports.snapshot.hash_id(id));
                   }});
  return ItemResult::Deleted;
}

// ---- commit and publish -----------------------------------------------------------------------

void Control::Engine::Batch::flush_many(const store::StoreResult<store::Committed>& result) {
  if (!result) {  // against all that was checked
    const Error error = store_failed(result.error()).error();
    for (const std::size_t item : many_items) fail_item(item, error);
    return;
  }
  last = *result;
  for (const store::CreateMany::Account& made : many.accounts) {
    const AccountState& state = accounts.find(made.id)->second.state;
    engine.publish_account(state, {});
    engine.count_tokens(state.tokens, +1);
  }
  // An instance that was unknown may have open exchanges only where those pass.
  const bool were_open = engine.unknown_instance == UnknownInstance::Allow;
  for (store::CreateInstance& made : many.instances) {
    store::InstanceRow row;
    row.id = std::move(made.id);
    row.account = made.account;
    row.upstream = std::move(made.upstream);
    row.token = made.token;
    engine.publish_instance(row);
    if (were_open) scope.instances.push_back(engine.ports.snapshot.hash_id(row.id));
  }
}

void Control::Engine::Batch::flush() {
  if (dry_run == DryRun::Yes || (many_items.empty() && steps.empty())) return;
  std::vector<store::Change> changes;
  const auto add = [&](store::ChangeBody body) {
    changes.push_back({.actor = request.actor, .at = engine.now(), .body = std::move(body)});
  };
  const bool with_many = !many_items.empty();
  if (with_many) add(std::move(many));
  for (Step& step : steps) add(std::move(step.body));
  const auto outcomes = engine.ports.store.apply(changes);
  engine.committed_at = engine.ports.clock.instant();
  if (std::ranges::none_of(outcomes, [](const auto& one) { return one.has_value(); })) {
    broken = store_failed(outcomes.front().error()).error();
  }
  std::size_t at = 0;
  if (with_many) {
    many = std::get<store::CreateMany>(std::move(changes.front().body));
    flush_many(outcomes[at++]);
  }
  for (const Step& step : steps) {
    const auto& outcome = outcomes[at++];
    if (outcome) {
      last = *outcome;
      step.publish();
    } else {
      fail_item(step.item, store_failed(outcome.error()).error());
    }
  }
  if (last) engine.ports.snapshot.set_revision(last->revision);
  many = {};
  many_items.clear();
  steps.clear();
}

Outcome<BatchDone> Control::Engine::Batch::end(Lock& lock) {
  if (broken && !last) return Err<Error>(*broken);
  std::ranges::sort(errors, {}, &ItemError::index);
  BatchDone done{.results = std::move(results), .errors = std::move(errors), .receipt = {}};
  if (!last) {
    const store::Revision present = engine.ports.snapshot.revision();
    lock.unlock();
    done.receipt = engine.unchanged(present);
    return done;
  }
  const Published change = engine.published(*last, std::move(scope));
  lock.unlock();
  done.receipt = engine.settle(change);
  return done;
}

Outcome<BatchDone> Control::apply_batch(const Request& request, std::span<const BatchItem> items,
                                        DryRun dry_run) {
  if (items.size() > kBatchItemsMax) {
    return invalid("items", "a batch has at most " + std::to_string(kBatchItemsMax) + " items");
  }
  Engine::Lock lock(engine_->mutex);
  Engine::Batch batch(*engine_, request, items.size(), dry_run);
  batch.run(items);
  return batch.end(lock);
}

}  // namespace guarita::control
