#include "admin/routes.h"

#include <array>

namespace guarita::admin {
namespace {

using enum Right;
constexpr auto kNone = IfMatch::None;
constexpr auto kOptional = IfMatch::Optional;
constexpr auto kRequired = IfMatch::Required;

constexpr auto kKeep = Reauth::No;
constexpr auto kFresh = Reauth::Required;
constexpr auto kFreshToDo = Reauth::UnlessDryRun;

constexpr std::array kRoutes = {
    // clang-format off
    Route{"GET", "/v1/console", Public, kNone, kKeep, "", &show_console},
    Route{"GET", "/v1/session", Session, kNone, kKeep, "", &show_session},
    Route{"POST", "/v1/session", Public, kNone, kKeep, "", &sign_in},
    Route{"DELETE", "/v1/session", Session, kNone, kKeep, "", &sign_out},
    Route{"POST", "/v1/session:reauthenticate", Self, kNone, kKeep, "", &reauthenticate},
    Route{"GET", "/v1/sessions", Self, kNone, kKeep, "", &list_sessions},
    Route{"DELETE", "/v1/sessions/{id}", Self, kNone, kKeep, "", &end_session},
    Route{"POST", "/v1/sessions:end-others", Self, kNone, kKeep, "", &end_other_sessions},
    Route{"POST", "/v1/links:inspect", Public, kNone, kKeep, "", &inspect_link},
    Route{"POST", "/v1/links:redeem", Public, kNone, kKeep, "", &redeem_link},
    Route{"PATCH", "/v1/me", Self, kNone, kKeep, "", &update_me},
    Route{"POST", "/v1/me:change-password", Self, kNone, kKeep, "", &change_password},
    Route{"POST", "/v1/me/two-factor:begin", Self, kNone, kKeep, "", &begin_two_factor},
    Route{"POST", "/v1/me/two-factor:confirm", Self, kNone, kKeep, "", &confirm_two_factor},
    Route{"POST", "/v1/me/two-factor:disable", Self, kNone, kFresh, "", &disable_two_factor},
    Route{"POST", "/v1/me/two-factor:recovery-codes", Self, kNone, kFresh, "", &new_recovery_codes},
    Route{"GET", "/v1/users", Read, kNone, kKeep, "q,account,cursor,limit", &list_users},
    Route{"POST", "/v1/users", Write, kNone, kFresh, "", &create_user},
    Route{"GET", "/v1/users/{id}", Read, kNone, kKeep, "", &show_user},
    Route{"PATCH", "/v1/users/{id}", Write, kNone, kFresh, "", &update_user},
    Route{"DELETE", "/v1/users/{id}", Write, kNone, kFresh, "", &delete_user},
    Route{"POST", "/v1/users/{id}:reset-link", Write, kNone, kFresh, "", &reset_link},
    Route{"POST", "/v1/users/{id}:reset-two-factor", Write, kNone, kFresh, "", &reset_two_factor},
    Route{"GET", "/v1/accounts", ScopedRead, kNone, kKeep, "q,cursor,limit", &list_accounts},
    Route{"POST", "/v1/accounts", Write, kNone, kKeep, "", &create_account},
    Route{"GET", "/v1/accounts/{account}", OwnRead, kNone, kKeep, "", &show_account},
    Route{"PATCH", "/v1/accounts/{account}", Write, kOptional, kKeep, "", &update_account},
    Route{"DELETE", "/v1/accounts/{account}", Write, kOptional, kFresh, "cascade", &delete_account},
    Route{"POST", "/v1/accounts/{account}:activate", OwnActivate, kOptional, kFreshToDo, "", &activate},
    Route{"POST", "/v1/accounts/{account}:deactivate", OwnActivate, kOptional, kFresh, "", &deactivate},
    Route{"GET", "/v1/accounts/{account}/members", OwnPeople, kNone, kKeep, "cursor,limit", &list_members},
    Route{"POST", "/v1/accounts/{account}/members", OwnWrite, kNone, kFresh, "", &add_member},
    Route{"PATCH", "/v1/accounts/{account}/members/{id}", OwnWrite, kNone, kFresh, "", &update_member},
    Route{"DELETE", "/v1/accounts/{account}/members/{id}", OwnWrite, kNone, kFresh, "", &remove_member},
    Route{"POST", "/v1/accounts/{account}/console-links", Write, kNone, kFresh, "", &create_console_link},
    Route{"GET", "/v1/accounts/{account}/traffic", OwnRead, kNone, kKeep, "range,instance", &account_traffic},
    Route{"GET", "/v1/accounts/{account}/denials", OwnRead, kNone, kKeep, "limit", &account_denials},
    Route{"GET", "/v1/accounts/{account}/callers", OwnRead, kNone, kKeep, "", &account_callers},
    Route{"GET", "/v1/accounts/{account}/events", OwnRead, kNone, kKeep, "", &account_events},
    Route{"POST", "/v1/accounts/{account}:test", OwnWrite, kNone, kKeep, "", &test_account},
    Route{"GET", "/v1/traffic", Read, kNone, kKeep, "range", &all_traffic},
    Route{"GET", "/v1/accounts/{account}/tokens", OwnRead, kNone, kKeep, "", &list_tokens},
    Route{"POST", "/v1/accounts/{account}/tokens:generate", OwnRotate, kRequired, kFresh, "", &generate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:regenerate", OwnWrite, kRequired, kFresh, "", &regenerate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:rotate", OwnRotate, kRequired, kFresh, "", &rotate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:promote", OwnRotate, kRequired, kFresh, "", &promote_token},
    Route{"POST", "/v1/accounts/{account}/tokens:revoke", OwnWrite, kRequired, kFresh, "", &revoke_token},
    Route{"POST", "/v1/accounts/{account}/tokens:reveal", OwnWrite, kNone, kFresh, "", &reveal_token},
    Route{"GET", "/v1/accounts/{account}/ip-list", OwnRead, kNone, kKeep, "", &show_ip_list},
    Route{"PUT", "/v1/accounts/{account}/ip-list", OwnWrite, kOptional, kFreshToDo, "", &set_ip_list},
    Route{"POST", "/v1/accounts/{account}/ip-list:add", OwnWrite, kOptional, kFreshToDo, "", &add_ip_list},
    Route{"POST", "/v1/accounts/{account}/ip-list:remove", OwnWrite, kOptional, kFreshToDo, "", &remove_ip_list},
    Route{"GET", "/v1/instances", ScopedRead, kNone, kKeep, "account,q,cursor,limit", &list_instances},
    Route{"POST", "/v1/instances", Write, kNone, kKeep, "", &create_instance},
    Route{"GET", "/v1/instances/{instance}", ScopedRead, kNone, kKeep, "", &show_instance},
    Route{"PATCH", "/v1/instances/{instance}", ScopedWrite, kNone, kKeep, "", &update_instance},
    Route{"DELETE", "/v1/instances/{instance}", Write, kNone, kFresh, "", &delete_instance},
    Route{"POST", "/v1/instances/{instance}:move", Write, kNone, kFresh, "", &move_instance},
    Route{"POST", "/v1/batch", Write, kNone, kFreshToDo, "", &apply_batch},
    Route{"GET", "/v1/export", Write, kNone, kKeep, "of,cursor,limit", &export_rows},
    Route{"GET", "/v1/unknown-instances", Read, kNone, kKeep, "cursor,limit", &list_unknown_instances},
    Route{"GET", "/v1/admin-tokens", Write, kNone, kKeep, "cursor,limit", &list_admin_tokens},
    Route{"POST", "/v1/admin-tokens", Write, kNone, kFresh, "", &create_admin_token},
    Route{"DELETE", "/v1/admin-tokens/{id}", Write, kNone, kFresh, "", &revoke_admin_token},
    Route{"GET", "/v1/audit", Read, kNone, kKeep, "account,q,verb,from,until,format,cursor,limit", &list_audit},
    Route{"GET", "/v1/audit:verify", Read, kNone, kKeep, "head", &verify_audit},
    Route{"POST", "/v1/check", Write, kNone, kKeep, "", &check},
    Route{"GET", "/v1/receipts/{revision}", Any, kNone, kKeep, "", &show_receipt},
    Route{"GET", "/v1/status", Read, kNone, kKeep, "", &status},
    Route{"GET", "/v1/openapi.json", Any, kNone, kKeep, "", &openapi},
    // clang-format on
};

// The scope `read` reaches exactly the GETs of this table.
consteval bool reading_is_get() {
  for (const Route& route : kRoutes) {
    const bool reads = route.right == Any || route.right == Read || route.right == OwnRead ||
                       route.right == OwnPeople || route.right == ScopedRead;
    if (reads && route.method != "GET") return false;
  }
  return true;
}
static_assert(reading_is_get());

// Whatever changes something proves that no other site sent it; only what begins a session does so
// without the session's own proof.
consteval bool changes_are_guarded() {
  for (const Route& route : kRoutes) {
    const SiteGuard guard = site_guard_of(route.method, route.right);
    const bool begins = route.path == "/v1/session" || route.path == "/v1/links:inspect" ||
                        route.path == "/v1/links:redeem";
    if ((route.method == "GET") != (guard == SiteGuard::None)) return false;
    if (guard == SiteGuard::SignIn && !begins) return false;
  }
  return true;
}
static_assert(changes_are_guarded());

// One segment: "{account}", "tokens:rotate", "{account}:activate", "accounts".
bool match_segment(std::string_view pattern, std::string_view raw, NameValues& values) {
  if (!pattern.starts_with('{')) return pattern == raw;
  const auto close = pattern.find('}');
  const std::string_view verb = pattern.substr(close + 1);
  if (!raw.ends_with(verb)) return false;
  const std::string_view id = raw.substr(0, raw.size() - verb.size());
  if (id.empty() || id.contains(':')) return false;
  auto decoded = percent_decode(id);
  if (!decoded) return false;
  values.emplace_back(pattern.substr(1, close - 1), std::move(*decoded));
  return true;
}

}  // namespace

std::string_view text_of(Reauth reauth) {
  switch (reauth) {
    case Reauth::No: return "no";
    case Reauth::Required: return "required";
    case Reauth::UnlessDryRun: return "unless_dry_run";
  }
  return "required";
}

std::span<const Route> route_table() {
  return kRoutes;
}

std::optional<NameValues> match_path(std::string_view path_template, std::string_view raw_path) {
  NameValues values;
  while (true) {
    const auto template_end = path_template.find('/');
    const auto raw_end = raw_path.find('/');
    if ((template_end == std::string_view::npos) != (raw_end == std::string_view::npos)) {
      return std::nullopt;
    }
    if (!match_segment(path_template.substr(0, template_end), raw_path.substr(0, raw_end),
                       values)) {
      return std::nullopt;
    }
    if (template_end == std::string_view::npos) return values;
    path_template.remove_prefix(template_end + 1);
    raw_path.remove_prefix(raw_end + 1);
  }
}

}  // namespace guarita::admin
