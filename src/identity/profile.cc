// What a signed-in user changes of oneself.
#include <cstdint>
#include <span>

#include "identity/qr.h"
#include "identity/state.h"
#include "identity/two_factor.h"

namespace guarita::identity {
namespace {

std::span<const std::uint8_t> bytes_of(const Secret& secret) {
  return {reinterpret_cast<const std::uint8_t*>(secret.reveal().data()), secret.reveal().size()};
}

std::vector<crypto::Digest> digests_of(const UserKey& user, const std::vector<Secret>& codes) {
  std::vector<crypto::Digest> digests;
  digests.reserve(codes.size());
  for (const Secret& code : codes) {
    const Secret folded(read_code(code.reveal()).text);
    digests.push_back(recovery_digest(user, folded.reveal()));
  }
  return digests;
}

Err<Error> two_factor_is_off() {
  return fail(ErrorCode::TwoFactorIsOff, "two-factor authentication is off");
}

Err<Error> two_factor_is_on() {
  return fail(ErrorCode::TwoFactorIsOn, "two-factor authentication is on already");
}

}  // namespace

Outcome<void> Identity::update_profile(const Client& client, const Session& session,
                                       std::optional<std::string> name,
                                       std::optional<std::string> language) {
  const auto user = state_->user_of(session);
  if (!user) return Err<Error>(user.error());
  if (name) {
    auto checked = checked_name(*name);
    if (!checked) return Err<Error>(std::move(checked.error()));
    name = std::move(*checked);
  }
  if (language) {
    if (auto ok = check_language(*language); !ok) return ok;
  }
  if (!name && !language) return {};
  return state_->commit(actor_of_user(*user, client),
                        store::UpdateUser{.user = user->key,
                                          .name = std::move(name),
                                          .language = std::move(language),
                                          .is_operator = std::nullopt},
                        ErrorCode::UserNotFound);
}

Outcome<void> Identity::change_password(const Client& client, const Session& session,
                                        const Secret& current, const Secret& wanted) {
  State& state = *state_;
  const auto user = state.user_of(session);
  if (!user) return Err<Error>(user.error());
  if (const auto fault = check_password(wanted.reveal(), user->email)) return weak(*fault);
  auto attempt = state.begin_attempt(client, user->email_folded, user->key);
  if (!attempt) return Err<Error>(std::move(attempt.error()));
  const auto right = state.password_is(user->password_hash, current, attempt->who);
  if (!right) {
    attempt->taken_back();
    return Err<Error>(right.error());
  }
  if (!*right) return wrong_credentials();
  attempt->succeeded();
  if (crypto::equal(bytes_of(current), bytes_of(wanted))) return weak(PasswordFault::Same);
  auto hash = state.hash_password(wanted, attempt->who);
  if (!hash) return Err<Error>(std::move(hash.error()));
  return state.commit(actor_of_user(*user, client),
                      store::SetPassword{.user = user->key,
                                         .password_hash = std::move(*hash),
                                         .keep = session.row.key,
                                         .link = std::nullopt},
                      ErrorCode::UserNotFound);
}

// ---- two-factor ---------------------------------------------------------------------------------

Outcome<TwoFactorSetup> Identity::begin_two_factor(const Session& session) {
  const auto user = state_->user_of(session);
  if (!user) return Err<Error>(user.error());
  if (!user->totp_sealed.empty()) return two_factor_is_on();
  // Without a key to seal with, a code to confirm would come to nothing.
  if (const auto key = state_->sealing_key(); !key) return Err<Error>(key.error());
  Secret secret = new_totp_secret();
  TwoFactorSetup setup{.secret = base32(secret),
                       .uri = otpauth_uri(state_->options.public_url, user->email, secret),
                       .qr_svg = {}};
  setup.qr_svg = qr_svg(setup.uri.reveal()).value_or("");  // the Base32 text is there as well
  state_->pending.with([&](PendingSetups& setups) {
    setups.put(session.row.key, std::move(secret), state_->clock.now());
  });
  return setup;
}

Outcome<std::vector<Secret>> Identity::confirm_two_factor(const Client& client,
                                                          const Session& session,
                                                          std::string_view code) {
  State& state = *state_;
  const auto user = state.user_of(session);
  if (!user) return Err<Error>(user.error());
  if (!user->totp_sealed.empty()) return two_factor_is_on();
  const Time now = state.clock.now();
  const auto key = state.sealing_key();
  if (!key) return Err<Error>(key.error());
  auto attempt = state.begin_attempt(client, user->email_folded, user->key);
  if (!attempt) return Err<Error>(std::move(attempt.error()));

  const TypedCode typed = read_code(code);
  bool is_pending = false;
  std::optional<std::uint64_t> step;
  const std::optional<Secret> secret = state.pending.with([&](PendingSetups& setups) {
    const Secret* found = setups.find(session.row.key, now);
    is_pending = found != nullptr;
    if (is_pending && typed.kind == CodeKind::Totp) step = match_totp(*found, typed.text, now);
    return step ? setups.take(session.row.key) : std::nullopt;
  });
  if (!is_pending) {
    attempt->taken_back();
    return fail(ErrorCode::TwoFactorIsOff, "the set-up is over: begin it again");
  }
  if (!secret) return wrong_code();
  attempt->taken_back();  // not a success: whoever confirms has chosen the secret themselves
  auto codes = identity::new_recovery_codes();
  const auto set = state.commit(
      actor_of_user(*user, client),
      store::SetTwoFactor{.user = user->key,
                          .totp_sealed = crypto::seal(key->key, secret->reveal(), user->key.text()),
                          .totp_key_id = key->id,
                          .totp_last_step = *step,
                          .recovery_codes = digests_of(user->key, codes)},
      ErrorCode::UserNotFound);
  if (!set) return Err<Error>(set.error());
  return codes;
}

// The user, whose code was right and is spent.
Outcome<store::UserRow> Identity::State::user_by_code(const Client& client, const Session& session,
                                                      std::string_view code) {
  auto user = user_of(session);
  if (!user) return user;
  if (user->totp_sealed.empty()) return two_factor_is_off();
  auto attempt = begin_attempt(client, user->email_folded, user->key);
  if (!attempt) return Err<Error>(std::move(attempt.error()));
  const auto good = code_is_right(*user, code);
  if (!good) {
    attempt->taken_back();
    return Err<Error>(good.error());
  }
  if (!*good) return wrong_code();
  attempt->succeeded();
  return user;
}

Outcome<void> Identity::disable_two_factor(const Client& client, const Session& session,
                                           std::string_view code) {
  const auto user = state_->user_by_code(client, session, code);
  if (!user) return Err<Error>(user.error());
  return state_->commit(actor_of_user(*user, client), store::SetTwoFactor{.user = user->key},
                        ErrorCode::UserNotFound);
}

Outcome<std::vector<Secret>> Identity::new_recovery_codes(const Client& client,
                                                          const Session& session,
                                                          std::string_view code) {
  const auto user = state_->user_by_code(client, session, code);
  if (!user) return Err<Error>(user.error());
  auto codes = identity::new_recovery_codes();
  const auto set = state_->commit(
      actor_of_user(*user, client),
      store::SetRecoveryCodes{.user = user->key, .recovery_codes = digests_of(user->key, codes)},
      ErrorCode::UserNotFound);
  if (!set) return Err<Error>(set.error());
  return codes;
}

}  // namespace guarita::identity
