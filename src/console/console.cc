#include "console/console.h"

#include <algorithm>

#include "admin/problem.h"
#include "admin/site.h"
#include "console/assets.h"

namespace guarita::console {
namespace {

constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";
constexpr std::string_view kTransportSecurity = "max-age=31536000";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Is this coding's weight above zero? Weights beyond that are not compared: whoever takes brotli
// at all is served well by it.
bool accepts(std::string_view list, std::string_view coding) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view item = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const auto semicolon = item.find(';');
    if (trimmed(item.substr(0, semicolon)) != coding) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = trimmed(item.substr(semicolon + 1));
    return !weight.starts_with("q=0") || weight.find_first_of("123456789", 3) != weight.npos;
  }
  return false;
}

std::string policy_of(const std::vector<std::string>& frame_origins) {
  std::string text =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";
  if (frame_origins.empty()) return text + "'none'";
  text += "'self'";
  for (const std::string& origin : frame_origins) text += " " + origin;
  return text;
}

std::string_view name_of(Coding coding) {
  switch (coding) {
    case Coding::Identity: return "";
    case Coding::Gzip: return "gzip";
    case Coding::Brotli: return "br";
  }
  return "";
}

std::string_view bytes_of(const Asset& asset, Coding coding) {
  switch (coding) {
    case Coding::Identity: return asset.plain;
    case Coding::Gzip: return asset.gzip;
    case Coding::Brotli: return asset.brotli;
  }
  return asset.plain;
}

// RFC 9110 §13.1.2: the weak comparison, over a list; "*" matches whatever is there.
bool matches(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const auto comma = if_none_match.find(',');
    std::string_view item = trimmed(if_none_match.substr(0, comma));
    if_none_match =
        comma == std::string_view::npos ? std::string_view() : if_none_match.substr(comma + 1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == "*" || item == etag) return true;
  }
  return false;
}

net::AdminResponse plain_text(unsigned status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = std::string(text) + "\n"};
}

net::AdminResponse serve(const Asset& asset, const net::AdminRequest& request) {
  const Coding coding = choose_coding(request.header("Accept-Encoding").value_or(""));
  std::string etag = "\"" + std::string(asset.etag);
  if (coding != Coding::Identity) etag += "-" + std::string(name_of(coding));
  etag += '"';
  net::AdminResponse response;
  response.headers = {{"ETag", etag},
                      {"Vary", "Accept-Encoding"},
                      {"Cache-Control",
                       asset.caching == Caching::Immutable ? std::string(kImmutable) : "no-cache"}};
  if (matches(request.header("If-None-Match").value_or(""), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", asset.type);
  if (coding != Coding::Identity)
    response.headers.emplace_back("Content-Encoding", name_of(coding));
  response.body = bytes_of(asset, coding);
  return response;
}

}  // namespace

Coding choose_coding(std::string_view accept_encoding) {
  if (accepts(accept_encoding, "br")) return Coding::Brotli;
  if (accepts(accept_encoding, "gzip")) return Coding::Gzip;
  return Coding::Identity;
}

Console::Console(Options options)
    : options_(std::move(options)), page_policy_(policy_of(options_.frame_origins)) {}

net::AdminResponse Console::answer(const net::AdminRequest& request) const {
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/v1" || path.starts_with("/v1/")) return options_.api(request);
  if (const auto wrong = admin::check_host(request, options_.public_url)) {
    return plain_text(admin::row_of(wrong->code).status, wrong->detail);
  }
  const Asset* const asset = find_asset(path);
  if (asset == nullptr) return plain_text(404, "There is no such page. The panel is at /");
  if (request.method != "GET" && request.method != "HEAD") {
    net::AdminResponse response = plain_text(405, "This takes GET and HEAD.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  return serve(*asset, request);
}

net::AdminResponse Console::handle(const net::AdminRequest& request) const {
  net::AdminResponse response = answer(request);
  auto& headers = response.headers;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!response.header(name)) headers.emplace_back(name, value);
  };
  // The API's answers are no pages: whoever opens one as a page gets nothing to run.
  const bool api = request.target.starts_with("/v1");
  add("Content-Security-Policy",
      api ? std::string_view("default-src 'none'; frame-ancestors 'none'") : page_policy_);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  if (options_.frame_origins.empty()) add("X-Frame-Options", "DENY");
  if (request.peer.tls || options_.public_url.starts_with("https://")) {
    add("Strict-Transport-Security", kTransportSecurity);
  }
  return response;
}

}  // namespace guarita::console
