// From text to settings: the one user of toml++.
#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>
#include <system_error>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include "app/config_checks.h"
#include "app/config_key.h"

extern char** environ;

namespace guarita::app {
namespace {

constexpr std::string_view kVariablePrefix = "GUARITA__";

struct Place {
  unsigned line = 0;
  unsigned column = 0;
};
Place place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return text;
  return {};
}

// None: a kind that no key takes (dates, nested lists, floats).
std::optional<Raw> raw_of(const toml::node& node) {
  if (const auto text = text_of(node)) return Raw(*text);
  if (const auto flag = node.value_exact<bool>()) return Raw(*flag);
  if (const auto number = node.value_exact<std::int64_t>()) return Raw(*number);
  if (const auto* list = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& item : *list) {
      const auto text = text_of(item);
      if (!text) return {};
      texts.push_back(*text);
    }
    return Raw(std::move(texts));
  }
  if (const auto* table = node.as_table()) {
    TextPairs pairs;
    for (const auto& [name, item] : *table) {
      const auto text = text_of(item);
      if (!text) return {};
      pairs.emplace_back(std::string(name.str()), *text);
    }
    return Raw(std::move(pairs));
  }
  return {};
}

std::string allowed(const KeyInfo& key) {
  return "allowed: " + allowed_text(key);
}

class Loader {
 public:
  Loader(std::string file, const Environment& environment) : file_(std::move(file)) {
    context_.environment = &environment;
    context_.folder = std::filesystem::path(file_).parent_path().string();
    context_.warnings = &value_warnings_;
  }

  Loaded load(std::string_view text) {
    defaults();
    const toml::parse_result parsed = toml::parse(text, std::string_view(file_));
    if (!parsed) {
      syntax(parsed.error());
      return finish();
    }
    walk(parsed.table(), "");
    overrides();
    complete();
    return finish();
  }

 private:
  void error(Place place, std::string key, std::string text, std::string remedy) {
    out_.errors.push_back({place.line != 0 ? file_ : "", place.line, place.column, std::move(key),
                           std::move(text), std::move(remedy)});
  }
  void warning(Place place, std::string key, std::string text, std::string remedy) {
    out_.warnings.push_back({place.line != 0 ? file_ : "", place.line, place.column, std::move(key),
                             std::move(text), std::move(remedy)});
  }

  void syntax(const toml::parse_error& e) {
    std::string text(e.description());
    std::string hint;
    if (text.contains("route")) {
      hint = "[[route]] is a list; unknown_instance stands in [routing]";
    }
    error(place_of(e.source()), "TOML", std::move(text), std::move(hint));
  }

  void defaults() {
    for (const Key& key : keys()) {
      const auto rejected = apply(key, key.slot(settings_), *key.fallback, context_);
      if (rejected) error({}, key.path(), "default: " + rejected->text, "");
    }
  }

  void store(const Key& key, Place place, const Raw& raw, const std::string& shown) {
    value_warnings_.clear();
    places_[key.path()] = place;
    auto rejected = apply(key, key.slot(settings_), raw, context_);
    if (rejected) {
      error(place, shown, rejected->text, rejected->tell == Tell::Allowed ? allowed(key) : "");
    }
    for (std::string& text : value_warnings_) warning(place, shown, std::move(text), {});
  }

  static bool is_section(std::string_view path) {
    const std::string dotted = std::string(path) + ".";
    return std::ranges::any_of(keys(), [&](const Key& key) {
      return key.section == path || key.section.starts_with(dotted);
    });
  }

  void walk(const toml::table& table, const std::string& section) {
    for (const auto& [name, node] : table) {
      const std::string path =
          section.empty() ? std::string(name.str()) : section + "." + std::string(name.str());
      const Place place = place_of(name.source());
      if (path == "route") {
        routes(node, place);
        continue;
      }
      const auto found =
          std::ranges::find_if(keys(), [&](const Key& key) { return key.path() == path; });
      if (found != keys().end()) {
        value(*found, path, node);
      } else if (is_section(path) && node.is_table()) {
        walk(*node.as_table(), path);
      } else {
        unknown(path, place);
      }
    }
  }

  void value(const Key& key, const std::string& path, const toml::node& node) {
    const Place place = place_of(node.source());
    if (const auto raw = raw_of(node)) {
      store(key, place, *raw, path);
    } else {
      error(place, path, "has a value of the wrong kind", allowed(key));
    }
  }

