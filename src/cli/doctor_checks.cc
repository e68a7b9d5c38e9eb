#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/tls_files.h"
#include "cli/doctor.h"
#include "cli/probe.h"
#include "control/snapshot_file.h"
#include "store/sqlite_store.h"

namespace guarita::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis kConnectWait{2'000};
// A clock this far behind the newest row was set back, or the rows came from another machine.
constexpr Millis kClockSlack{60'000};
constexpr std::uint64_t kFilesPerConnection = 2;  // downstream and upstream
constexpr std::uint64_t kOtherFiles = 256;

fs::path folder_of(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

// Others may not read or write what holds the state or the sealing key.
void check_mode(const std::string& what, const fs::path& path, mode_t forbidden, Health health,
                Findings& findings) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) return;
  if ((seen.st_mode & forbidden) == 0) {
    findings.push_back({Health::Ok, what, path.string() + " is closed to others", ""});
    return;
  }
  const std::string right = S_ISDIR(seen.st_mode) ? "go-w" : "go-rwx";
  findings.push_back({health, what, path.string() + " is open to other users of this machine",
                      "chmod " + right + " " + path.string()});
}

void check_listen(const std::string& what, const std::string& listen, Findings& findings) {
  if (listen.empty()) return;
  const auto endpoint = endpoint_of(listen);
  const auto error = endpoint ? listen_error(*endpoint) : std::string("no address with a port");
  if (!error) {
    findings.push_back({Health::Ok, what, listen + " is free", ""});
    return;
  }
  findings.push_back({Health::Fail, what, listen + ": " + *error,
                      "stop what listens there (ss -ltnp), or choose another address"});
}

void check_chain(store::Store& opened, Findings& findings) {
  const auto report = opened.verify_audit(std::nullopt);
  if (!report) {
    findings.push_back({Health::Fail, "audit chain", report.error().text, report.error().remedy});
  } else if (report->findings.empty()) {
    findings.push_back(
        {Health::Ok, "audit chain", "whole, " + std::to_string(report->rows) + " rows", ""});
  } else {
    findings.push_back({Health::Fail, "audit chain", report->findings.front().text,
                        "guarita audit verify; then compare with a backup"});
  }
}

void check_snapshot_file(const app::Settings& settings, store::Revision revision,
                         Findings& findings) {
  if (settings.store.snapshot == app::SnapshotFile::Off) return;
  const auto file = control::snapshot_file_of(settings.store.sqlite);
  const auto info = control::inspect_snapshot_file(file);
  if (info) {
    findings.push_back({Health::Ok, "snapshot file",
                        std::to_string(info->instances) + " instances at revision " +
                            std::to_string(info->revision) + ", " +
                            std::to_string(revision - std::min(revision, info->revision)) +
                            " changes behind the store",
                        ""});
    return;
  }
  const bool absent = info.error().kind == control::SnapshotFileProblem::Kind::Absent;
  findings.push_back({absent ? Health::Ok : Health::Warn, "snapshot file",
                      absent ? "none yet: the next stop writes it" : info.error().why,
                      absent ? "" : "rm " + file.string()});
}

void check_clock(Time newest, Time now, Findings& findings) {
  if (newest > now + kClockSlack) {
    findings.push_back({Health::Fail, "clock",
                        "it is " + format_rfc3339(now) + ", but the store was written at " +
                            format_rfc3339(newest),
                        "set the clock (timedatectl set-ntp true)"});
    return;
  }
  findings.push_back({Health::Ok, "clock", format_rfc3339(now), ""});
}

}  // namespace

Served check_server(const Api& api, Findings& findings) {
  const auto reply = api.get("/v1/status");
  if (reply) {
    findings.push_back({Health::Ok, "server",
                        "answers, version " + text_at(reply->json, "version") + ", revision " +
                            text_at(reply->json, "revision"),
                        ""});
    return Served::Yes;
  }
  if (reply.error().code == ExitCode::Unreachable) {
    findings.push_back(
        {Health::Warn, "server", reply.error().message, "guarita serve --config FILE"});
    return Served::No;
  }
  findings.push_back({Health::Fail, "server", reply.error().message, reply.error().remedy});
  return Served::Yes;
}

void check_folder(const app::Settings& settings, Findings& findings) {
  const fs::path folder = folder_of(settings.store.sqlite);
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    findings.push_back({Health::Fail, "data folder", folder.string() + " is not there",
                        "mkdir -p -m 0750 " + folder.string()});
    return;
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    findings.push_back({Health::Fail, "data folder",
                        folder.string() + " cannot be written by this user",
                        "run as the server's user, or: chown $(id -un) " + folder.string()});
    return;
  }
  check_mode("data folder", folder, S_IWGRP | S_IWOTH, Health::Warn, findings);
}

