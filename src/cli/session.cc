#include "cli/session.h"

#include <boost/json.hpp>
#include <ostream>

namespace guarita::cli {
namespace json = boost::json;
namespace {

constexpr int kPagesMax = 10'000;  // a server that never ends its list must not hold us for ever

// The newest receipt of `reply`, waited for.
json::value settled_receipt(Session& session, const Reply& reply) {
  json::value receipt = at(reply.json, "receipt");
  const std::string target =
      reply.location.empty() ? "/v1/receipts/" + text_at(receipt, "revision") : reply.location;
  bool told = false;
  for (Millis waited{0}; receipt.is_object() && !is_true(at(receipt, "complete"));
       waited += kInForcePoll) {
    if (waited >= kInForceWait) break;
    if (!told) {
      session.terminal.err << "committed as revision " << text_at(receipt, "revision")
                           << "; waiting until it is in force everywhere …\n"
                           << std::flush;
      told = true;
    }
    session.pause(kInForcePoll);
    const auto again = session.api.get(target);
    if (again && again->json.is_object()) receipt = again->json;
  }
  return receipt;
}

std::string in_force_text(const json::value& receipt) {
  const json::value& in_force = at(receipt, "in_force");
  std::string text = "revision " + text_at(receipt, "revision");
  if (is_true(at(receipt, "complete"))) {
    text +=
        ", in force on " + text_at(in_force, "nodes") + " of " + text_at(in_force, "of") + " nodes";
    const std::string us = text_at(in_force, "us");
    if (!us.empty()) text += " after " + us + " us";
  }
  const std::string closed = text_at(receipt, "streams_closed");
  if (!closed.empty() && closed != "0") text += ", " + closed + " streams cut";
  return text;
}

ExitCode not_in_force(Terminal& terminal, const json::value& receipt) {
  terminal.err << "warning: committed as revision " << text_at(receipt, "revision")
               << ", but not in force everywhere after "
               << std::chrono::duration_cast<std::chrono::seconds>(kInForceWait).count()
               << " s: some requests may still be decided by the old state\n"
               << "  try: guarita doctor\n";
  return ExitCode::NotInForce;
}

}  // namespace

ExitCode show(Session& session, const Reply& reply, const std::function<std::string()>& table) {
  if (session.globals.output == Output::Json) {
    session.terminal.out << reply.text << '\n';
  } else {
    session.terminal.out << table();
  }
  return ExitCode::Ok;
}

ExitCode finish(Session& session, const Reply& reply, const Done& done) {
  Terminal& terminal = session.terminal;
  const bool as_json = session.globals.output == Output::Json;
  if (as_json) terminal.out << reply.text << '\n' << std::flush;
  if (!as_json && !done.secret.empty()) terminal.out << done.secret << '\n' << std::flush;

  const json::value receipt = settled_receipt(session, reply);
  const bool changed = is_true(at(receipt, "changed"));
  const bool complete = is_true(at(receipt, "complete"));
  if (!as_json) {
    std::ostream& stream = done.secret.empty() ? terminal.out : terminal.err;
    stream << (changed ? printable(done.text) : "nothing to change: it is so already") << " ("
           << in_force_text(receipt) << ")\n";
    for (const std::string& hint : done.hints) terminal.err << printable(hint) << '\n';
  }
  return complete ? ExitCode::Ok : not_in_force(terminal, receipt);
}

ExitCode wait_in_force(Session& session, const json::value& receipt) {
  if (!receipt.is_object()) return ExitCode::Ok;
  Reply reply;
  reply.json = json::object{{"receipt", receipt}};
  const json::value settled = settled_receipt(session, reply);
  return is_true(at(settled, "complete")) ? ExitCode::Ok : not_in_force(session.terminal, settled);
}

Outcome<std::string> etag_of(Session& session, std::string_view target) {
  auto reply = session.api.get(target);
  if (!reply) return Err<Failure>(std::move(reply.error()));
  if (!reply->etag.empty()) return reply->etag;
  const std::string revision = text_at(reply->json, "revision");
  if (revision.empty()) return fail("the server named no revision of " + std::string(target));
  return '"' + revision + '"';
}

Outcome<Reply> get_all(Session& session, std::string_view target) {
  const std::string base(target);
  const char joint = base.find('?') == std::string::npos ? '?' : '&';
  json::array items;
  std::string cursor;
  for (int page = 0; page < kPagesMax; ++page) {
    auto reply =
        session.api.get(base + (cursor.empty() ? "" : joint + ("cursor=" + escape(cursor))));
    if (!reply) return reply;
    const json::value& some = at(reply->json, "items");
    if (some.is_array()) {
      for (const json::value& item : some.get_array()) items.push_back(item);
    }
    cursor = text_at(reply->json, "next_cursor");
    if (cursor.empty()) {
      Reply all = std::move(*reply);
      all.json = json::object{{"items", std::move(items)}, {"next_cursor", nullptr}};
      all.text = json::serialize(all.json);
      return all;
    }
  }
  return fail("the list does not end");
}

}  // namespace guarita::cli
