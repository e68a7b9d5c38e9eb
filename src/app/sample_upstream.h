// The demo's instance: answers every request with what it received.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/admin_http.h"

namespace guarita::app {

// What it says of a request, as JSON of a few lines, so that one sees that the token is gone and
// which headers the gate has added.
net::AdminResponse show_request(const net::AdminRequest& request);

// On a free port of the loopback, with a thread of its own.
class SampleUpstream {
 public:
  // An error text when it cannot listen.
  std::optional<std::string> start();
  void stop();
  std::string url() const;  // "http://127.0.0.1:43121"

 private:
  std::unique_ptr<net::AdminServer> server_;
};

}  // namespace guarita::app
