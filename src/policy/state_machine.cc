#include "policy/state_machine.h"

#include <algorithm>
#include <array>

namespace guarita::policy {
namespace {

// The policy under change, and what ended on the way.
struct Work {
  AccountPolicy policy;
  std::vector<EndedToken> ended;

  LiveToken* find(TokenState state) {
    const auto at = std::ranges::find(policy.tokens, state, &LiveToken::state);
    return at == policy.tokens.end() ? nullptr : &*at;
  }
  bool has(TokenState state) { return find(state) != nullptr; }

  void end(TokenKey key, TokenState how, Time at) {
    std::erase_if(policy.tokens, [&](const LiveToken& token) { return token.key == key; });
    ended.push_back({.key = key, .end = how, .at = at});
    heal();
  }
  void end_all(Time now) {
    while (!policy.tokens.empty()) end(policy.tokens.front().key, TokenState::Revoked, now);
  }
  // A next token whose current one is gone is the current one.
  void heal() {
    if (has(TokenState::Current)) return;
    if (LiveToken* next = find(TokenState::Next)) next->state = TokenState::Current;
  }
  void add(const NewToken& token, TokenState state) {
    policy.tokens.push_back(
        {.key = token.key, .state = state, .expires_at = token.expires_at, .retires_at = {}});
  }
  // Ends what time has passed, earliest first: which token takes over depends on the order.
  void settle(Time now) {
    heal();
    while (true) {
      const auto first = std::ranges::min_element(policy.tokens, {}, [](const LiveToken& token) {
        return deadline_of(token).value_or(Time::max());
      });
      if (first == policy.tokens.end()) return;
      const auto deadline = deadline_of(*first);
      if (!deadline || *deadline > now) return;
      end(first->key, TokenState::Expired, *deadline);
    }
  }
};

using Done = Result<void, VerbError>;
Done fail(VerbError error) {
  return Done(std::unexpect, error);
}

Time later(Time now, Millis grace) {
  return grace > Time::max() - now ? Time::max() : now + grace;
}

bool is_ahead(const NewToken& token, Time now) {
  return !token.expires_at || *token.expires_at > now;
}

struct Step {
  Work& work;
  Time now;

  bool enforce() const { return work.policy.enforce; }
  bool none_live() const { return work.policy.tokens.empty(); }

  Done operator()(const Generate& verb) {
    if (work.has(TokenState::Current)) return fail(VerbError::TokenExists);
    if (!is_ahead(verb.token, now)) return fail(VerbError::ExpiryNotAhead);
    work.add(verb.token, TokenState::Current);
    return {};
  }

  Done operator()(const Activate&) {
    if (enforce()) return {};
    if (none_live()) return fail(VerbError::NoToken);
    // A retiring token alone would lock the account at a time that nobody has in mind.
    if (!work.has(TokenState::Current)) return fail(VerbError::NoCurrent);
    work.policy.enforce = true;
    return {};
  }

  Done operator()(const Deactivate&) {
    work.policy.enforce = false;
    return {};
  }

  Done operator()(const Regenerate& verb) {
    if (none_live() && !enforce()) return fail(VerbError::NoToken);
    if (enforce() && !none_live() && !verb.cut_off) return fail(VerbError::WouldCutOff);
    if (!is_ahead(verb.token, now)) return fail(VerbError::ExpiryNotAhead);
    work.end_all(now);
    work.add(verb.token, TokenState::Current);
    return {};
  }

  Done operator()(const Rotate& verb) {
    if (none_live() && !enforce()) return fail(VerbError::NoToken);
    if (!work.has(TokenState::Current)) return fail(VerbError::NoCurrent);
    if (work.has(TokenState::Next)) return fail(VerbError::RotationUnderWay);
    if (work.has(TokenState::Retiring)) return fail(VerbError::RetiringNotOver);
    if (!is_ahead(verb.token, now)) return fail(VerbError::ExpiryNotAhead);
    work.add(verb.token, TokenState::Next);
    return {};
  }

  Done operator()(const Promote& verb) {
    const bool grace = verb.grace > Millis{0};
    if (work.has(TokenState::Next)) {
      LiveToken& old = *work.find(TokenState::Current);
      if (!grace) {
        work.end(old.key, TokenState::Revoked, now);
        return {};
      }
      old.state = TokenState::Retiring;
      old.retires_at = later(now, verb.grace);
      work.heal();
      return {};
    }
    LiveToken* retiring = work.find(TokenState::Retiring);
    if (retiring == nullptr) return fail(VerbError::NoRotation);
    if (grace) {
      retiring->retires_at = later(now, verb.grace);
      return {};
    }
    return remove(retiring->key, verb.lock);
  }

