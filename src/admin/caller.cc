#include "admin/caller.h"

#include <algorithm>

#include "admin/cookies.h"
#include "admin/site.h"
#include "base/log.h"

namespace guarita::admin {
namespace {

std::optional<std::string_view> bearer_of(const net::AdminRequest& request) {
  const auto header = request.header("Authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (!header || header->size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = (*header)[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return std::nullopt;
  }
  return header->substr(kScheme.size());
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
                    .request_id = {}},
          .session = {}};
}

Result<Caller, Problem> by_bearer(const net::AdminRequest& request, const Authorities& authorities,
                                  Time now) {
  const std::string& address = request.peer.address;
  if (const auto wait = authorities.throttle.blocked(address, now)) {
    Problem result = problem(Code::TooManyFailures, "this address sent too many wrong tokens");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    result.headers.emplace_back("Retry-After", std::to_string(seconds));
    return Err<Problem>(std::move(result));
  }
  const auto token = bearer_of(request);
  if (!token) {
    return Err<Problem>(
        unauthenticated("a session's cookie is needed, or Authorization: Bearer TOKEN, once"));
  }
  const auto identity = authorities.control.authenticate(*token);
  if (!identity) {
    authorities.throttle.failed(address, now);
    log::warn("admin", "an unknown admin token was sent", {{"address", address}});
    return Err<Problem>(unauthenticated("the admin token is unknown or revoked"));
  }
  return caller_of(*identity, request);
}

// Of the two cookies a browser should send one: signing in with either clears the other. With both
// nobody can say who is meant.
Result<Caller, Problem> by_cookie(const net::AdminRequest& request, Transport transport,
                                  const Authorities& authorities, const identity::Client& client) {
  if (transport == Transport::Plain) {
    return Err<Problem>(problem(Code::HttpsRequired, "a session's cookie came without https"));
  }
  const auto user = read_cookie(request, cookie_name(CookieKind::User, transport));
  const auto link = read_cookie(request, cookie_name(CookieKind::Link, transport));
  if (user.has_value() == link.has_value()) {
    return Err<Problem>(unauthenticated("there are several cookies of a session"));
  }
  auto session = authorities.identity.resume(user ? *user : *link, authorities.seen);
  if (!session && session.error().code == identity::ErrorCode::StoreUnavailable) {
    return Err<Problem>(problem_of(session.error()));
  }
  if (!session || session->user.has_value() != user.has_value()) {
    return Err<Problem>(unauthenticated("the session is over"));
  }
  Caller caller{.kind = user ? Caller::Kind::User : Caller::Kind::Link,
                .account_id = session->user ? std::string() : session->row.account_id,
                .actor = identity::actor_of(*session, client),
                .session = {}};
  caller.session = std::move(*session);
  return Result<Caller, Problem>(std::move(caller));
}

}  // namespace

bool Caller::is_operator() const {
  return kind == Kind::Operator || kind == Kind::Write ||
         (kind == Kind::User && session && session->user && session->user->is_operator);
}

bool Caller::is_limited() const {
  return !is_operator() && kind != Kind::Read && kind != Kind::Nobody;
}

std::optional<store::Role> Caller::role_in(std::string_view account) const {
  if (kind != Kind::User || !session || !session->user) return std::nullopt;
  for (const store::MembershipRow& membership : session->user->memberships) {
    if (membership.account_id == account) return membership.role;
  }
  return std::nullopt;
}

std::vector<std::string> Caller::own_accounts() const {
  std::vector<std::string> ids;
  if (kind == Kind::Account || kind == Kind::Link) ids.push_back(account_id);
  if (kind == Kind::User && session && session->user) {
    for (const store::MembershipRow& row : session->user->memberships)
      ids.push_back(row.account_id);
  }
  std::ranges::sort(ids);
  return ids;
}

std::string_view text_of(Right right) {
  switch (right) {
    case Right::Public: return "public";
    case Right::Any: return "any";
    case Right::Session: return "session";
    case Right::Self: return "self";
    case Right::Read: return "read";
    case Right::Write: return "write";
    case Right::OwnRead: return "own_read";
    case Right::OwnPeople: return "own_people";
    case Right::OwnWrite: return "own_write";
    case Right::OwnRotate: return "own_rotate";
    case Right::OwnActivate: return "own_activate";
    case Right::ScopedRead: return "scoped_read";
    case Right::ScopedWrite: return "scoped_write";
  }
  return "write";
}

bool permits(Right right, const Caller& caller, std::optional<std::string_view> account) {
  using Kind = Caller::Kind;
  const bool somebody = caller.kind != Kind::Nobody;
  const bool user = caller.kind == Kind::User;
  const bool link = caller.kind == Kind::Link;
  const bool all = caller.is_operator();
  const bool reads_all = all || caller.kind == Kind::Read;
  const auto role = account ? caller.role_in(*account) : std::nullopt;
  const bool its_one = account && !caller.account_id.empty() && *account == caller.account_id;
  const bool owns = role == store::Role::Owner || (caller.kind == Kind::Account && its_one);
  const bool linked = link && its_one && caller.session.has_value();
  switch (right) {
    case Right::Public: return true;
    case Right::Any: return somebody;
    case Right::Session: return user || link;
    case Right::Self: return user;
    case Right::Read: return reads_all;
    case Right::Write: return all;
    case Right::OwnPeople: return reads_all || owns || role.has_value();
    case Right::OwnRead: return reads_all || owns || role.has_value() || linked;
    case Right::ScopedRead:
      return reads_all || owns || role.has_value() || linked || (somebody && !account);
    case Right::OwnWrite:
    case Right::ScopedWrite: return all || owns;
    case Right::OwnRotate:
      return all || owns || (linked && caller.session->may(identity::LinkRight::Rotate));
    case Right::OwnActivate:
      return all || owns || (linked && caller.session->may(identity::LinkRight::Activate));
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
                                     const Gatekeeping& gatekeeping, const Authorities& authorities,
                                     const identity::Client& client, Time now) {
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
                            .request_id = {}},
                  .session = {}};
  }
  if (!has_session_cookie(request)) return by_bearer(request, authorities, now);
  if (request.count("Authorization") != 0) {
    Problem both = problem(Code::InvalidRequest,
                           "a session's cookie and Authorization exclude "
                           "each other");
    both.more["member"] = "Authorization";
    return Err<Problem>(std::move(both));
  }
  return by_cookie(request, transport_of(request, gatekeeping.public_url), authorities, client);
}

}  // namespace guarita::admin
