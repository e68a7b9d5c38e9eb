// Who calls, what they may, and how that is found out.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/problem.h"
#include "base/result.h"
#include "base/time.h"
#include "control/control.h"
#include "identity/identity.h"
#include "net/admin_http.h"

namespace guarita::admin {

struct Caller {
  enum class Kind : std::uint8_t {
    Nobody,    // of a public route
    Operator,  // over the Unix socket
    Read,
    Write,
    Account,  // an admin token of one account: `account_id`
    User,     // by cookie: `session`, with its user
    Link,     // by cookie of a console link: `session`, one account: `account_id`
  };
  Kind kind = Kind::Nobody;
  std::string account_id{};
  store::Actor actor{};  // request_id still empty
  std::optional<identity::Session> session{};

  // Whom the socket, a write token or an operator's session speaks for.
  bool is_operator() const;
  // Sees some accounts only: what it may not see is for it as if it did not exist.
  bool is_limited() const;
  // Of a user: its role in that account; none: not a member.
  std::optional<store::Role> role_in(std::string_view account) const;
  // Ids of a limited caller's accounts, ascending.
  std::vector<std::string> own_accounts() const;
};

// What a route demands. `Own…`: of the account in the path; `Scoped…`: of the account that owns the
// instance, or the list is cut down to the caller's.
enum class Right : std::uint8_t {
  Public,   // no authentication
  Any,      // any authentication
  Session,  // a signed-in browser, a console link's too
  Self,     // a user's own session
  Read,
  Write,
  OwnRead,
  OwnPeople,  // reading personal data of an account's people: no console link may
  OwnWrite,
  OwnRotate,    // what a console link with `rotate` may do too
  OwnActivate,  // … with `activate`
  ScopedRead,
  ScopedWrite,
};

std::string_view text_of(Right right);  // "own_read", as x-guarita-right in openapi.json

// The whole matrix of rights. `account`: the one that the request is about, where the path names
// one or owns the instance; none with ScopedRead: a list that is cut down to the caller's.
bool permits(Right right, const Caller& caller, std::optional<std::string_view> account);

// Failed attempts by address: ten in a minute, then none for the rest of it. Thread-safe, bounded.
class FailureThrottle {
 public:
  static constexpr unsigned kFailuresMax = 10;
  static constexpr Millis kWindow = std::chrono::minutes(1);
  static constexpr std::size_t kAddressesMax = 4096;

  // How long this address has to wait; none: it may try.
  std::optional<Millis> blocked(const std::string& address, Time now);
  void failed(const std::string& address, Time now);

 private:
  struct Count {
    Time since{};
    unsigned failures = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Count> counts_;
};

struct Gatekeeping {
  std::string_view public_url;  // "" = loopback only
  uid_t own_uid = 0;
};

// What a request is authenticated with; all outlive the call.
struct Authorities {
  control::Control& control;
  identity::Identity& identity;
  FailureThrottle& throttle;
  identity::Seen seen = identity::Seen::Note;
};

// REQUIRES: check_site() of a TCP request found nothing. Socket: by SO_PEERCRED. TCP: by cookie or
// by bearer, never by both. A session's csrf is checked by the dispatcher.
Result<Caller, Problem> authenticate(const net::AdminRequest& request,
                                     const Gatekeeping& gatekeeping, const Authorities& authorities,
                                     const identity::Client& client, Time now);

}  // namespace guarita::admin
