// The command line: words in, what to do out. Pure; nothing is read or written.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "app/demo.h"
#include "cli/commands.h"

namespace guarita::cli {

struct Say {  // --help, version, or what is wrong with the command line
  ExitCode code = ExitCode::Ok;
  std::string text;  // on standard output when Ok, else on standard error
};
struct Serve {
  std::string config;
};
struct Demo {
  app::DemoOptions options;
  bool play = false;
};
struct Command {
  Globals globals;
  Action action;
};

using Parsed = std::variant<Say, Serve, Demo, Command>;
// `words` without the program's name.
Parsed parse(std::span<const std::string> words);

}  // namespace guarita::cli
