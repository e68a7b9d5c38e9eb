// The REST admin API: one request value in, one response value out. Give handle() to a
// net::AdminServer on a Unix socket and, if wanted, to one on TCP.
#pragma once

#include <memory>
#include <string>

#include "admin/call.h"
#include "control/control.h"
#include "identity/identity.h"
#include "net/admin_http.h"

namespace guarita::admin {

struct ApiOptions {
  ConsoleOptions console{};
  uid_t own_uid = 0;  // of this process: its peers on the Unix socket are operators, as is root
};

// Thread-safe; blocks as control and identity do. `control`, `identity` and `clock` outlive it.
class Api {
 public:
  Api(ApiOptions options, control::Control& control, identity::Identity& identity,
      const Clock& clock);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  net::AdminResponse handle(const net::AdminRequest& request);
  // Tells the live streams what has happened. Once a second, after control's tick.
  void publish();
  // Before the servers stop: `event: end`.
  void end_streams();
  // For AdminServerOptions::refuse.
  net::AdminResponse refuse(unsigned status) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace guarita::admin
