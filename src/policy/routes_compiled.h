// A route as it is matched. Internal to policy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/routes_template.h"

namespace guarita::policy::detail {

struct Selector {
  enum class Kind : std::uint8_t {
    Path,    // {instance} in the path
    Host,    // {instance} in the host, else the whole host
    Header,  // the one line of field `name`, as it is
    Query,   // the one value of key `name`, form-decoded once
  } kind = Kind::Path;
  std::string name;  // of Header (lower case) and Query
  bool operator==(const Selector&) const = default;
};

enum class Access : std::uint8_t { Gated, Public };

struct CompiledRoute {
  std::string text;  // the path template as written
  Access access = Access::Gated;
  std::vector<std::string> methods;  // none: any
  std::optional<Template> host;
  Template path;  // of a public route: every placeholder is {_}
  Selector instance;
  std::vector<Selector> shadows;
  bool instance_token_optional = false;
  bool overlaps = false;
  bool below_gated = false;  // public, and a gated route above may fit the same host and method
};

}  // namespace guarita::policy::detail
