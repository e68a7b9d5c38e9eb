// The configuration file: one table of keys parses, checks, overrides, resolves and documents it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace guarita::app {

struct Problem {
  std::string file;   // as given, or "" when the value came from the environment
  unsigned line = 0;  // from 1; 0: no place in the file (a missing key, an environment variable)
  unsigned column = 0;
  std::string key;      // "gate.listen", "route[2].path", or a variable's name
  std::string text;     // what is wrong
  std::string allowed;  // what may stand there, or what to do; may be empty
};

// "guarita.toml:3:10: gate.threads: 5000 is too large; allowed: 0 to 1024"
std::string format(const Problem& problem);

struct Loaded {
  std::optional<Settings> settings;  // present when there are no errors
  std::vector<Problem> errors;       // all of them, in file order
  std::vector<Problem> warnings;     // legal, but risky
};

// Name → value of an environment variable; none when unset.
using Environment = std::vector<std::pair<std::string, std::string>>;
Environment process_environment();

// Reads, checks and resolves. Opens `path` and the files that secrets name; touches nothing else.
Loaded load_config(const std::string& path, const Environment& environment);
// The same for a text already read; `name` stands in messages, relative paths are left relative.
Loaded parse_config(std::string_view text, const std::string& name, const Environment& environment);

// docs/configuration.md, whole.
std::string configuration_page();

// Keys whose values differ and that a running server cannot take over: "gate.listen", …
std::vector<std::string> needs_restart(const Settings& running, const Settings& wanted);

}  // namespace guarita::app
