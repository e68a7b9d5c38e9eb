#include <boost/json.hpp>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string target_of(const InstanceOptions& options) {
  return "/v1/instances/" + escape(options.instance);
}

Outcome<ExitCode> finish_with(Session& session, const Outcome<Reply>& reply, Done done) {
  if (!reply) return Err<Failure>(reply.error());
  return finish(session, *reply, done);
}

// --instance-token-stdin puts the line read into `body`.
Outcome<void> add_instance_token(Session& session, const InstanceOptions& options,
                                 json::object& body) {
  if (!options.instance_token_stdin) return {};
  auto token = read_secret(session.terminal, "instance token");
  if (!token) return Err<Failure>(std::move(token.error()));
  body["instance_token"] = token->reveal();
  return {};
}

}  // namespace

Outcome<ExitCode> instance_create(Session& session, const InstanceOptions& options) {
  if (!options.account) {
    return usage("instance create needs --account: which account owns it",
                 "guarita instance create " + options.instance + " --account ACCOUNT");
  }
  json::object body{{"id", options.instance}, {"account", *options.account}};
  if (options.name) body["name"] = *options.name;
  if (options.upstream) body["upstream"] = *options.upstream;
  if (auto added = add_instance_token(session, options, body); !added) {
    return Err<Failure>(std::move(added.error()));
  }
  return finish_with(session, session.api.send("POST", "/v1/instances", body),
                     {"instance " + options.instance + " created in " + *options.account, ""});
}

Outcome<ExitCode> instance_list(Session& session, const InstanceOptions& options) {
  std::string target = "/v1/instances?limit=500";
  if (options.account) target += "&account=" + escape(*options.account);
  const auto reply = get_all(session, target);
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"INSTANCE", "ACCOUNT", "NAME", "UPSTREAM", "INSTANCE TOKEN", "CREATED"});
    for (const json::value& row : at(reply->json, "items").as_array()) {
      const std::string upstream = text_at(row, "upstream");
      table.add({text_at(row, "id"), text_at(row, "account"), text_at(row, "name"),
                 upstream.empty() ? "(default)" : upstream,
                 is_true(at(row, "has_instance_token")) ? "yes" : "no",
                 text_at(row, "created_at")});
    }
    return table.empty() ? "no instance yet: guarita instance create INSTANCE --account ACCOUNT\n"
                         : table.text();
  });
}

Outcome<ExitCode> instance_show(Session& session, const InstanceOptions& options) {
  const auto reply = session.api.get(target_of(options));
  if (!reply) return Err<Failure>(reply.error());
  const json::value& row = reply->json;
  return show(session, *reply, [&] {
    const std::string upstream = text_at(row, "upstream");
    return key_values(
        {{"instance", text_at(row, "id")},
         {"account", text_at(row, "account")},
         {"name", text_at(row, "name")},
         {"upstream", upstream.empty() ? "(default)" : upstream},
         {"instance token", is_true(at(row, "has_instance_token")) ? "registered" : "none"},
         {"revision", text_at(row, "revision")},
         {"created", text_at(row, "created_at")}});
  });
}

Outcome<ExitCode> instance_update(Session& session, const InstanceOptions& options) {
  json::object body;
  if (options.name) body["name"] = *options.name;
  if (options.upstream) {
    // An empty text takes the instance back to the default upstream.
    body["upstream"] = options.upstream->empty() ? json::value() : json::value(*options.upstream);
  }
  if (auto added = add_instance_token(session, options, body); !added) {
    return Err<Failure>(std::move(added.error()));
  }
  if (body.empty()) {
    return usage("nothing to update: give --name, --upstream or --instance-token-stdin",
                 "guarita instance update " + options.instance + " --name TEXT");
  }
  return finish_with(session, session.api.send("PATCH", target_of(options), body),
                     {"instance " + options.instance + " updated", ""});
}

Outcome<ExitCode> instance_delete(Session& session, const InstanceOptions& options) {
  return finish_with(session, session.api.remove(target_of(options)),
                     {"instance " + options.instance + " deleted", ""});
}

Outcome<ExitCode> instance_move(Session& session, const InstanceOptions& options) {
  json::object body{{"to", options.to}};
  if (options.force) body["force"] = true;
  return finish_with(session, session.api.send("POST", target_of(options) + ":move", body),
                     {"instance " + options.instance + " moved to " + options.to, ""});
}

Outcome<ExitCode> instance_unknown(Session& session) {
  const auto reply = get_all(session, "/v1/unknown-instances?limit=500");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"INSTANCE", "REQUESTS", "FIRST SEEN", "LAST SEEN"});
    for (const json::value& row : at(reply->json, "items").as_array()) {
      table.add({text_at(row, "instance"), text_at(row, "requests"), text_at(row, "first_seen"),
                 text_at(row, "last_seen")});
    }
    return table.empty() ? "no unknown instance was asked for\n" : table.text();
  });
}

}  // namespace guarita::cli
