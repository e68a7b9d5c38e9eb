// Every route is closed to every caller that it is not for, and answers whoever it is for.
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "admin/samples.h"

namespace guarita::admin::testing {
namespace {

using Names = std::set<std::string, std::less<>>;

// What each caller may do, written out apart from permits().
const Names kPublic = {"GET /v1/console", "POST /v1/session", "POST /v1/links:inspect",
                       "POST /v1/links:redeem"};
const Names kAnybodyKnown = {"GET /v1/receipts/{revision}", "GET /v1/openapi.json"};
const Names kSession = {"GET /v1/session", "DELETE /v1/session"};
const Names kSelf = {"POST /v1/session:reauthenticate",
                     "GET /v1/sessions",
                     "DELETE /v1/sessions/{id}",
                     "POST /v1/sessions:end-others",
                     "PATCH /v1/me",
                     "POST /v1/me:change-password",
                     "POST /v1/me/two-factor:begin",
                     "POST /v1/me/two-factor:confirm",
                     "POST /v1/me/two-factor:disable",
                     "POST /v1/me/two-factor:recovery-codes"};
const Names kWriteOnlyGets = {"GET /v1/admin-tokens", "GET /v1/export"};
// Lists that are cut down to what the caller may see.
const Names kLists = {"GET /v1/accounts", "GET /v1/instances"};
const Names kPeople = {"GET /v1/accounts/{account}/members"};
const Names kViewer = {"GET /v1/accounts/{account}",         "GET /v1/accounts/{account}/tokens",
                       "GET /v1/accounts/{account}/ip-list", "GET /v1/accounts/{account}/traffic",
                       "GET /v1/accounts/{account}/denials", "GET /v1/accounts/{account}/callers",
                       "GET /v1/accounts/{account}/events",  "GET /v1/instances/{instance}"};
const Names kRotate = {"POST /v1/accounts/{account}/tokens:generate",
                       "POST /v1/accounts/{account}/tokens:rotate",
                       "POST /v1/accounts/{account}/tokens:promote"};
const Names kActivate = {"POST /v1/accounts/{account}:activate",
                         "POST /v1/accounts/{account}:deactivate"};
const Names kOwner = {"POST /v1/accounts/{account}/members",
                      "PATCH /v1/accounts/{account}/members/{id}",
                      "DELETE /v1/accounts/{account}/members/{id}",
                      "POST /v1/accounts/{account}/tokens:regenerate",
                      "POST /v1/accounts/{account}/tokens:revoke",
                      "POST /v1/accounts/{account}/tokens:reveal",
                      "PUT /v1/accounts/{account}/ip-list",
                      "POST /v1/accounts/{account}/ip-list:add",
                      "POST /v1/accounts/{account}/ip-list:remove",
                      "PATCH /v1/instances/{instance}",
                      "POST /v1/accounts/{account}:test"};

enum class Who : std::uint8_t {
  Socket,
  Nobody,
  ReadToken,
  WriteToken,
  OwnerToken,
  StrangerToken,
  OperatorUser,
  OwnerUser,
  ViewerUser,
  StrangerUser,
  Viewing,     // console links of acme
  Rotating,    // …
  Activating,  // …
};
constexpr Who kEverybody[] = {
    Who::Socket,        Who::Nobody,       Who::ReadToken, Who::WriteToken, Who::OwnerToken,
    Who::StrangerToken, Who::OperatorUser, Who::OwnerUser, Who::ViewerUser, Who::StrangerUser,
    Who::Viewing,       Who::Rotating,     Who::Activating};

bool may(const Route& route, Who who) {
  const std::string name = std::string(route.method) + " " + std::string(route.path);
  const auto in = [&](const Names& names) { return names.contains(name); };
  if (in(kPublic)) return true;
  const bool session = in(kSession);
  const bool self = in(kSelf);
  switch (who) {
    case Who::Socket:
    case Who::WriteToken: return !session && !self;
    case Who::Nobody: return false;
    case Who::ReadToken: return !session && !self && route.method == "GET" && !in(kWriteOnlyGets);
    case Who::OwnerToken:
      return in(kAnybodyKnown) || in(kLists) || in(kPeople) || in(kViewer) || in(kRotate) ||
             in(kActivate) || in(kOwner);
    case Who::StrangerToken: return in(kAnybodyKnown) || in(kLists);
    case Who::OperatorUser: return true;
    case Who::OwnerUser:
      return session || self || in(kAnybodyKnown) || in(kLists) || in(kPeople) || in(kViewer) ||
             in(kRotate) || in(kActivate) || in(kOwner);
    case Who::ViewerUser:
      return session || self || in(kAnybodyKnown) || in(kLists) || in(kPeople) || in(kViewer);
    case Who::StrangerUser: return session || self || in(kAnybodyKnown) || in(kLists);
    case Who::Viewing: return session || in(kAnybodyKnown) || in(kLists) || in(kViewer);
    case Who::Rotating:
      return session || in(kAnybodyKnown) || in(kLists) || in(kViewer) || in(kRotate);
    case Who::Activating:
      return session || in(kAnybodyKnown) || in(kLists) || in(kViewer) || in(kActivate);
  }
  return false;
}

struct Caller {
  std::string token{};
  std::optional<Browser> browser{};
};
Caller caller_of(ApiWorld& api, Who who) {
  using store::Role;
  switch (who) {
    case Who::Socket:
    case Who::Nobody: return {};
    case Who::ReadToken: return {.token = api.admin_token("read")};
    case Who::WriteToken: return {.token = api.admin_token("write")};
    case Who::OwnerToken: return {.token = api.admin_token("account:acme")};
    case Who::StrangerToken: return {.token = api.admin_token("account:other")};
    case Who::OperatorUser: return {.browser = api.operator_user("boss@example.com")};
    case Who::OwnerUser: return {.browser = api.member("o@example.com", "acme", Role::Owner)};
    case Who::ViewerUser: return {.browser = api.member("v@example.com", "acme", Role::Viewer)};
    case Who::StrangerUser: return {.browser = api.member("s@example.com", "other", Role::Owner)};
    case Who::Viewing: return {.browser = api.console_link("acme", "view")};
    case Who::Rotating: return {.browser = api.console_link("acme", "rotate")};
    case Who::Activating: return {.browser = api.console_link("acme", "activate")};
  }
  return {};
}

// Nobody learns from the refusal whether something that is not theirs is there.
std::string refusal_of(const Route& route, Who who) {
  const bool of_instance = route.path.contains("{instance}") && route.right != Right::Write;
  if (who == Who::Nobody) return "unauthenticated";
  if (who == Who::StrangerUser && route.path.contains("{account}")) return "account_not_found";
  if ((who == Who::StrangerUser || who == Who::StrangerToken) && of_instance) {
    return "instance_not_found";
  }
  return "forbidden";
}

TEST(Sweep, EveryRouteIsClosedToEveryCallerThatItIsNotFor) {
  for (const Who who : kEverybody) {
    ApiWorld api;
    Stage stage(api);
    const Caller caller = caller_of(api, who);
    for (const Sample& sample : samples()) {
      SCOPED_TRACE(std::to_string(static_cast<int>(who)) + ": " + std::string(sample.method) + " " +
                   sample.target);
      if (sample.path == "/v1/admin-tokens/{id}" && who == Who::WriteToken) continue;  // its own
      const Route& route = route_of(sample);
      const Ask ask = stage.ask(sample, caller.browser.value_or(Browser{}));
      const auto before = api.world.control().status().revision;
      const auto response = caller.browser       ? api.browser(*caller.browser, ask)
                            : who == Who::Socket ? api(ask)
                                                 : api.tcp(ask, caller.token);
      if (sample.path == "/v1/me/two-factor:begin") stage.totp_secret = response.text("/secret");
      if (may(route, who)) {
        EXPECT_LT(response.status, 500U) << response.raw.body;
        EXPECT_NE(response.status, 401U) << response.raw.body;
        EXPECT_NE(response.status, 403U) << response.raw.body;
        continue;
      }
      EXPECT_EQ(response.code(), refusal_of(route, who)) << response.raw.body;
      EXPECT_EQ(api.world.control().status().revision, before) << "it changed something";
    }
  }
}

}  // namespace
}  // namespace guarita::admin::testing
