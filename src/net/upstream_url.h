// Where an instance lives: http://host[:port][/prefix] or unix:/path[:/prefix]; with h2c:// and
// h2c+unix: it is spoken to in HTTP/2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/endpoint.h"

namespace guarita::net {

enum class UpstreamProtocol : std::uint8_t {
  Http1,
  Http2,  // without TLS, by prior knowledge (RFC 9113 §3.3)
};

struct UpstreamUrl {
  UpstreamProtocol protocol = UpstreamProtocol::Http1;
  std::string host;  // a name or an address without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path;  // empty for TCP
  std::string prefix;     // "" or "/a/b": put before each path
  std::string authority;  // for Host: "host", "host:8080", "[v6]:8080"; "localhost" for Unix
  std::string label;      // for logs: "host:8080", "unix:/path"; never a URL path

  bool is_unix() const { return !unix_path.empty(); }
};

// The error is a sentence for the operator; it names what is wrong and what is expected.
Result<UpstreamUrl, std::string> parse_upstream_url(std::string_view text);

}  // namespace guarita::net
