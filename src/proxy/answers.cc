#include "proxy/answers.h"

namespace guarita::proxy {
namespace {

constexpr std::string_view kPlaceholder = "{value}";

struct Documented {
  std::uint16_t status;
  std::string_view body;
};

Documented documented(policy::Reason reason) {
  using enum policy::Reason;
  switch (reason) {
    case None: break;
    case UnmatchedRoute: return {404, R"({"error":"Route not found"})"};
    case BadTarget: return {400, R"({"error":"Bad request target"})"};
    case AmbiguousInstance: return {400, R"({"error":"Instance ambiguous"})"};
    case InstanceNotFound: return {400, R"({"error":"Instance not found"})"};
    case IpNotAllowed:
    case TokenDuplicate:
    case TokenMalformed:
    case TokenIsInstanceToken:
    case TokenNotAccepted: return {403, R"({"error":"{value} not allowed"})"};
    case Preflight:
    case TokenMissing:
    case TokenEmpty:
    case TokenPlaceholder: return {403, R"({"error":"null not allowed"})"};
  }
  return {403, R"({"error":"not allowed"})"};
}

}  // namespace

AnswerTable::AnswerTable(const Tuning& tuning) {
  for (std::size_t i = 0; i < policy::kReasons; ++i) {
    const auto reason = static_cast<policy::Reason>(i);
    const Documented plain = documented(reason);
    bodies_[i] = plain.body;
    by_reason_[i] = {.status = plain.status, .body = {}, .reason_text = policy::text_of(reason)};
  }
  for (const AnswerOverride& own : tuning.answers) {
    const auto index = static_cast<std::size_t>(own.reason);
    if (own.status != 0) by_reason_[index].status = static_cast<std::uint16_t>(own.status);
    if (!own.body.empty()) bodies_[index] = own.body;
  }
  for (std::size_t i = 0; i < policy::kReasons; ++i) by_reason_[i].body = bodies_[i];
}

Answer AnswerTable::of(Trouble trouble) {
  constexpr std::string_view kUnavailable = R"({"error":"Instance unavailable"})";
  using enum Trouble;
  switch (trouble) {
    case UpstreamUnavailable: return {502, kUnavailable, "upstream_unavailable"};
    case UpstreamClosed: return {502, kUnavailable, "upstream_closed"};
    case UpstreamBadResponse: return {502, kUnavailable, "upstream_bad_response"};
    case UpstreamTimedOut: return {504, R"({"error":"Instance timed out"})", "upstream_timed_out"};
    case Draining: return {503, R"({"error":"Shutting down"})", "draining"};
    case HeadTimedOut: return {408, R"({"error":"Request timed out"})", {}};
    case BodyTooLarge: return {413, R"({"error":"Body too large"})", {}};
  }
  return {502, kUnavailable, {}};
}

void append_body(std::string& out, std::string_view body, std::string_view value) {
  const std::size_t at = body.find(kPlaceholder);
  out.append(body.substr(0, at));
  if (at == std::string_view::npos) return;
  out.append(value);
  out.append(body.substr(at + kPlaceholder.size()));
}

}  // namespace guarita::proxy
