// "Who would be refused if I activated now?"
#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "control/engine.h"
#include "policy/classify.h"

namespace guarita::control {
namespace {

constexpr Millis kActivationWindow = std::chrono::hours(24);
constexpr Millis kMinutesKept = std::chrono::minutes(59);  // telemetry's last hour, for certain
constexpr std::size_t kPlacesMax = 100;
// Words of what an enforcing account accepts or asks nothing of.
constexpr std::array<std::string_view, 4> kPassing{"valid_current", "valid_next", "valid_retiring",
                                                   "none"};

// Would an enforcing account have accepted what was counted under this word? The counters hold
// token classes and, where the token was not reached, public reasons: those are refused in any
// mode. None: nothing was asked of the caller.
std::optional<bool> accepted(std::string_view word) {
  const auto token_class = policy::parse_token_class(word);
  if (!token_class) return false;
  if (*token_class == policy::TokenClass::None) return std::nullopt;
  return policy::is_valid(*token_class);
}

// The public reason that an enforcing account would refuse it with.
std::string why_refused(std::string_view word) {
  const auto token_class = policy::parse_token_class(word);
  if (!token_class) return std::string(word);
  using enum policy::TokenClass;
  const auto reason = [&] {
    switch (*token_class) {
      case None:
      case ValidCurrent:
      case ValidNext:
      case ValidRetiring: return policy::Reason::None;
      case Missing:
      case AccountTokenInPath:
      case WrongHeader: return policy::Reason::TokenMissing;
      case Empty: return policy::Reason::TokenEmpty;
      case Placeholder: return policy::Reason::TokenPlaceholder;
      case Duplicate: return policy::Reason::TokenDuplicate;
      case Malformed:
      case ShellExpanded: return policy::Reason::TokenMalformed;
      case InstanceToken: return policy::Reason::TokenIsInstanceToken;
      case Truncated:
      case Revoked:
      case Expired:
      case OtherAccount:
      case Unknown: return policy::Reason::TokenNotAccepted;
    }
    return policy::Reason::None;
  }();
  return reason == policy::Reason::None ? std::string() : std::string(policy::text_of(reason));
}

void add_classes(Evidence& evidence, const std::map<std::string, std::uint64_t>& classes) {
  for (const auto& [name, count] : classes) {
    const auto passes = accepted(name);
    if (!passes) continue;
    (*passes ? evidence.accepted : evidence.refused) += count;
    evidence.classes.push_back({name, count, !*passes, *passes ? "" : why_refused(name)});
  }
  std::ranges::sort(evidence.classes, [](const auto& a, const auto& b) {
    return std::tie(b.requests, a.name) < std::tie(a.requests, b.name);
  });
}

void sort_places(Evidence& evidence) {
  std::ranges::sort(evidence.places, [](const auto& a, const auto& b) {
    return std::tie(b.requests, a.instance_id, a.class_name) <
           std::tie(a.requests, b.instance_id, b.class_name);
  });
  if (evidence.places.size() > kPlacesMax) evidence.places.resize(kPlacesMax);
}

// By the hourly counters.
Outcome<Evidence> kept_evidence(store::Store& store, const AccountKey& account, Time since,
                                Time until) {
  Evidence evidence;
  evidence.since = since;
  evidence.until = until;
  const auto rows = store.account_traffic(account, since, Time::max());
  if (!rows) return store_failed(rows.error());
  std::map<std::string, std::uint64_t> classes;
  for (const store::CounterRow& row : *rows) classes[row.token_class] += row.count;
  add_classes(evidence, classes);
  const auto places = store.places(account, since, kPassing, kPlacesMax);
  if (!places) return store_failed(places.error());
  for (const store::CounterRow& row : *places) {
    evidence.places.push_back({row.instance_id, row.token_class, row.count});
  }
  sort_places(evidence);
  return evidence;
}

// By what is kept in memory, minute by minute.
Evidence recent_evidence(const telemetry::Hub& hub, std::string_view account, Time since,
                         Time until) {
  Evidence evidence;
  evidence.since = since;
  evidence.until = until;
  std::map<std::string, std::uint64_t> classes;
  for (const telemetry::MinuteCount& row : hub.minutes(account, std::nullopt, since)) {
    classes[std::string(row.word.text())] += row.count;
  }
  add_classes(evidence, classes);
  for (const telemetry::MinuteCount& row : hub.places(account, since)) {
    if (accepted(row.word.text()).value_or(true)) continue;
    evidence.places.push_back({row.instance_id, std::string(row.word.text()), row.count});
  }
  sort_places(evidence);
  return evidence;
}

std::optional<Time> newest_live_token(const AccountState& state) {
  std::optional<Time> newest;
  for (const store::TokenRow& token : state.tokens) {
    if (is_live(token)) newest = std::max(newest.value_or(token.created_at), token.created_at);
  }
  return newest;
}

}  // namespace

// Nothing that came before the token may be held against its callers: counted from the next whole
// minute or hour on, as fine as the counts of that time are.
Outcome<Evidence> Control::Engine::evidence_since(const AccountState& state, Time made) {
  const Time until = now();
  if (ports.hub != nullptr && until - made < kMinutesKept && made >= started_at) {
    const Time from = std::chrono::ceil<std::chrono::minutes>(made);
    return recent_evidence(*ports.hub, state.row.id, from, until);
  }
  return kept_evidence(ports.store, state.row.key, std::chrono::ceil<std::chrono::hours>(made),
                       until);
}

Outcome<ActivationCheck> Control::check_activation(std::string_view id) {
  Engine& engine = *engine_;
  const auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  const Time now = engine.now();
  ActivationCheck check;
  check.account_id = state->row.id;
  check.mode = policy::mode_of(policy_of(*state), now);
  engine.books.flush(state->row.id);  // what was asked a second ago counts
  auto day = kept_evidence(engine.ports.store, state->row.key, now - kActivationWindow, now);
  if (!day) return Err<Error>(day.error());
  static_cast<Evidence&>(check) = std::move(*day);
  if (const auto made = newest_live_token(*state)) {
    auto since = engine.evidence_since(*state, *made);
    if (!since) return Err<Error>(since.error());
    check.since_generation = std::move(*since);
  }
  const auto activated = policy::apply(policy_of(*state), policy::Activate{}, now);
  if (!activated) check.problem = verb_failed(activated.error(), state->row.id).error();
  return check;
}

}  // namespace guarita::control
