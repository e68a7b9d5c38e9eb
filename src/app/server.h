// The whole server: everything is constructed here, once, in order.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "control/control.h"
#include "identity/identity.h"

namespace guarita::app {

// Why a start failed, and the command or change that mends it.
struct StartError {
  std::string text;
  std::string remedy;
  std::string key = {};  // the configuration key it is about, or ""
};

// store → snapshot → telemetry → data plane → control → admin servers → status listener.
// start() and stop() from one thread; the rest from any but a data-plane thread.
class Server {
 public:
  // A demo says so in its panel.
  enum class Purpose : std::uint8_t { Serve, Demo };

  explicit Server(Settings settings, Purpose purpose = Purpose::Serve);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Nothing is left running when it returns an error.
  std::optional<StartError> start();

  // Takes over what a running server can; the keys that need a restart are returned.
  std::vector<std::string> reload(Settings settings);

  // Not ready from now on; open exchanges may finish within timeouts.drain; then everything stops.
  void stop();

  // Bound addresses, with the ports that 0 became.
  const std::vector<std::string>& gate_addresses() const;
  std::string console_address() const;  // "" = off
  std::string status_address() const;
  const std::string& socket_path() const;

  // For the demo's own story; the API to everything else is HTTP.
  control::Control& control();
  identity::Identity& identity();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// `guarita serve --config FILE`: loads, starts, serves until SIGTERM or SIGINT, reloads at SIGHUP.
// Messages go to `err`. Returns the exit code (0 served and stopped, 1 failed, 2 bad
// configuration).
int serve(const std::string& config_path, std::ostream& err);

}  // namespace guarita::app
