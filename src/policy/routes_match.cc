// Matching one request: first match wins, no heap, no exceptions.
#include <algorithm>
#include <utility>

#include "policy/routes.h"
#include "policy/routes_compiled.h"
#include "policy/routes_text.h"

namespace guarita::policy {
namespace {

using detail::Access;
using detail::Captures;
using detail::CaseRule;
using detail::CompiledRoute;
using detail::Escapes;
using detail::Fit;
using detail::QueryValue;
using detail::Selector;
using Outcome = RouteMatch::Outcome;
using Id = FixedText<kInstanceIdBytesMax>;

struct Captured {
  Captures path;
  Captures host;
};

bool takes_method(const CompiledRoute& route, std::string_view method, CaseRule rule) {
  return route.methods.empty() || std::ranges::any_of(route.methods, [&](std::string_view own) {
           return rule == CaseRule::Exact ? own == method : detail::equal_fold(own, method);
         });
}

// No when either part does not fit, else the worse of both.
Fit fit_route(const CompiledRoute& route, const RequestView& request, Captured& captured) {
  if (!takes_method(route, request.method, CaseRule::Exact)) return Fit::No;
  Fit host = Fit::Yes;
  if (route.host) host = detail::fit_host(*route.host, request.host, captured.host);
  if (host == Fit::No) return Fit::No;
  const Fit path = detail::fit_path(route.path, request.path, CaseRule::Exact, captured.path);
  return path == Fit::Yes ? host : path;
}

// What one place says of the instance.
enum class Named : std::uint8_t {
  Absent,
  Once,      // `id` holds it, decoded; not yet known to be an instance id
  Unusable,  // malformed or too long: names nothing, and differs from everything
  Twice,
};

Named keep(Id& id, std::string_view raw, Escapes escapes) {
  return detail::decode_into(id, raw, escapes) ? Named::Once : Named::Unusable;
}

Named read(const Selector& selector, const CompiledRoute& route, const RequestView& request,
           const Captured& captured, Id& id) {
  id.clear();
  switch (selector.kind) {
    case Selector::Kind::Path: return keep(id, captured.path.instance, Escapes::Percent);
    case Selector::Kind::Host: {
      std::string_view host = request.host;
      if (host.ends_with('.')) host.remove_suffix(1);
      if (host.find('%') != std::string_view::npos) return Named::Unusable;
      const bool part = route.host && route.host->instance;
      return id.assign(part ? captured.host.instance : host) ? Named::Once : Named::Unusable;
    }
    case Selector::Kind::Header: {
      const FieldLines lines = request.fields.get == nullptr
                                   ? FieldLines{}
                                   : request.fields.get(request.fields.context, selector.name);
      if (lines.count == 0) return Named::Absent;
      if (lines.count > 1) return Named::Twice;
      return id.assign(lines.value) ? Named::Once : Named::Unusable;
    }
    case Selector::Kind::Query: {
      const QueryValue value = detail::find_query(request.query, selector.name);
      switch (value.count) {
        case QueryValue::Count::None: return Named::Absent;
        case QueryValue::Count::Folded: return Named::Unusable;
        case QueryValue::Count::One: return keep(id, value.raw, Escapes::Form);
        case QueryValue::Count::Many: return Named::Twice;
      }
    }
  }
  return Named::Unusable;
}

// Every place that names the instance must name the same one: the selector of the route, the
// placeholders of path and host, and the shadows where they are present.
Outcome select_instance(const CompiledRoute& route, const RequestView& request,
                        const Captured& captured, Id& id) {
  const Named first = read(route.instance, route, request, captured, id);
  if (first == Named::Twice) return Outcome::Ambiguous;
  const bool usable = first == Named::Once && is_instance_id(id.view());

  Id other;
  const auto disagrees = [&](const Selector& selector) {
    switch (read(selector, route, request, captured, other)) {
      case Named::Absent: return false;
      case Named::Once: return usable && other.view() != id.view();
      case Named::Unusable: return usable;
      case Named::Twice: return true;
    }
    return true;
  };
  // The placeholder that the selector reads agrees with itself.
  const auto placeholder_disagrees = [&](Selector::Kind kind) {
    return route.instance.kind != kind && disagrees(Selector{.kind = kind, .name = {}});
  };
  const bool ambiguous =
      (route.path.instance && placeholder_disagrees(Selector::Kind::Path)) ||
      (route.host && route.host->instance && placeholder_disagrees(Selector::Kind::Host)) ||
      std::ranges::any_of(route.shadows, disagrees);
  if (ambiguous) return Outcome::Ambiguous;
  return usable ? Outcome::Gated : Outcome::NoInstance;
}

// The path as a careless upstream may read it: unescaped, "\" as "/", ";…" cut, slashes merged.
class LoosePath {
 public:
  static constexpr std::size_t kBytesMax = 16384;

