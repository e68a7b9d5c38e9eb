#include "cli/parse_tree.h"

namespace guarita::cli {
namespace {

struct None {};

template <Outcome<ExitCode> (*run)(Session&)>
Outcome<ExitCode> without_options(Session& session, const None&) {
  return run(session);
}

const std::string kAccount = "The account's id";
const std::string kInstance = "The instance's id";

CLI::App* with_account(const Leaf<AccountOptions>& leaf) {
  leaf.app->add_option("ACCOUNT", leaf.options->account, kAccount)->required();
  return leaf.app;
}
CLI::App* with_account(const Leaf<TokenOptions>& leaf) {
  leaf.app->add_option("ACCOUNT", leaf.options->account, kAccount)->required();
  return leaf.app;
}
CLI::App* with_instance(const Leaf<InstanceOptions>& leaf) {
  leaf.app->add_option("INSTANCE", leaf.options->instance, kInstance)->required();
  return leaf.app;
}

void add_grace(CLI::App& app, TokenOptions& options) {
  app.add_option_function<std::string>(
         "--grace",
         [&options](const std::string& text) {
           options.grace = text == "0" ? Millis{0} : parse_duration(text);
           if (!options.grace) {
             throw CLI::ValidationError("--grace", "'" + text +
                                                       "' is no duration; allowed: a number and "
                                                       "ms, s, m, h or d, as 15m; 0s ends it now");
           }
         },
         "How long the old token stays accepted, as 15m; 0s: not at all (default 24h)")
      ->type_name("DURATION");
}

void add_instance_fields(CLI::App& app, InstanceOptions& options) {
  app.add_option(
         "--upstream", options.upstream,
         "Where its requests go: http://, h2c://host:port/prefix, unix:/path; \"\": the default")
      ->type_name("URL");
  app.add_option("--name", options.name, "Free text for people")->type_name("TEXT");
  app.add_flag("--instance-token-stdin", options.instance_token_stdin,
               "Read the instance's own token from standard input");
}

}  // namespace

void add_account_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "account", "Accounts: who owns instances and a policy");
  auto create = add_leaf(group, state, "create", "Create an account (mode unset)", account_create);
  with_account(create)
      ->add_option("--name", create.options->name, "Free text for people")
      ->type_name("TEXT");
  add_leaf<None>(group, state, "list", "List all accounts", without_options<account_list>);
  with_account(add_leaf(group, state, "show", "Show an account", account_show));
  auto erase = add_leaf(group, state, "delete", "Delete an account for ever", account_delete);
  with_account(erase)->add_flag("--cascade", erase.options->cascade,
                                "Delete the instances that it owns, too");
  group.footer(
      "Examples:\n  guarita account create acme --name 'Acme Ltda'\n"
      "  guarita account list --output json");
}

void add_instance_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "instance", "Instances: what callers call");
  auto create = add_leaf(group, state, "create", "Register an instance", instance_create);
  with_instance(create)
      ->add_option("--account", create.options->account, "Which account owns it")
      ->required()
      ->type_name("ACCOUNT");
  add_instance_fields(*create.app, *create.options);
  auto list = add_leaf(group, state, "list", "List instances", instance_list);
  list.app->add_option("--account", list.options->account, "Only those of this account")
      ->type_name("ACCOUNT");
  with_instance(add_leaf(group, state, "show", "Show an instance", instance_show));
  auto update =
      add_leaf(group, state, "update", "Change name, upstream or instance token", instance_update);
  add_instance_fields(*with_instance(update), *update.options);
  with_instance(add_leaf(group, state, "delete", "Delete an instance; calls to it are refused",
                         instance_delete));
  auto move = add_leaf(group, state, "move", "Move an instance to another account", instance_move);
  with_instance(move)
      ->add_option("--to", move.options->to, "The account that shall own it")
      ->required()
      ->type_name("ACCOUNT");
  move.app->add_flag("--force", move.options->force,
                     "Also out of an enforcing account into one that does not enforce");
  add_leaf<None>(group, state, "unknown", "List instances that were asked for and are unknown",
                 without_options<instance_unknown>);
  group.footer(
      "Examples:\n  guarita instance create SHOP1 --account acme\n"
      "  guarita instance create SHOP2 --account acme --upstream http://10.0.0.7:3000 "
      "--instance-token-stdin < token\n"
      "  guarita instance move SHOP1 --to other");
}

