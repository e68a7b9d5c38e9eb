// /livez, /readyz and /metrics.
#pragma once

#include <functional>

#include "net/admin_http.h"

namespace guarita::app {

struct StatusSources {
  std::function<bool()> ready;           // a snapshot is loaded, and the gate is not draining
  std::function<std::string()> state;    // JSON, the body of /readyz
  std::function<std::string()> metrics;  // Prometheus text
};

// Only GET and HEAD; anything else is 404 or 405.
net::AdminResponse answer_status(const StatusSources& sources, const net::AdminRequest& request);

}  // namespace guarita::app
