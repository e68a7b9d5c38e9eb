#include <boost/json.hpp>
#include <istream>
#include <ostream>

#include "cli/commands.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kHeaderBytesMax = 8192;

// The value of the token header as a program would send it, which may be anything: only the line
// end goes. Nothing at all on standard input means a call without the header.
Outcome<std::optional<Secret>> read_header_value(Terminal& terminal) {
  if (terminal.in_is_terminal) {
    terminal.err << "Type the token and press Enter (it will be visible), or Ctrl-D for a call "
                    "without the header:\n"
                 << std::flush;
  }
  std::string line;
  if (!std::getline(terminal.in, line)) return std::optional<Secret>();
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > kHeaderBytesMax) return usage("the token on standard input is over 8192 bytes");
  return std::optional<Secret>(Secret(std::move(line)));
}

}  // namespace

Outcome<ExitCode> check(Session& session, const CheckOptions& options) {
  auto token = read_header_value(session.terminal);
  if (!token) return Err<Failure>(std::move(token.error()));
  json::object body{{"instance", options.instance}};
  if (!options.address.empty()) body["address"] = options.address;
  if (*token) body["token"] = (*token)->reveal();
  const auto reply = session.api.send("POST", "/v1/check", body);
  if (!reply) return Err<Failure>(reply.error());
  const json::value& row = reply->json;
  show(session, *reply, [&] {
    return key_values({{"decision", text_at(row, "decision")},
                       {"reason", text_at(row, "reason")},
                       {"class", text_at(row, "class")},
                       {"account", text_at(row, "account")},
                       {"mode", text_at(row, "mode")},
                       {"upstream", text_at(row, "upstream")},
                       {"why", text_at(row, "why")}});
  });
  // "1 refused": `guarita check … < token && deploy` means what it says.
  return text_at(row, "decision") == "allow" ? ExitCode::Ok : ExitCode::Failed;
}

}  // namespace guarita::cli
