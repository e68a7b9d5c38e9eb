// permits(), as a table.
#include <gtest/gtest.h>

#include <map>

#include "admin/caller.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

using Kind = Caller::Kind;

constexpr Right kRights[] = {
    Right::Public,      Right::Any,        Right::Session,    Right::Self,     Right::Read,
    Right::Write,       Right::OwnRead,    Right::OwnPeople,  Right::OwnWrite, Right::OwnRotate,
    Right::OwnActivate, Right::ScopedRead, Right::ScopedWrite};

Caller plain(Kind kind, std::string account = {}) {
  Caller caller;
  caller.kind = kind;
  caller.account_id = std::move(account);
  return caller;
}

Caller user(bool is_operator, std::vector<std::pair<std::string, store::Role>> memberships) {
  Caller caller = plain(Kind::User);
  caller.session.emplace();
  caller.session->user.emplace();
  caller.session->user->is_operator = is_operator;
  for (auto& [account, role] : memberships) {
    caller.session->user->memberships.push_back(
        {.account = {}, .account_id = std::move(account), .role = role});
  }
  return caller;
}

Caller link(std::string rights) {
  Caller caller = plain(Kind::Link, "acme");
  caller.session.emplace();
  caller.session->row.account_id = "acme";
  caller.session->row.rights = std::move(rights);
  return caller;
}

// One letter for each of kRights: + or -, on the account "acme", on "other", and on a list.
void expect_rights(const Caller& caller, std::string_view acme, std::string_view other,
                   std::string_view list) {
  const auto row = [&](std::optional<std::string_view> account) {
    std::string signs;
    for (const Right right : kRights) signs += permits(right, caller, account) ? '+' : '-';
    return signs;
  };
  EXPECT_EQ(row("acme"), acme);
  EXPECT_EQ(row("other"), other);
  EXPECT_EQ(row(std::nullopt), list);
}

//                                       Public Any Session Self, Read Write, Own: Read People
//                                       Write Rotate Activate, Scoped: Read Write
TEST(Rights, OfEveryCaller) {
  using store::Role;
  expect_rights(plain(Kind::Nobody), "+------------", "+------------", "+------------");
  expect_rights(plain(Kind::Operator), "++--+++++++++", "++--+++++++++", "++--+++++++++");
  expect_rights(plain(Kind::Write), "++--+++++++++", "++--+++++++++", "++--+++++++++");
  expect_rights(plain(Kind::Read), "++--+-++---+-", "++--+-++---+-", "++--+-++---+-");
  expect_rights(plain(Kind::Account, "acme"), "++----+++++++", "++-----------", "++---------+-");
  expect_rights(user(true, {}), "+++++++++++++", "+++++++++++++", "+++++++++++++");
  expect_rights(user(false, {{"acme", Role::Owner}}), "++++--+++++++", "++++---------",
                "++++-------+-");
  expect_rights(user(false, {{"acme", Role::Viewer}}), "++++--++---+-", "++++---------",
                "++++-------+-");
  expect_rights(user(false, {{"acme", Role::Viewer}, {"other", Role::Owner}}), "++++--++---+-",
                "++++--+++++++", "++++-------+-");
  expect_rights(user(false, {}), "++++---------", "++++---------", "++++-------+-");
  expect_rights(link("view"), "+++---+----+-", "+++----------", "+++--------+-");
  expect_rights(link("view rotate"), "+++---+--+-+-", "+++----------", "+++--------+-");
  expect_rights(link("view activate"), "+++---+---++-", "+++----------", "+++--------+-");
  expect_rights(link("view rotate activate"), "+++---+--+++-", "+++----------", "+++--------+-");
}

TEST(Rights, AnAccountWithoutNameIsNobodys) {
  EXPECT_FALSE(permits(Right::OwnRead, plain(Kind::Account, ""), ""));
  EXPECT_FALSE(permits(Right::OwnRead, plain(Kind::Link, ""), ""));
  // A session kind without its session holds nothing.
  EXPECT_FALSE(permits(Right::OwnRead, plain(Kind::Link, "acme"), "acme"));
  EXPECT_FALSE(permits(Right::OwnRead, plain(Kind::User, "acme"), std::nullopt));
}

TEST(Rights, OnlyOwnAccountsAreListed) {
  using store::Role;
  const auto caller = user(false, {{"b", Role::Viewer}, {"a", Role::Owner}});
  EXPECT_EQ(caller.own_accounts(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(caller.role_in("b"), Role::Viewer);
  EXPECT_EQ(caller.role_in("c"), std::nullopt);
  EXPECT_TRUE(caller.is_limited());
  EXPECT_FALSE(user(true, {}).is_limited());
  EXPECT_FALSE(plain(Kind::Read).is_limited());
  EXPECT_EQ(link("view").own_accounts(), std::vector<std::string>{"acme"});
}

TEST(Rights, WhatMakesKillsShowsOrEnforcesAsksForThePassword) {
  const std::map<std::string, Reauth> wanted = {
      {"POST /v1/accounts/{account}/tokens:generate", Reauth::Required},
      {"POST /v1/accounts/{account}/tokens:regenerate", Reauth::Required},
      {"POST /v1/accounts/{account}/tokens:rotate", Reauth::Required},
      {"POST /v1/accounts/{account}/tokens:promote", Reauth::Required},
      {"POST /v1/accounts/{account}/tokens:revoke", Reauth::Required},
      {"POST /v1/accounts/{account}/tokens:reveal", Reauth::Required},
      {"POST /v1/accounts/{account}:activate", Reauth::UnlessDryRun},
      {"POST /v1/accounts/{account}:deactivate", Reauth::Required},
      {"PUT /v1/accounts/{account}/ip-list", Reauth::UnlessDryRun},
      {"POST /v1/accounts/{account}/ip-list:add", Reauth::UnlessDryRun},
      {"POST /v1/accounts/{account}/ip-list:remove", Reauth::UnlessDryRun},
      {"POST /v1/me/two-factor:disable", Reauth::Required},
      {"POST /v1/me/two-factor:recovery-codes", Reauth::Required},
      {"POST /v1/admin-tokens", Reauth::Required},
      {"POST /v1/users", Reauth::Required}};
  std::size_t found = 0;
  for (const Route& route : route_table()) {
    const auto at = wanted.find(std::string(route.method) + " " + std::string(route.path));
    if (at == wanted.end()) continue;
    ++found;
    EXPECT_EQ(route.reauth, at->second) << at->first;
  }
  EXPECT_EQ(found, wanted.size());
}

}  // namespace
}  // namespace guarita::admin
