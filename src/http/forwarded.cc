#include "http/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/list.h"
#include "http/target.h"

namespace guarita::http {
namespace {

// address, address:port, [v6], [v6]:port. `bare_v6`: an IPv6 address needs no brackets
// (X-Forwarded-For; in Forwarded it does, RFC 7239 §6).
enum class BareV6 : bool { No, Yes };

std::optional<IpAddress> parse_node(std::string_view text, BareV6 bare_v6) {
  if (text.starts_with('[')) {
    if (!is_authority(text)) return std::nullopt;
    const std::string_view host = host_of(text);
    return parse_ip(host.substr(1, host.size() - 2));
  }
  if (std::ranges::count(text, ':') > 1)
    return bare_v6 == BareV6::Yes ? parse_ip(text) : std::nullopt;
  const std::string_view address = host_of(text);
  if (address.size() != text.size() && !is_authority(text)) return std::nullopt;
  return parse_ip(address);
}

// The last elements of a Forwarded line, right to left as the walk wants them. Commas within
// quotes part nothing, so a line is read from its front.
class ForwardedLine {
 public:
  // False when a quote is left open: then no element of the line can be trusted.
  bool read(std::string_view line) {
    bool quoted = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (quoted && line[i] == '\\') {
        ++i;
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == ',' && !quoted) {
        push(line.substr(start, i - start));
        start = i + 1;
      }
    }
    push(line.substr(start));
    return !quoted;
  }
  bool empty() const { return kept_ == 0; }
  bool whole() const { return count_ <= ring_.size(); }
  std::string_view pop() {
    --kept_;
    return ring_[--count_ % ring_.size()];
  }

 private:
  void push(std::string_view element) {
    element = trim_ows(element);
    if (element.empty()) return;
    ring_[count_++ % ring_.size()] = element;
    kept_ = std::min(kept_ + 1, ring_.size());
  }

  // More trusted hops in a row than this do not occur; what lies before them is not reached.
  std::array<std::string_view, 32> ring_;
  std::size_t count_ = 0;
  std::size_t kept_ = 0;
};

// The `for` parameter of one element: for=192.0.2.43, for="[2001:db8::1]:4711".
std::optional<IpAddress> parse_forwarded(std::string_view element) {
  std::optional<IpAddress> found;
  while (!element.empty()) {
    const std::size_t equals = element.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim_ows(element.substr(0, equals));
    element.remove_prefix(equals + 1);
    std::string_view value;
    if (element.starts_with('"')) {
      const std::size_t close = element.find('"', 1);
      if (close == std::string_view::npos) return std::nullopt;
      value = element.substr(1, close - 1);
      element = trim_ows(element.substr(close + 1));
      if (!element.empty() && element.front() != ';') return std::nullopt;
    } else {
      value = trim_ows(element.substr(0, element.find(';')));
      element.remove_prefix(std::min(element.find(';'), element.size()));
    }
    if (!element.empty()) element.remove_prefix(1);
    if (!equal_ignoring_case(name, "for")) continue;
    if (found) return std::nullopt;  // two `for` are two readings
    found = parse_node(value, BareV6::No);
    if (!found) return std::nullopt;
  }
  return found;
}

// One line from its right end. False when the walk is over.
template <class Step>
bool walk_list(std::string_view line, Step&& step) {
  while (!line.empty()) {
    const std::size_t comma = line.rfind(',');
    const bool last = comma == std::string_view::npos;
    const std::string_view element = trim_ows(last ? line : line.substr(comma + 1));
    if (!element.empty() && !step(parse_node(element, BareV6::Yes))) return false;
    if (last) break;
    line = line.substr(0, comma);
  }
  return true;
}

template <class Step>
bool walk_forwarded(std::string_view line, Step&& step) {
  ForwardedLine elements;
  if (!elements.read(line)) return false;
  const bool whole = elements.whole();
  while (!elements.empty())
    if (!step(parse_forwarded(elements.pop()))) return false;
  return whole;
}

}  // namespace

bool is_trusted(const IpAddress& peer, std::span<const Cidr> trusted_proxies) {
  return std::ranges::any_of(trusted_proxies,
                             [&peer](const Cidr& cidr) { return contains(cidr, peer); });
}

IpAddress client_address(AddressSource source, const IpAddress& peer, const Fields& fields,
                         std::span<const Cidr> trusted_proxies) {
  IpAddress client = peer;
  if (source == AddressSource::Socket || !is_trusted(peer, trusted_proxies)) return client;
  const HeaderId id =
      source == AddressSource::Forwarded ? HeaderId::Forwarded : HeaderId::XForwardedFor;
  if (!fields.present(id)) return client;
  const auto step = [&client, trusted_proxies](const std::optional<IpAddress>& hop) {
    if (!hop) return false;
    client = *hop;
    return is_trusted(client, trusted_proxies);
  };
  const auto& entries = fields.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->id != id) continue;
    const std::string_view line = fields.view(entry->value);
    const bool more =
        source == AddressSource::Forwarded ? walk_forwarded(line, step) : walk_list(line, step);
    if (!more) break;
  }
  return client;
}

}  // namespace guarita::http
