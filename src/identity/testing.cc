#include "identity/testing.h"

#include <liboath/oath.h>

#include <cstdlib>

#include "identity/two_factor.h"

namespace guarita::identity::testing {

std::optional<std::string> CountingPasswords::hash(std::string_view password) {
  ++hashes;
  if (no_memory) return std::nullopt;
  return "fake$" + crypto::hex(crypto::sha256(password));
}

crypto::PasswordMatch CountingPasswords::verify(std::string_view hash, std::string_view password) {
  ++verifies;
  if (on_verify) {
    const auto act = std::exchange(on_verify, nullptr);
    act();
  }
  if (no_memory) return crypto::PasswordMatch::NoMemory;
  return hash == "fake$" + crypto::hex(crypto::sha256(password)) ? crypto::PasswordMatch::Yes
                                                                 : crypto::PasswordMatch::No;
}

Client from(std::string address) {
  return {.address = std::move(address), .user_agent = "Firefox", .request_id = "r-1"};
}

store::Actor as_operator() {
  return control::testing::as_operator().actor;
}

House::House() {
  control = std::make_unique<control::Control>(control::Options{},
                                               control::Ports{.store = store,
                                                              .snapshot = *world.snapshot,
                                                              .barrier = world.barrier,
                                                              .clock = world.clock,
                                                              .hub = &world.hub});
  restart();
}

void House::restart() {
  identity_.reset();
  identity_ = std::make_unique<Identity>(
      Options{.public_url = "https://painel.example.org",
              .sealing_key = [this]() -> Result<control::SealingKey, std::string> {
                if (!sealing_fault.empty()) return Err<std::string>(sealing_fault);
                return sealing_key;
              },
              .passwords = &passwords},
      *control, store, clock);
}

SignedIn House::join(NewUser wanted) {
  auto made = identity_->create_user(as_operator(), std::move(wanted));
  EXPECT_TRUE(made) << made.error().detail;
  if (!made) return {};
  auto signed_in = identity_->redeem_link(from(kHome), made->token, Secret(kPassword), "");
  EXPECT_TRUE(signed_in) << signed_in.error().detail;
  return signed_in ? std::move(*signed_in) : SignedIn{};
}

Outcome<SignedIn> House::sign_in(const std::string& address, const char* password,
                                 const std::string& code, const char* email) {
  return identity_->sign_in(from(address), email, Secret(password), code);
}

Session House::resume(const SignedIn& signed_in) {
  auto session = identity_->resume(signed_in.cookie.reveal());
  EXPECT_TRUE(session) << session.error().detail;
  return session ? std::move(*session) : Session{};
}

store::UserRow House::user(const char* email) {
  auto row = world.store().user_by_email(email);
  EXPECT_TRUE(row) << email;
  return row ? std::move(*row) : store::UserRow{};
}

std::pair<Secret, std::vector<Secret>> House::enable_two_factor(const Session& session) {
  const auto setup = identity_->begin_two_factor(session);
  EXPECT_TRUE(setup) << setup.error().detail;
  Secret raw = raw_of(setup->secret);
  auto codes = identity_->confirm_two_factor(from(kHome), session, code(raw));
  EXPECT_TRUE(codes) << codes.error().detail;
  clock.pass(std::chrono::seconds(60));  // the code that confirmed is spent
  return {std::move(raw), codes ? std::move(*codes) : std::vector<Secret>{}};
}

std::string House::code(const Secret& raw_secret, int steps_ahead) {
  const auto step = static_cast<std::int64_t>(totp_step(clock.now())) + steps_ahead;
  return totp_code(raw_secret, static_cast<std::uint64_t>(step));
}

Secret raw_of(const Secret& base32) {
  char* bytes = nullptr;
  std::size_t length = 0;
  EXPECT_EQ(oath_base32_decode(base32.reveal().data(), base32.reveal().size(), &bytes, &length),
            OATH_OK);
  Secret raw(std::string(bytes, length));
  std::free(bytes);
  return raw;
}

}  // namespace guarita::identity::testing
