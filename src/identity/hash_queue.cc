#include <algorithm>
#include <thread>

#include "identity/password.h"

namespace guarita::identity {
namespace {

class Argon2id final : public PasswordFunctions {
 public:
  std::optional<std::string> hash(std::string_view password) override {
    return crypto::password_hash(password);
  }
  crypto::PasswordMatch verify(std::string_view hash, std::string_view password) override {
    return crypto::password_verify(hash, password);
  }
};

}  // namespace

PasswordFunctions& argon2id() {
  static Argon2id functions;
  return functions;
}

// A place in the queue, and, once it is constructed and taken(), one of the running ones.
class HashQueue::Turn {
 public:
  Turn(HashQueue& queue, Who who) : queue_(queue) {
    std::unique_lock lock(queue_.mutex_);
    if (queue_.held_ >= (who == Who::Known ? kHeldMax : kStrangersMax)) return;
    ++queue_.held_;
    taken_ = true;
    queue_.freed_.wait(lock, [this] { return queue_.running_ < queue_.running_max_; });
    ++queue_.running_;
  }
  ~Turn() {
    if (!taken_) return;
    {
      const std::scoped_lock lock(queue_.mutex_);
      --queue_.held_;
      --queue_.running_;
    }
    queue_.freed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool taken() const { return taken_; }

 private:
  HashQueue& queue_;
  bool taken_ = false;
};

HashQueue::HashQueue(PasswordFunctions& functions, unsigned running_max)
    : functions_(functions), running_max_(running_max) {}

unsigned HashQueue::default_running_max() {
  return std::clamp(std::thread::hardware_concurrency() / 2, 1U, 2U);
}

unsigned HashQueue::held() {
  const std::scoped_lock lock(mutex_);
  return held_;
}

std::optional<std::string> HashQueue::hash(const Secret& password, Who who) {
  const Turn turn(*this, who);
  return turn.taken() ? functions_.hash(password.reveal()) : std::nullopt;
}

crypto::PasswordMatch HashQueue::verify(std::string_view hash, const Secret& password, Who who) {
  const Turn turn(*this, who);
  return turn.taken() ? functions_.verify(hash, password.reveal())
                      : crypto::PasswordMatch::NoMemory;
}

}  // namespace guarita::identity
