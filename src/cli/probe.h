// Small questions to the operating system, for `guarita doctor`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace guarita::cli {

// Where a TCP or Unix peer is: `path` for a Unix socket, else host and port.
struct Endpoint {
  std::string host;
  std::string port;
  std::string path;
};
// "http://host:port/prefix", "unix:/path", "host:port", "[v6]:port". None when it is none of them.
std::optional<Endpoint> endpoint_of(std::string_view text);

// Why no connection could be made within `timeout`; none when one was (and was closed).
std::optional<std::string> connect_error(const Endpoint& endpoint, Millis timeout);

// Why nobody could listen there now; none when the address is free. Port 0 is always free.
std::optional<std::string> listen_error(const Endpoint& endpoint);

// The soft limit of open files of this process.
std::uint64_t open_files_max();

}  // namespace guarita::cli
