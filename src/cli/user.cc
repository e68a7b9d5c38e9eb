// People of the console. The API names them by id; on the command line they are their email.
#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

bool same_address(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The whole user; the search gives every address that contains this one.
Outcome<json::value> find(Session& session, const std::string& email) {
  const auto found = get_all(session, "/v1/users?limit=500&q=" + escape(email));
  if (!found) return Err<Failure>(found.error());
  for (const json::value& user : at(found->json, "items").as_array()) {
    if (same_address(text_at(user, "email"), email)) return user;
  }
  return fail("no user has the email " + email, "guarita user list");
}

Outcome<std::string> target_of(Session& session, const std::string& email) {
  const auto user = find(session, email);
  if (!user) return Err<Failure>(user.error());
  return "/v1/users/" + escape(text_at(*user, "id"));
}

std::string memberships_of(const json::value& user) {
  std::string text;
  const json::value& all = at(user, "memberships");
  if (!all.is_array()) return text;
  for (const json::value& one : all.get_array()) {
    if (!text.empty()) text += ", ";
    text += text_at(one, "account") + " (" + text_at(one, "role") + ")";
  }
  return text;
}

std::string role_of(const json::value& user) {
  return is_true(at(user, "operator")) ? "operator" : memberships_of(user);
}

std::string two_factor_of(const json::value& user) {
  return is_true(at(user, "two_factor")) ? "on" : "off";
}

std::string last_login_of(const json::value& user) {
  const std::string at_time = text_at(user, "last_login_at");
  if (!at_time.empty()) return at_time;
  return is_true(at(user, "has_password")) ? "never" : "never (invited)";
}

// Standard output holds the link alone; it is a secret, shown this once.
ExitCode hand_over(Session& session, const Reply& reply, const json::value& link,
                   const std::string& done, const std::vector<std::string>& next) {
  Terminal& terminal = session.terminal;
  if (session.globals.output == Output::Json) {
    terminal.out << reply.text << '\n';
    return ExitCode::Ok;
  }
  terminal.out << printable(text_at(link, "url")) << '\n' << std::flush;
  terminal.err << printable(done) << '\n'
               << "the link above is shown this once, works once, and until "
               << printable(text_at(link, "expires_at")) << '\n';
  for (const std::string& line : next) terminal.err << printable(line) << '\n';
  return ExitCode::Ok;
}

ExitCode say(Session& session, const Reply& reply, const std::string& done) {
  return show(session, reply, [&] { return printable(done) + "\n"; });
}

}  // namespace

Outcome<ExitCode> user_create(Session& session, const UserOptions& options) {
  json::object body{{"email", options.email}};
  if (options.name) body["name"] = *options.name;
  if (options.language) body["language"] = *options.language;
  if (options.is_operator) body["operator"] = true;
  if (options.account) {
    body["memberships"] =
        json::array{json::object{{"account", *options.account}, {"role", *options.role}}};
  }
  const auto reply = session.api.send("POST", "/v1/users", body);
  if (!reply) return Err<Failure>(reply.error());
  std::vector<std::string> next{"if it runs out: guarita user reset " + options.email};
  if (options.is_operator) {
    next.insert(next.begin(),
                {"next: open it in your browser, choose a password, and you are in",
                 "then turn two-factor on under Profile: an operator may change everything"});
  } else {
    next.insert(next.begin(),
                "next: give it to " + options.email + ": whoever opens it chooses the password");
  }
  return hand_over(session, *reply, at(reply->json, "link"), "user " + options.email + " created",
                   next);
}

Outcome<ExitCode> user_list(Session& session) {
  const auto reply = get_all(session, "/v1/users?limit=500");
  if (!reply) return Err<Failure>(reply.error());
  return show(session, *reply, [&] {
    Table table({"EMAIL", "NAME", "ROLE", "TWO-FACTOR", "LAST LOGIN", "CREATED"});
    for (const json::value& user : at(reply->json, "items").as_array()) {
      table.add({text_at(user, "email"), text_at(user, "name"), role_of(user), two_factor_of(user),
                 last_login_of(user), text_at(user, "created_at")});
    }
    return table.empty() ? "no user yet: guarita user create EMAIL --operator\n" : table.text();
  });
}

Outcome<ExitCode> user_show(Session& session, const UserOptions& options) {
  const auto target = target_of(session, options.email);
  if (!target) return Err<Failure>(target.error());
  const auto reply = session.api.get(*target);
  if (!reply) return Err<Failure>(reply.error());
  const json::value& user = reply->json;
  return show(session, *reply, [&] {
    return key_values({{"email", text_at(user, "email")},
                       {"id", text_at(user, "id")},
                       {"name", text_at(user, "name")},
                       {"language", text_at(user, "language")},
                       {"operator", is_true(at(user, "operator")) ? "yes" : "no"},
                       {"accounts", memberships_of(user)},
                       {"password", is_true(at(user, "has_password")) ? "set" : "not yet"},
                       {"two-factor", two_factor_of(user)},
                       {"created", text_at(user, "created_at")},
                       {"last login", last_login_of(user)}});
  });
}

Outcome<ExitCode> user_delete(Session& session, const UserOptions& options) {
  const auto target = target_of(session, options.email);
  if (!target) return Err<Failure>(target.error());
  const auto reply = session.api.remove(*target);
  if (!reply) return Err<Failure>(reply.error());
  return say(session, *reply, "user " + options.email + " deleted, its sessions ended");
}

Outcome<ExitCode> user_reset(Session& session, const UserOptions& options) {
  const auto target = target_of(session, options.email);
  if (!target) return Err<Failure>(target.error());
  const auto reply = session.api.send("POST", *target + ":reset-link", json::object{});
  if (!reply) return Err<Failure>(reply.error());
  return hand_over(
      session, *reply, reply->json, "a link for a new password of " + options.email,
      {"with the new password every session of the user ends",
       "a lost authenticator as well: guarita user reset-two-factor " + options.email});
}

Outcome<ExitCode> user_reset_two_factor(Session& session, const UserOptions& options) {
  const auto target = target_of(session, options.email);
  if (!target) return Err<Failure>(target.error());
  const auto reply = session.api.send("POST", *target + ":reset-two-factor", json::object{});
  if (!reply) return Err<Failure>(reply.error());
  return say(session, *reply, "two-factor of " + options.email + " is off: the password is enough");
}

}  // namespace guarita::cli
