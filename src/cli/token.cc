// The verbs of the token state machine (DESIGN §2). Those that make or kill a token read the
// account first and send its ETag back: what changed in between is not overwritten (412).
#include <boost/json.hpp>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

std::string account_target(const TokenOptions& options) {
  return "/v1/accounts/" + escape(options.account);
}

// POST /v1/accounts/ACCOUNT/tokens:VERB under the account's present ETag.
Outcome<Reply> token_verb(Session& session, const TokenOptions& options, std::string_view verb,
                          const json::object& body) {
  const auto etag = etag_of(session, account_target(options));
  if (!etag) return Err<Failure>(etag.error());
  return session.api.send("POST", account_target(options) + "/tokens:" + std::string(verb), body,
                          *etag);
}

Outcome<ExitCode> finish_made(Session& session, const Outcome<Reply>& reply, std::string text,
                              std::vector<std::string> hints) {
  if (!reply) return Err<Failure>(reply.error());
  const std::string secret = text_at(reply->json, "secret");
  hints.insert(hints.begin(), "the token above is shown this once: keep it where secrets are kept");
  return finish(session, *reply, {std::move(text), secret, std::move(hints)});
}

Outcome<ExitCode> finish_mode(Session& session, const Outcome<Reply>& reply, std::string text,
                              std::vector<std::string> hints = {}) {
  if (!reply) return Err<Failure>(reply.error());
  const std::string mode = text_at(at(reply->json, "account"), "mode");
  return finish(session, *reply, {std::move(text) + ": mode " + mode, "", std::move(hints)});
}

bool is_state_word(std::string_view text) {
  return text == "current" || text == "next" || text == "retiring";
}

// The id of the token that --token means: an id, or the state of a live one.
Outcome<std::string> token_id(const json::value& account, const TokenOptions& options) {
  if (!is_state_word(options.token)) return options.token;
  const json::value& tokens = at(account, "tokens");
  if (tokens.is_array()) {
    for (const json::value& token : tokens.get_array()) {
      if (text_at(token, "state") == options.token) return text_at(token, "id");
    }
  }
  return fail(options.account + " has no token in state " + options.token,
              "guarita token status " + options.account);
}

std::string until(const json::value& token) {
  const std::string retires = text_at(token, "retires_at");
  if (!retires.empty()) return "accepted until " + retires;
  const std::string expires = text_at(token, "expires_at");
  if (!expires.empty()) return "expires " + expires;
  const std::string ended = text_at(token, "ended_at");
  return ended.empty() ? "" : "ended " + ended;
}

std::string status_text(const json::value& reply) {
  const json::value& account = at(reply, "account");
  std::string text = key_values({{"account", text_at(account, "id")},
                                 {"mode", text_at(account, "mode")},
                                 {"enforce", is_true(at(account, "enforce")) ? "on" : "off"}});
  Table table({"STATE", "HINT", "ID", "CREATED", "LAST USED", "UNTIL", "NOTE"});
  const json::value& items = at(reply, "items");
  if (items.is_array()) {
    for (const json::value& token : items.get_array()) {
      const std::string hint = text_at(token, "hint");
      const std::string used = text_at(token, "last_used_at");
      table.add({text_at(token, "state"), hint.empty() ? "" : "…" + hint, text_at(token, "id"),
                 text_at(token, "created_at"), used.empty() ? "never" : used, until(token),
                 is_true(at(token, "weak")) ? "weak" : ""});
    }
  }
  return table.empty() ? text + "no token yet\n" : text + "\n" + table.text();
}

}  // namespace

Outcome<ExitCode> token_status(Session& session, const TokenOptions& options) {
  const auto reply = session.api.get(account_target(options) + "/tokens");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] { return status_text(reply->json); });
}

Outcome<ExitCode> token_generate(Session& session, const TokenOptions& options) {
  const auto reply = token_verb(session, options, "generate", {});
  return finish_made(session, reply, "token generated for " + options.account,
                     {"next: send it in the token header of every call; then guarita token "
                      "activate " +
                      options.account});
}

Outcome<ExitCode> token_activate(Session& session, const TokenOptions& options) {
  const auto reply =
      session.api.send("POST", account_target(options) + ":activate", json::object());
  return finish_mode(session, reply, options.account + " accepts only calls with its token");
}

Outcome<ExitCode> token_deactivate(Session& session, const TokenOptions& options) {
  json::object body;
  if (options.yes) body["confirm"] = true;
  const auto reply = session.api.send("POST", account_target(options) + ":deactivate", body);
  return finish_mode(session, reply, options.account + " accepts every call again");
}

Outcome<ExitCode> token_regenerate(Session& session, const TokenOptions& options) {
  json::object body;
  if (options.cut_off) body["cut_off"] = true;
  const auto reply = token_verb(session, options, "regenerate", body);
  return finish_made(session, reply,
                     "new token for " + options.account + "; what it had before is revoked", {});
}

Outcome<ExitCode> token_rotate(Session& session, const TokenOptions& options) {
  const auto reply = token_verb(session, options, "rotate", {});
  return finish_made(
      session, reply, "next token for " + options.account + "; the current one stays accepted",
      {"next: give it to every program; then guarita token promote " + options.account});
}

Outcome<ExitCode> token_promote(Session& session, const TokenOptions& options) {
  json::object body;
  if (options.grace) body["grace"] = format_duration(*options.grace);
  if (options.lock) body["lock"] = true;
  const auto reply = token_verb(session, options, "promote", body);
  std::vector<std::string> hints;
  if (reply) {
    const json::value& tokens = at(at(reply->json, "account"), "tokens");
    if (tokens.is_array()) {
      for (const json::value& token : tokens.get_array()) {
        const std::string end = text_at(token, "retires_at");
        if (!end.empty()) hints.push_back("the old token is accepted until " + end);
      }
    }
  }
  return finish_mode(session, reply, "the new token of " + options.account + " is current",
                     std::move(hints));
}

Outcome<ExitCode> token_revoke(Session& session, const TokenOptions& options) {
  if (options.all == !options.token.empty()) {
    return usage("token revoke needs either --token ID or --all",
                 "guarita token status " + options.account);
  }
  auto account = session.api.get(account_target(options));
  if (!account) return Err<Failure>(std::move(account.error()));
  json::object body;
  if (options.all) {
    body["all"] = true;
  } else {
    const auto id = token_id(account->json, options);
    if (!id) return Err<Failure>(id.error());
    body["token_id"] = *id;
  }
  if (options.lock) body["lock"] = true;
  const std::string etag =
      account->etag.empty() ? '"' + text_at(account->json, "revision") + '"' : account->etag;
  const auto reply =
      session.api.send("POST", account_target(options) + "/tokens:revoke", body, etag);
  return finish_mode(session, reply, "revoked for ever in " + options.account);
}

Outcome<ExitCode> token_import(Session& session, const TokenOptions& options) {
  auto token = read_secret(session.terminal, "token");
  if (!token) return Err<Failure>(std::move(token.error()));
  json::object body{{"token", token->reveal()}};
  if (options.weak) body["weak"] = true;
  if (!options.as.empty()) body["as"] = options.as;
  auto reply = token_verb(session, options, "generate", body);
  if (!reply) return Err<Failure>(std::move(reply.error()));
  // Whoever imports a token has it: it is not shown again.
  if (reply->json.is_object() && reply->json.get_object().erase("secret") > 0) {
    reply->text = json::serialize(reply->json);
  }
  return finish_mode(session, reply, "token imported for " + options.account);
}

}  // namespace guarita::cli