namespace {

void add_token_state_commands(CLI::App& group, ParseState& state) {
  with_account(add_leaf(group, state, "status", "Mode and tokens of an account", token_status));
  with_account(
      add_leaf(group, state, "generate", "Make the first token; printed once", token_generate));
  with_account(add_leaf(group, state, "activate", "From now on only calls with the token pass",
                        token_activate));
  auto off = add_leaf(group, state, "deactivate", "Every call passes again and is classified",
                      token_deactivate);
  with_account(off)->add_flag("--yes", off.options->yes,
                              "Confirm opening an account that is locked");
}

void add_token_change_commands(CLI::App& group, ParseState& state) {
  auto renew = add_leaf(group, state, "regenerate",
                        "A new token at once, the old one revoked; printed once", token_regenerate);
  with_account(renew)->add_flag("--cut-off", renew.options->cut_off,
                                "Accept that programs with the old token are refused at once");
  with_account(add_leaf(group, state, "rotate", "A next token beside the current one; printed once",
                        token_rotate));
  auto promote = add_leaf(group, state, "promote",
                          "The next token becomes current; again: moves the end of the old one",
                          token_promote);
  with_account(promote);
  add_grace(*promote.app, *promote.options);
  promote.app->add_flag("--lock", promote.options->lock,
                        "Accept that no token is left and every call is refused");
  auto revoke = add_leaf(group, state, "revoke", "End a token for ever", token_revoke);
  CLI::Option* one =
      with_account(revoke)
          ->add_option("--token", revoke.options->token, "Its id, or: current, next, retiring")
          ->type_name("ID");
  revoke.app->add_flag("--all", revoke.options->all, "All live tokens")->excludes(one);
  revoke.app->add_flag("--lock", revoke.options->lock,
                       "Accept that no token is left and every call is refused");
  auto import = add_leaf(group, state, "import",
                         "Use a token that exists; read from standard input", token_import);
  with_account(import)->add_flag("--weak", import.options->weak,
                                 "Accept a token of under 96 bits by estimate");
  import.app->add_option("--as", import.options->as, "current (default), or next: a rotation")
      ->check(CLI::IsMember({"current", "next"}))
      ->type_name("STATE");
}

}  // namespace

void add_token_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "token", "The security token of an account");
  add_token_state_commands(group, state);
  add_token_change_commands(group, state);
  group.footer(
      "Examples:\n  TOKEN=$(guarita token generate acme)\n"
      "  guarita token activate acme\n"
      "  guarita token rotate acme && guarita token promote acme --grace 24h\n"
      "  guarita token import acme --as next < token");
}

void add_ip_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "ip", "The IP list of an account: who may call");
  const auto add = [&](const std::string& name, const std::string& description,
                       Outcome<ExitCode> (*run)(Session&, const IpOptions&), int least) {
    auto leaf = add_leaf(group, state, name, description, run);
    leaf.app->add_option("ACCOUNT", leaf.options->account, kAccount)->required();
    leaf.app->add_option("CIDR", leaf.options->networks, "Networks or single addresses")
        ->expected(least, 1'000'000)
        ->required(least > 0);
    leaf.app->add_flag("--yes", leaf.options->yes, "Confirm the first entry, or an empty list");
    leaf.app->add_flag("--dry-run", leaf.options->dry_run,
                       "Show what would change, change nothing");
  };
  auto list = add_leaf(group, state, "list", "Show the list", ip_list);
  list.app->add_option("ACCOUNT", list.options->account, kAccount)->required();
  add("set", "Replace the list; without CIDR: empty it", ip_set, 0);
  add("add", "Add entries", ip_add, 1);
  add("remove", "Remove entries", ip_remove, 1);
  group.footer(
      "Examples:\n  guarita ip set acme 192.0.2.0/24 2001:db8::/32 --dry-run\n"
      "  guarita ip set acme --yes          (no restriction any more)");
}