  Done operator()(const Revoke& verb) {
    if (const auto* state = std::get_if<TokenState>(&verb.which)) {
      const LiveToken* token = work.find(*state);
      return token == nullptr ? fail(VerbError::NoSuchToken) : remove(token->key, verb.lock);
    }
    const TokenKey key = std::get<TokenKey>(verb.which);
    if (std::ranges::find(work.policy.tokens, key, &LiveToken::key) != work.policy.tokens.end()) {
      return remove(key, verb.lock);
    }
    // Time was faster than the owner: it is dead, which is what was asked for.
    const bool just_ended =
        std::ranges::find(work.ended, key, &EndedToken::key) != work.ended.end();
    return just_ended ? Done{} : fail(VerbError::NoSuchToken);
  }

  Done operator()(const RevokeAll& verb) {
    if (none_live()) return {};
    if (enforce() && !verb.lock) return fail(VerbError::WouldLock);
    work.end_all(now);
    return {};
  }

  Done operator()(const Expire&) { return {}; }

  Done remove(TokenKey key, bool lock) {
    if (enforce() && work.policy.tokens.size() == 1 && !lock) return fail(VerbError::WouldLock);
    work.end(key, TokenState::Revoked, now);
    return {};
  }
};

}  // namespace

std::optional<Time> deadline_of(const LiveToken& token) {
  if (!token.retires_at) return token.expires_at;
  if (!token.expires_at) return token.retires_at;
  return std::min(*token.expires_at, *token.retires_at);
}

const LiveToken* find_token(const AccountPolicy& policy, TokenState state) {
  const auto at = std::ranges::find(policy.tokens, state, &LiveToken::state);
  return at == policy.tokens.end() ? nullptr : &*at;
}

AccountState state_of(const AccountPolicy& policy, Time now) {
  Work work{.policy = policy, .ended = {}};
  work.settle(now);
  const bool enforce = policy.enforce;
  if (work.has(TokenState::Current)) {
    if (work.has(TokenState::Next)) {
      return enforce ? AccountState::EnforceCN : AccountState::MonitorCN;
    }
    if (work.has(TokenState::Retiring)) {
      return enforce ? AccountState::EnforceCR : AccountState::MonitorCR;
    }
    return enforce ? AccountState::EnforceC : AccountState::MonitorC;
  }
  if (work.has(TokenState::Retiring)) {
    return enforce ? AccountState::EnforceR : AccountState::MonitorR;
  }
  return enforce ? AccountState::Locked : AccountState::Unset;
}

Mode mode_of(const AccountPolicy& policy, Time now) {
  const bool live = std::ranges::any_of(policy.tokens, [now](const LiveToken& token) {
    const auto deadline = deadline_of(token);
    return !deadline || *deadline > now;
  });
  if (policy.enforce) return live ? Mode::Enforce : Mode::Locked;
  return live ? Mode::Monitor : Mode::Unset;
}

Result<Transition, VerbError> apply(const AccountPolicy& policy, const Verb& verb, Time now) {
  Work work{.policy = policy, .ended = {}};
  work.settle(now);
  const Done done = std::visit(Step{.work = work, .now = now}, verb);
  if (!done) return Result<Transition, VerbError>(std::unexpect, done.error());
  // Current first: rotation and promotion leave it second.
  std::ranges::sort(work.policy.tokens, {}, &LiveToken::state);
  const bool changed = work.policy != policy;
  return Transition{
      .changed = changed, .after = std::move(work.policy), .ended = std::move(work.ended)};
}

std::optional<Time> next_deadline(const AccountPolicy& policy) {
  std::optional<Time> first;
  for (const LiveToken& token : policy.tokens) {
    const auto deadline = deadline_of(token);
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  return first;
}

std::optional<Time> locks_at(const AccountPolicy& policy) {
  if (!policy.enforce) return std::nullopt;
  std::optional<Time> last;
  for (const LiveToken& token : policy.tokens) {
    const auto deadline = deadline_of(token);
    if (!deadline) return std::nullopt;
    if (!last || *deadline > *last) last = deadline;
  }
  return last;
}

bool is_consistent(const AccountPolicy& policy) {
  const auto& tokens = policy.tokens;
  if (tokens.size() > 2) return false;
  for (const LiveToken& token : tokens) {
    if (token.state == TokenState::Revoked || token.state == TokenState::Expired) return false;
    if (token.retires_at.has_value() != (token.state == TokenState::Retiring)) return false;
  }
  if (tokens.size() == 2) {
    if (tokens[0].key == tokens[1].key || tokens[0].state != TokenState::Current) return false;
    return tokens[1].state != TokenState::Current;
  }
  return tokens.empty() || tokens[0].state != TokenState::Next;
}

}  // namespace guarita::policy
