// What a handler gets and gives.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/caller.h"
#include "admin/problem.h"
#include "base/result.h"
#include "control/control.h"
#include "net/admin_http.h"

namespace guarita::admin {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  unsigned status = 200;
  boost::json::value body;
  net::AdminHeaders headers = {};  // ETag, Location
};
using Answer = Result<Reply, Problem>;

// One authorised request. Lives as long as the handler runs.
struct Call {
  control::Control& control;
  const Caller& caller;
  const net::AdminRequest& request;
  NameValues path;   // placeholders, decoded
  NameValues query;  // decoded
  std::optional<store::Revision> if_match;
  std::string request_id;
  Time now{};

  // REQUIRES: the route's template has that placeholder.
  const std::string& in_path(std::string_view name) const;
  std::optional<std::string> in_query(std::string_view name) const;

  // Who and what was seen, for control.
  control::Request asked() const;
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

Problem bad_member(std::string_view member, std::string detail);

}  // namespace guarita::admin
