#include "admin/routes.h"

#include <array>

namespace guarita::admin {
namespace {

using enum Right;
constexpr auto kNone = IfMatch::None;
constexpr auto kOptional = IfMatch::Optional;
constexpr auto kRequired = IfMatch::Required;

constexpr std::array kRoutes = {
    // clang-format off
    Route{"GET", "/v1/accounts", Read, kNone, "cursor,limit", &list_accounts},
    Route{"POST", "/v1/accounts", Write, kNone, "", &create_account},
    Route{"GET", "/v1/accounts/{account}", OwnRead, kNone, "", &show_account},
    Route{"PATCH", "/v1/accounts/{account}", Write, kOptional, "", &update_account},
    Route{"DELETE", "/v1/accounts/{account}", Write, kOptional, "cascade", &delete_account},
    Route{"POST", "/v1/accounts/{account}:activate", OwnWrite, kOptional, "", &activate},
    Route{"POST", "/v1/accounts/{account}:deactivate", OwnWrite, kOptional, "", &deactivate},
    Route{"GET", "/v1/accounts/{account}/tokens", OwnRead, kNone, "", &list_tokens},
    Route{"POST", "/v1/accounts/{account}/tokens:generate", OwnWrite, kRequired, "", &generate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:regenerate", OwnWrite, kRequired, "", &regenerate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:rotate", OwnWrite, kRequired, "", &rotate_token},
    Route{"POST", "/v1/accounts/{account}/tokens:promote", OwnWrite, kRequired, "", &promote_token},
    Route{"POST", "/v1/accounts/{account}/tokens:revoke", OwnWrite, kRequired, "", &revoke_token},
    Route{"GET", "/v1/accounts/{account}/ip-list", OwnRead, kNone, "", &show_ip_list},
    Route{"PUT", "/v1/accounts/{account}/ip-list", OwnWrite, kOptional, "", &set_ip_list},
    Route{"POST", "/v1/accounts/{account}/ip-list:add", OwnWrite, kOptional, "", &add_ip_list},
    Route{"POST", "/v1/accounts/{account}/ip-list:remove", OwnWrite, kOptional, "", &remove_ip_list},
    Route{"GET", "/v1/instances", ScopedRead, kNone, "account,q,cursor,limit", &list_instances},
    Route{"POST", "/v1/instances", Write, kNone, "", &create_instance},
    Route{"GET", "/v1/instances/{instance}", ScopedRead, kNone, "", &show_instance},
    Route{"PATCH", "/v1/instances/{instance}", ScopedWrite, kNone, "", &update_instance},
    Route{"DELETE", "/v1/instances/{instance}", Write, kNone, "", &delete_instance},
    Route{"POST", "/v1/instances/{instance}:move", Write, kNone, "", &move_instance},
    Route{"GET", "/v1/unknown-instances", Read, kNone, "cursor,limit", &list_unknown_instances},
    Route{"GET", "/v1/admin-tokens", Write, kNone, "cursor,limit", &list_admin_tokens},
    Route{"POST", "/v1/admin-tokens", Write, kNone, "", &create_admin_token},
    Route{"DELETE", "/v1/admin-tokens/{id}", Write, kNone, "", &revoke_admin_token},
    Route{"GET", "/v1/audit", Read, kNone, "cursor,limit", &list_audit},
    Route{"GET", "/v1/audit:verify", Read, kNone, "head", &verify_audit},
    Route{"POST", "/v1/check", Write, kNone, "", &check},
    Route{"GET", "/v1/receipts/{revision}", Any, kNone, "", &show_receipt},
    Route{"GET", "/v1/status", Read, kNone, "", &status},
    Route{"GET", "/v1/openapi.json", Any, kNone, "", &openapi},
    // clang-format on
};

// The scope `read` reaches exactly the GETs of this table.
consteval bool reading_is_get() {
  for (const Route& route : kRoutes) {
    const bool reads = route.right == Any || route.right == Read || route.right == OwnRead ||
                       route.right == ScopedRead;
    if (reads && route.method != "GET") return false;
  }
  return true;
}
static_assert(reading_is_get());

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
