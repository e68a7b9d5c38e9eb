#include "cli/parse.h"

#include <algorithm>
#include <sstream>

#include "cli/parse_tree.h"

namespace guarita::cli {
namespace {

void add_file_commands(CLI::App& root, ParseState& state) {
  auto save = add_leaf(root, state, "backup", "Copy the store into a new file", backup);
  save.app->add_option("FILE", save.options->file, "Must not exist yet")->required();
  save.app->footer(
      "Works beside a running server. The sealing key is not in it: keep a copy of "
      "that file elsewhere.");
  auto load =
      add_leaf(root, state, "restore", "Put a backup back; the server must be stopped", restore);
  load.app->add_option("FILE", load.options->file, "A file made by guarita backup")->required();
  load.app->add_flag("--accept-loss", load.options->accept_loss,
                     "Accept that changes after the backup are lost, revocations re-applied "
                     "from the audit sink excepted");
  auto look = add_leaf(root, state, "check-config", "Check a configuration file", check_config);
  CLI::Option* page = look.app->add_flag("--page", look.options->page,
                                         "Print the page that documents every key instead");
  look.app->add_option("FILE", look.options->file, "A TOML file")->excludes(page);
}

struct None {};

void add_server_commands(CLI::App& root, ParseState& state, Demo& demo, Serve& serve) {
  CLI::App* run = root.add_subcommand("serve", "Run the server");
  run->add_option("--config", serve.config, "The configuration file (TOML)")
      ->required()
      ->type_name("FILE");
  run->footer(
      "SIGHUP reloads what can be reloaded, SIGTERM drains and stops.\n"
      "Example:\n  guarita serve --config /etc/guarita/guarita.toml");
  run->final_callback([&state, &serve] { state.parsed = serve; });

  CLI::App* show = root.add_subcommand("demo", "The whole story on this machine, ready to paste");
  show->add_option("--listen", demo.options.gate, "Where the gate listens")->capture_default_str();
  show->add_option("--console", demo.options.console, "Console and admin API")
      ->capture_default_str();
  show->add_option("--status", demo.options.status, "Health and metrics")->capture_default_str();
  show->add_option("--data", demo.options.data,
                   "Keep the data in this folder (default: a temporary one)")
      ->type_name("DIR");
  bool* play = &demo.play;
  show->add_flag("--play", *play, "Play the story itself, print each answer and end");
  show->final_callback([&state, &demo] { state.parsed = demo; });

  CLI::App* version = root.add_subcommand("version", "Print the version");
  version->final_callback(
      [&state] { state.parsed = Say{ExitCode::Ok, "guarita " GUARITA_VERSION "\n"}; });

  add_leaf<None>(root, state, "doctor",
                 "Look for what is wrong on this machine, and how to mend it",
                 [](Session& session, const None&) { return doctor(session); });
}

// "guarita token revoke" as far as the words were understood: whose --help to read.
std::string deepest(const CLI::App& root) {
  std::string path = "guarita";
  for (const CLI::App* app = &root; !app->get_subcommands().empty();) {
    app = app->get_subcommands().back();
    path += ' ' + app->get_name();
  }
  return path;
}

}  // namespace

void add_common_options(CLI::App& leaf, ParseState& state) {
  leaf.add_option("--output", state.output, "table (for people) or json (the API's answer)")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORM")
      ->group("Everywhere");
  leaf.add_option("--socket", state.globals.socket,
                  "The server's socket (default GUARITA_SOCKET, else as configured)")
      ->type_name("PATH")
      ->group("Everywhere");
  leaf.add_option("--config", state.globals.config,
                  "The configuration (default GUARITA_CONFIG, ./guarita.toml, "
                  "/etc/guarita/guarita.toml)")
      ->type_name("FILE")
      ->group("Everywhere");
}

Parsed parse(std::span<const std::string> words) {
  CLI::App root{"guarita: the account security token in front of your instances", "guarita"};
  root.require_subcommand(1);
  root.set_version_flag("--version", "guarita " GUARITA_VERSION);
  root.footer(
      "Start here:\n  guarita demo\nExit codes: 0 done, 1 refused or failed, 2 wrong "
      "command line, 3 no server reached,\n4 committed but not yet in force everywhere.");
  ParseState state;
  Demo demo;
  Serve serve;
  add_server_commands(root, state, demo, serve);
  add_account_commands(root, state);
  add_instance_commands(root, state);
  add_token_commands(root, state);
  add_ip_commands(root, state);
  add_admin_token_commands(root, state);
  add_user_commands(root, state);
  add_audit_commands(root, state);
  add_check_command(root, state);
  add_bulk_commands(root, state);
  add_file_commands(root, state);

  std::vector<std::string> reversed(words.rbegin(), words.rend());  // CLI11's order
  try {
    root.parse(reversed);
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream out;
    root.exit(success, out, out);
    return Say{ExitCode::Ok, out.str()};
  } catch (const CLI::ParseError& error) {
    return Say{ExitCode::Usage,
               "error: " + std::string(error.what()) + "\n  try: " + deepest(root) + " --help\n"};
  }
  if (auto* command = std::get_if<Command>(&state.parsed)) {
    command->globals = state.globals;
    command->globals.output = state.output == "json" ? Output::Json : Output::Table;
  }
  return std::move(state.parsed);
}

}  // namespace guarita::cli
