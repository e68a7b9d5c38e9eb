// A link into the console of one account, for a partner's customer whom an operator vouches for.
#include <algorithm>

#include "admin/body.h"
#include "admin/routes.h"
#include "admin/session_json.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kEndUserBytesMax = 200;

std::optional<identity::LinkRight> parse_right(std::string_view text) {
  if (text == "view") return identity::LinkRight::View;
  if (text == "rotate") return identity::LinkRight::Rotate;
  if (text == "activate") return identity::LinkRight::Activate;
  return std::nullopt;
}

}  // namespace

Answer create_console_link(const Call& call) {
  Body body(call.request);
  const auto names = body.required_texts("rights", 3, 16);
  std::string end_user = body.required_text("end_user", kEndUserBytesMax);
  std::vector<identity::LinkRight> rights;
  for (const std::string& name : names) {
    const auto right = parse_right(name);
    if (!right || std::ranges::find(rights, *right) != rights.end()) {
      body.refuse("rights", "'rights' holds view, rotate and activate, each at most once");
      break;
    }
    rights.push_back(*right);
  }
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto made = call.identity.console_link(call.actor(), call.in_path("account"),
                                               std::move(rights), std::move(end_user));
  if (!made) return Err<Problem>(problem_of(made.error()));
  return Reply{.status = 201, .body = json_of(call, *made)};
}

}  // namespace guarita::admin
