// docs/configuration.md, from the table.
#include <fmt/format.h>

#include "app/config_key.h"

namespace guarita::app {
namespace {

constexpr std::string_view kHead = R"(# Configuration

One TOML file, given to `guarita serve --config FILE`; `guarita check-config FILE` says everything
that is wrong with it, each with its line and the remedy, and starts nothing. Every key has a
default: this is a whole configuration.

```toml
[gate]
listen = ["0.0.0.0:8080"]

[store]
sqlite = "/var/lib/guarita/guarita.db"

[upstream]
default = "http://127.0.0.1:3000"
```

- **Environment**: `GUARITA__SECTION__KEY` overrides a key: `GUARITA__GATE__LISTEN=:9000`,
  `GUARITA__ANSWERS__TOKEN_MISSING__STATUS=400`. Lists are separated by commas, headers are
  `Name=env:VARIABLE`. Routes cannot be overridden.
- **Secrets** never stand in the file: `env:NAME` takes an environment variable, `file:PATH` the
  content of a file (relative to the configuration's folder, a final newline cut).
- **Reload**: `kill -HUP` takes over the keys marked *reload*; others that changed are named in the
  log as needing a restart. A file with an error changes nothing: the last good one stays.
- **Units**: durations are texts, `"250ms"`, `"10s"`, `"5m"`, `"1h"`, `"7d"`; bytes are numbers, or
  texts with `KiB`, `MiB`, `GiB`.

<!-- Made from src/app/config_table.cc by `guarita check-config --page`; a test compares them. -->
)";

constexpr std::string_view kRouteHead = R"(
## [[route]]

The ordered list of routes; the first that fits a request decides, and what fits none is never
forwarded. All keys are *reload*. Without any, these two hold:

```toml
)";

constexpr std::string_view kRouteTail = R"(
In `path`, `{instance}` and `{instance_token}` stand for parts of a segment, `{_}` for a whole one,
and a final `/*` for the rest; several placeholders in one segment need literal text between them:
`/bot{instance}:{instance_token}/*`. A public route that covers a gated one below it is an error
unless it says `overlaps = true`. An upstream that takes the instance from a request's body cannot
be gated by it: bind that upstream to one account by its host.

`unknown_instance` stands in `[routing]`, because TOML cannot hold a table `[route]` beside the
list `[[route]]`.
)";

constexpr std::string_view kAnswersHead = R"(
## [answers.REASON]

What a denial says in place of the documented answer. REASON is one of:
)";

std::string reload_text(const KeyInfo& key) {
  return key.reload == Reload::Running ? "reload" : "restart";
}

// A cell of a table: no bar may end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string default_text(const KeyInfo& key) {
  if (!key.fallback) return "required";
  const auto* number = std::get_if<std::int64_t>(&*key.fallback);
  if (key.kind == Kind::Bytes && number != nullptr && *number != 0) {
    return fmt::format("`\"{}\"`", bytes_text(static_cast<std::uint64_t>(*number)));
  }
  return "`" + toml_text(*key.fallback) + "`";
}

std::string row(const KeyInfo& key) {
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, cell(default_text(key)),
                     cell(allowed_text(key)), reload_text(key), cell(key.sentence));
}

constexpr std::string_view kTableHead =
    "\n| key | default | allowed | change | meaning |\n|---|---|---|---|---|\n";

void answers(std::string& out) {
  out += kAnswersHead;
  std::string first;  // all reasons have the same keys: show those of the first
  std::string last;
  std::string names;
  std::string rows;
  for (const Key& key : keys()) {
    if (!key.section.starts_with("answers.")) continue;
    if (first.empty()) first = key.section;
    if (key.section != last) names += fmt::format("`{}` ", key.section.substr(8));
    if (key.section == first) rows += row(key);
    last = key.section;
  }
  out += names;
  out.back() = '\n';
  out += kTableHead;
  out += rows;
}

void routes(std::string& out) {
  out += kRouteHead;
  for (const policy::RouteConfig& route : policy::default_routes()) {
    out += fmt::format("[[route]]\npath = {}\n", quote(route.path));
  }
  out += "```\n";
  out += "\n| key | default | allowed | meaning |\n|---|---|---|---|\n";
  for (const RouteKey& key : route_keys()) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(default_text(key)),
                       cell(allowed_text(key)), cell(key.sentence));
  }
  out += kRouteTail;
}

}  // namespace

std::string configuration_page() {
  std::string out(kHead);
  std::string section;
  bool answers_done = false;
  for (const Key& key : keys()) {
    if (key.section.starts_with("answers.")) {
      if (!answers_done) answers(out);
      answers_done = true;
      continue;
    }
    if (key.section != section) {
      section = key.section;
      if (section == "routing") routes(out);
      out += fmt::format("\n## [{}]\n{}", section, kTableHead);
    }
    out += row(key);
  }
  return out;
}

}  // namespace guarita::app
