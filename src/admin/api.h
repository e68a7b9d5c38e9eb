// The REST admin API: one request value in, one response value out. Give handle() to a
// net::AdminServer on a Unix socket and, if wanted, to one on TCP.
#pragma once

#include <memory>
#include <string>

#include "control/control.h"
#include "net/admin_http.h"

namespace guarita::admin {

struct ApiOptions {
  // "http://127.0.0.1:8081" or "https://guarita.example": Host and Origin of TCP requests are
  // checked against it. Empty: only loopback names and addresses are served.
  std::string public_url;
  uid_t own_uid = 0;  // of this process: its peers on the Unix socket are operators, as is root
};

// Thread-safe; blocks as control does. `control` and `clock` outlive it.
class Api {
 public:
  Api(ApiOptions options, control::Control& control, const Clock& clock);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  net::AdminResponse handle(const net::AdminRequest& request);
  // For AdminServerOptions::refuse.
  net::AdminResponse refuse(unsigned status) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace guarita::admin
