// The only list of routes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admin/call.h"
#include "admin/caller.h"

namespace guarita::admin {

enum class IfMatch : std::uint8_t {
  None,      // no ETag there: refused when sent
  Optional,  // of the account
  Required,  // verbs that make or kill a token: 428 without
};
// Does a user's session have to give its password again when it did so long ago?
enum class Reauth : std::uint8_t {
  No,
  Required,
  UnlessDryRun,  // a body with "dry_run": true changes nothing
};
std::string_view text_of(Reauth reauth);  // as x-guarita-reauth in openapi.json
using Handler = Answer (*)(const Call&);

struct Route {
  std::string_view method;
  // Segments: literals, {account}, {instance}, {id}, {revision}; a verb stands behind a colon.
  std::string_view path;
  Right right;
  IfMatch if_match;
  Reauth reauth;
  std::string_view query;  // names of known parameters, comma between
  Handler handler;

  // A constructor, so that an entry without a right does not compile.
  constexpr Route(std::string_view method_, std::string_view path_, Right right_, IfMatch if_match_,
                  Reauth reauth_, std::string_view query_, Handler handler_)
      : method(method_),
        path(path_),
        right(right_),
        if_match(if_match_),
        reauth(reauth_),
        query(query_),
        handler(handler_) {}
};

std::span<const Route> route_table();

// What proves that no other site's page sent a change. The dispatcher asks, no handler does.
enum class SiteGuard : std::uint8_t {
  None,    // it changes nothing
  SignIn,  // it begins a session: check_sign_in()
  Csrf,    // by a session: check_csrf()
};
constexpr SiteGuard site_guard_of(std::string_view method, Right right) {
  if (method == "GET") return SiteGuard::None;
  return right == Right::Public ? SiteGuard::SignIn : SiteGuard::Csrf;
}

// Compares the raw path with the template: a colon within an id is percent-encoded, so a verb is
// never part of an id. The decoded placeholders, or none.
std::optional<NameValues> match_path(std::string_view path_template, std::string_view raw_path);

std::string_view openapi_text();

// ---- handlers, by the file that holds them ----------------------------------------------------
// accounts.cc
Answer list_accounts(const Call&);
Answer create_account(const Call&);
Answer show_account(const Call&);
Answer update_account(const Call&);
Answer delete_account(const Call&);
Answer activate(const Call&);
Answer deactivate(const Call&);
// tokens.cc
Answer list_tokens(const Call&);
Answer generate_token(const Call&);
Answer regenerate_token(const Call&);
Answer rotate_token(const Call&);
Answer promote_token(const Call&);
Answer revoke_token(const Call&);
Answer reveal_token(const Call&);
// ip_lists.cc
Answer show_ip_list(const Call&);
Answer set_ip_list(const Call&);
Answer add_ip_list(const Call&);
Answer remove_ip_list(const Call&);
// instances.cc
Answer list_instances(const Call&);
Answer create_instance(const Call&);
Answer show_instance(const Call&);
Answer update_instance(const Call&);
Answer delete_instance(const Call&);
Answer move_instance(const Call&);
Answer list_unknown_instances(const Call&);
// admin_tokens.cc
Answer list_admin_tokens(const Call&);
Answer create_admin_token(const Call&);
Answer revoke_admin_token(const Call&);
// audit.cc
Answer list_audit(const Call&);
Answer verify_audit(const Call&);
// session.cc
Answer show_session(const Call&);
Answer sign_in(const Call&);
Answer sign_out(const Call&);
Answer reauthenticate(const Call&);
Answer list_sessions(const Call&);
Answer end_session(const Call&);
Answer end_other_sessions(const Call&);
// links.cc
Answer inspect_link(const Call&);
Answer redeem_link(const Call&);
// me.cc
Answer update_me(const Call&);
Answer change_password(const Call&);
Answer begin_two_factor(const Call&);
Answer confirm_two_factor(const Call&);
Answer disable_two_factor(const Call&);
Answer new_recovery_codes(const Call&);
// users.cc
Answer list_users(const Call&);
Answer create_user(const Call&);
Answer show_user(const Call&);
Answer update_user(const Call&);
Answer delete_user(const Call&);
Answer reset_link(const Call&);
Answer reset_two_factor(const Call&);
// members.cc
Answer list_members(const Call&);
Answer add_member(const Call&);
Answer update_member(const Call&);
Answer remove_member(const Call&);
// console_links.cc
Answer create_console_link(const Call&);
// traffic.cc
Answer account_traffic(const Call&);
Answer account_denials(const Call&);
Answer account_callers(const Call&);
Answer all_traffic(const Call&);
// events.cc
Answer account_events(const Call&);
// test.cc
Answer test_account(const Call&);
// batch.cc
Answer apply_batch(const Call&);
Answer export_rows(const Call&);
// server.cc
Answer show_console(const Call&);
Answer check(const Call&);
Answer show_receipt(const Call&);
Answer status(const Call&);
Answer openapi(const Call&);

}  // namespace guarita::admin
