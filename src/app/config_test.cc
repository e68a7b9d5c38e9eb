#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config.h"
#include "app/config_key.h"

namespace guarita::app {
namespace {

constexpr std::string_view kSmall = R"(
[gate]
listen = ["127.0.0.1:8080"]
[store]
sqlite = "/data/guarita.db"
[upstream]
default = "http://127.0.0.1:3000"
)";

Loaded load(std::string_view text, const Environment& environment = {}) {
  return parse_config(text, "guarita.toml", environment);
}
std::string errors_of(const Loaded& loaded) {
  std::string out;
  for (const Problem& p : loaded.errors) out += format(p) + "\n";
  return out;
}
std::string warnings_of(const Loaded& loaded) {
  std::string out;
  for (const Problem& p : loaded.warnings) out += format(p) + "\n";
  return out;
}

TEST(Config, ListenersStoreAndUpstreamAreAWholeConfiguration) {
  const Loaded loaded = load(kSmall);
  ASSERT_TRUE(loaded.settings) << errors_of(loaded);
  EXPECT_EQ(warnings_of(loaded), "");
  const Settings& s = *loaded.settings;
  EXPECT_EQ(s.gate.listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(s.console.listen, "127.0.0.1:8081");
  EXPECT_EQ(s.status.listen, "127.0.0.1:8082");
  EXPECT_EQ(s.admin.socket, "/data/guarita.sock");
  EXPECT_EQ(s.secrets.key, "/data/guarita.key");
  EXPECT_EQ(s.token.header, "Client-Token");
  EXPECT_EQ(s.token.format.prefix, "gta_");
  EXPECT_EQ(s.timeouts.upstream_idle, Millis(4000));
  EXPECT_EQ(s.limits.unread_body_bytes, 64U << 10U);
  EXPECT_EQ(s.head_limits.head_bytes_max, 64U << 10U);
  EXPECT_EQ(s.log.access, telemetry::AccessLog::Denials);
  ASSERT_EQ(s.routes.size(), 2U);
  EXPECT_EQ(s.routes[1].path, "/instances/{instance}/*");
}

// A default that its own check refuses would fail every start.
TEST(Config, DefaultsOfTheTableAreThoseOfTheModules) {
  const Loaded loaded = load(kSmall);
  ASSERT_TRUE(loaded.settings);
  const proxy::Limits limits;
  for (const auto& entry : proxy::kLimits) {
    EXPECT_EQ(loaded.settings->limits.*entry.member, limits.*entry.member) << entry.name;
  }
  const proxy::Timeouts timeouts;
  for (const auto& entry : proxy::kTimeouts) {
    EXPECT_EQ(loaded.settings->timeouts.*entry.member, timeouts.*entry.member) << entry.name;
  }
  EXPECT_EQ(loaded.settings->head_limits.fields_max, http::Limits{}.fields_max);
}

constexpr std::string_view kEverything = R"(
[gate]
listen = [":80", "[::1]:81"]
threads = 3
trusted_proxies = ["10.0.0.0/8", "2001:db8::/32"]
client_address = "forwarded"
merge_slashes = true
id = "gate-1"
[console]
listen = "off"
public_url = "https://guarita.example"
[admin]
socket = "/run/g.sock"
[status]
listen = "127.0.0.1:99"
[store]
sqlite = "x.db"
audit_sink = "audit.log"
[upstream]
default = "unix:/run/app.sock"
set_header = { apikey = "env:KEY" }
preserve_host = true
[routing]
unknown_instance = "allow"
[token]
header = "X-Token"
prefix = "acme_"
format = "zapi"
storage = "encrypted"
forward = true
[answers]
conceal_instances = true
[answers.token_missing]
status = 400
body = "{}"
[cors]
preflight = "answer"
origins = ["https://app.example"]
[secrets]
key = "file:/etc/g.key"
[limits]
head_bytes = "128KiB"
connections = 10
[timeouts]
head = "3s"
[log]
level = "debug"
access = "all"
file = "/var/log/g.log"
[[route]]
path = "/health"
access = "public"
[[route]]
path = "/v1/{instance}/*"
methods = ["POST"]
shadow = ["query:instanceName"]
)";

TEST(Config, EverySectionAndKeyIsRead) {
  const Loaded loaded = load(kEverything, {{"KEY", "s3cret"}});
  ASSERT_TRUE(loaded.settings) << errors_of(loaded);
  const Settings& s = *loaded.settings;
  EXPECT_EQ(s.gate.listen, (std::vector<std::string>{"0.0.0.0:80", "[::1]:81"}));
  EXPECT_EQ(s.gate.threads, 3U);
  EXPECT_EQ(s.gate.trusted_proxies.size(), 2U);
  EXPECT_EQ(s.gate.client_address, proxy::ClientAddress::Forwarded);
  EXPECT_EQ(s.gate.merge_slashes, proxy::MergeSlashes::Yes);
  EXPECT_EQ(s.console.listen, "");
  EXPECT_EQ(s.admin.socket, "/run/g.sock");
  ASSERT_EQ(s.upstream.set_header.size(), 1U);
  EXPECT_EQ(s.upstream.set_header[0].name, "apikey");
  EXPECT_EQ(s.upstream.set_header[0].value->reveal(), "s3cret");
  EXPECT_EQ(s.upstream.preserve_host, proxy::HostHeader::Preserve);
  EXPECT_EQ(s.routing.unknown_instance, policy::UnknownInstance::Allow);
  EXPECT_EQ(s.token.format.format, policy::Format::Zapi);
  EXPECT_EQ(s.token.storage, TokenStorage::Encrypted);
  EXPECT_EQ(s.token.forward, proxy::TokenForwarding::Forward);
  EXPECT_EQ(s.answers.conceal_instances, proxy::Conceal::Yes);
  const auto missing = static_cast<std::size_t>(policy::Reason::TokenMissing);
  EXPECT_EQ(s.answers.by_reason[missing].status, 400U);
  EXPECT_EQ(s.answers.by_reason[missing].body, "{}");
  EXPECT_EQ(s.cors.preflight, proxy::Preflight::Answer);
  EXPECT_EQ(s.secrets.key, "/etc/g.key");
  EXPECT_EQ(s.head_limits.head_bytes_max, 128U << 10U);
  EXPECT_EQ(s.limits.connections, 10U);
  EXPECT_EQ(s.timeouts.head, Millis(3000));
  EXPECT_EQ(s.log.level, log::Level::Debug);
  EXPECT_EQ(s.log.access, telemetry::AccessLog::All);
  ASSERT_EQ(s.routes.size(), 2U);
  EXPECT_EQ(s.routes[0].access, "public");
  EXPECT_EQ(s.routes[1].shadow, std::vector<std::string>{"query:instanceName"});
}

struct Wrong {
  const char* toml;
  const char* expected;  // the whole message
};
class ConfigError : public testing::TestWithParam<Wrong> {};

TEST_P(ConfigError, NamesPlaceKeyAndRemedy) {
  const Loaded loaded = load(GetParam().toml);
  EXPECT_FALSE(loaded.settings);
  EXPECT_EQ(errors_of(loaded), std::string(GetParam().expected) + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigError,
    testing::Values(
        Wrong{"[gate]\ntls_certificates = [\"/no/a.pem\"]\ntls_keys = [\"/no/a.key\"]",
              "guarita.toml:2:20: gate.tls_certificates: /no/a.pem does not exist"},
        Wrong{"[gate]\ntls_certificates = [\"/no/a.pem\"]",
              "guarita.toml:2:20: gate.tls_certificates: 1 certificates, but 0 keys; name one key "
              "for each certificate, in the same order"},
        Wrong{"[console]\ntls_keys = [\"/no/a.key\", \"\"]",
              "guarita.toml:2:12: console.tls_keys: \"\" is empty"},
        Wrong{"[gate]\nthreads = 5000",
              "guarita.toml:2:11: gate.threads: 5000 is too large; allowed: 0 to 1024"},
        Wrong{"[gate]\nthreads = \"many\"",
              "guarita.toml:2:11: gate.threads: \"many\" is no number; allowed: 0 to 1024"},
        Wrong{"[gate]\nthreds = 2",
              "guarita.toml:2:1: gate.threds: is no key of the "
              "configuration; did you mean gate.threads?"},
        Wrong{"[gate]\nlisten = 8080",
              "guarita.toml:2:10: gate.listen: is a number, not a list of texts; allowed: a list "
              "of texts"},
        Wrong{"[gate]\nlisten = [\"8080\"]",
              "guarita.toml:2:10: gate.listen: \"8080\" is no listener; write \"address:port\", "
              "\"[v6]:port\" or \":port\""},
        Wrong{"[gate]\ntrusted_proxies = [\"10.0.0.1/8\"]",
              "guarita.toml:2:19: gate.trusted_proxies: \"10.0.0.1/8\" has host bits set; the "
              "network is 10.0.0.0/8"},
        Wrong{"[log]\naccess = \"denial\"",
              "guarita.toml:2:10: log.access: \"denial\" is not one of them; did you mean "
              "\"denials\"?; allowed: \"off\" or \"denials\" or \"all\""},
        Wrong{"[timeouts]\nhead = 10",
              "guarita.toml:2:8: timeouts.head: has no unit; allowed: a duration such as \"10s\", "
              "100ms to 10m"},
        Wrong{"[token]\nheader = \"Content-Length\"",
              "guarita.toml:2:10: token.header: \"Content-Length\" is a header with a meaning of "
              "its own in HTTP"},
        Wrong{"[upstream]\nset_header = { apikey = \"env:NOT_SET\" }",
              "guarita.toml:2:14: upstream.set_header: apikey: the environment variable NOT_SET "
              "is not set, or empty"},
        Wrong{"[upstream]\ndefault = \"http://localhost:8082/x\"",
              "guarita.toml:2:11: upstream.default: \"http://localhost:8082/x\" is this server's "
              "own status.listen; name the service behind the gate; requests would run in a "
              "circle"},
        Wrong{"[status]\nlisten = \"127.0.0.1:8081\"",
              "guarita.toml:2:10: status.listen: 127.0.0.1:8081 is taken by console.listen "
              "(127.0.0.1:8081); give each listener a port of its own"},
        Wrong{"[answers.token_missing]\nstatus = 429",
              "guarita.toml:2:10: answers.token_missing.status: 429 makes clients try again and "
              "again; choose another status, 400 to 499"},
        Wrong{"[route]\nunknown_instance = \"allow\"",
              "guarita.toml:1:2: route: is one table; routes are a list: write [[route]]; "
              "unknown_instance stands in [routing]"},
        Wrong{"[[route]]\npaht = \"/x\"\npath = \"/y/{instance}\"",
              "guarita.toml:2:1: route[1].paht: is no key of a route; did you mean path?"},
        Wrong{"[[route]]\nmethods = [\"GET\"]",
              "guarita.toml:1:1: route[1].path: is missing; every [[route]] has a path"}));

TEST(Config, AllErrorsComeAtOnceInFileOrder) {
  const Loaded loaded = load(R"([gate]
threads = -1
unknown = 1
[log]
level = "loud"
[[route]]
path = "no-slash"
[[route]]
path = "/a{instance}{instance_token}"
)");
  EXPECT_FALSE(loaded.settings);
  std::vector<unsigned> lines;
  for (const Problem& p : loaded.errors) lines.push_back(p.line);
  EXPECT_EQ(lines, (std::vector<unsigned>{2, 3, 5, 7, 9})) << errors_of(loaded);
}

TEST(Config, SyntaxErrorsHaveAPlace) {
  const Loaded loaded = load("[gate]\nlisten = [\n[store]\n");
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_GE(loaded.errors[0].line, 2U);
}

TEST(Config, EnvironmentOverrides) {
  const Loaded loaded = load(kSmall, {{"GUARITA__GATE__LISTEN", "127.0.0.1:1, 127.0.0.1:2"},
                                      {"GUARITA__TIMEOUTS__HEAD", "7s"},
                                      {"GUARITA__GATE__MERGE_SLASHES", "true"},
                                      {"GUARITA__LIMITS__HEAD_BYTES", "1MiB"},
                                      {"GUARITA__ANSWERS__TOKEN_MISSING__STATUS", "418"},
                                      {"GUARITA__UPSTREAM__SET_HEADER", "apikey=env:KEY"},
                                      {"KEY", "s3cret"},
                                      {"GUARITA_SOCKET", "not ours"}});
  ASSERT_TRUE(loaded.settings) << errors_of(loaded);
  EXPECT_EQ(loaded.settings->gate.listen, (std::vector<std::string>{"127.0.0.1:1", "127.0.0.1:2"}));
  EXPECT_EQ(loaded.settings->timeouts.head, Millis(7000));
  EXPECT_EQ(loaded.settings->gate.merge_slashes, proxy::MergeSlashes::Yes);
  EXPECT_EQ(loaded.settings->head_limits.head_bytes_max, 1U << 20U);
  EXPECT_EQ(loaded.settings->upstream.set_header.size(), 1U);
}

TEST(Config, UnknownVariablesAndBadValuesAreErrors) {
  const Loaded loaded =
      load(kSmall, {{"GUARITA__GATE__LISTN", ":1"}, {"GUARITA__GATE__THREADS", "x"}});
  EXPECT_EQ(errors_of(loaded),
            "GUARITA__GATE__LISTN: is an environment variable that no key answers to; did you "
            "mean GUARITA__GATE__LISTEN?\n"
            "GUARITA__GATE__THREADS: \"x\" is no number; allowed: 0 to 1024\n");
}

TEST(Config, RiskyButLegalSettingsWarn) {
  const Loaded loaded = load(R"(
[gate]
trusted_proxies = ["0.0.0.0/0"]
[console]
listen = "0.0.0.0:8081"
[status]
listen = "0.0.0.0:8082"
[token]
forward = true
[upstream]
set_header = { apikey = "in the file" }
)");
  ASSERT_TRUE(loaded.settings) << errors_of(loaded);
  std::vector<std::string> keys_warned;
  for (const Problem& p : loaded.warnings) keys_warned.push_back(p.key);
  std::ranges::sort(keys_warned);
  EXPECT_EQ(keys_warned,
            (std::vector<std::string>{"console.listen", "gate.trusted_proxies", "status.listen",
                                      "token.forward", "upstream.default", "upstream.set_header"}))
      << warnings_of(loaded);
  EXPECT_EQ(warnings_of(loaded).find("in the file\""), std::string::npos) << "the secret is shown";
}

TEST(Config, SecretsComeFromFilesBesideTheConfiguration) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("guarita-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "key.txt") << "s3cret\n";
  std::ofstream(folder / "guarita.toml")
      << "[upstream]\ndefault = \"http://127.0.0.1:1\"\nset_header = { k = \"file:key.txt\" }\n"
         "[store]\nsqlite = \"data/g.db\"\n";
  const Loaded loaded = load_config((folder / "guarita.toml").string(), {});
  ASSERT_TRUE(loaded.settings) << errors_of(loaded);
  EXPECT_EQ(loaded.settings->upstream.set_header[0].value->reveal(), "s3cret");
  EXPECT_EQ(loaded.settings->store.sqlite, (folder / "data/g.db").string());
  EXPECT_EQ(loaded.settings->admin.socket, (folder / "data/guarita.sock").string());
  std::filesystem::remove_all(folder);
}

TEST(Config, AMissingFileIsOneClearError) {
  const Loaded loaded = load_config("/nowhere/guarita.toml", {});
  EXPECT_EQ(errors_of(loaded),
            "/nowhere/guarita.toml: cannot be read: No such file or directory\n");
}

TEST(Config, NeedsRestartNamesWhatASignalCannotChange) {
  const Loaded before = load(kSmall);
  const Loaded after = load(std::string(kSmall) +
                            "[token]\nprefix = \"acme_\"\n[log]\nlevel = "
                            "\"debug\"\n[status]\nlisten = \"off\"\n");
  ASSERT_TRUE(before.settings && after.settings);
  EXPECT_EQ(needs_restart(*before.settings, *after.settings),
            (std::vector<std::string>{"status.listen", "token.prefix"}));
  EXPECT_TRUE(needs_restart(*before.settings, *before.settings).empty());
}

TEST(Config, EveryKeyIsDocumentedOnce) {
  std::vector<std::string> paths;
  for (const Key& key : keys()) {
    EXPECT_FALSE(key.sentence.empty()) << key.path();
    EXPECT_TRUE(key.fallback.has_value()) << key.path();
    EXPECT_TRUE(key.kind != Kind::Choice || !key.choices.empty()) << key.path();
    EXPECT_LE(key.min, key.max) << key.path();
    paths.push_back(key.path());
  }
  std::ranges::sort(paths);
  EXPECT_EQ(std::ranges::adjacent_find(paths), paths.end());
}

TEST(Config, PageInDocsIsWhatTheTablePrints) {
  std::ifstream in(GUARITA_SOURCE_DIR "/docs/configuration.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), configuration_page())
      << "make it anew: build/…/bin/guarita check-config --page > docs/configuration.md";
}

}  // namespace
}  // namespace guarita::app
