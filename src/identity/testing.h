// What identity's tests share: a whole Identity over SQLite in a folder that goes away, a clock
// that is told the time, a store that fails when told to, passwords that cost nothing and count.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/flaky_store.h"
#include "control/testing.h"
#include "identity/identity.h"
#include "identity/password.h"

namespace guarita::identity::testing {

class CountingPasswords final : public PasswordFunctions {
 public:
  std::optional<std::string> hash(std::string_view password) override;
  crypto::PasswordMatch verify(std::string_view hash, std::string_view password) override;

  std::atomic<unsigned> hashes{0}, verifies{0};
  std::atomic<bool> no_memory{false};
  std::function<void()> on_verify;  // once, before it answers; the queue's place is held meanwhile
};

inline constexpr const char* kPassword = "kx4!zpqw outra";
inline constexpr const char* kNewPassword = "bem diferente 77";
inline constexpr const char* kEmail = "ana@loja.com.br";
inline constexpr const char* kHome = "192.0.2.7";

Client from(std::string address);
store::Actor as_operator();

// Members in the order of their construction.
struct House {
  House();
  // A second Identity over the same store, as after a restart.
  void restart();

  Identity& identity() { return *identity_; }
  // Invited with a link and signed in by it from kHome; expects success.
  SignedIn join(NewUser user = {.email = kEmail, .name = "Ana", .language = "pt-BR"});
  Outcome<SignedIn> sign_in(const std::string& address = kHome, const char* password = kPassword,
                            const std::string& code = "", const char* email = kEmail);
  Session resume(const SignedIn& signed_in);  // expects success
  store::UserRow user(const char* email = kEmail);
  // Two-factor on; its secret in raw bytes, and the recovery codes.
  std::pair<Secret, std::vector<Secret>> enable_two_factor(const Session& session);
  std::string code(const Secret& raw_secret, int steps_ahead = 0);

  control::testing::World world;
  control::testing::FakeClock& clock = world.clock;
  control::testing::FlakyStore store{world.store()};
  std::unique_ptr<control::Control> control;
  CountingPasswords passwords;
  control::SealingKey sealing_key{.key = {7}, .id = "key-1"};
  std::string sealing_fault;  // set: the key cannot be loaded

 private:
  std::unique_ptr<Identity> identity_;
};

Secret raw_of(const Secret& base32);

// The code of an error; none: it is no error.
template <class T>
std::optional<ErrorCode> code_of(const Outcome<T>& outcome) {
  return outcome ? std::nullopt : std::optional(outcome.error().code);
}

}  // namespace guarita::identity::testing
