#include "net/upstream_url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace guarita::net {
namespace {

constexpr std::string_view kExpected =
    "; expected http://host[:port][/prefix] or unix:/path[:/prefix], for HTTP/2 h2c:// or "
    "h2c+unix:";

std::string wrong(std::string_view what) {
  std::string text(what);
  text.append(kExpected);
  return text;
}

bool is_clean_prefix(std::string_view prefix) {
  for (const char c : prefix) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '?' || c == '#' || c == '\\') return false;
  }
  return prefix.find("/../") == std::string_view::npos && !prefix.ends_with("/..") &&
         prefix.find("/./") == std::string_view::npos && !prefix.ends_with("/.");
}

// Boost.URL cuts a port that is too large to 16 bits.
bool is_port(boost::urls::string_view text) {
  unsigned number = 0;
  for (const char c : text)
    number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 99'999U);
  return number >= 1 && number <= 65'535;
}

Result<UpstreamUrl, std::string> finish(UpstreamUrl&& url, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty() && (!prefix.starts_with('/') || !is_clean_prefix(prefix))) {
    return Err(wrong("the path prefix is not a plain absolute path"));
  }
  url.prefix = prefix;
  return std::move(url);
}

Result<UpstreamUrl, std::string> parse_unix(UpstreamProtocol protocol, std::string_view rest) {
  UpstreamUrl url;
  url.protocol = protocol;
  const auto colon = rest.find(':');
  url.unix_path = rest.substr(0, colon);
  if (!url.unix_path.starts_with('/')) return Err(wrong("the socket's path is not absolute"));
  if (!make_unix_endpoint(url.unix_path)) {
    return Err(std::string("the socket's path is longer than the system's 107 bytes"));
  }
  url.authority = "localhost";
  url.label = "unix:" + url.unix_path;
  return finish(std::move(url),
                colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1));
}

}  // namespace

Result<UpstreamUrl, std::string> parse_upstream_url(std::string_view text) {
  if (text.empty()) return Err(wrong("the upstream is empty"));
  if (text.starts_with("unix:")) return parse_unix(UpstreamProtocol::Http1, text.substr(5));
  if (text.starts_with("h2c+unix:")) return parse_unix(UpstreamProtocol::Http2, text.substr(9));
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return Err(wrong("not a URL"));
  const boost::urls::url_view& view = *parsed;
  if (view.scheme() != "http" && view.scheme() != "h2c") {
    return Err(wrong("the scheme is neither http nor h2c"));
  }
  if (view.has_userinfo()) {
    return Err(std::string("a URL with user name or password is not taken: use set_header"));
  }
  if (view.has_query() || view.has_fragment()) return Err(wrong("a query or fragment"));

  UpstreamUrl url;
  if (view.scheme() == "h2c") url.protocol = UpstreamProtocol::Http2;
  const auto host = view.encoded_host();
  url.host.assign(host.data(), host.size());
  url.port = view.has_port() && !view.port().empty() ? view.port_number() : std::uint16_t{80};
  if (url.host.empty() || url.host.find('%') != std::string::npos) {
    return Err(wrong("the host is missing or holds escapes"));
  }
  if (view.has_port() && !view.port().empty() && !is_port(view.port())) {
    return Err(wrong("the port is not between 1 and 65535"));
  }
  const std::string port = ":" + std::to_string(url.port);
  url.label = url.host + port;
  url.authority = url.port == 80 ? url.host : url.label;
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  const auto path = view.encoded_path();
  return finish(std::move(url), std::string_view(path.data(), path.size()));
}

}  // namespace guarita::net
