// The configuration as values: checked, defaults filled in, secrets resolved.
// config_table.cc says what each key means; field names are the keys'.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "http/limits.h"
#include "policy/decide.h"
#include "policy/routes.h"
#include "policy/token_text.h"
#include "proxy/limits.h"
#include "proxy/tuning.h"
#include "telemetry/hub.h"

namespace guarita::app {

enum class SnapshotFile : std::uint8_t { Off, On };
enum class TokenStorage : std::uint8_t { Digest, Encrypted };

struct HeaderSetting {
  std::string name;
  std::shared_ptr<const Secret> value;
};

// What a reason is answered with in place of its documented answer; 0 or empty: as documented.
struct AnswerSetting {
  std::uint64_t status = 0;
  std::string body;
};

struct Settings {
  // PEM files, the i-th certificate with the i-th key; none: plain HTTP.
  struct Tls {
    std::vector<std::string> certificates;
    std::vector<std::string> keys;
  };
  struct Gate {
    std::vector<std::string> listen;
    std::uint64_t threads = 0;  // 0: one per core
    std::vector<Cidr> trusted_proxies;
    proxy::ClientAddress client_address{};
    proxy::MergeSlashes merge_slashes{};
    std::string id;  // of this node in Via; "" = from the store's id
    Tls tls;
    std::string public_url;  // "" = the panel's host with the gate's port
  } gate;
  struct Console {
    std::string listen;  // "" = off
    std::string public_url;
    std::vector<std::string> frame_origins;
    Tls tls;
  } console;
  struct Admin {
    std::string socket;  // never empty once loaded
  } admin;
  struct Status {
    std::string listen;  // "" = off
  } status;
  struct Store {
    std::string sqlite;
    std::string audit_sink;
    SnapshotFile snapshot{};
  } store;
  struct Upstream {
    std::string default_url;
    std::vector<HeaderSetting> set_header;
    proxy::HostHeader preserve_host{};
  } upstream;
  std::vector<policy::RouteConfig> routes;  // never empty once loaded
  struct Routing {
    policy::UnknownInstance unknown_instance{};
  } routing;
  struct Token {
    std::string header;
    policy::TokenFormat format;
    TokenStorage storage{};
    proxy::TokenForwarding forward{};
  } token;
  struct Answers {
    proxy::Conceal conceal_instances{};
    std::array<AnswerSetting, policy::kReasons> by_reason;  // by policy::Reason
  } answers;
  struct Cors {
    proxy::Preflight preflight{};
    std::vector<std::string> origins;
  } cors;
  struct Secrets {
    std::string key;  // path of the sealing key; never empty once loaded
  } secrets;
  http::Limits head_limits;
  proxy::Limits limits;
  proxy::Timeouts timeouts;
  struct Log {
    log::Level level{};
    telemetry::AccessLog access{};
    std::string file;  // "" = standard error
  } log;
};

}  // namespace guarita::app
