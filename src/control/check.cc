// Two questions that change nothing: what would the gate decide, and who would be refused if the
// account activated now.
#include <algorithm>
#include <map>
#include <tuple>

#include "control/engine.h"
#include "policy/classify.h"

namespace guarita::control {
namespace {

constexpr Millis kActivationWindow = std::chrono::hours(24);
constexpr std::size_t kPlacesMax = 100;
constexpr std::string_view kHeader = "client-token";

policy::FieldLines token_lines(const void* context, std::string_view name) {
  const auto* token = static_cast<const std::optional<Secret>*>(context);
  if (name != kHeader || !token->has_value()) return {};
  return {.count = 1, .value = (*token)->reveal()};
}

std::string_view why_of(policy::Reason reason) {
  switch (reason) {
    case policy::Reason::None: return "the call passes";
    case policy::Reason::UnmatchedRoute: return "no route matches";
    case policy::Reason::BadTarget: return "the path can be read in two ways";
    case policy::Reason::AmbiguousInstance: return "the call names two instances";
    case policy::Reason::InstanceNotFound:
      return "no such instance is registered, or its instance token differs";
    case policy::Reason::IpNotAllowed: return "the address is not in the account's IP list";
    case policy::Reason::Preflight: return "a CORS preflight of an enforcing account";
    case policy::Reason::TokenMissing:
      return "the account enforces its token and the call carries none";
    case policy::Reason::TokenEmpty: return "the token header is empty";
    case policy::Reason::TokenPlaceholder:
      return "the token header holds a placeholder: the caller's variable was not filled in";
    case policy::Reason::TokenDuplicate: return "the token header came twice";
    case policy::Reason::TokenMalformed: return "the token header holds what no token can be";
    case policy::Reason::TokenIsInstanceToken:
      return "the token header holds the instance token of the URL";
    case policy::Reason::TokenNotAccepted: return "the token is none of the account's live tokens";
  }
  return "";
}

std::string_view note_of(policy::TokenClass token_class) {
  switch (token_class) {
    case policy::TokenClass::Truncated:
      return ": it is a live one but for its first or last characters";
    case policy::TokenClass::Revoked: return ": it was one, and is revoked";
    case policy::TokenClass::Expired: return ": it was one, and is expired";
    case policy::TokenClass::ShellExpanded: return ": it is the name of a variable or a command";
    case policy::TokenClass::None:
    case policy::TokenClass::ValidCurrent:
    case policy::TokenClass::ValidNext:
    case policy::TokenClass::ValidRetiring:
    case policy::TokenClass::Missing:
    case policy::TokenClass::Empty:
    case policy::TokenClass::Placeholder:
    case policy::TokenClass::Duplicate:
    case policy::TokenClass::Malformed:
    case policy::TokenClass::InstanceToken:
    case policy::TokenClass::AccountTokenInPath:
    case policy::TokenClass::WrongHeader:
    case policy::TokenClass::OtherAccount:
    case policy::TokenClass::Unknown: return "";
  }
  return "";
}

// Would an enforcing account have accepted what was counted under this word? The counters hold
// token classes and, where the token was not reached, public reasons: those are refused in any
// mode. None: nothing was asked of the caller.
std::optional<bool> accepted(std::string_view word) {
  const auto token_class = policy::parse_token_class(word);
  if (!token_class) return false;
  if (*token_class == policy::TokenClass::None) return std::nullopt;
  return policy::is_valid(*token_class);
}

void add_counters(ActivationCheck& check, const std::vector<store::CounterRow>& rows) {
  std::map<std::string, std::uint64_t> classes;
  std::map<std::pair<std::string, std::string>, std::uint64_t> places;
  for (const store::CounterRow& row : rows) {
    const auto passes = accepted(row.token_class);
    if (!passes) continue;
    classes[row.token_class] += row.count;
    (*passes ? check.accepted : check.refused) += row.count;
    if (!*passes) places[{row.instance_id, row.token_class}] += row.count;
  }
  for (const auto& [name, count] : classes)
    check.classes.push_back({name, count, !*accepted(name)});
  for (const auto& [place, count] : places) {
    check.places.push_back({place.first, place.second, count});
  }
  std::ranges::sort(check.classes, [](const auto& a, const auto& b) {
    return std::tie(b.requests, a.name) < std::tie(a.requests, b.name);
  });
  std::ranges::sort(check.places, [](const auto& a, const auto& b) {
    return std::tie(b.requests, a.instance_id, a.class_name) <
           std::tie(a.requests, b.instance_id, b.class_name);
  });
  if (check.places.size() > kPlacesMax) check.places.resize(kPlacesMax);
}

}  // namespace

Outcome<ActivationCheck> Control::check_activation(std::string_view id) {
  Engine& engine = *engine_;
  const auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  const Time now = engine.now();
  ActivationCheck check;
  check.account_id = state->row.id;
  check.mode = policy::mode_of(policy_of(*state), now);
  check.since = now - kActivationWindow;
  check.until = now;
  engine.flush_telemetry();  // what was asked a second ago counts
  const auto rows = engine.ports.store.counters({.account = state->row.key, .from = check.since});
  if (!rows) return store_failed(rows.error());
  add_counters(check, *rows);
  const auto activated = policy::apply(policy_of(*state), policy::Activate{}, now);
  if (!activated) check.problem = verb_failed(activated.error(), state->row.id).error();
  return check;
}

CheckAnswer Control::check(const CheckQuestion& question) {
  Engine& engine = *engine_;
  const policy::Snapshot& snapshot = engine.ports.snapshot;
  policy::RouteMatch match;
  match.outcome = policy::RouteMatch::Outcome::Gated;
  match.instance_token_optional = true;  // the question is about the account's token
  if (!policy::is_instance_id(question.instance_id) ||
      !match.instance_id.assign(question.instance_id)) {
    match.outcome = policy::RouteMatch::Outcome::NoInstance;
  }
  const policy::RequestView request{.method = "GET",
                                    .host = {},
                                    .path = "/",
                                    .query = {},
                                    .fields = {.context = &question.token, .get = &token_lines}};
  const IpAddress address = question.address.value_or(*parse_ip("127.0.0.1"));

  // This thread passes no barrier: the writer's lock keeps what it looks at from being reclaimed.
  const Engine::Lock lock(engine.mutex);
  const Time now = engine.now();
  const policy::Facts facts = policy::gather(snapshot, match, request, address, kHeader);
  const policy::DecideOptions options{engine.unknown_instance == UnknownInstance::Allow
                                          ? policy::UnknownInstance::Allow
                                          : policy::UnknownInstance::Deny};
  const policy::Decision decision = policy::decide(snapshot, facts, now, options);
  const policy::Sent sent{.header = question.token ? question.token->reveal() : std::string_view(),
                          .elsewhere = {},
                          .format = &engine.options.token_format};
  const policy::Classified classified = policy::classify(snapshot, facts, decision, sent, now);
  CheckAnswer answer{.allow = decision.allow,
                     .reason = std::string(policy::text_of(decision.reason)),
                     .token_class = std::string(policy::text_of(classified.token_class)),
                     .why = std::string(why_of(decision.reason)),
                     .mode = decision.mode,
                     .account_id = std::string(decision.account_id),
                     .upstream = std::string(decision.upstream.text),
                     .revision = snapshot.revision()};
  answer.why += note_of(classified.token_class);
  if (decision.unknown_instance)
    answer.why += ": the instance is unknown, and such are let through";
  if (classified.other_account != 0) {
    const auto other = snapshot.find_account(classified.other_account);
    if (other) answer.why += ": it is a token of account '" + std::string(other->id) + "'";
  }
  return answer;
}

}  // namespace guarita::control
