// The configuration as values: checked, defaults filled in, secrets resolved.
// The table in config_table.cc says what each key means; field names are the keys'.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "policy/decide.h"
#include "policy/routes.h"
#include "policy/token_text.h"
#include "telemetry/hub.h"

namespace guarita::app {

enum class ClientAddress : std::uint8_t { Socket, XForwardedFor, Forwarded };
enum class UnknownInstances : std::uint8_t { Deny, Allow };
enum class TokenStorage : std::uint8_t { Digest, Encrypted };
enum class Preflight : std::uint8_t { Refuse, Answer };

struct Header {
  std::string name;
  std::shared_ptr<const Secret> value;  // shared: a reload keeps what has not changed
};

// What a reason is answered with instead of its default; empty or 0: the default.
struct AnswerSettings {
  std::uint64_t status = 0;
  std::string body;
};

inline constexpr unsigned kReasons = 14;  // policy::Reason, None included

struct Settings {
  struct Gate {
    std::vector<std::string> listen;
    std::uint64_t threads = 0;  // 0: one per core
    std::vector<Cidr> trusted_proxies;
    ClientAddress client_address = ClientAddress::Socket;
    bool merge_slashes = false;
    std::string id;  // in Via; "" = made from the store's id
  } gate;
  struct Console {
    std::string listen;
    std::string public_url;
  } console;
  struct Admin {
    std::string socket;
  } admin;
  struct Status {
    std::string listen;
  } status;
  struct Store {
    std::string sqlite;
    std::string audit_sink;
  } store;
  struct Upstream {
    std::string default_url;
    std::vector<Header> set_header;
    bool preserve_host = false;
    std::uint64_t connections = 0;  // per upstream and thread, idle ones
  } upstream;
  std::vector<policy::RouteConfig> routes;  // empty in the file: the default ones
  struct Routing {
    UnknownInstances unknown_instance = UnknownInstances::Deny;
  } routing;
  struct Token {
    std::string header;
    policy::TokenFormat format;
    TokenStorage storage = TokenStorage::Digest;
    bool forward = false;
  } token;
  struct Answers {
    bool conceal_instances = false;
    std::array<AnswerSettings, kReasons> by_reason;  // by policy::Reason
  } answers;
  struct Cors {
    Preflight preflight = Preflight::Refuse;
    std::vector<std::string> origins;
  } cors;
  struct Secrets {
    std::string key;  // path of the sealing key's file
  } secrets;
  struct Limits {
    std::uint64_t target_bytes = 0;
    std::uint64_t head_bytes = 0;
    std::uint64_t headers = 0;
    std::uint64_t header_bytes = 0;
    std::uint64_t body_bytes = 0;  // 0: no limit
    std::uint64_t connections = 0;
    std::uint64_t lingering = 0;
    std::uint64_t ip_list_entries = 0;
  } limits;
  struct Timeouts {
    Millis head{}, idle{}, connect{}, response_head{}, stall{}, upstream_idle{}, drain{},
        stream_after{};
  } timeouts;
  struct Log {
    log::Level level = log::Level::Info;
    telemetry::AccessLog access = telemetry::AccessLog::Denials;
    std::string file;
  } log;
};

}  // namespace guarita::app
