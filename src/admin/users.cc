// Users, for operators.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kMembershipsMax = 100;  // in one request
constexpr std::size_t kAccountBytesMax = 64;
constexpr std::size_t kSearchBytesMax = 200;

Problem no_such_user() {
  return problem(Code::UserNotFound, "there is no such user");
}

// [{"account", "role"}], read as strictly as the body itself.
std::vector<std::pair<std::string, store::Role>> memberships_of(Body& body) {
  std::vector<std::pair<std::string, store::Role>> out;
  for (Body& entry : body.objects("memberships", kMembershipsMax)) {
    std::string account = entry.required_text("account", kAccountBytesMax);
    const auto role = parse_role(entry.required_text("role", 16));
    if (!role) entry.refuse("role", "'role' is owner or viewer");
    body.take_over(entry);
    if (role) out.emplace_back(std::move(account), *role);
  }
  return out;
}

}  // namespace

Answer list_users(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  std::string search = call.in_query("q").value_or("");
  if (search.size() > kSearchBytesMax) {
    return Err<Problem>(bad_member("q", "'q' has over 200 bytes"));
  }
  const auto rows = call.identity.users(call.in_query("account"), std::move(search), *page);
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  return Reply{.body = page_of(rows->rows, rows->next)};
}

Answer create_user(const Call& call) {
  Body body(call.request);
  identity::NewUser user{.email = body.required_text("email", kEmailBytesMax),
                         .name = body.text("name", kUserNameBytesMax).value_or(""),
                         .language = body.text("language", kLanguageBytesMax).value_or(""),
                         .is_operator = body.flag("operator"),
                         .memberships = memberships_of(body)};
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto made = call.identity.create_user(call.actor(), std::move(user));
  if (!made) return Err<Problem>(problem_of(made.error()));
  boost::json::value shown = made->user ? boost::json::value(json_of(*made->user)) : nullptr;
  return Reply{.status = 201, .body = {{"user", std::move(shown)}, {"link", json_of(call, *made)}}};
}

Answer show_user(const Call& call) {
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(no_such_user());
  const auto user = call.identity.user(UserKey{*id});
  if (!user) return Err<Problem>(problem_of(user.error()));
  return Reply{.body = json_of(*user)};
}

Answer update_user(const Call& call) {
  Body body(call.request);
  auto name = body.text("name", kUserNameBytesMax);
  std::optional<bool> is_operator;
  if (body.has("operator")) is_operator = body.flag("operator");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(no_such_user());
  const auto user =
      call.identity.update_user(call.actor(), UserKey{*id}, std::move(name), is_operator);
  if (!user) return Err<Problem>(problem_of(user.error()));
  return Reply{.body = {{"user", json_of(*user)}}};
}

Answer delete_user(const Call& call) {
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(no_such_user());
  const auto done = call.identity.delete_user(call.actor(), UserKey{*id});
  if (!done) return Err<Problem>(problem_of(done.error()));
  return Reply{.body = boost::json::object()};
}

Answer reset_link(const Call& call) {
  Body body(call.request);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(no_such_user());
  const auto made = call.identity.reset_link(call.actor(), UserKey{*id});
  if (!made) return Err<Problem>(problem_of(made.error()));
  return Reply{.body = json_of(call, *made)};
}

Answer reset_two_factor(const Call& call) {
  Body body(call.request);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto id = id_in_path(call);
  if (!id) return Err<Problem>(no_such_user());
  const auto done = call.identity.reset_two_factor(call.actor(), UserKey{*id});
  if (!done) return Err<Problem>(problem_of(done.error()));
  return Reply{.body = boost::json::object()};
}

}  // namespace guarita::admin
