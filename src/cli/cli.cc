#include "cli/cli.h"

#include <unistd.h>

#include <iostream>
#include <thread>

#include "app/demo.h"
#include "app/server.h"
#include "cli/parse.h"
#include "cli/whereabouts.h"
#include "crypto/crypto.h"
#include "net/admin_http.h"

namespace guarita::cli {
namespace {

// The longest answer is a barrier that does not complete (2 s) or the walk of a long audit chain.
constexpr Millis kCallTimeout{60'000};

Result<RawReply, std::string> call_socket(const Globals& globals, const RawCall& call) {
  const auto socket = find_socket(globals, app::process_environment());
  if (!socket) return Err<std::string>(socket.error().message);
  net::AdminRequest request{call.method, call.target, {}, call.body, {}};
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!call.if_match.empty()) request.headers.emplace_back("If-Match", call.if_match);
  auto answer = net::admin_call(*socket, request, kCallTimeout);
  if (!answer) return Err<std::string>(*socket + ": " + answer.error());
  return RawReply{answer->status, std::string(answer->header("ETag").value_or("")),
                  std::string(answer->header("Location").value_or("")), std::move(answer->body)};
}

int run_command(Terminal& terminal, const Command& command) {
  Session session{command.globals, terminal,
                  Api([&](const RawCall& call) { return call_socket(command.globals, call); }),
                  [](Millis time) { std::this_thread::sleep_for(time); }};
  const auto outcome = command.action(session);
  const ExitCode code =
      outcome ? *outcome : report(terminal, command.globals.output, outcome.error());
  terminal.out.flush();
  terminal.err.flush();
  return static_cast<int>(code);
}

}  // namespace

int run(int argc, char** argv) {
  Terminal terminal{std::cin, std::cout, std::cerr, isatty(STDIN_FILENO) == 1,
                    isatty(STDERR_FILENO) == 1};
  if (!crypto::init()) {
    std::cerr << "error: no source of randomness on this system\n";
    return static_cast<int>(ExitCode::Failed);
  }
  const std::vector<std::string> words(argv + 1, argv + argc);
  Parsed parsed = parse(words);
  if (const auto* say = std::get_if<Say>(&parsed)) {
    (say->code == ExitCode::Ok ? std::cout : std::cerr) << say->text << std::flush;
    return static_cast<int>(say->code);
  }
  if (const auto* serve = std::get_if<Serve>(&parsed)) return app::serve(serve->config, std::cerr);
  if (auto* demo = std::get_if<Demo>(&parsed)) {
    if (demo->play) demo->options.story = app::DemoOptions::Story::Play;
    return app::demo(demo->options, std::cout, std::cerr);
  }
  return run_command(terminal, std::get<Command>(parsed));
}

}  // namespace guarita::cli
