// The verbs that make, change and end tokens (DESIGN §2).
#include <algorithm>
#include <ranges>

#include "control/engine.h"

namespace guarita::control {
namespace {

constexpr std::size_t kTokensShownMax = 100;
constexpr Millis kGraceMax = std::chrono::hours(24) * 366;

Err<Error> import_failed(policy::ImportError error) {
  if (error == policy::ImportError::Weak) {
    return fail(ErrorCode::WeakToken, std::string(policy::message_of(error)));
  }
  auto failed = fail(ErrorCode::InvalidTokenText, std::string(policy::message_of(error)));
  failed.error().member = "token";
  return failed;
}

// The row as the transition left it.
void carry(AccountState& state, const policy::Transition& transition, Time now) {
  state.row.enforce = transition.after.enforce;
  for (const policy::LiveToken& live : transition.after.tokens) {
    const auto row = std::ranges::find(state.tokens, live.key, &store::TokenRow::key);
    row->state = live.state;
    row->retires_at = live.retires_at;
  }
  for (const policy::EndedToken& end : transition.ended) {
    const auto row = std::ranges::find(state.tokens, end.key, &store::TokenRow::key);
    row->state = end.end;
    row->ended_at = now;
    row->sealed.clear();
    row->sealed_key_id.clear();
  }
}

// Live tokens that the transition made or changed.
std::vector<store::TokenRow> upserts_of(const AccountState& after,
                                        const policy::AccountPolicy& before,
                                        const policy::Transition& transition) {
  std::vector<store::TokenRow> rows;
  for (const policy::LiveToken& live : transition.after.tokens) {
    if (std::ranges::find(before.tokens, live) != before.tokens.end()) continue;
    rows.push_back(*std::ranges::find(after.tokens, live.key, &store::TokenRow::key));
  }
  return rows;
}

}  // namespace

Outcome<std::optional<PlannedPolicy>> Control::Engine::plan_policy(const AccountState& state,
                                                                   std::string verb_name,
                                                                   const policy::Verb& verb,
                                                                   const store::TokenRow* made) {
  const policy::AccountPolicy before = policy_of(state);
  const Time at = now();
  auto transition = policy::apply(before, verb, at);
  if (!transition) return verb_failed(transition.error(), state.row.id);
  if (!transition->changed) return std::optional<PlannedPolicy>();

  AccountState after = state;
  if (made != nullptr) after.tokens.push_back(*made);
  carry(after, *transition, at);
  store::ChangePolicy body{.account = state.row.key,
                           .verb = std::move(verb_name),
                           .enforce = after.row.enforce,
                           .upserts = upserts_of(after, before, *transition),
                           .ended = {}};
  for (const policy::EndedToken& end : transition->ended) body.ended.push_back({end.key, end.end});
  return std::optional<PlannedPolicy>(
      {std::move(after), std::move(body), std::move(transition->ended)});
}

void Control::Engine::publish_policy(const AccountState& before, const PlannedPolicy& planned) {
  count_tokens(before.tokens, -1);
  count_tokens(planned.after.tokens, +1);
  publish_account(planned.after, planned.ended);
}

Outcome<std::optional<Published>> Control::Engine::change_policy(const Request& request,
                                                                 AccountState& state,
                                                                 std::string verb_name,
                                                                 const policy::Verb& verb,
                                                                 const store::TokenRow* made) {
  auto planned = plan_policy(state, std::move(verb_name), verb, made);
  if (!planned) return Err<Error>(planned.error());
  if (!*planned) return std::optional<Published>();
  PlannedPolicy& plan = **planned;
  const auto committed = commit(request, plan.body, state.row.revision);
  if (!committed) return Err<Error>(committed.error());
  plan.after.row.revision = committed->revision;
  publish_policy(state, plan);
  state = std::move(plan.after);
  return std::optional(published(*committed, scope_of(state)));
}

Outcome<Done<AccountView>> Control::Engine::verb(const Request& request, std::string_view id,
                                                 std::string verb_name, const policy::Verb& verb,
                                                 Guard guard) {
  Lock lock(mutex);
  auto state = load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  if (guard != nullptr) {
    if (auto allowed = guard(*state, now()); !allowed) return Err<Error>(allowed.error());
  }
  const auto change = change_policy(request, *state, std::move(verb_name), verb, nullptr);
  if (!change) return Err<Error>(change.error());
  lock.unlock();
  const Receipt receipt = *change ? settle(**change) : unchanged(state->row.revision);
  return Done<AccountView>{view_of(*state, now()), receipt};
}

Outcome<void> Control::Engine::check_new_token(const AccountState& state,
                                               const crypto::Digest& digest) {
  for (const store::TokenRow& known : state.tokens) {
    if (!crypto::equal(known.digest, digest)) continue;
    return fail(ErrorCode::TokenReused,
                "this account has or had that token; a token is never used twice");
  }
  if (state.row.revision == 0) return {};  // a new account has no instances
  store::InstanceTokenDigest half;         // of the same text
  std::copy_n(digest.begin(), half.size(), half.begin());
  const auto is_instance_token = ports.store.has_instance_token(state.row.key, half);
  if (!is_instance_token) return store_failed(is_instance_token.error());
  if (!*is_instance_token) return {};
  return fail(ErrorCode::TokenIsInstanceToken,
              "an instance of this account has that text as its instance token");
}

Outcome<PreparedToken> Control::Engine::prepare_token(const AccountState& state,
                                                      const NewToken& wanted) {
  PreparedToken prepared;
  const bool imported = !wanted.import.empty();
  if (imported) {
    const auto checked =
        policy::check_import(options.token_format, wanted.import.reveal(),
                             wanted.weak == Weak::Accept ? policy::ImportStrength::AllowWeak
                                                         : policy::ImportStrength::Strong);
    if (!checked) return import_failed(checked.error());
    prepared.row.weak = checked->weak;
  } else {
    prepared.made = policy::make_token(options.token_format, &crypto::random_below);
  }
  const std::string_view text = imported ? wanted.import.reveal() : prepared.made.reveal();
  prepared.row.key = {crypto::random_uuid_v7(now())};
  prepared.row.account = state.row.key;
  prepared.row.digest = crypto::sha256(text);
  prepared.row.hint = policy::hint(text);
  prepared.row.created_at = now();
  prepared.row.expires_at = wanted.expires_at;
  if (auto ok = check_new_token(state, prepared.row.digest); !ok) return Err<Error>(ok.error());
  if (options.sealing) {
    prepared.row.sealed = crypto::seal(options.sealing->key, text, prepared.row.key.text());
    prepared.row.sealed_key_id = options.sealing->id;
  }
  return prepared;
}

Outcome<Done<TokenMade>> Control::Engine::making_verb(
    const Request& request, std::string_view id, std::string verb_name, const NewToken& wanted,
    const std::function<policy::Verb(const policy::NewToken&)>& make) {
  Lock lock(mutex);
  auto state = load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  auto prepared = prepare_token(*state, wanted);
  if (!prepared) return Err<Error>(prepared.error());
  const policy::Verb verb =
      make({.key = prepared->row.key, .expires_at = prepared->row.expires_at});
  const auto change = change_policy(request, *state, std::move(verb_name), verb, &prepared->row);
  if (!change) return Err<Error>(change.error());
  lock.unlock();
  const Receipt receipt = *change ? settle(**change) : unchanged(state->row.revision);
  const auto row = std::ranges::find(state->tokens, prepared->row.key, &store::TokenRow::key);
  return Done<TokenMade>{
      {.account = view_of(*state, now()), .token = *row, .secret = std::move(prepared->made)},
      receipt};
}

Outcome<Done<TokenMade>> Control::generate(const Request& request, std::string_view id,
                                           NewToken token) {
  const auto make = [](const policy::NewToken& made) { return policy::Generate{made}; };
  return engine_->making_verb(request, id, "token.generate", token, make);
}

Outcome<Done<TokenMade>> Control::regenerate(const Request& request, std::string_view id,
                                             NewToken token, CutOff cut_off) {
  const auto make = [cut_off](const policy::NewToken& made) {
    return policy::Regenerate{made, cut_off == CutOff::Accept};
  };
  return engine_->making_verb(request, id, "token.regenerate", token, make);
}

Outcome<Done<TokenMade>> Control::rotate(const Request& request, std::string_view id,
                                         NewToken token) {
  const auto make = [](const policy::NewToken& made) { return policy::Rotate{made}; };
  return engine_->making_verb(request, id, "token.rotate", token, make);
}

Outcome<Done<AccountView>> Control::promote(const Request& request, std::string_view id,
                                            Millis grace, Lock lock) {
  if (grace < Millis{0} || grace > kGraceMax) {
    return invalid("grace", "a grace period is between 0s and 366d");
  }
  return engine_->verb(request, id, "token.promote",
                       policy::Promote{.grace = grace, .lock = lock == Lock::Accept});
}

Outcome<Done<AccountView>> Control::revoke(const Request& request, std::string_view id,
                                           const TokenKey& token, Lock lock) {
  auto done = engine_->verb(request, id, "token.revoke",
                            policy::Revoke{.which = token, .lock = lock == Lock::Accept});
  if (done || done.error().code != ErrorCode::TokenNotFound) return done;
  // Dead already is what was asked for.
  auto state = engine_->load_account(id);
  if (!state) return Err<Error>(state.error());
  if (std::ranges::find(state->tokens, token, &store::TokenRow::key) == state->tokens.end()) {
    return fail(ErrorCode::TokenNotFound,
                "account '" + state->row.id + "' never had a token with id " + token.text());
  }
  return Done<AccountView>{view_of(*state, engine_->now()),
                           engine_->unchanged(state->row.revision)};
}

Outcome<Done<AccountView>> Control::revoke_all(const Request& request, std::string_view id,
                                               Lock lock) {
  return engine_->verb(request, id, "token.revoke_all",
                       policy::RevokeAll{.lock = lock == Lock::Accept});
}

Outcome<std::vector<store::TokenRow>> Control::tokens(std::string_view id) {
  auto state = engine_->load_account(id);
  if (!state) return Err<Error>(state.error());
  std::vector<store::TokenRow> rows = view_of(*state, engine_->now()).tokens;
  for (const store::TokenRow& token : std::views::reverse(state->tokens)) {
    if (rows.size() == kTokensShownMax) break;
    if (!is_live(token)) rows.push_back(token);
  }
  return rows;
}

Outcome<Secret> Control::reveal(const Request& request, std::string_view id,
                                const TokenKey& token) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  const auto row = std::ranges::find(state->tokens, token, &store::TokenRow::key);
  const auto& sealing = engine.options.sealing;
  if (row == state->tokens.end() || row->sealed.empty() || !sealing ||
      row->sealed_key_id != sealing->id) {
    return fail(ErrorCode::TokenNotFound, "no copy of that token is kept");
  }
  auto text = crypto::open(sealing->key, row->sealed, token.text());
  if (!text) return fail(ErrorCode::TokenNotFound, "the copy of that token cannot be opened");
  Secret secret(std::move(*text));
  // Nobody sees a token before the audit says so. Nothing else changes.
  const auto committed = engine.commit(request,
                                       store::ChangePolicy{.account = state->row.key,
                                                           .verb = "token.reveal",
                                                           .enforce = state->row.enforce,
                                                           .upserts = {*row},
                                                           .ended = {}},
                                       {});
  if (!committed) return Err<Error>(committed.error());
  state->row.revision = committed->revision;
  engine.publish_account(*state, {});
  const Published done = engine.published(*committed, engine.scope_of(*state));
  lock.unlock();
  engine.settle(done);
  return secret;
}

}  // namespace guarita::control
