#include <boost/json.hpp>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;

Outcome<ExitCode> admin_token_create(Session& session, const AdminTokenOptions& options) {
  json::object body{{"scope", options.scope}};
  if (options.name) body["name"] = *options.name;
  const auto reply = session.api.send("POST", "/v1/admin-tokens", body);
  if (!reply) return Err<Failure>(reply.error());
  return finish(session, *reply,
                {"admin token created, scope " + options.scope,
                 text_at(reply->json, "secret"),
                 {"the token above is shown this once: keep it where secrets are kept",
                  "send it as `Authorization: Bearer …` to the admin API",
                  "its id, for guarita admin-token revoke: " +
                      text_at(at(reply->json, "admin_token"), "id")}});
}

Outcome<ExitCode> admin_token_list(Session& session) {
  const auto reply = get_all(session, "/v1/admin-tokens");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"ID", "SCOPE", "NAME", "CREATED", "LAST USED", "REVOKED"});
    for (const json::value& row : at(reply->json, "items").as_array()) {
      const std::string used = text_at(row, "last_used_at");
      table.add({text_at(row, "id"), text_at(row, "scope"), text_at(row, "name"),
                 text_at(row, "created_at"), used.empty() ? "never" : used,
                 text_at(row, "revoked_at")});
    }
    return table.empty() ? "no admin token yet: guarita admin-token create --scope read\n"
                         : table.text();
  });
}

Outcome<ExitCode> admin_token_revoke(Session& session, const AdminTokenOptions& options) {
  const auto reply = session.api.remove("/v1/admin-tokens/" + escape(options.id));
  if (!reply) return Err<Failure>(reply.error());
  return finish(session, *reply, {"admin token " + options.id + " revoked", ""});
}

}  // namespace guarita::cli
