#include <algorithm>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNameBytesMax = 200;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

Answer answer_of(const control::Outcome<control::Done<control::AccountView>>& outcome,
                 unsigned status = 200) {
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return with_etag(done({{"account", json_of(outcome->value)}}, outcome->receipt, status),
                   outcome->value.row.revision);
}

bool holds(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::ranges::search(text, part, same).begin() != text.end() || part.empty();
}

// The accounts that the caller belongs to, by id: few, so each is asked for.
Answer list_own_accounts(const Call& call, const store::PageRequest& page,
                         std::string_view search) {
  std::vector<control::AccountView> shown;
  std::string next;
  for (const std::string& id : call.caller.own_accounts()) {
    if (id <= page.cursor) continue;
    auto view = call.control.account(id);
    if (!view && view.error().code == control::ErrorCode::AccountNotFound) continue;
    if (!view) return Err<Problem>(problem_of(view.error()));
    if (!holds(view->row.id, search) && !holds(view->row.name, search)) continue;
    if (shown.size() == page.limit) {
      next = shown.back().row.id;
      break;
    }
    shown.push_back(std::move(*view));
  }
  return Reply{.body = page_of(shown, next)};
}

}  // namespace

Answer list_accounts(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const std::string search = call.in_query("q").value_or("");
  if (call.caller.is_limited()) return list_own_accounts(call, *page, search);
  const auto rows = call.control.accounts(*page, {.search = search});
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  return Reply{.body = page_of(rows->rows, rows->next)};
}

Answer create_account(const Call& call) {
  Body body(call.request);
  std::string id = body.required_text("id", kIdBytesMax);
  std::string name = body.text("name", kNameBytesMax).value_or("");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return answer_of(call.control.create_account(call.asked(), std::move(id), std::move(name)), 201);
}

Answer show_account(const Call& call) {
  const auto view = call.control.account(call.in_path("account"));
  if (!view) return Err<Problem>(problem_of(view.error()));
  return with_etag({.body = json_of(*view)}, view->row.revision);
}

Answer update_account(const Call& call) {
  Body body(call.request);
  std::string name = body.required_text("name", kNameBytesMax);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return answer_of(
      call.control.rename_account(call.asked(), call.in_path("account"), std::move(name)));
}

Answer delete_account(const Call& call) {
  const std::string cascade = call.in_query("cascade").value_or("false");
  if (cascade != "true" && cascade != "false") {
    return Err<Problem>(bad_member("cascade", "cascade is true or false"));
  }
  const auto outcome = call.control.delete_account(
      call.asked(), call.in_path("account"),
      cascade == "true" ? store::Cascade::DeleteInstances : store::Cascade::Refuse);
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return done({}, outcome->receipt);
}

Answer activate(const Call& call) {
  Body body(call.request);
  const bool dry_run = body.flag("dry_run");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const std::string& id = call.in_path("account");
  if (!dry_run) return answer_of(call.control.activate(call.asked(), id));
  const auto check = call.control.check_activation(id);
  if (!check) return Err<Problem>(problem_of(check.error()));
  return Reply{.body = json_of(*check)};
}

Answer deactivate(const Call& call) {
  Body body(call.request);
  const bool confirm = body.flag("confirm");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  return answer_of(call.control.deactivate(call.asked(), call.in_path("account"),
                                           confirm ? control::Confirm::Yes : control::Confirm::No));
}

}  // namespace guarita::admin
