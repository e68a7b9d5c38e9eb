#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "policy/state_machine.h"

namespace guarita::policy {
namespace {

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed) {}

  void step() {
    now_ += Millis{below(4) == 0 ? below(4000) : 0};
    const Verb verb = random_verb();
    const AccountPolicy before = policy_;
    const auto done = apply(before, verb, now_);
    if (!done) {
      ASSERT_NE(code_of(done.error()), "");
      return;
    }
    check(before, verb, *done);
    policy_ = done->after;
  }

 private:
  std::uint32_t below(std::uint32_t n) {
    return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_);
  }

  NewToken fresh() {
    NewToken token;
    ++made_;
    for (std::size_t i = 0; i < 4; ++i) {
      token.key.uuid.bytes[i] = static_cast<std::uint8_t>(made_ >> (8 * i));
    }
    if (below(3) == 0) token.expires_at = now_ + Millis{static_cast<int>(below(6000)) - 500};
    return token;
  }

  Verb random_verb() {
    switch (below(9)) {
      case 0: return Generate{fresh()};
      case 1: return Activate{};
      case 2: return Deactivate{};
      case 3: return Regenerate{.token = fresh(), .cut_off = below(2) == 0};
      case 4: return Rotate{fresh()};
      case 5: return Promote{.grace = Millis{below(3) * 900}, .lock = below(3) == 0};
      case 6: return Revoke{.which = any_key(), .lock = below(3) == 0};
      case 7: return RevokeAll{.lock = below(3) == 0};
      default: return Expire{};
    }
  }

  TokenKey any_key() {
    if (!policy_.tokens.empty() && below(3) != 0) {
      return policy_.tokens[below(static_cast<std::uint32_t>(policy_.tokens.size()))].key;
    }
    if (dead_.empty()) return fresh().key;
    return std::next(dead_.begin(), below(static_cast<std::uint32_t>(dead_.size())))->first;
  }

  static bool asks_for_lock(const Verb& verb) {
    if (const auto* promote = std::get_if<Promote>(&verb)) return promote->lock;
    if (const auto* revoke = std::get_if<Revoke>(&verb)) return revoke->lock;
    if (const auto* all = std::get_if<RevokeAll>(&verb)) return all->lock;
    return false;
  }

  void check(const AccountPolicy& before, const Verb& verb, const Transition& done) {
    const AccountPolicy& after = done.after;
    ASSERT_TRUE(is_consistent(after));
    ASSERT_EQ(done.changed, after != before);
    std::size_t expired = 0;
    for (const EndedToken& ended : done.ended) {
      ASSERT_TRUE(dead_.emplace(ended.key, ended.end).second) << "died twice";
      ASSERT_LE(ended.at, now_);
      expired += ended.end == TokenState::Expired ? 1 : 0;
    }
    for (const LiveToken& token : after.tokens) {
      ASSERT_FALSE(dead_.contains(token.key)) << "a dead token lives again";
      ASSERT_GT(deadline_of(token).value_or(Time::max()), now_);
    }
    // Nothing vanishes: what lived before lives still or has ended.
    for (const LiveToken& token : before.tokens) {
      const bool lives = std::ranges::any_of(
          after.tokens, [&](const LiveToken& live) { return live.key == token.key; });
      ASSERT_NE(lives, dead_.contains(token.key));
    }
    ASSERT_EQ(mode_of(after, now_), after.enforce
                                        ? (after.tokens.empty() ? Mode::Locked : Mode::Enforce)
                                        : (after.tokens.empty() ? Mode::Unset : Mode::Monitor));
    check_verb(before, verb, done, expired);
  }

  void check_verb(const AccountPolicy& before, const Verb& verb, const Transition& done,
                  std::size_t expired) {
    const bool was_locked = mode_of(before, now_) == Mode::Locked;
    if (mode_of(done.after, now_) == Mode::Locked && !was_locked) {
      ASSERT_TRUE(asks_for_lock(verb));
      ++locks_;
    }
    const bool bit_verb =
        std::holds_alternative<Activate>(verb) || std::holds_alternative<Deactivate>(verb);
    if (bit_verb) {
      // But for time, the tokens are as they were.
      const auto expiry = apply(before, Expire{}, now_);
      ASSERT_EQ(done.after.tokens, expiry->after.tokens);
    } else {
      ASSERT_EQ(done.after.enforce, before.enforce);
    }
    if (std::holds_alternative<Expire>(verb)) {
      ASSERT_EQ(done.ended.size(), expired);
    }
    // A second time there is nothing to make final.
    ASSERT_FALSE(apply(done.after, Expire{}, now_)->changed);
  }

  std::mt19937 random_;
  Time now_{Millis{1'800'000'000'000}};
  AccountPolicy policy_;
  std::map<TokenKey, TokenState> dead_;
  std::uint32_t made_ = 0;

 public:
  int locks_ = 0;
  std::size_t dead() const { return dead_.size(); }
};

TEST(StateMachineProperty, HoldsAfterAnySequenceOfVerbsAndTime) {
  int locks = 0;
  std::size_t dead = 0;
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < 200; ++i) {
      walk.step();
      if (HasFatalFailure()) return;
    }
    locks += walk.locks_;
    dead += walk.dead();
  }
  // The walk went where it should.
  EXPECT_GT(locks, 100);
  EXPECT_GT(dead, 5000U);
}

}  // namespace
}  // namespace guarita::policy
