#include "cli/offline.h"

#include <boost/json.hpp>
#include <filesystem>
#include <ostream>

#include "admin/json.h"
#include "cli/whereabouts.h"
#include "store/sqlite_store.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

Err<Failure> failure_of(const store::StoreError& error) {
  return fail(error.text, error.remedy);
}

Outcome<std::unique_ptr<store::Store>> open_read_only(const Database& database) {
  auto opened = store::open_sqlite(
      {.file = database.file, .mode = store::OpenMode::ReadOnly, .audit_sink = {}});
  if (!opened) return failure_of(opened.error());
  return std::move(*opened);
}

std::optional<crypto::Digest> parse_digest(std::string_view text) {
  crypto::Digest digest{};
  if (text.size() != digest.size() * 2) return std::nullopt;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = nibble(text[2 * i]);
    const int low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

void print(Session& session, const json::object& answer, const std::string& table) {
  show(session, Reply{200, {}, {}, json::serialize(answer), answer}, [&] { return table; });
}

json::array texts(const std::vector<app::Problem>& problems) {
  json::array out;
  for (const app::Problem& problem : problems) {
    out.push_back(json::object{{"file", problem.file},
                               {"line", problem.line},
                               {"column", problem.column},
                               {"key", problem.key},
                               {"text", problem.text},
                               {"allowed", problem.allowed}});
  }
  return out;
}

}  // namespace

Outcome<Reply> verify_audit_offline(Session& session, const AuditOptions& options) {
  auto database = find_database(session.globals, app::process_environment());
  if (!database) return Err<Failure>(std::move(database.error()));
  std::optional<crypto::Digest> head;
  if (!options.head.empty()) {
    head = parse_digest(options.head);
    if (!head) return usage("--head is no hash: 64 hexadecimal digits, as audit verify prints it");
  }
  auto opened = open_read_only(*database);
  if (!opened) return Err<Failure>(std::move(opened.error()));
  const auto report = (*opened)->verify_audit(head);
  if (!report) return failure_of(report.error());
  Reply reply{200, {}, {}, {}, {}};
  reply.json = admin::json_of(*report);
  reply.text = json::serialize(reply.json);
  return reply;
}

Outcome<ExitCode> backup(Session& session, const OfflineOptions& options) {
  auto database = find_database(session.globals, app::process_environment());
  if (!database) return Err<Failure>(std::move(database.error()));
  auto opened = open_read_only(*database);
  if (!opened) return Err<Failure>(std::move(opened.error()));
  const auto done = (*opened)->backup(options.file);
  if (!done) return failure_of(done.error());
  auto copy = open_read_only(Database{options.file, {}});
  if (!copy) return Err<Failure>(std::move(copy.error()));
  const auto info = (*copy)->info();
  if (!info) return failure_of(info.error());
  print(session,
        {{"file", options.file},
         {"revision", info->revision},
         {"head", crypto::hex(info->head.hash)}},
        "backup written to " + options.file + "\n" +
            key_values({{"revision", std::to_string(info->revision)},
                        {"audit head", crypto::hex(info->head.hash)}}));
  session.terminal.err << "the sealing key is not in it: keep a copy of that file elsewhere\n";
  return ExitCode::Ok;
}

Outcome<ExitCode> restore(Session& session, const OfflineOptions& options) {
  auto database = find_database(session.globals, app::process_environment());
  if (!database) return Err<Failure>(std::move(database.error()));
  const auto report = store::restore_sqlite(
      {.backup = options.file,
       .target = database->file,
       .accept_loss = options.accept_loss ? store::AcceptLoss::Yes : store::AcceptLoss::No,
       .audit_sink = database->audit_sink,
       .now = SystemClock().now()});
  if (!report) return failure_of(report.error());
  for (const std::string& warning : report->warnings) {
    session.terminal.err << "warning: " << printable(warning) << '\n';
  }
  const std::string replaced = report->replaced.string();
  print(
      session,
      {{"file", database->file},
       {"revision", report->info.revision},
       {"epoch", report->info.epoch},
       {"replaced", replaced.empty() ? json::value() : json::value(replaced)},
       {"revisions_lost", report->revisions_lost},
       {"revocations_reapplied", report->revocations_reapplied}},
      "restored " + database->file + "\n" +
          key_values({{"revision", std::to_string(report->info.revision)},
                      {"epoch", std::to_string(report->info.epoch)},
                      {"former database", replaced.empty() ? "none" : replaced},
                      {"revisions lost", std::to_string(report->revisions_lost)},
                      {"revocations re-applied", std::to_string(report->revocations_reapplied)}}));
  return ExitCode::Ok;
}

Outcome<ExitCode> check_config(Session& session, const OfflineOptions& options) {
  if (options.page) {
    session.terminal.out << app::configuration_page();
    return ExitCode::Ok;
  }
  if (options.file.empty()) {
    return usage("which file?", "guarita check-config FILE");
  }
  const app::Loaded loaded = app::load_config(options.file, app::process_environment());
  const bool good = loaded.errors.empty();
  std::string table;
  for (const app::Problem& problem : loaded.errors) {
    table += "error: " + printable(app::format(problem)) + '\n';
  }
  for (const app::Problem& problem : loaded.warnings) {
    table += "warning: " + printable(app::format(problem)) + '\n';
  }
  if (good) table += options.file + " is good\n";
  print(session,
        {{"ok", good}, {"errors", texts(loaded.errors)}, {"warnings", texts(loaded.warnings)}},
        table);
  return good ? ExitCode::Ok : ExitCode::Failed;
}

}  // namespace guarita::cli
