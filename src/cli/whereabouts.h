// Where the server and its data are, by options, environment and configuration.
#pragma once

#include <string>

#include "app/config.h"
#include "cli/session.h"

namespace guarita::cli {

// --config, else GUARITA_CONFIG, else ./guarita.toml, else /etc/guarita/guarita.toml.
// "" when none of them is there (a named one is given back unseen).
std::string find_config(const Globals& globals, const app::Environment& environment);

// --socket, else GUARITA_SOCKET, else what the configuration says, else ./guarita.sock.
// Fails when a configuration would have to say it and cannot be read.
Outcome<std::string> find_socket(const Globals& globals, const app::Environment& environment);

struct Database {
  std::string file;
  std::string audit_sink;  // "" = none configured
};
// What the configuration says, else guarita.db beside a socket that is named. For the commands
// that work without a server.
Outcome<Database> find_database(const Globals& globals, const app::Environment& environment);

}  // namespace guarita::cli
