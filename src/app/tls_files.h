// The TLS keys of the configuration: pairs of files, what is wrong with them, what runs on them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/config_checks.h"
#include "app/settings.h"
#include "net/tls.h"

namespace guarita::app {

// A certificate that ends earlier is worth a word: certbot renews 30 days before.
inline constexpr Millis kCertificateEndsSoon = std::chrono::days(14);

// The i-th certificate with the i-th key. REQUIRES: as many of both.
std::vector<net::TlsPair> tls_pairs(const Settings::Tls& tls);

// Reads the files of both listeners: what cannot be used is an error, a bad date a warning.
void check_tls(const Settings& settings, Findings& out);

// One listener's certificates while the server runs.
class TlsListener {
 public:
  // Reads the files; nothing when there are none to read.
  std::optional<net::TlsProblem> start(const Settings::Tls& tls);
  // The files may be others, or the same names with new contents. A problem is logged, and the old
  // ones stay. False: TLS was switched on or off, which a running listener does not take over.
  bool reload(const Settings::Tls& tls, const char* section);

  std::shared_ptr<const net::TlsStore> store() const { return store_; }  // null: plain

 private:
  std::shared_ptr<net::TlsStore> store_;
};

}  // namespace guarita::app
