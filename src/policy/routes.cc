// Compiling and checking the list of routes.
#include "policy/routes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/routes_compiled.h"
#include "policy/routes_text.h"

namespace guarita::policy {
namespace {

using detail::Access;
using detail::CompiledRoute;
using detail::Selector;

// What is wrong, and at which key; the caller knows the route.
struct Problem {
  std::string key;
  std::string text;
};
using Checked = Result<void, Problem>;

Checked wrong(std::string key, std::string text) {
  return Checked(std::unexpect, Problem{.key = std::move(key), .text = std::move(text)});
}
std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

RouteError make_error(std::size_t index, Problem problem) {
  std::string message =
      "route " + std::to_string(index + 1) + ", " + problem.key + ": " + problem.text;
  return {.number = index + 1, .key = std::move(problem.key), .message = std::move(message)};
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char lower = detail::to_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Fields that frame, route or are rewritten: an instance named there would be read by others.
constexpr std::string_view kFieldsNotForInstances[] = {"connection",
                                                       "content-length",
                                                       "expect",
                                                       "forwarded",
                                                       "keep-alive",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade",
                                                       "via",
                                                       "x-forwarded-for",
                                                       "x-forwarded-host",
                                                       "x-forwarded-proto",
                                                       "x-request-id"};

Result<Selector, std::string> parse_selector(std::string_view text) {
  using Out = Result<Selector, std::string>;
  if (text == "path") return Selector{.kind = Selector::Kind::Path, .name = {}};
  if (text == "host") return Selector{.kind = Selector::Kind::Host, .name = {}};
  if (text.starts_with("query:") && text.size() > 6) {
    return Selector{.kind = Selector::Kind::Query, .name = std::string(text.substr(6))};
  }
  if (!text.starts_with("header:")) {
    return Out(std::unexpect, quoted(text) + " is none of path, host, header:NAME, query:NAME");
  }
  std::string name(text.substr(7));
  std::ranges::transform(name, name.begin(), detail::to_lower);
  if (!is_token(name)) return Out(std::unexpect, quoted(name) + " is no header name");
  if (name == "host") return Out(std::unexpect, "write \"host\" instead of \"header:host\"");
  if (std::ranges::find(kFieldsNotForInstances, name) != std::end(kFieldsNotForInstances)) {
    return Out(std::unexpect,
               quoted(name) + " is read or set by the gate itself; use a header of your own");
  }
  return Selector{.kind = Selector::Kind::Header, .name = std::move(name)};
}

Checked compile_methods(const RouteConfig& config, CompiledRoute& route) {
  for (const std::string& method : config.methods) {
    if (!is_token(method)) {
      return wrong("methods", quoted(method) + " is no method; write names like \"POST\"");
    }
    std::string upper = method;
    std::ranges::transform(upper, upper.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (upper != method) {
      return wrong("methods",
                   quoted(method) + " never comes: methods are upper case; write " + quoted(upper));
    }
    if (method == "TRACE" || method == "CONNECT") {
      return wrong("methods", method + " is never forwarded; take it out");
    }
    if (std::ranges::find(route.methods, method) != route.methods.end()) {
      return wrong("methods", quoted(method) + " stands twice; take one out");
    }
    route.methods.push_back(method);
  }
  return {};
}

Checked compile_templates(const RouteConfig& config, CompiledRoute& route) {
  if (config.path.empty()) {
    return wrong("path", "is missing; write a template like \"/instances/{instance}/*\"");
  }
  if (config.path.size() > kRouteTemplateBytesMax) {
    return wrong("path",
                 "is longer than " + std::to_string(kRouteTemplateBytesMax) + " bytes; shorten it");
  }
  auto path = detail::parse_path_template(config.path);
  if (!path) return wrong("path", quoted(config.path) + ": " + path.error());
  route.path = std::move(*path);
  route.text = config.path;
  if (config.host.empty()) return {};
  if (config.host.size() > 255) return wrong("host", "is longer than 255 bytes; shorten it");
  auto host = detail::parse_host_template(config.host);
  if (!host) return wrong("host", quoted(config.host) + ": " + host.error());
  route.host = std::move(*host);
  return {};
}

Checked compile_public(const RouteConfig& config, CompiledRoute& route) {
  route.access = Access::Public;
  route.overlaps = config.overlaps;
  if (!config.instance.empty()) {
    return wrong("instance",
                 "a public route decides by no instance; take the key out, or the "
                 "route's access");
  }
  if (!config.shadow.empty()) {
    return wrong("shadow", "a public route decides by no instance; take the key out");
  }
  if (config.instance_token == "optional") {
    return wrong("instance_token", "a public route checks no token; take the key out");
  }
  const auto forget = [](detail::Template& pattern) {
    pattern.instance = pattern.instance_token = false;
    for (detail::Segment& segment : pattern.segments) {
      for (detail::Part& part : segment.parts) {
        if (part.kind != detail::Part::Kind::Literal) part.kind = detail::Part::Kind::Any;
      }
    }
  };
  forget(route.path);
  if (route.host) forget(*route.host);
  return {};
}

Checked compile_instance(const RouteConfig& config, CompiledRoute& route) {
  const bool in_host = route.host && route.host->instance;
  if (config.instance.empty()) {
    if (!route.path.instance && !in_host) {
      return wrong("instance",
                   "nothing names the instance of this gated route; put {instance} into `path` or "
                   "`host`, or say instance = \"header:NAME\" or \"query:NAME\", or access = "
                   "\"public\"");
    }
    route.instance.kind = route.path.instance ? Selector::Kind::Path : Selector::Kind::Host;
  } else {
    auto selector = parse_selector(config.instance);
    if (!selector) return wrong("instance", selector.error());
    if (selector->kind == Selector::Kind::Path && !route.path.instance) {
      return wrong("instance", "\"path\" needs {instance} in `path`; put it there");
    }
    route.instance = std::move(*selector);
  }
  for (const std::string& text : config.shadow) {
    auto selector = parse_selector(text);
    if (!selector) return wrong("shadow", selector.error());
    if (selector->kind == Selector::Kind::Path || selector->kind == Selector::Kind::Host) {
      return wrong("shadow", quoted(text) +
                                 " cannot be a second reader; give header:NAME or "
                                 "query:NAME");
    }
    if (*selector == route.instance) {
      return wrong("shadow", quoted(text) + " is the route's `instance` itself; take it out");
    }
    if (std::ranges::find(route.shadows, *selector) != route.shadows.end()) {
      return wrong("shadow", quoted(text) + " stands twice; take one out");
    }
    route.shadows.push_back(std::move(*selector));
  }
  return {};
}

Checked compile_gated(const RouteConfig& config, CompiledRoute& route) {
  if (config.overlaps) {
    return wrong("overlaps", "is for public routes, which open what they cover; take it out");
  }
  if (config.instance_token != "required" && config.instance_token != "optional") {
    return wrong("instance_token",
                 quoted(config.instance_token) + " is neither \"required\" nor \"optional\"");
  }
  route.instance_token_optional = config.instance_token == "optional";
  return compile_instance(config, route);
}

Checked compile(const RouteConfig& config, CompiledRoute& route) {
  if (Checked checked = compile_templates(config, route); !checked) return checked;
  if (Checked checked = compile_methods(config, route); !checked) return checked;
  if (config.access == "public") return compile_public(config, route);
  if (config.access == "gated") return compile_gated(config, route);
  return wrong("access", quoted(config.access) + " is neither \"gated\" nor \"public\"");
}

// True when one request may fit method and host of both.
bool share_requests(const CompiledRoute& a, const CompiledRoute& b) {
  const bool methods = a.methods.empty() || b.methods.empty() ||
                       std::ranges::find_first_of(a.methods, b.methods) != a.methods.end();
  return methods && (!a.host || !b.host || detail::hosts_overlap(*a.host, *b.host));
}

// The rule that keeps a gate from being opened by a line above it.
Checked check_overlaps(std::span<const CompiledRoute> routes, std::size_t index) {
  const CompiledRoute& open = routes[index];
  if (open.access != Access::Public || open.overlaps) return {};
  for (std::size_t below = index + 1; below < routes.size(); ++below) {
    const CompiledRoute& gated = routes[below];
    if (gated.access != Access::Gated || !share_requests(open, gated)) continue;
    if (!detail::covers(open.path, gated.path)) continue;
    return wrong("path", quoted(open.text) + " is public and takes requests of the gated route " +
                             std::to_string(below + 1) + " (" + quoted(gated.text) +
                             ") below it; move it below that one, or say overlaps = true");
  }
  return {};
}

std::vector<std::string> header_names_of(std::span<const CompiledRoute> routes) {
  std::vector<std::string> names;
  const auto note = [&](const Selector& selector) {
    if (selector.kind == Selector::Kind::Header) names.push_back(selector.name);
  };
  for (const CompiledRoute& route : routes) {
    note(route.instance);
    std::ranges::for_each(route.shadows, note);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace

std::vector<RouteConfig> default_routes() {
  std::vector<RouteConfig> routes(2);
  routes[0].path = "/instances/{instance}/token/{instance_token}/*";
  routes[1].path = "/instances/{instance}/*";
  return routes;
}

RouteTable::RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;
RouteTable::~RouteTable() = default;

Result<RouteTable, RouteError> RouteTable::parse(std::span<const RouteConfig> configs) {
  using Out = Result<RouteTable, RouteError>;
  if (configs.empty() || configs.size() > kRoutesMax) {
    return Out(std::unexpect,
               RouteError{.number = 0,
                          .key = "route",
                          .message = "there must be 1 to " + std::to_string(kRoutesMax) +
                                     " routes, not " + std::to_string(configs.size())});
  }
  RouteTable table;
  auto& routes = table.routes_;
  routes.resize(configs.size());
  for (std::size_t i = 0; i < configs.size(); ++i) {
    Checked checked = compile(configs[i], routes[i]);
    if (!checked) return Out(std::unexpect, make_error(i, std::move(checked.error())));
  }
  for (std::size_t i = 0; i < routes.size(); ++i) {
    Checked checked = check_overlaps(routes, i);
    if (!checked) return Out(std::unexpect, make_error(i, std::move(checked.error())));
    const auto above = std::span(routes).first(i);
    routes[i].below_gated =
        routes[i].access == Access::Public && std::ranges::any_of(above, [&](const auto& other) {
          return other.access == Access::Gated && share_requests(routes[i], other);
        });
  }
  table.header_names_ = header_names_of(routes);
  return Out(std::move(table));
}

bool RouteTable::reads_methods() const {
  return std::ranges::any_of(routes_, [](const auto& route) { return !route.methods.empty(); });
}

std::size_t RouteTable::size() const {
  return routes_.size();
}
std::string_view RouteTable::template_of(std::size_t route) const {
  return routes_[route].text;
}
std::span<const CompiledRoute> RouteTable::routes() const {
  return routes_;
}

}  // namespace guarita::policy