  void unknown(const std::string& path, Place place) {
    std::vector<std::string> known;
    for (const Key& key : keys()) known.push_back(key.path());
    std::string meant = did_you_mean(path, known);
    // The right name in the wrong section.
    const std::string name = path.substr(path.rfind('.') + 1);
    for (const Key& key : keys()) {
      if (key.name == name && !key.section.starts_with("answers.")) meant = key.path();
    }
    if (!path.contains('.') && meant.empty()) {
      std::vector<std::string> sections{"route"};
      for (const Key& key : keys()) sections.push_back(key.section);
      meant = did_you_mean(path, sections);
    }
    error(place, path, "is no key of the configuration",
          meant.empty() ? "docs/configuration.md lists them" : "did you mean " + meant + "?");
  }

  void routes(const toml::node& node, Place place) {
    const auto* list = node.as_array();
    if (list == nullptr) {
      error(place, "route", "is one table",
            "routes are a list: write [[route]]; unknown_instance stands in [routing]");
      return;
    }
    for (const toml::node& item : *list) {
      const std::string label = fmt::format("route[{}]", settings_.routes.size() + 1);
      const auto* table = item.as_table();
      if (table == nullptr) {
        error(place_of(item.source()), label, "is no table", "write [[route]]");
        continue;
      }
      route(*table, label);
    }
  }

  void route(const toml::table& table, const std::string& label) {
    const Place begin = place_of(table.source());
    policy::RouteConfig config;
    std::map<std::string, Place> places{{"", begin}};
    const std::size_t before = out_.errors.size();
    for (const auto& [name, node] : table) {
      const std::string path = label + "." + std::string(name.str());
      const Place place = place_of(node.source());
      places[std::string(name.str())] = place;
      const auto key = std::ranges::find_if(
          route_keys(), [&](const RouteKey& k) { return k.name == name.str(); });
      if (key == route_keys().end()) {
        unknown_in_route(path, std::string(name.str()), place_of(name.source()));
        continue;
      }
      const auto raw = raw_of(node);
      if (!raw) {
        error(place, path, "has a value of the wrong kind", allowed(*key));
        continue;
      }
      if (const auto rejected = apply(*key, key->slot(config), *raw, context_)) {
        error(place, path, rejected->text, rejected->tell == Tell::Allowed ? allowed(*key) : "");
      }
    }
    if (!table.contains("path")) {
      error(begin, label + ".path", "is missing", "every [[route]] has a path");
    }
    settings_.routes.push_back(config);
    route_places_.push_back(std::move(places));
    if (out_.errors.size() != before) routes_whole_ = false;
  }

  void unknown_in_route(const std::string& path, const std::string& name, Place place) {
    std::vector<std::string> known;
    std::string listed;
    for (const RouteKey& key : route_keys()) {
      known.push_back(key.name);
      listed += (listed.empty() ? "" : ", ") + key.name;
    }
    const std::string meant = did_you_mean(name, known);
    error(place, path, "is no key of a route",
          meant.empty() ? "its keys: " + listed : "did you mean " + meant + "?");
  }

  void overrides() {
    for (const auto& [variable, value] : *context_.environment) {
      if (!variable.starts_with(kVariablePrefix)) continue;
      const auto found =
          std::ranges::find_if(keys(), [&](const Key& key) { return key.variable() == variable; });
      if (found != keys().end()) {
        store(*found, {}, raw_of_text(*found, value), variable);
        continue;
      }
      std::vector<std::string> known;
      for (const Key& key : keys()) known.push_back(key.variable());
      const std::string meant = did_you_mean(variable, known);
      error({}, variable, "is an environment variable that no key answers to",
            meant.empty() ? "unset it; docs/configuration.md lists the keys"
                          : "did you mean " + meant + "?");
    }
  }

