// Strict reading of a JSON body: the first thing that is wrong is remembered and named.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/call.h"
#include "base/secret.h"

namespace guarita::admin {

// A Content-Type of application/json, with or without parameters.
bool is_json(std::string_view content_type);
// Says the body that it only asks ("dry_run": true)?
bool is_dry_run(const net::AdminRequest& request);

//   Body body(call.request);
//   const auto name = body.text("name", 200);
//   if (auto wrong = body.wrong()) return Err<Problem>(*wrong);
//
// Every member that is asked for is known; wrong() refuses the others. An absent body reads as {}.
class Body {
 public:
  explicit Body(const net::AdminRequest& request);

  // Absent: none. `bytes_max` in bytes of UTF-8.
  std::optional<std::string> text(std::string_view name, std::size_t bytes_max);
  std::string required_text(std::string_view name, std::size_t bytes_max);
  Secret required_secret(std::string_view name, std::size_t bytes_max);
  std::optional<Secret> secret(std::string_view name, std::size_t bytes_max);
  // Set, and empty inside: the member is null.
  std::optional<std::optional<std::string>> nullable_text(std::string_view name,
                                                          std::size_t bytes_max);
  bool flag(std::string_view name);  // absent: false
  std::optional<Time> time(std::string_view name);
  std::vector<std::string> required_texts(std::string_view name, std::size_t count_max,
                                          std::size_t bytes_max);
  // A list of objects, each to be read like a body; absent: none. What is wrong in one of them is
  // taken over here by take_over().
  std::vector<Body> objects(std::string_view name, std::size_t count_max);
  void take_over(Body& entry);
  // A value that was read and is not allowed; the first refusal stands.
  void refuse(std::string_view name, std::string detail) { fail(name, std::move(detail)); }
  // Any value; null when absent. What is wrong with it is told by refuse().
  const boost::json::value* any(std::string_view name) { return find(name); }
  bool has(std::string_view name) const { return object_.contains(name); }

  // Call last.
  std::optional<Problem> wrong();

 private:
  explicit Body(boost::json::object object) : object_(std::move(object)) {}
  const boost::json::value* find(std::string_view name);
  void fail(std::string_view name, std::string detail);

  boost::json::object object_;
  std::set<std::string, std::less<>> known_;
  std::optional<Problem> wrong_;
};

}  // namespace guarita::admin
