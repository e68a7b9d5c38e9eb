// Who may see or change one account. Its owners see of a member what concerns this account only.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {
namespace {

// A user who is no member of the account is, for its owners, none at all.
Result<UserKey, Problem> member_in_path(const Call& call) {
  const std::string& account = call.in_path("account");
  const auto view = call.control.account(account);
  if (!view) return Err<Problem>(problem_of(view.error()));
  const Problem none = problem(Code::UserNotFound, "the account has no such member");
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(none);
  const auto user = call.identity.user(UserKey{*id});
  if (!user && user.error().code != identity::ErrorCode::UserNotFound) {
    return Err<Problem>(problem_of(user.error()));
  }
  if (!user) return Err<Problem>(none);
  for (const store::MembershipRow& row : user->memberships) {
    if (row.account == view->row.key) return user->key;
  }
  return Err<Problem>(none);
}

std::optional<store::Role> required_role(Body& body) {
  const auto role = parse_role(body.required_text("role", 16));
  if (!role) body.refuse("role", "'role' is owner or viewer");
  return role;
}

}  // namespace

Answer list_members(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const std::string& account = call.in_path("account");
  const auto rows = call.identity.users(account, "", *page);
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  boost::json::array items;
  for (const store::UserRow& user : rows->rows) items.push_back(json_of_member(user, account));
  return Reply{.body = {{"items", std::move(items)}, {"next_cursor", text_or_null(rows->next)}}};
}

Answer add_member(const Call& call) {
  Body body(call.request);
  std::string email = body.required_text("email", kEmailBytesMax);
  std::string language = body.text("language", kLanguageBytesMax).value_or("");
  const auto role = required_role(body);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const std::string& account = call.in_path("account");
  const auto invited =
      call.identity.invite(call.actor(), account, std::move(email), std::move(language), *role,
                           call.caller.is_operator() ? identity::Identity::Known::Add
                                                     : identity::Identity::Known::Refuse);
  if (!invited) return Err<Problem>(problem_of(invited.error()));
  const boost::json::value link =
      invited->link ? boost::json::value(json_of(call, *invited->link)) : nullptr;
  return Reply{.status = 201,
               .body = {{"user", json_of_member(invited->user, account)}, {"link", link}}};
}

Answer update_member(const Call& call) {
  Body body(call.request);
  const auto role = required_role(body);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto key = member_in_path(call);
  if (!key) return Err<Problem>(key.error());
  const std::string& account = call.in_path("account");
  const auto done = call.identity.set_role(call.actor(), account, *key, *role);
  if (!done) return Err<Problem>(problem_of(done.error()));
  const auto user = call.identity.user(*key);
  if (!user) return Err<Problem>(problem_of(user.error()));
  return Reply{.body = {{"user", json_of_member(*user, account)}}};
}

Answer remove_member(const Call& call) {
  const auto key = member_in_path(call);
  if (!key) return Err<Problem>(key.error());
  using Rule = identity::Identity::LastOwnerRule;
  const auto done =
      call.identity.remove_member(call.actor(), call.in_path("account"), *key,
                                  call.caller.is_operator() ? Rule::MayLeave : Rule::Keep);
  if (!done) return Err<Problem>(problem_of(done.error()));
  return Reply{.body = boost::json::object()};
}

}  // namespace guarita::admin