  // Values that follow from others, then what concerns several.
  void complete() {
    Settings& s = settings_;
    for (std::string& listen : s.gate.listen) listen = whole_listener(listen);
    for (std::string* listen : {&s.console.listen, &s.status.listen}) {
      *listen = *listen == "off" ? "" : whole_listener(*listen);
    }
    if (s.secrets.key.starts_with("file:")) s.secrets.key.erase(0, 5);
    const std::filesystem::path data = std::filesystem::path(s.store.sqlite).parent_path();
    if (s.admin.socket.empty()) s.admin.socket = (data / "guarita.sock").string();
    if (s.secrets.key.empty()) s.secrets.key = (data / "guarita.key").string();
    for (std::string* path :
         {&s.store.sqlite, &s.store.audit_sink, &s.admin.socket, &s.secrets.key, &s.log.file}) {
      *path = at_folder(*path);
    }
    for (Settings::Tls* tls : {&s.gate.tls, &s.console.tls}) {
      for (std::string& path : tls->certificates) path = at_folder(path);
      for (std::string& path : tls->keys) path = at_folder(path);
    }
    if (s.routes.empty() && routes_whole_) s.routes = policy::default_routes();
    check_routes();
    const Findings findings = check_whole(s);
    for (const Finding& f : findings.errors) error(place(f.key), f.key, f.text, f.remedy);
    for (const Finding& f : findings.warnings) warning(place(f.key), f.key, f.text, f.remedy);
  }

  // A relative path starts at the file's folder.
  std::string at_folder(const std::string& path) const {
    const bool relative = !path.empty() && std::filesystem::path(path).is_relative();
    if (!relative || context_.folder.empty()) return path;
    return (std::filesystem::path(context_.folder) / path).lexically_normal().string();
  }

  Place place(const std::string& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? Place{} : found->second;
  }

  // Each route alone, so that every wrong one is named; then all together (overlaps).
  void check_routes() {
    if (!routes_whole_) return;
    for (std::size_t i = 0; i < settings_.routes.size(); ++i) {
      const auto alone = policy::RouteTable::parse(std::span(&settings_.routes[i], 1));
      if (alone) continue;
      routes_whole_ = false;
      route_error(i, alone.error());
    }
    if (!routes_whole_) return;
    const auto together = policy::RouteTable::parse(settings_.routes);
    if (!together) {
      route_error(together.error().number == 0 ? 0 : together.error().number - 1, together.error());
    }
  }

  void route_error(std::size_t index, const policy::RouteError& e) {
    Place at;
    if (index < route_places_.size()) {
      const auto& places = route_places_[index];
      const auto found = places.find(e.key);
      at = found != places.end() ? found->second : places.at("");
    }
    error(at, fmt::format("route[{}]{}{}", index + 1, e.key.empty() ? "" : ".", e.key), e.message,
          {});
  }

  Loaded finish() {
    const auto by_place = [](const Problem& a, const Problem& b) {
      return std::tie(a.line, a.column, a.key) < std::tie(b.line, b.column, b.key);
    };
    std::ranges::sort(out_.errors, by_place);
    std::ranges::sort(out_.warnings, by_place);
    if (out_.errors.empty()) out_.settings = std::move(settings_);
    return std::move(out_);
  }

  std::string file_;
  Context context_;
  Settings settings_;
  Loaded out_;
  std::vector<std::string> value_warnings_;
  std::map<std::string, Place> places_;
  std::vector<std::map<std::string, Place>> route_places_;
  bool routes_whole_ = true;
};

}  // namespace

std::string format(const Problem& problem) {
  std::string out;
  if (problem.line != 0) {
    out = fmt::format("{}:{}:{}: ", problem.file, problem.line, problem.column);
  } else if (!problem.file.empty()) {
    out = problem.file + ": ";
  }
  out += problem.key + ": " + problem.text;
  if (!problem.allowed.empty()) out += "; " + problem.allowed;
  return out;
}

Environment process_environment() {
  Environment out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view pair(*at);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

Loaded parse_config(std::string_view text, const std::string& name,
                    const Environment& environment) {
  return Loader(name, environment).load(text);
}

Loaded load_config(const std::string& path, const Environment& environment) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) {
    Loaded out;
    out.errors.push_back(
        {"", 0, 0, path, "cannot be read: " + std::generic_category().message(errno), ""});
    return out;
  }
  return parse_config(text.str(), path, environment);
}

std::vector<std::string> needs_restart(const Settings& running, const Settings& wanted) {
  std::vector<std::string> out;
  for (const Key& key : keys()) {
    if (key.reload != Reload::Restart) continue;
    // slot() hands out a place to write to; here it is only read.
    auto& before = const_cast<Settings&>(running);
    auto& after = const_cast<Settings&>(wanted);
    if (stored_text(key.slot(before)) != stored_text(key.slot(after))) out.push_back(key.path());
  }
  return out;
}

}  // namespace guarita::app
