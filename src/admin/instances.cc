#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kAccountBytesMax = 64;
constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kUpstreamBytesMax = 2048;
constexpr std::size_t kInstanceTokenBytesMax = 256;

// Where an instance runs is the operator's own affair.
boost::json::object shown(const Call& call, boost::json::object instance) {
  if (call.caller.is_limited()) instance["upstream"] = nullptr;
  return instance;
}

Answer answer_of(const Call& call,
                 const control::Outcome<control::Done<store::InstanceRow>>& outcome,
                 unsigned status = 200) {
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return done({{"instance", shown(call, json_of(outcome->value))}}, outcome->receipt, status);
}

}  // namespace

// The dispatcher has put the caller's own account into ?account= where it may see no other.
Answer list_instances(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto rows = call.control.instance_views({.account_id = call.in_query("account"),
                                                 .search = call.in_query("q").value_or(""),
                                                 .page = *page});
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  boost::json::array items;
  for (const control::InstanceView& view : rows->rows) {
    items.push_back(shown(call, json_of(view)));
  }
  return Reply{.body = {{"items", std::move(items)}, {"next_cursor", text_or_null(rows->next)}}};
}

Answer create_instance(const Call& call) {
  Body body(call.request);
  control::NewInstance instance{
      .id = body.required_text("id", kIdBytesMax),
      .account_id = body.required_text("account", kAccountBytesMax),
      .name = body.text("name", kNameBytesMax).value_or(""),
      .upstream =
          body.nullable_text("upstream", kUpstreamBytesMax).value_or(std::nullopt).value_or(""),
      .instance_token = body.secret("instance_token", kInstanceTokenBytesMax)};
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return answer_of(call, call.control.create_instance(call.asked(), std::move(instance)), 201);
}

Answer show_instance(const Call& call) {
  const auto view = call.control.instance_view(call.in_path("instance"));
  if (!view) return Err<Problem>(problem_of(view.error()));
  return Reply{.body = shown(call, json_of(*view))};
}

Answer update_instance(const Call& call) {
  Body body(call.request);
  control::InstanceUpdate update;
  update.name = body.text("name", kNameBytesMax);
  if (auto upstream = body.nullable_text("upstream", kUpstreamBytesMax)) {
    update.upstream = upstream->value_or("");
  }
  if (auto token = body.nullable_text("instance_token", kInstanceTokenBytesMax)) {
    update.instance_token.emplace();
    if (*token) update.instance_token->emplace(std::move(**token));
  }
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  // Owners rename; the rest is the operator's (DESIGN §2 "Identity").
  const bool more_than_name = update.upstream || update.instance_token;
  if (more_than_name && !permits(Right::Write, call.caller, std::nullopt)) {
    return Err<Problem>(
        problem(Code::Forbidden, "only an operator changes the upstream or token of an instance"));
  }
  return answer_of(call, call.control.update_instance(call.asked(), call.in_path("instance"),
                                                      std::move(update)));
}

Answer delete_instance(const Call& call) {
  const auto outcome = call.control.delete_instance(call.asked(), call.in_path("instance"));
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return done({}, outcome->receipt);
}

Answer move_instance(const Call& call) {
  Body body(call.request);
  const std::string to = body.required_text("to", kAccountBytesMax);
  const auto force = body.flag("force") ? control::Force::Yes : control::Force::No;
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return answer_of(call,
                   call.control.move_instance(call.asked(), call.in_path("instance"), to, force));
}

Answer list_unknown_instances(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto rows = call.control.unknown_instances(*page);
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  return Reply{.body = page_of(rows->rows, rows->next)};
}

}  // namespace guarita::admin
