// Who calls, what they may, and how that is found out.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "admin/problem.h"
#include "base/result.h"
#include "base/time.h"
#include "control/control.h"
#include "net/admin_http.h"

namespace guarita::admin {

struct Caller {
  enum class Kind : std::uint8_t {
    Operator,  // over the Unix socket
    Read,
    Write,
    Account,  // one account: `account_id`
  };
  Kind kind;
  std::string account_id;
  store::Actor actor;  // request_id still empty
};

// What a route demands. `…Own`: of the account in the path; `…Scoped`: of the account that owns the
// instance, or the list is cut down to the caller's.
enum class Right : std::uint8_t { Any, Read, Write, OwnRead, OwnWrite, ScopedRead, ScopedWrite };

std::string_view text_of(Right right);  // "own_read", as x-guarita-right in openapi.json

// `account`: the one that the request is about, where the path names one or owns the instance.
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
  std::string public_url;  // "" = loopback only
  uid_t own_uid = 0;
};

// Host and Origin of a TCP request, then who it is.
Result<Caller, Problem> authenticate(const net::AdminRequest& request,
                                     const Gatekeeping& gatekeeping, control::Control& control,
                                     FailureThrottle& throttle, Time now);

}  // namespace guarita::admin
