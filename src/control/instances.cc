// Instances: whose they are, where they are, and their own token.
#include <algorithm>

#include "control/engine.h"

namespace guarita::control {
namespace {

constexpr std::size_t kUpstreamBytesMax = 2048;
constexpr std::size_t kInstanceTokenBytes = 256;

}  // namespace

Outcome<void> check_upstream(const Options& options, std::string_view upstream) {
  if (upstream.size() > kUpstreamBytesMax) {
    return invalid("upstream", "an upstream has at most 2048 bytes");
  }
  if (upstream.empty() || !options.check_upstream) return {};
  std::string problem = options.check_upstream(upstream);
  if (problem.empty()) return {};
  return invalid("upstream", std::move(problem));
}

Outcome<std::optional<store::InstanceTokenDigest>> digest_of(const std::optional<Secret>& token) {
  if (!token) return std::optional<store::InstanceTokenDigest>();
  const std::string_view text = token->reveal();
  if (text.empty() || text.size() > kInstanceTokenBytes) {
    return invalid("instance_token", "an instance token has 1 to 256 bytes");
  }
  return std::optional(policy::instance_token_digest(text));
}

namespace {

Redecide scope_of_instance(const policy::Snapshot& snapshot, std::string_view id) {
  return {.account_number = {}, .instance = snapshot.hash_id(id)};
}

}  // namespace

// The token of the account in the URL of every request would be a token told to everyone.
Outcome<void> Control::Engine::check_instance_token(
    const AccountState& state, const std::optional<store::InstanceTokenDigest>& digest) {
  if (!digest) return {};
  for (const store::TokenRow& token : state.tokens) {
    if (std::ranges::equal(std::span(token.digest).first(digest->size()), *digest)) {
      return fail(ErrorCode::TokenIsInstanceToken,
                  "account '" + state.row.id + "' has or had that text as its token");
    }
  }
  return {};
}

Outcome<store::Page<store::InstanceRow>> Control::instances(const InstanceQuery& query) {
  store::InstanceFilter filter{.account = {}, .search = query.search};
  if (query.account_id) {
    const auto state = engine_->ports.store.account_by_id(*query.account_id);
    if (!state && state.error().kind == store::StoreErrorKind::NotFound) {
      return account_not_found(*query.account_id);
    }
    if (!state) return store_failed(state.error());
    filter.account = state->key;
  }
  auto rows = engine_->ports.store.instances(filter, query.page);
  if (!rows) return store_failed(rows.error());
  return std::move(*rows);
}

Outcome<store::InstanceRow> Control::instance(std::string_view id) {
  return engine_->load_instance(id);
}

Outcome<Done<store::InstanceRow>> Control::create_instance(const Request& request,
                                                           NewInstance instance) {
  Engine& engine = *engine_;
  if (auto ok = check_instance_id(instance.id); !ok) return Err<Error>(ok.error());
  if (auto ok = check_name(instance.name); !ok) return Err<Error>(ok.error());
  if (auto ok = check_upstream(engine.options, instance.upstream); !ok) {
    return Err<Error>(ok.error());
  }
  const auto digest = digest_of(instance.instance_token);
  if (!digest) return Err<Error>(digest.error());

  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(instance.account_id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  if (auto ok = engine.check_instance_token(*state, *digest); !ok) return Err<Error>(ok.error());
  store::InstanceRow row{.key = {crypto::random_uuid_v7(engine.now())},
                         .id = std::move(instance.id),
                         .account = state->row.key,
                         .account_id = state->row.id,
                         .name = std::move(instance.name),
                         .upstream = std::move(instance.upstream),
                         .token = *digest,
                         .revision = 0,
                         .created_at = engine.now()};
  auto committed = engine.apply({.actor = request.actor,
                                 .at = row.created_at,
                                 .body = store::CreateInstance{row.key, row.id, row.account,
                                                               row.name, row.upstream, row.token},
                                 .if_revision = request.if_revision});
  if (!committed && committed.error().kind == store::StoreErrorKind::AlreadyExists) {
    return fail(ErrorCode::InstanceExists, "there is already an instance '" + row.id + "'");
  }
  if (!committed) return store_failed(committed.error());
  row.revision = committed->revision;
  engine.publish_instance(row);
  const Published change =
      engine.published(*committed, scope_of_instance(engine.ports.snapshot, row.id));
  lock.unlock();
  return Done<store::InstanceRow>{std::move(row), engine.settle(change)};
}

Outcome<Done<store::InstanceRow>> Control::update_instance(const Request& request,
                                                           std::string_view id,
                                                           InstanceUpdate update) {
  Engine& engine = *engine_;
  if (update.name) {
    if (auto ok = check_name(*update.name); !ok) return Err<Error>(ok.error());
  }
  if (update.upstream) {
    if (auto ok = check_upstream(engine.options, *update.upstream); !ok) {
      return Err<Error>(ok.error());
    }
  }
  std::optional<std::optional<store::InstanceTokenDigest>> token;
  if (update.instance_token) {
    const auto digest = digest_of(*update.instance_token);
    if (!digest) return Err<Error>(digest.error());
    token = *digest;
  }

  Engine::Lock lock(engine.mutex);
  auto row = engine.load_instance(id);
  if (!row) return Err<Error>(row.error());
  auto state = engine.load_account(row->account);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  if (token) {
    if (auto ok = engine.check_instance_token(*state, *token); !ok) return Err<Error>(ok.error());
  }
  store::InstanceRow after = *row;
  if (update.name) after.name = *update.name;
  if (update.upstream) after.upstream = *update.upstream;
  if (token) after.token = *token;
  if (after.name == row->name && after.upstream == row->upstream && after.token == row->token) {
    lock.unlock();
    return Done<store::InstanceRow>{std::move(*row), engine.unchanged(row->revision)};
  }
  const auto committed = engine.commit(
      request,
      store::UpdateInstance{row->key, std::move(update.name), std::move(update.upstream), token},
      request.if_revision);
  if (!committed) return Err<Error>(committed.error());
  after.revision = committed->revision;
  engine.publish_instance(after);
  const Published change =
      engine.published(*committed, scope_of_instance(engine.ports.snapshot, after.id));
  lock.unlock();
  return Done<store::InstanceRow>{std::move(after), engine.settle(change)};
}

Outcome<void> check_moving_opens_nothing(const store::AccountRow& from, const store::AccountRow& to,
                                         Force force) {
  if (!from.enforce || to.enforce || force == Force::Yes) return {};
  return fail(ErrorCode::WouldOpen, "account '" + from.id + "' enforces its token and '" + to.id +
                                        "' does not: the instance would be open");
}

Outcome<Done<store::InstanceRow>> Control::move_instance(const Request& request,
                                                         std::string_view id,
                                                         std::string_view to_account, Force force) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto row = engine.load_instance(id);
  if (!row) return Err<Error>(row.error());
  auto from = engine.load_account(row->account);
  if (!from) return Err<Error>(from.error());
  auto to = engine.load_account(to_account);
  if (!to) return Err<Error>(to.error());
  if (auto seen = check_seen(request, from->row.revision); !seen) return Err<Error>(seen.error());
  if (from->row.key == to->row.key) {
    lock.unlock();
    return Done<store::InstanceRow>{std::move(*row), engine.unchanged(row->revision)};
  }
  if (auto ok = check_moving_opens_nothing(from->row, to->row, force); !ok) {
    return Err<Error>(ok.error());
  }
  if (auto ok = engine.check_instance_token(*to, row->token); !ok) return Err<Error>(ok.error());
  const auto committed =
      engine.commit(request, store::MoveInstance{row->key, to->row.key}, from->row.revision);
  if (!committed) return Err<Error>(committed.error());
  row->account = to->row.key;
  row->account_id = to->row.id;
  row->revision = committed->revision;
  engine.publish_instance(*row);
  const Published change =
      engine.published(*committed, scope_of_instance(engine.ports.snapshot, row->id));
  lock.unlock();
  return Done<store::InstanceRow>{std::move(*row), engine.settle(change)};
}

Outcome<void> Control::Engine::check_deleting_opens_nothing(const AccountState& state) const {
  if (options.unknown_instance == UnknownInstance::Deny || !state.row.enforce) return {};
  return fail(ErrorCode::WouldOpen,
              "account '" + state.row.id +
                  "' enforces its token, and the gate lets unknown instances pass: what is deleted "
                  "would be open");
}

Outcome<Done<Nothing>> Control::delete_instance(const Request& request, std::string_view id) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto row = engine.load_instance(id);
  if (!row) return Err<Error>(row.error());
  auto state = engine.load_account(row->account);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  if (auto ok = engine.check_deleting_opens_nothing(*state); !ok) return Err<Error>(ok.error());
  const auto committed =
      engine.commit(request, store::DeleteInstance{row->key}, state->row.revision);
  if (!committed) return Err<Error>(committed.error());
  engine.ports.snapshot.erase_instance(row->id);
  const Published change =
      engine.published(*committed, scope_of_instance(engine.ports.snapshot, row->id));
  lock.unlock();
  return Done<Nothing>{{}, engine.settle(change)};
}

}  // namespace guarita::control
