// What a browser gets: the panel's files with the headers that keep a page safe, and the admin API
// behind the same origin. Give handle() to the net::AdminServer on TCP.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/admin_http.h"

namespace guarita::console {

struct Options {
  std::string public_url;                  // [console] public_url; "" = loopback names only
  std::vector<std::string> frame_origins;  // that may show the panel in a frame; none: nobody
  net::AdminHandler api;                   // everything under /v1
};

// Thread-safe: holds nothing that changes.
class Console {
 public:
  explicit Console(Options options);
  net::AdminResponse handle(const net::AdminRequest& request) const;

 private:
  net::AdminResponse answer(const net::AdminRequest& request) const;

  Options options_;
  std::string page_policy_;  // Content-Security-Policy of the panel's files
};

// The coding to answer with, by Accept-Encoding (RFC 9110 §12.5.3): brotli before gzip before none.
enum class Coding : std::uint8_t { Identity, Gzip, Brotli };
Coding choose_coding(std::string_view accept_encoding);

}  // namespace guarita::console