void add_admin_token_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "admin-token", "Tokens for the admin API over TCP");
  auto create =
      add_leaf(group, state, "create", "Make an admin token; printed once", admin_token_create);
  create.app->add_option("--scope", create.options->scope, "read, write or account:ID")
      ->required()
      ->type_name("SCOPE")
      ->check([](const std::string& text) {
        const bool good =
            text == "read" || text == "write" || (text.starts_with("account:") && text.size() > 8);
        return good ? std::string() : "'" + text + "' is no scope: read, write or account:ID";
      });
  create.app->add_option("--name", create.options->name, "Free text for people")->type_name("TEXT");
  add_leaf<None>(group, state, "list", "List admin tokens", without_options<admin_token_list>);
  auto revoke = add_leaf(group, state, "revoke", "Revoke an admin token", admin_token_revoke);
  revoke.app->add_option("ID", revoke.options->id, "Its id, as in list")->required();
  group.footer("Examples:\n  guarita admin-token create --scope account:acme --name 'acme panel'");
}

void add_user_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "user", "People who sign in to the console");
  const auto with_email = [](const Leaf<UserOptions>& leaf) {
    leaf.app->add_option("EMAIL", leaf.options->email, "The user's email address")->required();
    return leaf.app;
  };
  auto create = add_leaf(group, state, "create",
                         "Make a user; prints a one-time link for the password", user_create);
  CLI::App& made = *with_email(create);
  UserOptions& options = *create.options;
  CLI::Option* all = made.add_flag("--operator", options.is_operator,
                                   "May see and change everything; the link lives 15 minutes");
  made.add_option("--name", options.name, "Free text for people")->type_name("TEXT");
  made.add_option("--language", options.language, "pt-BR, en or es (default: the browser's)")
      ->check(CLI::IsMember({"pt-BR", "en", "es"}))
      ->type_name("LANGUAGE");
  CLI::Option* account = made.add_option("--account", options.account, "A member of this account")
                             ->type_name("ACCOUNT")
                             ->excludes(all);
  CLI::Option* role = made.add_option("--role", options.role, "In the account: owner or viewer")
                          ->check(CLI::IsMember({"owner", "viewer"}))
                          ->type_name("ROLE")
                          ->needs(account);
  account->needs(role);
  add_leaf<None>(group, state, "list", "List all users", without_options<user_list>);
  with_email(add_leaf(group, state, "show", "Show a user", user_show));
  with_email(add_leaf(group, state, "delete", "Delete a user; its sessions end", user_delete));
  with_email(
      add_leaf(group, state, "reset", "Print a one-time link for a new password", user_reset));
  with_email(add_leaf(group, state, "reset-two-factor",
                      "Turn two-factor off for a user who lost the authenticator",
                      user_reset_two_factor));
  group.footer(
      "Examples:\n  guarita user create you@example.com --operator\n"
      "  guarita user create ana@example.com --account acme --role owner --language pt-BR\n"
      "  guarita user reset ana@example.com");
}

void add_audit_commands(CLI::App& root, ParseState& state) {
  CLI::App& group = *add_group(root, "audit", "Who changed what, and that nobody edited it");
  add_leaf<None>(group, state, "list", "All changes, newest first", without_options<audit_list>);
  auto verify = add_leaf(group, state, "verify", "Walk the hash chain; works without a server, too",
                         audit_verify);
  verify.app
      ->add_option("--head", verify.options->head, "A head noted earlier: it must be in the chain")
      ->type_name("HASH");
  group.footer("Examples:\n  guarita audit verify --head $(tail -n1 heads.txt)");
}

void add_check_command(CLI::App& root, ParseState& state) {
  auto leaf = add_leaf(root, state, "check",
                       "What the gate would decide on a token from standard input, and why", check);
  leaf.app->add_option("--instance", leaf.options->instance, kInstance)
      ->required()
      ->type_name("INSTANCE");
  leaf.app->add_option("--address", leaf.options->address, "The caller's address")->type_name("IP");
  leaf.app->footer(
      "Exit code 0: allowed, 1: denied.\n"
      "Examples:\n  guarita check --instance SHOP1 < token\n"
      "  guarita check --instance SHOP1 --address 192.0.2.7 < /dev/null");
}

}  // namespace guarita::cli
