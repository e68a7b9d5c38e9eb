#include <boost/json.hpp>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string target_of(const IpOptions& options) {
  return "/v1/accounts/" + escape(options.account) + "/ip-list";
}

std::string check_text(const json::value& check) {
  std::string text;
  for (const json::value& entry : at(check, "added").as_array()) {
    text += "+ " + std::string(entry.as_string()) + '\n';
  }
  for (const json::value& entry : at(check, "removed").as_array()) {
    text += "- " + std::string(entry.as_string()) + '\n';
  }
  if (text.empty()) text = "nothing would change\n";
  if (is_true(at(check, "needs_confirmation"))) {
    text += at(check, "after").as_array().empty()
                ? "would end the restriction: every address may call; needs --yes\n"
                : "would begin the restriction: every other address is refused; needs --yes\n";
  }
  return text;
}

// PUT, :add and :remove take the same body and answer alike.
Outcome<ExitCode> change(Session& session, const IpOptions& options, std::string_view method,
                         std::string_view verb) {
  const auto etag = etag_of(session, "/v1/accounts/" + escape(options.account));
  if (!etag) return Err<Failure>(etag.error());
  json::object body{{"entries", json::array(options.networks.begin(), options.networks.end())}};
  if (options.yes) body["confirm"] = true;
  if (options.dry_run) body["dry_run"] = true;
  const auto reply = session.api.send(method, target_of(options) + std::string(verb), body, *etag);
  if (!reply) return Err<Failure>(reply.error());
  if (options.dry_run) return show(session, *reply, [&] { return check_text(reply->json); });

  const json::value& entries = at(at(reply->json, "ip_list"), "entries");
  const std::size_t count = entries.is_array() ? entries.get_array().size() : 0;
  const std::string now = count == 0 ? "every address may call"
                                     : std::to_string(count) + " entries, all others are refused";
  return finish(session, *reply, {"IP list of " + options.account + ": " + now, ""});
}

}  // namespace

Outcome<ExitCode> ip_list(Session& session, const IpOptions& options) {
  const auto reply = session.api.get(target_of(options));
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    std::string text;
    const json::value& entries = at(reply->json, "entries");
    if (entries.is_array()) {
      for (const json::value& entry : entries.get_array()) {
        const std::string note = text_at(entry, "note");
        text +=
            printable(text_at(entry, "cidr")) + (note.empty() ? "" : "  " + printable(note)) + '\n';
      }
    }
    return text.empty() ? "no entries: every address may call\n" : text;
  });
}

Outcome<ExitCode> ip_set(Session& session, const IpOptions& options) {
  return change(session, options, "PUT", "");
}

Outcome<ExitCode> ip_add(Session& session, const IpOptions& options) {
  return change(session, options, "POST", ":add");
}

Outcome<ExitCode> ip_remove(Session& session, const IpOptions& options) {
  return change(session, options, "POST", ":remove");
}

}  // namespace guarita::cli
