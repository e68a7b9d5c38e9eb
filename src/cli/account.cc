#include <boost/json.hpp>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string target_of(const AccountOptions& options) {
  return "/v1/accounts/" + escape(options.account);
}

std::string live_tokens(const json::value& account) {
  std::string text;
  const json::value& tokens = at(account, "tokens");
  if (!tokens.is_array()) return text;
  for (const json::value& token : tokens.get_array()) {
    if (!text.empty()) text += ", ";
    text += text_at(token, "state");
    if (const std::string hint = text_at(token, "hint"); !hint.empty()) text += " …" + hint;
  }
  return text;
}

}  // namespace

Outcome<ExitCode> account_create(Session& session, const AccountOptions& options) {
  json::object body{{"id", options.account}};
  if (options.name) body["name"] = *options.name;
  const auto reply = session.api.send("POST", "/v1/accounts", body);
  if (!reply) return Err<Failure>(reply.error());
  return finish(session, *reply,
                {"account " + options.account + " created",
                 "",
                 {"next: guarita instance create INSTANCE --account " + options.account}});
}

Outcome<ExitCode> account_list(Session& session) {
  const auto reply = get_all(session, "/v1/accounts?limit=500");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"ACCOUNT", "NAME", "MODE", "TOKENS", "IP ENTRIES", "CREATED"});
    for (const json::value& row : at(reply->json, "items").as_array()) {
      table.add({text_at(row, "id"), text_at(row, "name"), text_at(row, "mode"), live_tokens(row),
                 text_at(row, "ip_entries"), text_at(row, "created_at")});
    }
    return table.empty() ? "no account yet: guarita account create ACCOUNT\n" : table.text();
  });
}

Outcome<ExitCode> account_show(Session& session, const AccountOptions& options) {
  const auto reply = session.api.get(target_of(options));
  if (!reply) return Err<Failure>(reply.error());
  const json::value& row = reply->json;
  return show(session, *reply, [&] {
    return key_values({{"account", text_at(row, "id")},
                       {"name", text_at(row, "name")},
                       {"mode", text_at(row, "mode")},
                       {"tokens", live_tokens(row)},
                       {"ip entries", text_at(row, "ip_entries")},
                       {"revision", text_at(row, "revision")},
                       {"created", text_at(row, "created_at")}});
  });
}

Outcome<ExitCode> account_delete(Session& session, const AccountOptions& options) {
  const std::string target = target_of(options) + (options.cascade ? "?cascade=true" : "");
  const auto etag = etag_of(session, target_of(options));
  if (!etag) return Err<Failure>(etag.error());
  const auto reply = session.api.remove(target, *etag);
  if (!reply) return Err<Failure>(reply.error());
  return finish(session, *reply, {"account " + options.account + " deleted", ""});
}

}  // namespace guarita::cli
