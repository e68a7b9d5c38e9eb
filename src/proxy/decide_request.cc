// Phase: from a parsed head to a decision. Synchronous from the first look at the snapshot to the
// last use of the decision's views: that is what the barrier counts on.
#include "proxy/answer_text.h"
#include "proxy/connection.h"

namespace guarita::proxy {
namespace {

policy::FieldLines look_up(const void* context, std::string_view lower_case_name) {
  const http::FieldLines lines =
      static_cast<const http::RequestHead*>(context)->fields.lines(lower_case_name);
  return {.count = lines.count, .value = lines.value};
}

policy::RequestView view_of(const Exchange& x) {
  return {.method = x.request.method_text(),
          .host = x.target.host(),
          .path = x.target.path(),
          .query = x.target.query(),
          .fields = {.context = &x.request, .get = &look_up}};
}

void begin_record(Connection& c) {
  Exchange& x = *c.x;
  x.at = c.worker.clock().now();
  x.began_ns = net::steady_ns();
  x.address = http::client_address(x.rules().address_source, c.peer, x.request.fields,
                                   x.rules().tuning->trusted_proxies);
  const http::FieldLines inbound = x.request.fields.lines("x-request-id");
  if (inbound.one() && is_request_id(inbound.value) &&
      http::is_trusted(c.peer, x.rules().tuning->trusted_proxies)) {
    x.request_id = inbound.value;
    return;
  }
  x.own_request_id = c.worker.request_ids().next();
  x.request_id = {x.own_request_id.data(), x.own_request_id.size()};
}

// 400, 405, 413 …: what is wrong with the request whoever sends it.
Flow check(Exchange& x) {
  const http::Admitted admitted = http::admit(x.request, x.rules().admit);
  x.max_forwards = admitted.max_forwards;
  x.malformed = admitted.error;
  if (x.malformed == http::ErrorCode::None) {
    x.malformed = x.target.assign(x.request, x.rules().merging);
  }
  if (x.malformed != http::ErrorCode::None) return Flow::Answer;
  if (admitted.answer_here) {
    x.local.answer = {.status = 204, .body = {}, .reason_text = {}};
    return Flow::Answer;
  }
  const std::uint64_t body_max = x.rules().tuning->head_limits.body_bytes_max;
  if (body_max != 0 && x.request.framing == http::Framing::Length &&
      x.request.content_length > body_max) {
    return trouble(x, Trouble::BodyTooLarge);
  }
  return Flow::Connect;
}

// Of several lines none is the one that was meant.
std::string_view token_value(const Exchange& x) {
  const http::FieldLines lines = x.request.fields.lines(x.rules().token_header);
  return lines.one() ? lines.value : std::string_view();
}

// Whether the caller may be told more: a listed origin asks for permission, and the gate grants it
// without asking the upstream.
bool grants_preflight(const Exchange& x, policy::Reason reason) {
  return reason == policy::Reason::Preflight && x.rules().tuning->preflight == Preflight::Answer &&
         x.rules().lists_origin(x.request.fields.lines("origin").value);
}

Flow deny(Exchange& x) {
  policy::Reason reason = x.decision.reason;
  if (reason == policy::Reason::InstanceNotFound &&
      x.rules().tuning->conceal_instances == Conceal::Yes) {
    reason = policy::concealed_reason(x.facts);
  }
  x.public_reason = reason;
  set_denial(x.local, x.rules(), reason, x.address, token_value(x));
  x.local.preflight_granted = grants_preflight(x, reason);
  return Flow::Answer;
}

Flow allow(Connection& c) {
  Exchange& x = *c.x;
  const policy::UpstreamRef& named = x.decision.upstream;
  const std::string_view text =
      named.text.empty() ? std::string_view(x.rules().tuning->default_upstream) : named.text;
  x.upstream = text.empty() ? nullptr : c.worker.pool().hold(named.id, text);
  c.worker.enter_open(x);
  return x.upstream != nullptr ? Flow::Connect : trouble(x, Trouble::UpstreamUnavailable);
}

}  // namespace

Flow decide_request(Connection& c) {
  Exchange& x = *c.x;
  begin_record(c);
  x.request_body.begin(x.request.framing, x.request.content_length);
  if (c.worker.draining()) return trouble(x, Trouble::Draining);
  if (const Flow checked = check(x); checked != Flow::Connect) return checked;

  const Rules& rules = x.rules();
  const policy::RequestView request = view_of(x);
  x.match = policy::match(rules.tuning->routes, request);
  if (x.target.form() == http::TargetForm::Asterisk) {
    x.match.outcome = policy::RouteMatch::Outcome::Unmatched;
  }
  x.facts =
      policy::gather(c.worker.snapshot(), x.match, request, x.address, rules.token_header_lower);
  x.decision = policy::decide(c.worker.snapshot(), x.facts, x.at, rules.tuning->decide);
  x.decided = true;
  x.decided_ns = net::steady_ns();
  if (!x.account_id.assign(x.decision.account_id)) x.account_id.clear();
  const Flow flow = x.decision.allow ? allow(c) : deny(x);
  x.decision.account_id = {};  // dangles from here on
  x.decision.upstream.text = {};
  return flow;
}

}  // namespace guarita::proxy
