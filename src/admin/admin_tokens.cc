#include <algorithm>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

std::optional<control::AdminScope> parse_scope(std::string_view text) {
  using Kind = control::AdminScope::Kind;
  constexpr std::string_view kAccount = "account:";
  if (text == "read") return control::AdminScope{Kind::Read, {}};
  if (text == "write") return control::AdminScope{Kind::Write, {}};
  if (text.starts_with(kAccount) && text.size() > kAccount.size()) {
    return control::AdminScope{Kind::Account, std::string(text.substr(kAccount.size()))};
  }
  return std::nullopt;
}

}  // namespace

Answer list_admin_tokens(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto rows = call.control.admin_tokens();
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  // There are few: the store gives them all, and the cursor is the id of the last one shown.
  auto from = rows->begin();
  if (!page->cursor.empty()) {
    from = std::ranges::find_if(
        *rows, [&](const store::AdminTokenRow& row) { return row.key.text() == page->cursor; });
    if (from == rows->end()) return Err<Problem>(bad_member("cursor", "no cursor of this list"));
    ++from;
  }
  const auto left = static_cast<std::size_t>(rows->end() - from);
  const auto count = std::min(left, page->limit);
  const std::vector<store::AdminTokenRow> shown(from, from + static_cast<std::ptrdiff_t>(count));
  return Reply{.body = page_of(shown, count < left ? shown.back().key.text() : std::string())};
}

Answer create_admin_token(const Call& call) {
  Body body(call.request);
  const std::string text = body.required_text("scope", 80);
  std::string name = body.text("name", 200).value_or("");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto scope = parse_scope(text);
  if (!scope) return Err<Problem>(bad_member("scope", "'scope' is read, write or account:ID"));
  const auto outcome = call.control.create_admin_token(call.asked(), *scope, std::move(name));
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return done(
      {{"admin_token", json_of(outcome->value.token)}, {"secret", outcome->value.secret.reveal()}},
      outcome->receipt, 201);
}

Answer revoke_admin_token(const Call& call) {
  const auto uuid = parse_uuid(call.in_path("id"));
  if (!uuid) return Err<Problem>(bad_member("id", "the id of an admin token is a UUID"));
  const auto outcome = call.control.revoke_admin_token(call.asked(), AdminTokenKey{*uuid});
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return done({}, outcome->receipt);
}

}  // namespace guarita::admin
