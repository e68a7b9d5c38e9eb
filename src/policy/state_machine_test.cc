#include "policy/state_machine.h"

#include <gtest/gtest.h>

#include <map>

namespace guarita::policy {
namespace {

constexpr Time kNow{Millis{1'800'000'000'000}};
constexpr Millis kHour{3'600'000};

TokenKey key_of(std::uint8_t n) {
  TokenKey key;
  key.uuid.bytes[15] = n;
  return key;
}
// Current, next and retiring of the starting states have keys 1, 2, 3; a new token has 9.
const TokenKey kC = key_of(1);
const TokenKey kN = key_of(2);
const TokenKey kR = key_of(3);
const TokenKey kNew = key_of(9);

AccountPolicy policy_of(AccountState state) {
  const LiveToken c{.key = kC, .state = TokenState::Current, .expires_at = {}, .retires_at = {}};
  const LiveToken n{.key = kN, .state = TokenState::Next, .expires_at = {}, .retires_at = {}};
  const LiveToken r{
      .key = kR, .state = TokenState::Retiring, .expires_at = {}, .retires_at = kNow + kHour};
  switch (state) {
    case AccountState::Unset: return {.enforce = false, .tokens = {}};
    case AccountState::MonitorC: return {.enforce = false, .tokens = {c}};
    case AccountState::MonitorCN: return {.enforce = false, .tokens = {c, n}};
    case AccountState::MonitorCR: return {.enforce = false, .tokens = {c, r}};
    case AccountState::MonitorR: return {.enforce = false, .tokens = {r}};
    case AccountState::EnforceC: return {.enforce = true, .tokens = {c}};
    case AccountState::EnforceCN: return {.enforce = true, .tokens = {c, n}};
    case AccountState::EnforceCR: return {.enforce = true, .tokens = {c, r}};
    case AccountState::EnforceR: return {.enforce = true, .tokens = {r}};
    case AccountState::Locked: return {.enforce = true, .tokens = {}};
  }
  return {};
}
constexpr AccountState kStates[] = {AccountState::Unset,     AccountState::MonitorC,
                                    AccountState::MonitorCN, AccountState::MonitorCR,
                                    AccountState::MonitorR,  AccountState::EnforceC,
                                    AccountState::EnforceCN, AccountState::EnforceCR,
                                    AccountState::EnforceR,  AccountState::Locked};

// What the cells say: the tokens with their keys, so that "C(=N)" and "C'" are told apart.
std::string describe(const AccountPolicy& policy, Time now) {
  std::string text(state_name(state_of(policy, now)));
  for (const LiveToken& token : policy.tokens) {
    text += token.key == kC ? " c" : token.key == kN ? " n" : token.key == kR ? " r" : " new";
  }
  return text;
}

std::string run(AccountState from, const Verb& verb, Time now = kNow) {
  const AccountPolicy before = policy_of(from);
  const auto done = apply(before, verb, now);
  if (!done) return std::string(code_of(done.error()));
  EXPECT_TRUE(is_consistent(done->after));
  EXPECT_EQ(done->changed, done->after != before);
  return done->changed ? describe(done->after, now) : "=";
}

const NewToken kFresh{.key = kNew, .expires_at = {}};

// The columns of DESIGN §2. Where a cell depends on an option there is a column for each value.
std::vector<std::pair<std::string, Verb>> columns() {
  return {
      {"generate", Generate{kFresh}},
      {"activate", Activate{}},
      {"deactivate", Deactivate{}},
      {"regenerate", Regenerate{.token = kFresh, .cut_off = false}},
      {"regenerate cut_off", Regenerate{.token = kFresh, .cut_off = true}},
      {"rotate", Rotate{kFresh}},
      {"promote T", Promote{.grace = 2 * kHour, .lock = false}},
      {"promote 0", Promote{.grace = Millis{0}, .lock = false}},
      {"promote 0 lock", Promote{.grace = Millis{0}, .lock = true}},
      {"revoke C", Revoke{.which = kC, .lock = false}},
      {"revoke C lock", Revoke{.which = kC, .lock = true}},
      {"revoke N", Revoke{.which = kN, .lock = false}},
      {"revoke R", Revoke{.which = kR, .lock = false}},
      {"revoke R lock", Revoke{.which = kR, .lock = true}},
      {"revoke all", RevokeAll{.lock = false}},
      {"revoke all lock", RevokeAll{.lock = true}},
      {"expire", Expire{}},
  };
}

constexpr std::size_t kColumns = 17;
struct TableRow {
  AccountState from;
  const char* cells[kColumns];
};
constexpr const char* kExists = "token_exists";
constexpr const char* kNoRot = "no_rotation";
constexpr const char* kCut = "would_cut_off";
constexpr const char* kLock = "would_lock";
constexpr const char* k404 = "no_such_token";
// clang-format off
constexpr TableRow kTable[] = {
    {AccountState::Unset,
     {"monitor·C new", "no_token", "=", "no_token", "no_token", "no_token", kNoRot, kNoRot, kNoRot,
      k404, k404, k404, k404, k404, "=", "=", "="}},
    {AccountState::MonitorC,
     {kExists, "enforce·C c", "=", "monitor·C new", "monitor·C new", "monitor·CN c new", kNoRot,
      kNoRot, kNoRot, "unset", "unset", k404, k404, k404, "unset", "unset", "="}},
    {AccountState::MonitorCN,
     {kExists, "enforce·CN c n", "=", "monitor·C new", "monitor·C new", "rotation_under_way",
      "monitor·CR n c", "monitor·C n", "monitor·C n", "monitor·C n", "monitor·C n", "monitor·C c",
      k404, k404, "unset", "unset", "="}},
    {AccountState::MonitorCR,
     {kExists, "enforce·CR c r", "=", "monitor·C new", "monitor·C new", "retiring_not_over",
      "monitor·CR c r", "monitor·C c", "monitor·C c", "monitor·R r", "monitor·R r", k404,
      "monitor·C c", "monitor·C c", "unset", "unset", "="}},
    {AccountState::MonitorR,
     {"monitor·CR new r", "no_current", "=", "monitor·C new", "monitor·C new", "no_current",
      "monitor·R r", "unset", "unset", k404, k404, k404, "unset", "unset", "unset", "unset", "="}},
    {AccountState::EnforceC,
     {kExists, "=", "monitor·C c", kCut, "enforce·C new", "enforce·CN c new", kNoRot, kNoRot,
      kNoRot, kLock, "locked", k404, k404, k404, kLock, "locked", "="}},
    {AccountState::EnforceCN,
     {kExists, "=", "monitor·CN c n", kCut, "enforce·C new", "rotation_under_way",
      "enforce·CR n c", "enforce·C n", "enforce·C n", "enforce·C n", "enforce·C n", "enforce·C c",
      k404, k404, kLock, "locked", "="}},
    {AccountState::EnforceCR,
     {kExists, "=", "monitor·CR c r", kCut, "enforce·C new", "retiring_not_over",
      "enforce·CR c r", "enforce·C c", "enforce·C c", "enforce·R r", "enforce·R r", k404,
      "enforce·C c", "enforce·C c", kLock, "locked", "="}},
    {AccountState::EnforceR,
     {"enforce·CR new r", "=", "monitor·R r", kCut, "enforce·C new", "no_current", "enforce·R r",
      kLock, "locked", k404, k404, k404, kLock, "locked", kLock, "locked", "="}},
    {AccountState::Locked,
     {"enforce·C new", "=", "unset", "enforce·C new", "enforce·C new", "no_current", kNoRot,
      kNoRot, kNoRot, k404, k404, k404, k404, k404, "=", "=", "="}},
};
// clang-format on

TEST(StateMachine, IsTheTableOfTheDesign) {
  const auto verbs = columns();
  ASSERT_EQ(verbs.size(), kColumns);
  std::size_t rows = 0;
  for (const TableRow& row : kTable) {
    EXPECT_EQ(row.from, kStates[rows++]);
    EXPECT_EQ(state_of(policy_of(row.from), kNow), row.from);
    EXPECT_TRUE(is_consistent(policy_of(row.from)));
    for (std::size_t i = 0; i < kColumns; ++i) {
      EXPECT_EQ(run(row.from, verbs[i].second), row.cells[i])
          << state_name(row.from) << " / " << verbs[i].first;
    }
  }
  EXPECT_EQ(rows, std::size(kStates));
}

// The three columns of time: each token in turn gets a deadline that has just come.
std::string run_expiry(AccountState from, TokenState which) {
  AccountPolicy policy = policy_of(from);
  for (LiveToken& token : policy.tokens) {
    if (token.state != which) continue;
    (which == TokenState::Retiring ? token.retires_at : token.expires_at) = kNow;
    const auto early = apply(policy, Expire{}, kNow - Millis{1});
    EXPECT_TRUE(early && !early->changed) << "ended before its time";
    const auto done = apply(policy, Expire{}, kNow);
    EXPECT_TRUE(done && done->changed && is_consistent(done->after));
    EXPECT_EQ(done->ended, (std::vector{EndedToken{token.key, TokenState::Expired, kNow}}));
    // Readers of what is not yet final see the same.
    EXPECT_EQ(state_of(policy, kNow), state_of(done->after, kNow));
    EXPECT_EQ(mode_of(policy, kNow), mode_of(done->after, kNow));
    return describe(done->after, kNow);
  }
  return "–";
}

TEST(StateMachine, EndsWhatTimeHasPassed) {
  struct Row {
    AccountState from;
    const char *c, *n, *r;
  };
  for (const Row& row :
       {Row{AccountState::Unset, "–", "–", "–"}, Row{AccountState::MonitorC, "unset", "–", "–"},
        Row{AccountState::MonitorCN, "monitor·C n", "monitor·C c", "–"},
        Row{AccountState::MonitorCR, "monitor·R r", "–", "monitor·C c"},
        Row{AccountState::MonitorR, "–", "–", "unset"},
        Row{AccountState::EnforceC, "locked", "–", "–"},
        Row{AccountState::EnforceCN, "enforce·C n", "enforce·C c", "–"},
        Row{AccountState::EnforceCR, "enforce·R r", "–", "enforce·C c"},
        Row{AccountState::EnforceR, "–", "–", "locked"},
        Row{AccountState::Locked, "–", "–", "–"}}) {
    EXPECT_EQ(run_expiry(row.from, TokenState::Current), row.c) << state_name(row.from);
    EXPECT_EQ(run_expiry(row.from, TokenState::Next), row.n) << state_name(row.from);
    EXPECT_EQ(run_expiry(row.from, TokenState::Retiring), row.r) << state_name(row.from);
  }
}

TEST(StateMachine, EndsSeveralInTheOrderOfTime) {
  AccountPolicy policy = policy_of(AccountState::EnforceCN);
  policy.tokens[0].expires_at = kNow - Millis{5};
  policy.tokens[1].expires_at = kNow - Millis{7};
  const auto done = apply(policy, Expire{}, kNow);
  ASSERT_TRUE(done);
  EXPECT_EQ(state_of(done->after, kNow), AccountState::Locked);
  EXPECT_EQ(done->ended, (std::vector{EndedToken{kN, TokenState::Expired, kNow - Millis{7}},
                                      EndedToken{kC, TokenState::Expired, kNow - Millis{5}}}));
}

TEST(StateMachine, MakesExpiryFinalBeforeTheVerb) {
  AccountPolicy policy = policy_of(AccountState::EnforceCR);
  policy.tokens[1].retires_at = kNow;
  const auto rotated = apply(policy, Rotate{kFresh}, kNow);
  ASSERT_TRUE(rotated);
  EXPECT_EQ(describe(rotated->after, kNow), "enforce·CN c new");
  ASSERT_EQ(rotated->ended.size(), 1U);
  EXPECT_EQ(rotated->ended[0].end, TokenState::Expired);

  policy = policy_of(AccountState::EnforceC);
  policy.tokens[0].expires_at = kNow;
  const auto revoked = apply(policy, Revoke{.which = kC, .lock = false}, kNow);
  ASSERT_TRUE(revoked) << "what is asked for has happened by itself";
  EXPECT_EQ(revoked->ended[0].end, TokenState::Expired);
  // The last token but one may not be revoked when the other has just ended.
  policy = policy_of(AccountState::EnforceCN);
  policy.tokens[0].expires_at = kNow;
  EXPECT_EQ(apply(policy, Revoke{.which = kN, .lock = false}, kNow).error(), VerbError::WouldLock);
}

TEST(StateMachine, PromoteSetsAndMovesTheEndOfTheOldToken) {
  const auto promoted = apply(policy_of(AccountState::EnforceCN), Promote{kHour, false}, kNow);
  ASSERT_TRUE(promoted);
  EXPECT_EQ(promoted->after.tokens[1].retires_at, kNow + kHour);
  EXPECT_TRUE(promoted->ended.empty());
  const auto moved = apply(promoted->after, Promote{kHour, false}, kNow + Millis{9});
  ASSERT_TRUE(moved && moved->changed);
  EXPECT_EQ(moved->after.tokens[1].retires_at, kNow + kHour + Millis{9});
  const auto same = apply(promoted->after, Promote{kHour, false}, kNow);
  EXPECT_TRUE(same && !same->changed);
  // Its own expiry stays, and comes first where it is first.
  AccountPolicy policy = promoted->after;
  policy.tokens[1].expires_at = kNow + Millis{1};
  EXPECT_EQ(apply(policy, Expire{}, kNow + Millis{1})->ended.size(), 1U);
  const auto longest = apply(promoted->after, Promote{Millis::max(), false}, kNow);
  EXPECT_EQ(longest->after.tokens[1].retires_at, Time::max());
  EXPECT_EQ(run(AccountState::EnforceCN, Promote{Millis{-1}, false}), "enforce·C n");
}

TEST(StateMachine, NamesWhatEnded) {
  const auto done =
      apply(policy_of(AccountState::EnforceCN), Regenerate{.token = kFresh, .cut_off = true}, kNow);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->ended, (std::vector{EndedToken{kC, TokenState::Revoked, kNow},
                                      EndedToken{kN, TokenState::Revoked, kNow}}));
}

TEST(StateMachine, RevokesByStateToo) {
  EXPECT_EQ(run(AccountState::MonitorCN, Revoke{TokenState::Next, false}), "monitor·C c");
  EXPECT_EQ(run(AccountState::MonitorC, Revoke{TokenState::Next, false}), k404);
  EXPECT_EQ(run(AccountState::MonitorC, Revoke{TokenState::Revoked, false}), k404);
}

TEST(StateMachine, RefusesTokensThatAreDeadAtOnce) {
  const NewToken dead{.key = kNew, .expires_at = kNow};
  EXPECT_EQ(run(AccountState::Unset, Generate{dead}), "expiry_not_ahead");
  EXPECT_EQ(run(AccountState::MonitorC, Rotate{dead}), "expiry_not_ahead");
  EXPECT_EQ(run(AccountState::MonitorC, Regenerate{dead, false}), "expiry_not_ahead");
  const NewToken brief{.key = kNew, .expires_at = kNow + Millis{1}};
  EXPECT_EQ(run(AccountState::Unset, Generate{brief}), "monitor·C new");
}

TEST(StateMachine, TellsWhenTimeAloneWouldLock) {
  AccountPolicy policy = policy_of(AccountState::EnforceCR);
  EXPECT_EQ(next_deadline(policy), kNow + kHour);
  EXPECT_EQ(locks_at(policy), std::nullopt);
  policy.tokens[0].expires_at = kNow + 2 * kHour;
  EXPECT_EQ(locks_at(policy), kNow + 2 * kHour);
  policy.enforce = false;
  EXPECT_EQ(locks_at(policy), std::nullopt);
  EXPECT_EQ(next_deadline(policy_of(AccountState::MonitorC)), std::nullopt);
}

TEST(StateMachine, SeesRowsThatAreNoPolicy) {
  AccountPolicy policy = policy_of(AccountState::EnforceCN);
  policy.tokens[1].state = TokenState::Current;
  EXPECT_FALSE(is_consistent(policy));
  policy = policy_of(AccountState::EnforceCN);
  policy.tokens.erase(policy.tokens.begin());
  EXPECT_FALSE(is_consistent(policy)) << "next without current";
  policy = policy_of(AccountState::EnforceR);
  policy.tokens[0].retires_at.reset();
  EXPECT_FALSE(is_consistent(policy)) << "retiring without end";
  policy = policy_of(AccountState::EnforceC);
  policy.tokens[0].state = TokenState::Revoked;
  EXPECT_FALSE(is_consistent(policy));
}

TEST(StateMachine, HasOneWordPerState) {
  std::map<std::string_view, int> words;
  for (const AccountState state : kStates) ++words[state_code(state)];
  EXPECT_EQ(words.size(), std::size(kStates));
  EXPECT_EQ(parse_token_state("retiring"), TokenState::Retiring);
  EXPECT_EQ(parse_token_state("disabled"), std::nullopt);
  EXPECT_EQ(text_of(mode_of(policy_of(AccountState::Locked), kNow)), "locked");
}

}  // namespace
}  // namespace guarita::policy
