// Text that must not leak: a token just made, an upstream credential, a password.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace guarita {

// Owns a secret and wipes it. Moves, never copies; cannot be printed or compared with ==.
// reveal() is the one way in, so that `grep reveal` lists every place where a secret is used.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  bool operator==(const Secret&) const = delete;

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void wipe() noexcept;

  std::string text_;
};

}  // namespace guarita
