#include "cli/doctor.h"

#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/whereabouts.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kHealthColumn = 6;
constexpr std::size_t kWhatColumn = 15;

std::string padded(std::string_view text, std::size_t columns) {
  std::string out(text);
  if (out.size() < columns) out.append(columns - out.size(), ' ');
  return out;
}

std::optional<app::Settings> check_configuration(const std::string& file, Findings& findings) {
  if (file.empty()) {
    findings.push_back({Health::Fail, "configuration",
                        "none found: no --config, no GUARITA_CONFIG, no ./guarita.toml, no "
                        "/etc/guarita/guarita.toml",
                        "guarita doctor --config FILE"});
    return std::nullopt;
  }
  app::Loaded loaded = app::load_config(file, app::process_environment());
  for (const app::Problem& problem : loaded.errors) {
    findings.push_back({Health::Fail, "configuration", app::format(problem),
                        "mend it, then: guarita check-config " + file});
  }
  for (const app::Problem& problem : loaded.warnings) {
    findings.push_back({Health::Warn, "configuration", app::format(problem), problem.allowed});
  }
  if (loaded.errors.empty())
    findings.push_back({Health::Ok, "configuration", file + " is good", ""});
  return std::move(loaded.settings);
}

}  // namespace

std::string_view text_of(Health health) {
  switch (health) {
    case Health::Ok: return "ok";
    case Health::Warn: return "warn";
    case Health::Fail: return "fail";
  }
  return "fail";
}

bool any_failed(const Findings& findings) {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.health == Health::Fail; });
}

std::string findings_text(const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += padded(text_of(finding.health), kHealthColumn) + padded(finding.what, kWhatColumn) +
           printable(finding.text) + '\n';
    if (!finding.remedy.empty()) {
      out.append(kHealthColumn + kWhatColumn, ' ');
      out += "try: " + printable(finding.remedy) + '\n';
    }
  }
  return out;
}

std::string findings_json(const Findings& findings) {
  json::array lines;
  for (const Finding& finding : findings) {
    lines.push_back(json::object{{"health", text_of(finding.health)},
                                 {"what", finding.what},
                                 {"text", finding.text},
                                 {"remedy", finding.remedy}});
  }
  return json::serialize(
      json::object{{"ok", !any_failed(findings)}, {"findings", std::move(lines)}});
}

Outcome<ExitCode> doctor(Session& session) {
  Findings findings;
  const std::string file = find_config(session.globals, app::process_environment());
  const auto settings = check_configuration(file, findings);
  const Served served = check_server(session.api, findings);
  if (settings) {
    check_folder(*settings, findings);
    check_secrets(*settings, findings);
    check_database(*settings, served, SystemClock().now(), findings);
    check_ports(*settings, served, findings);
    check_certificates(*settings, SystemClock().now(), findings);
    check_upstream(*settings, findings);
    check_limits(*settings, findings);
  }
  if (session.globals.output == Output::Json) {
    session.terminal.out << findings_json(findings) << '\n';
  } else {
    session.terminal.out << findings_text(findings);
  }
  return any_failed(findings) ? ExitCode::Failed : ExitCode::Ok;
}

}  // namespace guarita::cli
