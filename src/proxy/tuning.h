// What SIGHUP may change: one immutable value, swapped per thread by a posted task. A connection
// takes it up at its next request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/secret.h"
#include "http/limits.h"
#include "policy/decide.h"
#include "policy/routes.h"
#include "policy/token_text.h"
#include "proxy/limits.h"

namespace guarita::proxy {

enum class ClientAddress : std::uint8_t { Socket, XForwardedFor, Forwarded };
enum class TokenForwarding : std::uint8_t { Remove, Forward };
enum class HostHeader : std::uint8_t { Upstream, Preserve };
enum class Preflight : std::uint8_t { Refuse, Answer };
enum class MergeSlashes : std::uint8_t { No, Yes };
enum class Conceal : std::uint8_t { No, Yes };

// In place of the documented status and body of one reason. `{value}` in the body stands for the
// mask of the sent token or for the caller's address.
struct AnswerOverride {
  policy::Reason reason = policy::Reason::None;
  unsigned status = 0;  // 0: the documented one
  std::string body;     // empty: the documented one
};

struct UpstreamHeader {
  std::string name;
  Secret value;
};

struct Tuning {
  policy::RouteTable routes;
  policy::DecideOptions decide;

  std::string token_header = "Client-Token";
  TokenForwarding token_forwarding = TokenForwarding::Remove;
  policy::TokenFormat token_format;  // for telling a truncated token from an unknown one

  ClientAddress client_address = ClientAddress::Socket;
  std::vector<Cidr> trusted_proxies;
  MergeSlashes merge_slashes = MergeSlashes::No;

  Conceal conceal_instances = Conceal::No;
  std::vector<AnswerOverride> answers;
  Preflight preflight = Preflight::Refuse;
  std::vector<std::string> cors_origins;  // exact, as browsers send them; "*" is every origin

  // As net::parse_upstream_url() takes it; empty: instances without an upstream
  // of their own are answered 502.
  std::string default_upstream;
  std::vector<UpstreamHeader> upstream_headers;  // set_header: the upstream's own credential
  HostHeader host_header = HostHeader::Upstream;

  http::Limits head_limits;
  Limits limits;
  Timeouts timeouts;
};

}  // namespace guarita::proxy
