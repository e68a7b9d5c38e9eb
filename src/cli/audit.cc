#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/offline.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string verdict_text(const json::value& check) {
  std::string text =
      is_true(at(check, "ok")) ? "the audit chain is whole: " : "the audit chain is BROKEN: ";
  text += text_at(check, "rows") + " rows\n" +
          key_values({{"head", text_at(at(check, "head"), "hash")}});
  const json::value& findings = at(check, "findings");
  if (!findings.is_array()) return text;
  for (const json::value& finding : findings.get_array()) {
    text += "row " + text_at(finding, "seq") + ": " + printable(text_at(finding, "text")) + '\n';
  }
  return text;
}

}  // namespace

Outcome<ExitCode> audit_list(Session& session) {
  const auto reply = get_all(session, "/v1/audit?limit=500");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"REVISION", "AT", "VERB", "SUBJECT", "ACTOR", "FROM", "DETAIL"});
    for (const json::value& row : at(reply->json, "items").as_array()) {
      const json::value& actor = at(row, "actor");
      table.add({text_at(row, "revision"), text_at(row, "at"), text_at(row, "verb"),
                 text_at(row, "subject"), text_at(actor, "kind") + ' ' + text_at(actor, "name"),
                 text_at(at(row, "personal"), "address"), text_at(row, "detail")});
    }
    return table.empty() ? "nothing was changed yet\n" : table.text();
  });
}

Outcome<ExitCode> audit_verify(Session& session, const AuditOptions& options) {
  std::string target = "/v1/audit:verify";
  if (!options.head.empty()) target += "?head=" + escape(options.head);
  auto reply = session.api.get(target);
  // Without a server the database is read itself; with one whose answer is a refusal it is not.
  if (!reply && reply.error().code == ExitCode::Unreachable) {
    reply = verify_audit_offline(session, options);
  }
  if (!reply) return Err<Failure>(reply.error());
  show(session, *reply, [&] { return verdict_text(reply->json); });
  return is_true(at(reply->json, "ok")) ? ExitCode::Ok : ExitCode::Failed;
}

}  // namespace guarita::cli
