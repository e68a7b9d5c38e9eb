#include "cli/whereabouts.h"

#include <array>
#include <filesystem>

namespace guarita::cli {
namespace {

namespace fs = std::filesystem;

std::string variable(const app::Environment& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

Outcome<app::Settings> settings_of(const std::string& file, const app::Environment& environment) {
  app::Loaded loaded = app::load_config(file, environment);
  if (loaded.settings) return std::move(*loaded.settings);
  std::string text = "the configuration cannot be used";
  if (!loaded.errors.empty()) text += ": " + app::format(loaded.errors.front());
  return fail(std::move(text), "guarita check-config " + file);
}

std::string socket_option(const Globals& globals, const app::Environment& environment) {
  return globals.socket.empty() ? variable(environment, "GUARITA_SOCKET") : globals.socket;
}

}  // namespace

std::string find_config(const Globals& globals, const app::Environment& environment) {
  if (!globals.config.empty()) return globals.config;
  if (std::string named = variable(environment, "GUARITA_CONFIG"); !named.empty()) return named;
  constexpr std::array<const char*, 2> kPlaces = {"guarita.toml", "/etc/guarita/guarita.toml"};
  for (const char* place : kPlaces) {
    std::error_code error;
    if (fs::exists(place, error)) return place;
  }
  return {};
}

Outcome<std::string> find_socket(const Globals& globals, const app::Environment& environment) {
  if (std::string named = socket_option(globals, environment); !named.empty()) return named;
  const std::string config = find_config(globals, environment);
  if (config.empty()) return std::string("guarita.sock");
  auto settings = settings_of(config, environment);
  if (!settings) return Err<Failure>(std::move(settings.error()));
  return std::move(settings->admin.socket);
}

Outcome<Database> find_database(const Globals& globals, const app::Environment& environment) {
  const std::string config = find_config(globals, environment);
  if (!config.empty()) {
    auto settings = settings_of(config, environment);
    if (!settings) return Err<Failure>(std::move(settings.error()));
    return Database{std::move(settings->store.sqlite), std::move(settings->store.audit_sink)};
  }
  const std::string socket = socket_option(globals, environment);
  if (!socket.empty()) {
    const fs::path beside = fs::path(socket).parent_path() / "guarita.db";
    std::error_code error;
    if (fs::exists(beside, error)) return Database{beside.string(), {}};
  }
  return usage("which database? no configuration was found",
               "name it: --config FILE, or GUARITA_CONFIG");
}

}  // namespace guarita::cli
