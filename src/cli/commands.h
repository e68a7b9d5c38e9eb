// Every command that talks to the admin API, one function each, grouped by resource. The options
// are what the command line gave, already checked for form; what they mean is decided here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/session.h"

namespace guarita::cli {

// account.cc
struct AccountOptions {
  std::string account;
  std::optional<std::string> name;
  bool cascade = false;
};
Outcome<ExitCode> account_create(Session& session, const AccountOptions& options);
Outcome<ExitCode> account_list(Session& session);
Outcome<ExitCode> account_show(Session& session, const AccountOptions& options);
Outcome<ExitCode> account_delete(Session& session, const AccountOptions& options);

// instance.cc
struct InstanceOptions {
  std::string instance;
  std::optional<std::string> account;
  std::optional<std::string> upstream;
  std::optional<std::string> name;
  bool instance_token_stdin = false;
  std::string to;      // move
  bool force = false;  // move
};
Outcome<ExitCode> instance_create(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_list(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_show(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_update(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_delete(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_move(Session& session, const InstanceOptions& options);
Outcome<ExitCode> instance_unknown(Session& session);

// token.cc
struct TokenOptions {
  std::string account;
  bool cut_off = false;
  std::optional<Millis> grace;
  std::string token;  // an id, or the state of a live one: current, next, retiring
  bool all = false;
  bool lock = false;
  bool yes = false;
  bool weak = false;
  std::string as;  // import: "", "current", "next"
};
Outcome<ExitCode> token_status(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_generate(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_activate(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_deactivate(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_regenerate(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_rotate(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_promote(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_revoke(Session& session, const TokenOptions& options);
Outcome<ExitCode> token_import(Session& session, const TokenOptions& options);

// ip.cc
struct IpOptions {
  std::string account;
  std::vector<std::string> networks;
  bool yes = false;
  bool dry_run = false;
};
Outcome<ExitCode> ip_list(Session& session, const IpOptions& options);
Outcome<ExitCode> ip_set(Session& session, const IpOptions& options);
Outcome<ExitCode> ip_add(Session& session, const IpOptions& options);
Outcome<ExitCode> ip_remove(Session& session, const IpOptions& options);

// admin_token.cc
struct AdminTokenOptions {
  std::string scope;  // read, write or account:ID
  std::optional<std::string> name;
  std::string id;
};
Outcome<ExitCode> admin_token_create(Session& session, const AdminTokenOptions& options);
Outcome<ExitCode> admin_token_list(Session& session);
Outcome<ExitCode> admin_token_revoke(Session& session, const AdminTokenOptions& options);

// user.cc
struct UserOptions {
  std::string email;
  std::optional<std::string> name;
  std::optional<std::string> language;
  bool is_operator = false;
  std::optional<std::string> account;  // with `role`
  std::optional<std::string> role;     // owner, viewer
};
Outcome<ExitCode> user_create(Session& session, const UserOptions& options);
Outcome<ExitCode> user_list(Session& session);
Outcome<ExitCode> user_show(Session& session, const UserOptions& options);
Outcome<ExitCode> user_delete(Session& session, const UserOptions& options);
Outcome<ExitCode> user_reset(Session& session, const UserOptions& options);
Outcome<ExitCode> user_reset_two_factor(Session& session, const UserOptions& options);

// apply.cc, export.cc: files of accounts and instances
struct ApplyOptions {
  std::string file;    // "-": standard input
  std::string format;  // "jsonl", "csv", "": by the name
  bool dry_run = false;
};
Outcome<ExitCode> apply_file(Session& session, const ApplyOptions& options);
struct ExportOptions {
  std::string file = "-";  // "-": standard output; else a new file
  std::string format;
};
Outcome<ExitCode> export_file(Session& session, const ExportOptions& options);

// check.cc
struct CheckOptions {
  std::string instance;
  std::string address;
};
Outcome<ExitCode> check(Session& session, const CheckOptions& options);

// audit.cc; verify works without a server too, on the database itself
struct AuditOptions {
  std::string head;
};
Outcome<ExitCode> audit_list(Session& session);
Outcome<ExitCode> audit_verify(Session& session, const AuditOptions& options);

// offline.cc: no server needed
struct OfflineOptions {
  std::string file;
  bool accept_loss = false;
  bool page = false;  // check-config: docs/configuration.md instead of a check
};
Outcome<ExitCode> backup(Session& session, const OfflineOptions& options);
Outcome<ExitCode> restore(Session& session, const OfflineOptions& options);
Outcome<ExitCode> check_config(Session& session, const OfflineOptions& options);

// doctor.cc: no server needed
Outcome<ExitCode> doctor(Session& session);

}  // namespace guarita::cli
