// The admin API as commands see it: JSON in, JSON or a Failure out. The bytes go through a
// Transport, so that every command is tested without a socket.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "cli/failure.h"

namespace guarita::cli {

struct RawCall {
  std::string method;
  std::string target;    // origin-form, already percent-encoded
  std::string if_match;  // "" = not sent
  std::string body;      // JSON, "" = none
};
struct RawReply {
  unsigned status = 0;
  std::string etag;
  std::string location;
  std::string body;
};
// The error text says where the server was looked for and why no answer came; it becomes
// ExitCode::Unreachable.
using Transport = std::function<Result<RawReply, std::string>(const RawCall&)>;

struct Reply {
  unsigned status = 0;
  std::string etag;
  std::string location;
  std::string text;         // the body as it came
  boost::json::value json;  // null when there was none
};

class Api {
 public:
  explicit Api(Transport transport) : transport_(std::move(transport)) {}

  // 2xx gives the Reply. Else a Failure out of the RFC 9457 problem: its detail, its remedy,
  // and for 412 the advice to look and try again.
  Outcome<Reply> get(std::string_view target) const { return call("GET", target, {}, {}); }
  Outcome<Reply> send(std::string_view method, std::string_view target,
                      const boost::json::value& body, std::string_view if_match = {}) const;
  Outcome<Reply> send_text(std::string_view method, std::string_view target,
                           std::string json) const {
    return call(method, target, std::move(json), {});
  }
  Outcome<Reply> remove(std::string_view target, std::string_view if_match = {}) const {
    return call("DELETE", target, {}, if_match);
  }

 private:
  Outcome<Reply> call(std::string_view method, std::string_view target, std::string body,
                      std::string_view if_match) const;

  Transport transport_;
};

// One segment of a path or one value of a query: all but unreserved characters escaped.
std::string escape(std::string_view text);

// Members of JSON objects for people: "" when absent or null; numbers and booleans as text;
// arrays joined by ", ".
std::string text_at(const boost::json::value& object, std::string_view name);
// The member itself, or null.
const boost::json::value& at(const boost::json::value& object, std::string_view name);
bool is_true(const boost::json::value& value);

}  // namespace guarita::cli
