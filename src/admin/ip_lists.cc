#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kEntriesMax = 1000;
constexpr std::size_t kEntryBytesMax = 64;

boost::json::object json_of_check(const control::IpListCheck& check) {
  return {{"dry_run", true},
          {"before", json_of(check.before)},
          {"after", json_of(check.after)},
          {"added", json_of(check.added)},
          {"removed", json_of(check.removed)},
          {"needs_confirmation", check.needs_confirmation}};
}

Answer change(const Call& call, control::IpListVerb verb) {
  Body body(call.request);
  const auto entries = body.required_texts("entries", kEntriesMax, kEntryBytesMax);
  const bool confirm = body.flag("confirm");
  const bool dry_run = body.flag("dry_run");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const std::string& id = call.in_path("account");
  if (dry_run) {
    const auto check = call.control.check_ip_list(id, verb, entries);
    if (!check) return Err<Problem>(problem_of(check.error()));
    return Reply{.body = json_of_check(*check)};
  }
  const auto outcome = call.control.change_ip_list(
      call.asked(), id, verb, entries, confirm ? control::Confirm::Yes : control::Confirm::No);
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return with_etag(done({{"ip_list", json_of(outcome->value)}}, outcome->receipt),
                   outcome->value.revision);
}

}  // namespace

Answer show_ip_list(const Call& call) {
  const auto list = call.control.ip_list(call.in_path("account"));
  if (!list) return Err<Problem>(problem_of(list.error()));
  return with_etag({.body = json_of(*list)}, list->revision);
}

Answer set_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Set);
}
Answer add_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Add);
}
Answer remove_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Remove);
}

}  // namespace guarita::admin
