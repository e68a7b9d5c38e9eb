// What would the gate decide, and what would it send? Nothing is changed by asking.
#include <algorithm>
#include <charconv>

#include "control/engine.h"
#include "policy/classify.h"

namespace guarita::control {
namespace {

constexpr std::string_view kHeader = "client-token";
const IpAddress kLoopback = *parse_ip("127.0.0.1");

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

}  // namespace

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
  const IpAddress address = question.address.value_or(kLoopback);

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
  policy::Classified classified = policy::classify(snapshot, facts, decision, sent, now);
  if (question.audience == Audience::Owner &&
      classified.token_class == policy::TokenClass::OtherAccount) {
    classified = {policy::TokenClass::Unknown, 0};
  }
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

TestAnswer Control::Engine::answer_of(const CheckAnswer& decided, const TestQuestion& question,
                                      std::string_view token) const {
  TestAnswer answer{.allow = decided.allow,
                    .reason = decided.reason,
                    .token_class = decided.token_class,
                    .why = decided.why,
                    .status = 0,
                    .bytes = {},
                    .upstream = {}};
  if (decided.allow) {
    if (question.audience == Audience::Owner) return answer;
    answer.upstream = decided.upstream;
    if (decided.upstream.empty() && options.gate.default_upstream) {
      answer.upstream = options.gate.default_upstream();
    }
    return answer;
  }
  const auto reason = policy::parse_reason(decided.reason);
  if (!reason || !options.gate.denial) return answer;
  answer.bytes = options.gate.denial(*reason, question.address.value_or(kLoopback), token);
  // "HTTP/1.1 403 Forbidden"
  const std::string_view line(answer.bytes);
  const std::size_t space = std::min(line.find(' '), line.size());
  std::from_chars(line.data() + std::min(space + 1, line.size()), line.data() + line.size(),
                  answer.status);
  return answer;
}

Outcome<TestAnswers> Control::test(const TestQuestion& question) {
  const auto instance = engine_->load_instance(question.instance_id);
  // Whose instance it is, if anybody's, is nobody else's business.
  if (!instance && instance.error().code != ErrorCode::InstanceNotFound) {
    return Err<Error>(instance.error());
  }
  if (!instance || instance->account_id != question.account_id) {
    return instance_not_found(question.instance_id);
  }
  CheckQuestion asked{.instance_id = question.instance_id,
                      .address = question.address.value_or(kLoopback),
                      .token = {},
                      .audience = question.audience};
  TestAnswers answers{.without = engine_->answer_of(check(asked), question, {}), .with = {}};
  if (question.token) {
    const std::string_view token = question.token->reveal();
    asked.token.emplace(std::string(token));
    answers.with = engine_->answer_of(check(asked), question, token);
  }
  return answers;
}

}  // namespace guarita::control