  explicit LoosePath(std::string_view path) : fits_(path.size() <= kBytesMax) {
    if (fits_)
      size_ =
          static_cast<std::size_t>(std::ranges::copy(path, bytes_.begin()).out - bytes_.begin());
  }
  bool fits() const { return fits_; }
  std::string_view view() const { return {bytes_.data(), size_}; }

  // In place: no step makes the text longer.
  void fold(bool unescape) {
    std::size_t out = 0;
    bool cut = false;
    for (std::size_t in = 0; in < size_;) {
      char c = bytes_[in++];
      const auto byte = unescape && c == '%' ? detail::hex_byte(view(), in) : std::nullopt;
      if (byte) {
        c = *byte;
        in += 2;
      }
      if (c == '\\') c = '/';
      cut = c != '/' && (cut || c == ';');
      if (cut || (c == '/' && out > 0 && bytes_[out - 1] == '/')) continue;
      bytes_[out++] = c;
    }
    size_ = out;
  }

 private:
  bool fits_;
  std::size_t size_ = 0;
  std::array<char, kBytesMax> bytes_;
};

// A public route below a gated one must not take what an upstream would read as the gated one's.
// Apart from match(), whose frame is small without that buffer.
[[gnu::noinline]] bool reads_as_gated(std::span<const CompiledRoute> above,
                                      const RequestView& request) {
  LoosePath path(request.path);
  if (!path.fits()) return true;
  for (int readings = 0; readings < 3; ++readings) {  // as it is, unescaped once, twice
    path.fold(readings > 0);
    for (const CompiledRoute& route : above) {
      if (route.access != Access::Gated) continue;
      if (!takes_method(route, request.method, CaseRule::Fold)) continue;
      Captures ignored;
      if (route.host && detail::fit_host(*route.host, request.host, ignored) == Fit::No) continue;
      if (detail::fit_path(route.path, path.view(), CaseRule::Fold, ignored) != Fit::No) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

RouteMatch match(const RouteTable& table, const RequestView& request) noexcept {
  RouteMatch found;
  const auto routes = table.routes();
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const CompiledRoute& route = routes[i];
    Captured captured;
    const Fit fit = fit_route(route, request, captured);
    if (fit == Fit::No) continue;
    found.route = static_cast<std::uint16_t>(i);
    // A route that fits ends the search, whatever comes of it: falling through to a later one
    // would give the request a second chance.
    if (fit != Fit::Yes) {
      found.outcome = fit == Fit::TwoReadings ? Outcome::BadTarget : Outcome::Ambiguous;
      return found;
    }
    if (route.access == Access::Public) {
      const bool gated = route.below_gated && reads_as_gated(routes.first(i), request);
      found.outcome = gated ? Outcome::BadTarget : Outcome::Public;
      return found;
    }
    found.outcome = select_instance(route, request, captured, found.instance_id);
    if (found.outcome != Outcome::Gated) found.instance_id.clear();
    found.instance_token_optional = route.instance_token_optional;
    found.instance_token_seen = route.path.instance_token;
    if (found.instance_token_seen) {
      detail::decode_into(found.instance_token, captured.path.instance_token, Escapes::Percent);
    }
    return found;
  }
  return found;
}

}  // namespace guarita::policy
