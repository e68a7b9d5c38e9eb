// TLS for listeners: certificates from files, layers for connections, renewal while running.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/stream.h"

namespace guarita::net {

// PEM files: a chain, the server's own certificate first; its private key without a passphrase.
struct TlsPair {
  std::string certificate;
  std::string key;
  bool operator==(const TlsPair&) const = default;
};

struct TlsProblem {
  enum class At : std::uint8_t { Certificate, Key } at = At::Certificate;
  std::size_t pair = 0;  // index
  std::string text;      // names the file and what is wrong with it
};

struct TlsCertificate {
  std::string file;
  std::vector<std::string> names;  // DNS names of the SAN, lower case; without one the CN
  Time not_before{};
  Time not_after{};
};

// What is to be said about dates now: expired, not yet valid, or expiring within `soon`. "" =
// nothing.
std::string tls_date_problem(const TlsCertificate& certificate, Time now, Millis soon);

// Several certificates, chosen by SNI; the first is for everybody else. TLS 1.2 and 1.3, ALPN
// http/1.1, no renegotiation, no compression; stateless session tickets. Immutable; any thread.
// An idle connection holds about 17 KiB of memory (plain: 2 KiB).
class TlsContext {
 public:
  // REQUIRES: at least one pair.
  static Result<std::shared_ptr<const TlsContext>, TlsProblem> load(
      const std::vector<TlsPair>& pairs);

  // A connection's server side; the handshake is part of its first reads. Null: out of memory.
  std::unique_ptr<StreamLayer> make_layer() const;
  const std::vector<TlsCertificate>& certificates() const;

 private:
  struct Parts;
  explicit TlsContext(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;  // connections hold it too
};

// The context of the moment for new connections; those that are open keep theirs. Any thread.
class TlsStore {
 public:
  explicit TlsStore(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

  std::unique_ptr<StreamLayer> make_layer() const { return context()->make_layer(); }
  // Reads the files anew. With a problem the old context stays.
  std::optional<TlsProblem> reload(const std::vector<TlsPair>& pairs);
  std::shared_ptr<const TlsContext> context() const {
    const std::scoped_lock lock(mutex_);
    return context_;
  }

 private:
  mutable std::mutex mutex_;  // held for the copy of a pointer, once per connection
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace guarita::net
