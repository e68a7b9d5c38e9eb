// `guarita doctor`: each line is one question, its answer, and what mends it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/time.h"
#include "cli/api.h"

namespace guarita::cli {

enum class Health : std::uint8_t { Ok, Warn, Fail };

struct Finding {
  Health health = Health::Ok;
  std::string what;    // "database", "clock", …
  std::string text;    // the answer in a few words
  std::string remedy;  // "" when Ok
};
using Findings = std::vector<Finding>;

std::string_view text_of(Health health);
// "ok    clock      …" lines, a remedy under each that needs one.
std::string findings_text(const Findings& findings);
std::string findings_json(const Findings& findings);
bool any_failed(const Findings& findings);

// doctor_checks.cc: each looks at one thing and touches nothing.
void check_folder(const app::Settings& settings, Findings& findings);
void check_secrets(const app::Settings& settings, Findings& findings);
// `served`: a server answers, so its ports are taken by itself.
enum class Served : std::uint8_t { No, Yes };
void check_ports(const app::Settings& settings, Served served, Findings& findings);
void check_upstream(const app::Settings& settings, Findings& findings);
void check_limits(const app::Settings& settings, Findings& findings);
// Certificates and keys of both listeners: usable, and not about to end.
void check_certificates(const app::Settings& settings, Time now, Findings& findings);
// Opens the database for reading: schema, audit chain, and the clock against its newest row.
void check_database(const app::Settings& settings, Served served, Time now, Findings& findings);
Served check_server(const Api& api, Findings& findings);

}  // namespace guarita::cli
