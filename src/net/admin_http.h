// HTTP for the admin API and the console: Boost.Beast's parser and serialiser behind plain values.
// Not for the data plane. No Asio type in here.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/tls.h"

namespace guarita::net {

class AdminEvents;

using AdminHeaders = std::vector<std::pair<std::string, std::string>>;

struct AdminPeer {
  bool unix_socket = false;
  bool tls = false;            // the request came over TLS
  std::optional<uid_t> uid{};  // Unix socket: SO_PEERCRED of who connected
  std::string address{};       // TCP: RFC 5952 text without the port; else "unix"
};

struct AdminRequest {
  std::string method{};
  std::string target{};  // origin-form, as sent
  AdminHeaders headers{};
  std::string body{};
  AdminPeer peer{};

  // Value of the one line of that name (ASCII case ignored); none when absent or repeated.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

// Content-Length, Date and Connection are the server's; everything else is the handler's.
struct AdminResponse {
  unsigned status = 200;
  AdminHeaders headers{};
  std::string body{};  // may hold a secret once: wiped by the server when it is on its way
  // Set: what is pushed into it follows the head, and the connection ends with it. Content-Type,
  // Cache-Control and X-Accel-Buffering are the server's then; `body` is not sent.
  std::shared_ptr<AdminEvents> events{};

  std::optional<std::string_view> header(std::string_view name) const;
};

// Called on a thread of the server's pool; may block. An exception becomes a bare 500.
using AdminHandler = std::function<AdminResponse(const AdminRequest&)>;
// The answer to what never became a request: 400, 413 or 431. The connection ends after it.
using AdminRefusal = std::function<AdminResponse(unsigned status)>;

struct AdminServerOptions {
  std::string unix_path{};                 // set: a Unix socket, mode 0600; a stale one is replaced
  std::string listen{};                    // else "127.0.0.1:8081", "[::1]:0"
  std::shared_ptr<const TlsStore> tls{};   // null: plain; TCP only
  unsigned threads = 4;                    // that run handlers
  std::size_t connections_max = 128;       // then one that waits is closed for a newcomer
  std::size_t head_bytes_max = 16 * 1024;  // 431
  std::size_t body_bytes_max = 2 * 1024 * 1024;  // 413
  Millis head_timeout{10'000};
  Millis body_timeout{30'000};
  Millis idle_timeout{60'000};
  Millis write_timeout{30'000};
  Millis events_keep_alive{15'000};  // a comment in a stream that is silent
  AdminRefusal refuse{};             // none: plain text
};

// One listener. start() and stop() from one thread.
class AdminServer {
 public:
  AdminServer(AdminServerOptions options, AdminHandler handler);
  ~AdminServer();  // stops
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Serving when it returns nothing; else why not, for a person.
  std::optional<std::string> start();
  // "127.0.0.1:8081" with the port that 0 became, or the path.
  std::string bound() const;
  // No new connections; running handlers finish; then everything is closed.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One blocking call over a Unix socket (the CLI). The error says why no answer came. Host, Date
// and Content-Length are set here.
Result<AdminResponse, std::string> admin_call(const std::string& unix_path,
                                              const AdminRequest& request, Millis timeout);

}  // namespace guarita::net