void check_secrets(const app::Settings& settings, Findings& findings) {
  std::string key = settings.secrets.key;
  if (key.starts_with("file:")) key.erase(0, 5);
  check_mode("sealing key", key, S_IRWXG | S_IRWXO, Health::Fail, findings);
  check_mode("database", settings.store.sqlite, S_IRWXG | S_IRWXO, Health::Fail, findings);
}

void check_ports(const app::Settings& settings, Served served, Findings& findings) {
  if (served == Served::Yes) {
    findings.push_back({Health::Ok, "ports", "held by the running server", ""});
    return;
  }
  for (const std::string& listen : settings.gate.listen) check_listen("gate", listen, findings);
  check_listen("console", settings.console.listen, findings);
  check_listen("status", settings.status.listen, findings);
}

void check_certificates(const app::Settings& settings, Time now, Findings& findings) {
  for (const app::Settings::Tls* tls : {&settings.gate.tls, &settings.console.tls}) {
    if (tls->certificates.empty()) continue;
    const auto loaded = net::TlsContext::load(app::tls_pairs(*tls));
    if (!loaded) {
      findings.push_back(
          {Health::Fail, "certificate", loaded.error().text, "guarita check-config FILE"});
      continue;
    }
    for (const net::TlsCertificate& certificate : (*loaded)->certificates()) {
      std::string problem = net::tls_date_problem(certificate, now, app::kCertificateEndsSoon);
      if (problem.empty()) {
        findings.push_back({Health::Ok, "certificate",
                            certificate.file + " until " + format_rfc3339(certificate.not_after),
                            ""});
        continue;
      }
      const bool valid = now >= certificate.not_before && now < certificate.not_after;
      findings.push_back({valid ? Health::Warn : Health::Fail, "certificate", std::move(problem),
                          "renew it, then: kill -HUP of the server"});
    }
    for (const std::string& key : tls->keys) {
      check_mode("private key", key, S_IRWXG | S_IRWXO, Health::Warn, findings);
    }
  }
}

void check_upstream(const app::Settings& settings, Findings& findings) {
  const std::string& url = settings.upstream.default_url;
  if (url.empty()) {
    findings.push_back({Health::Warn, "upstream", "no default: each instance needs its own",
                        "set [upstream] default"});
    return;
  }
  const auto endpoint = endpoint_of(url);
  const auto error =
      endpoint ? connect_error(*endpoint, kConnectWait) : std::string("no address in it");
  if (!error) {
    findings.push_back({Health::Ok, "upstream", url + " answers", ""});
    return;
  }
  findings.push_back(
      {Health::Fail, "upstream", url + ": " + *error, "start it, or mend [upstream] default"});
}

void check_limits(const app::Settings& settings, Findings& findings) {
  const std::uint64_t have = open_files_max();
  const std::uint64_t need = settings.limits.connections * kFilesPerConnection + kOtherFiles;
  if (have >= need) {
    findings.push_back({Health::Ok, "open files", std::to_string(have) + " allowed", ""});
    return;
  }
  findings.push_back(
      {Health::Warn, "open files",
       std::to_string(have) + " allowed, " + std::to_string(need) +
           " needed for limits.connections = " + std::to_string(settings.limits.connections),
       "ulimit -n " + std::to_string(need) + ", or LimitNOFILE= of the service"});
}

void check_database(const app::Settings& settings, Served served, Time now, Findings& findings) {
  std::error_code error;
  if (served == Served::No && !fs::exists(settings.store.sqlite, error)) {
    findings.push_back({Health::Warn, "database", settings.store.sqlite + " is not there yet",
                        "the first guarita serve makes it"});
    check_clock(Time{}, now, findings);
    return;
  }
  auto opened = store::open_sqlite(
      {.file = settings.store.sqlite, .mode = store::OpenMode::ReadOnly, .audit_sink = {}});
  if (!opened) {
    findings.push_back({Health::Fail, "database", opened.error().text, opened.error().remedy});
    return;
  }
  const auto info = (*opened)->info();
  if (!info) {
    findings.push_back({Health::Fail, "database", info.error().text, info.error().remedy});
    return;
  }
  findings.push_back(
      {Health::Ok, "database",
       "schema " + std::to_string(info->schema) + ", revision " + std::to_string(info->revision),
       ""});
  check_snapshot_file(settings, info->revision, findings);
  check_chain(**opened, findings);
  check_clock(info->newest, now, findings);
}

}  // namespace guarita::cli
