// A listening TCP socket of one loop.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/descriptor.h"
#include "net/endpoint.h"

namespace guarita::net {

class Listener {
 public:
  // Takes over `fd`. False: take no more for now (a limit is reached); resume() goes on.
  using Accepted = bool (*)(void* context, int fd, const Endpoint& peer);

  // Binds with SO_REUSEPORT: each data-plane thread has a listener on the same address. An error
  // text that names the address.
  static Result<std::unique_ptr<Listener>, std::string> open(Loop& loop, const Endpoint& at);

  ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start(Accepted accepted, void* context);
  // Also after the system ran out of file descriptors: call it from the tick. Idempotent.
  void resume();
  bool paused() const { return paused_; }
  // Takes what has been waiting in the queue (a closed queue would reset it), then closes.
  void close();

  Endpoint bound() const { return local_endpoint(descriptor_->fd()); }

 private:
  explicit Listener(Descriptor::Ptr descriptor) : descriptor_(std::move(descriptor)) {}
  bool accept_now() noexcept;
  void take_all();
  void listen_on();

  Descriptor::Ptr descriptor_;
  Accepted accepted_ = nullptr;
  void* context_ = nullptr;
  int taken_fd_ = -1;
  Endpoint taken_from_;
  bool paused_ = false;
  bool out_of_files_ = false;
  std::int64_t warned_ms_ = INT64_MIN / 2;
};

// Empty when nobody listens at `at`; else a sentence. SO_REUSEPORT alone would share the port with
// another process of ours without a word.
std::string check_free(const Endpoint& at);

}  // namespace guarita::net
