// apply and export.
#include "cli/parse_tree.h"

namespace guarita::cli {
namespace {

void add_format(CLI::App& app, std::string& format) {
  app.add_option("--format", format, "jsonl or csv (default: by the name; jsonl for -)")
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->type_name("FORM");
}

}  // namespace

void add_bulk_commands(CLI::App& root, ParseState& state) {
  auto apply = add_leaf(root, state, "apply",
                        "Create, change and delete accounts and instances by a file", apply_file);
  apply.app->add_option("FILE", apply.options->file, "JSON Lines or CSV; - is standard input")
      ->required();
  add_format(*apply.app, apply.options->format);
  apply.app->add_flag("--dry-run", apply.options->dry_run,
                      "Check the file and tell what would be; change nothing");
  apply.app->footer(
      "The whole file is checked before anything changes. What is so already is left as it is:\n"
      "a run that broke off is run again. The gate serves meanwhile. A row is one of:\n"
      "  {\"account\":\"acme\",\"name\":\"Acme Ltda\"}\n"
      "  {\"account\":\"acme\",\"token_sha256\":\"64 hex digits\",\"enforce\":true}\n"
      "  {\"instance\":\"SHOP1\",\"account\":\"acme\",\"upstream\":\"http://10.0.0.7:3000\",\n"
      "   \"instance_token\":\"…\"}                  (or instance_token_sha256)\n"
      "  {\"instance\":\"SHOP1\",\"account\":\"other\"}  moves it; \"force\":true out of "
      "protection\n"
      "  {\"instance\":\"SHOP1\",\"delete\":true}\n"
      "  {\"account\":\"acme\",\"delete\":true,\"cascade\":true}\n"
      "In CSV the same names head the columns. Accounts stand before their instances.\n"
      "Examples:\n  guarita apply fleet.jsonl --dry-run\n"
      "  guarita export | guarita apply - --socket /run/other.sock");

  auto save = add_leaf(root, state, "export",
                       "Write all accounts and instances as apply reads them", export_file);
  save.app->add_option("FILE", save.options->file, "A new file; default: standard output");
  add_format(*save.app, save.options->format);
  save.app->footer(
      "Instance tokens are written as digests, account tokens not at all: they are moved by\n"
      "guarita backup only. Users and IP lists are not in it either.\n"
      "Examples:\n  guarita export fleet.csv");
}

}  // namespace guarita::cli
