// What a command works with, and what every command that changes something ends with.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cli/api.h"
#include "cli/terminal.h"

namespace guarita::cli {

// Options that every subcommand has.
struct Globals {
  Output output = Output::Table;
  std::string socket;  // "" = GUARITA_SOCKET, else by the configuration: see connection.h
  std::string config;  // "" = GUARITA_CONFIG, else where settings are looked for
};

// How long a change that is committed but not yet in force everywhere is waited for (DESIGN §4).
inline constexpr Millis kInForceWait{30'000};
inline constexpr Millis kInForcePoll{250};

struct Session {
  Globals globals;
  Terminal& terminal;
  Api api;
  std::function<void(Millis)> pause;  // sleeps; a test counts instead
};

// What a subcommand does once the command line is understood.
using Action = std::function<Outcome<ExitCode>(Session&)>;

// Prints the API's answer in JSON mode; `table` makes the text of table mode.
ExitCode show(Session& session, const Reply& reply, const std::function<std::string()>& table);

// Ends every mutation. Prints at once what must not be lost: in JSON mode the API's answer, in
// table mode `secret` alone on a line of standard output, when there is one. Then asks for the
// receipt while it says "complete": false, for kInForceWait. Then, in table mode, says `done` and
// from when it is in force, on standard output, or on standard error beside a secret.
// NotInForce when the receipt is still not complete: the change is committed all the same.
struct Done {
  std::string text;                  // "account acme created"
  std::string secret;                // a token made by this change; shown this once
  std::vector<std::string> hints{};  // what to do next, one a line, on standard error
};
ExitCode finish(Session& session, const Reply& reply, const Done& done);

// The same wait for a receipt (null: nothing changed) of a change that has been told already.
ExitCode wait_in_force(Session& session, const boost::json::value& receipt);

// The ETag of GET `target`, for verbs that need If-Match.
Outcome<std::string> etag_of(Session& session, std::string_view target);

// Follows the cursors of a list to its end: {"items": [all of them]}.
Outcome<Reply> get_all(Session& session, std::string_view target);

}  // namespace guarita::cli
