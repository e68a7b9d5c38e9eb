// Names to addresses in background threads: a data-plane thread never waits for DNS.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/endpoint.h"
#include "net/loop.h"

namespace guarita::net {

using Addresses = std::shared_ptr<const std::vector<Endpoint>>;  // at least one
using Resolved = Result<Addresses, NetError>;

// Thread-safe. Must end before the loops that it answers to. getaddrinfo() hides the TTL of an
// answer, so names are asked again at a fixed interval.
class Resolver {
 public:
  static constexpr Millis kRefresh{15'000};

  using Lookup = std::function<Resolved(const std::string& host, std::uint16_t port)>;
  // `lookup` is getaddrinfo(); tests bring their own. Threads start with the first question.
  explicit Resolver(Lookup lookup = &Resolver::ask_system);
  ~Resolver();  // waits for a lookup under way (the system's timeout at most)
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `answer` runs on the loop's thread. An answer younger than half of kRefresh is given from
  // memory; questions for one name at a time are asked once.
  void resolve(const std::string& host, std::uint16_t port, Loop& loop,
               std::move_only_function<void(Resolved)> answer);

  static Resolved ask_system(const std::string& host, std::uint16_t port);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace guarita::net
