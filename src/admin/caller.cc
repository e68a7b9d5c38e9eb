#include "admin/caller.h"

#include <algorithm>

#include "base/log.h"

namespace guarita::admin {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

// "https://guarita.example:8443/x" → "guarita.example:8443".
std::string authority_of(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  return lower(url.substr(0, url.find('/')));
}

std::string origin_of(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  return lower(url.substr(0, begin)) + "://" + authority_of(url);
}

std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return authority;
  const std::string_view port = authority.substr(colon + 1);
  const bool digits = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? authority.substr(0, colon) : authority;
}

bool is_loopback(std::string_view authority) {
  const std::string_view host = without_port(authority);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

// Against DNS rebinding and cross-site requests: a page elsewhere can make a browser on this
// machine send requests here, but not with another Host or without its Origin.
std::optional<Problem> check_origin(const net::AdminRequest& request,
                                    const Gatekeeping& gatekeeping) {
  const auto host = request.header("Host");
  if (!host) return problem(Code::HostRequired, "the request has no Host header, or several");
  const std::string name = lower(*host);
  const bool known = is_loopback(name) || (!gatekeeping.public_url.empty() &&
                                           name == authority_of(gatekeeping.public_url));
  if (!known) return problem(Code::Misdirected, "the Host header names another server");
  if (request.count("Origin") == 0) return std::nullopt;
  const auto origin = request.header("Origin");
  if (origin && !gatekeeping.public_url.empty() &&
      lower(*origin) == origin_of(gatekeeping.public_url)) {
    return std::nullopt;
  }
  return problem(Code::OriginRefused, "the Origin header is not [console] public_url");
}

std::optional<std::string_view> bearer_of(const net::AdminRequest& request) {
  const auto header = request.header("Authorization");
  if (!header || header->size() <= 7 || lower(header->substr(0, 7)) != "bearer ") {
    return std::nullopt;
  }
  return header->substr(7);
}

Problem unauthenticated(std::string detail) {
  Problem result = problem(Code::Unauthenticated, std::move(detail));
  result.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"guarita\"");
  return result;
}

Caller caller_of(const control::AdminIdentity& identity, const net::AdminRequest& request) {
  const auto kind = [&] {
    switch (identity.scope.kind) {
      case control::AdminScope::Kind::Read: return Caller::Kind::Read;
      case control::AdminScope::Kind::Write: return Caller::Kind::Write;
      case control::AdminScope::Kind::Account: return Caller::Kind::Account;
    }
    return Caller::Kind::Read;
  }();
  return {.kind = kind,
          .account_id = identity.scope.account_id,
          .actor = {.kind = store::ActorKind::AdminToken,
                    .name = identity.key.text(),
                    .address = request.peer.address,
                    .email = {},
                    .request_id = {}}};
}

}  // namespace

std::string_view text_of(Right right) {
  switch (right) {
    case Right::Any: return "any";
    case Right::Read: return "read";
    case Right::Write: return "write";
    case Right::OwnRead: return "own_read";
    case Right::OwnWrite: return "own_write";
    case Right::ScopedRead: return "scoped_read";
    case Right::ScopedWrite: return "scoped_write";
  }
  return "write";
}

bool permits(Right right, const Caller& caller, std::optional<std::string_view> account) {
  if (caller.kind == Caller::Kind::Operator || caller.kind == Caller::Kind::Write) return true;
  const bool reader = caller.kind == Caller::Kind::Read;
  const bool own = !reader && account && *account == caller.account_id;
  switch (right) {
    case Right::Any: return true;
    case Right::Read: return reader;
    case Right::Write: return false;
    case Right::OwnRead:
    case Right::ScopedRead: return reader || own;
    case Right::OwnWrite:
    case Right::ScopedWrite: return own;
  }
  return false;
}

std::optional<Millis> FailureThrottle::blocked(const std::string& address, Time now) {
  const std::scoped_lock lock(mutex_);
  const auto at = counts_.find(address);
  if (at == counts_.end() || now - at->second.since >= kWindow) return std::nullopt;
  if (at->second.failures < kFailuresMax) return std::nullopt;
  return kWindow - (now - at->second.since);
}

void FailureThrottle::failed(const std::string& address, Time now) {
  const std::scoped_lock lock(mutex_);
  if (counts_.size() >= kAddressesMax && !counts_.contains(address)) {
    std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.since >= kWindow; });
    // Still full: whoever has that many addresses is not stopped by counting them.
    if (counts_.size() >= kAddressesMax) counts_.erase(counts_.begin());
  }
  Count& count = counts_[address];
  if (now - count.since >= kWindow) count = {.since = now, .failures = 0};
  ++count.failures;
}

Result<Caller, Problem> authenticate(const net::AdminRequest& request,
                                     const Gatekeeping& gatekeeping, control::Control& control,
                                     FailureThrottle& throttle, Time now) {
  if (request.peer.unix_socket) {
    const auto uid = request.peer.uid;
    if (!uid || (*uid != gatekeeping.own_uid && *uid != 0)) {
      return Err<Problem>(unauthenticated("the socket serves the server's own user and root"));
    }
    return Caller{.kind = Caller::Kind::Operator,
                  .account_id = {},
                  .actor = {.kind = store::ActorKind::Operator,
                            .name = "uid:" + std::to_string(*uid),
                            .address = "unix",
                            .email = {},
                            .request_id = {}}};
  }
  if (auto refused = check_origin(request, gatekeeping)) return Err<Problem>(std::move(*refused));
  if (const auto wait = throttle.blocked(request.peer.address, now)) {
    Problem result = problem(Code::TooManyFailures, "this address sent too many wrong tokens");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    result.headers.emplace_back("Retry-After", std::to_string(seconds));
    return Err<Problem>(std::move(result));
  }
  const auto token = bearer_of(request);
  if (!token) return Err<Problem>(unauthenticated("Authorization: Bearer TOKEN is needed, once"));
  const auto identity = control.authenticate(*token);
  if (!identity) {
    throttle.failed(request.peer.address, now);
    log::warn("admin", "an unknown admin token was sent", {{"address", request.peer.address}});
    return Err<Problem>(unauthenticated("the admin token is unknown or revoked"));
  }
  return caller_of(*identity, request);
}

}  // namespace guarita::admin
