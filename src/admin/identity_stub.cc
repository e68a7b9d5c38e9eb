// Stands in until identity/ is there; the build takes it only while that folder has no library.
#include "identity/identity.h"

namespace guarita::identity {
struct Identity::State {};
Identity::Identity(Options, control::Control&, store::Store&, const Clock&) {}
Identity::~Identity() = default;
bool Session::may(LinkRight) const {
  return false;
}
store::Actor actor_of(const Session&, const Client&) {
  return {};
}

Outcome<SignedIn> Identity::sign_in(const Client&, std::string_view, const Secret&,
                                    std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<Session> Identity::resume(std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::sign_out(const Client&, const Session&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<Time> Identity::reauthenticate(const Client&, const Session&, const Secret&,
                                       std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<std::vector<store::SessionRow>> Identity::sessions(const Session&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::end_session(const Client&, const Session&, const SessionKey&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::end_other_sessions(const Client&, const Session&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<LinkView> Identity::inspect_link(const Client&, const Secret&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<SignedIn> Identity::redeem_link(const Client&, const Secret&, const Secret&,
                                        std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<LinkMade> Identity::console_link(const store::Actor&, std::string_view,
                                         std::vector<LinkRight>, std::string) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::update_profile(const Client&, const Session&, std::optional<std::string>,
                                       std::optional<std::string>) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::change_password(const Client&, const Session&, const Secret&,
                                        const Secret&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<TwoFactorSetup> Identity::begin_two_factor(const Session&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<std::vector<Secret>> Identity::confirm_two_factor(const Client&, const Session&,
                                                          std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::disable_two_factor(const Client&, const Session&, std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<std::vector<Secret>> Identity::new_recovery_codes(const Client&, const Session&,
                                                          std::string_view) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<store::Page<store::UserRow>> Identity::users(const std::optional<std::string>&, std::string,
                                                     const store::PageRequest&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<store::UserRow> Identity::user(const UserKey&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<LinkMade> Identity::create_user(const store::Actor&, NewUser) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<store::UserRow> Identity::update_user(const store::Actor&, const UserKey&,
                                              std::optional<std::string>, std::optional<bool>) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::delete_user(const store::Actor&, const UserKey&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<LinkMade> Identity::reset_link(const store::Actor&, const UserKey&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::reset_two_factor(const store::Actor&, const UserKey&) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<Identity::Invited> Identity::invite(const store::Actor&, std::string_view, std::string,
                                            std::string, store::Role) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::set_role(const store::Actor&, std::string_view, const UserKey&,
                                 store::Role) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

Outcome<void> Identity::remove_member(const store::Actor&, std::string_view, const UserKey&,
                                      LastOwnerRule) {
  return Err<Error>(Error{.code = ErrorCode::StoreUnavailable});
}

}  // namespace guarita::identity
