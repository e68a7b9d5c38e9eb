// What parse.cc and parse_resources.cc share. CLI11 is slow to compile: no other file includes it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "cli/parse.h"

namespace guarita::cli {

struct ParseState {
  Globals globals;
  std::string output = "table";
  Parsed parsed = Say{};  // set by the callback of the subcommand that was given
};

// A leaf: `options` live as long as the tree; `run` becomes the Command's action.
template <class Options>
struct Leaf {
  CLI::App* app = nullptr;
  std::shared_ptr<Options> options;
};

void add_common_options(CLI::App& leaf, ParseState& state);

template <class Options>
Leaf<Options> add_leaf(CLI::App& parent, ParseState& state, const std::string& name,
                       const std::string& description,
                       Outcome<ExitCode> (*run)(Session&, const Options&)) {
  CLI::App* app = parent.add_subcommand(name, description);
  auto options = std::make_shared<Options>();
  add_common_options(*app, state);
  app->final_callback([&state, options, run] {
    state.parsed =
        Command{state.globals, [options, run](Session& session) { return run(session, *options); }};
  });
  return {app, std::move(options)};
}

inline CLI::App* add_group(CLI::App& parent, const std::string& name,
                           const std::string& description) {
  CLI::App* app = parent.add_subcommand(name, description);
  app->require_subcommand(1);
  return app;
}

void add_account_commands(CLI::App& root, ParseState& state);
void add_instance_commands(CLI::App& root, ParseState& state);
void add_token_commands(CLI::App& root, ParseState& state);
void add_ip_commands(CLI::App& root, ParseState& state);
void add_admin_token_commands(CLI::App& root, ParseState& state);
void add_user_commands(CLI::App& root, ParseState& state);
void add_audit_commands(CLI::App& root, ParseState& state);
void add_bulk_commands(CLI::App& root, ParseState& state);
void add_check_command(CLI::App& root, ParseState& state);

}  // namespace guarita::cli
