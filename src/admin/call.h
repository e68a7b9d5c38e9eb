// What a handler gets and gives.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/caller.h"
#include "admin/problem.h"
#include "base/result.h"
#include "control/control.h"
#include "identity/identity.h"
#include "net/admin_events.h"
#include "net/admin_http.h"

namespace guarita::admin {

class Streams;

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  unsigned status = 200;
  boost::json::value body;         // a string is sent as the text that it is
  net::AdminHeaders headers = {};  // ETag, Location, Set-Cookie
  std::string_view content_type = "application/json";
  std::shared_ptr<net::AdminEvents> events{};  // set: a stream, and no body
};
using Answer = Result<Reply, Problem>;

// What the console is told about its server, and what links are made of.
struct ConsoleOptions {
  enum class Demo : std::uint8_t { No, Yes };
  enum class TokenStorage : std::uint8_t { Digest, Encrypted };

  // "http://127.0.0.1:8081" or "https://guarita.example": Host and Origin of TCP requests are
  // checked against it. Empty: only loopback names and addresses are served.
  std::string public_url{};
  std::string gate_url{};  // [gate] public_url; "" = the page's host with the gate's port
  std::vector<std::string> frame_origins{};
  std::string token_header{"Client-Token"};
  // The template of the first gated route with the instance in its path, for examples.
  std::string example_path{};
  TokenStorage token_storage = TokenStorage::Digest;
  Demo demo = Demo::No;
  // Known once the listeners are bound: "http://127.0.0.1:8081" of the console, "" = off;
  // "http://0.0.0.0:8080" of the gate. Not set: "".
  std::function<std::string()> console_bound{};
  std::function<std::string()> gate_bound{};
};

// One authorised request. Lives as long as the handler runs.
struct Call {
  control::Control& control;
  identity::Identity& identity;
  const ConsoleOptions& console;
  Streams& streams;
  const Caller& caller;
  const net::AdminRequest& request;
  NameValues path;   // placeholders, decoded
  NameValues query;  // decoded
  std::optional<store::Revision> if_match;
  identity::Client client;  // address, user agent and request id
  Time now{};

  // REQUIRES: the route's template has that placeholder.
  const std::string& in_path(std::string_view name) const;
  std::optional<std::string> in_query(std::string_view name) const;

  // Who and what was seen, for control; who, for identity.
  control::Request asked() const;
  store::Actor actor() const;
  // REQUIRES: the route's right is Session or Self.
  const identity::Session& session() const { return *caller.session; }
  // ?cursor= and ?limit=.
  Result<store::PageRequest, Problem> page() const;
};

// Percent-decoded once; none when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);
// `If-Match: "17"`; none when absent.
Result<std::optional<store::Revision>, Problem> read_if_match(const net::AdminRequest& request);
// "a=b&c=d"; a name twice is an error, as is one that is not in `known`.
Result<NameValues, Problem> read_query(std::string_view query,
                                       const std::vector<std::string_view>& known);

// The placeholder {id} as a key; none when it is no UUID.
std::optional<Uuid> id_in_path(const Call& call);

Problem bad_member(std::string_view member, std::string detail);

}  // namespace guarita::admin
