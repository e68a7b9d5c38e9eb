// Who sits in front of the console: users, passwords, two-factor, sessions, one-time links.
//
// Thread-safe and blocking (the store's disk, Argon2id): never call from a data-plane thread.
// Every change of a user, a link or a session is an audited change (control::Control::apply);
// nothing here touches the snapshot, because the gate decides by none of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "control/control.h"
#include "store/store.h"

namespace guarita::identity {

inline constexpr Millis kSessionIdle = std::chrono::minutes(30);
inline constexpr Millis kSessionAbsolute = std::chrono::hours(12);
// What makes, kills, shows or enforces asks for the password again when it was given longer ago.
inline constexpr Millis kFresh = std::chrono::minutes(10);
inline constexpr Millis kInvitationLife = std::chrono::hours(72);
inline constexpr Millis kOperatorLinkLife = std::chrono::minutes(15);  // first operator, resets
inline constexpr Millis kConsoleLinkLife = std::chrono::seconds(60);
inline constexpr Millis kConsoleSession = std::chrono::minutes(30);  // whatever happens
inline constexpr std::size_t kPasswordCharactersMin = 8, kPasswordCharactersMax = 128;
inline constexpr std::size_t kRecoveryCodes = 10;

enum class ErrorCode : std::uint8_t {
  InvalidRequest,     // `member` names the value: email, name, language, role, rights …
  WeakPassword,       // `why` is a word of password.h's list, `detail` the same as a sentence
  WrongCredentials,   // unknown user, no password yet, wrong password: one answer, one timing
  TwoFactorRequired,  // the password was right, a code is missing
  WrongCode,          // of two-factor: wrong, used before, or no such recovery code
  TooManyFailures,    // `retry_after`
  Busy,               // too many password checks at once; `retry_after`
  LinkInvalid,        // unknown, used or expired: one answer
  TwoFactorIsOn,      // begin while it is on
  TwoFactorIsOff,
  UserNotFound,
  SessionNotFound,
  AccountNotFound,
  UserExists,
  LastOwner,  // the last owner of an account cannot leave it (operators may remove it)
  StoreUnavailable,
};
struct Error {
  ErrorCode code;
  std::string detail{};  // one sentence for a person, never a secret
  std::string member{};
  std::string why{};  // WeakPassword: "too_short" "too_long" "common" …, for a translation
  Millis retry_after{0};
};
template <class T>
using Outcome = Result<T, Error>;

// Of the request, for throttling, audit and the list of sessions.
struct Client {
  std::string address{};
  std::string user_agent{};
  std::string request_id{};
};

enum class LinkRight : std::uint8_t { View = 1, Rotate = 2, Activate = 4 };

enum class Seen : std::uint8_t { Note, Leave };

struct Session {
  store::SessionRow row;
  std::optional<store::UserRow> user;  // none: a console link's
  Secret csrf;                         // derived from the cookie: X-Guarita-CSRF must equal it
  Time idle_expires_at{};
  Time fresh_until{};  // in the past: reauthenticate() first. A console link's is always fresh.

  bool may(LinkRight right) const;  // of a console link
};
struct SignedIn {
  Secret cookie;  // 256 bits, URL-safe; shown to the browser once
  Session session;
};
struct LinkMade {
  Secret token;  // for the URL's fragment: PUBLIC_URL/#/link/TOKEN
  store::LinkRow row;
  std::optional<store::UserRow> user;
};
struct LinkView {
  store::LinkKind kind{};
  std::string email, name;  // of the user; "" for a console link
  std::string account_id;
  Time expires_at{};
};
struct TwoFactorSetup {
  Secret secret;       // Base32
  Secret uri;          // otpauth://totp/…
  std::string qr_svg;  // one <path>, no script, no style
};
struct NewUser {
  std::string email{};
  std::string name{};
  std::string language{};
  bool is_operator = false;
  std::vector<std::pair<std::string, store::Role>> memberships{};  // account id, role
};

class PasswordFunctions;  // password.h

struct Options {
  // Names the issuer in the authenticator: "Guarita (HOST)".
  std::string public_url{};
  // Loads or makes the sealing key when it is first needed; an error text when it cannot.
  std::function<Result<control::SealingKey, std::string>()> sealing_key{};
  PasswordFunctions* passwords = nullptr;  // none: Argon2id. Outlives Identity.
};

class Identity {
 public:
  Identity(Options options, control::Control& control, store::Store& store, const Clock& clock);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  // ---- sessions -------------------------------------------------------------------------------
  // `code`: TOTP or a recovery code; "" = none was given.
  Outcome<SignedIn> sign_in(const Client&, std::string_view email, const Secret& password,
                            std::string_view code);
  // SessionNotFound: unknown, ended, idle for too long or over. StoreUnavailable is told apart, so
  // that nobody is logged out by a full disk. Raises last_seen_at, at most once a minute.
  // Leave: it does not (whether a stream's reader is still signed in is no use of the session).
  Outcome<Session> resume(std::string_view cookie, Seen seen = Seen::Note);
  Outcome<void> sign_out(const Client&, const Session&);
  // Password, and the code when two-factor is on; throttled like sign_in. The new fresh_until.
  Outcome<Time> reauthenticate(const Client&, const Session&, const Secret& password,
                               std::string_view code);
  Outcome<std::vector<store::SessionRow>> sessions(const Session&);  // good ones only
  Outcome<void> end_session(const Client&, const Session&, const SessionKey& key);
  Outcome<void> end_other_sessions(const Client&, const Session&);

  // ---- links ----------------------------------------------------------------------------------
  Outcome<LinkView> inspect_link(const Client&, const Secret& token);
  // Invitation and Reset set the password and sign in (a reset of a user with two-factor wants the
  // code); Console signs in, `password` empty.
  Outcome<SignedIn> redeem_link(const Client&, const Secret& token, const Secret& password,
                                std::string_view code);
  Outcome<LinkMade> console_link(const store::Actor&, std::string_view account_id,
                                 std::vector<LinkRight> rights, std::string end_user);

  // ---- oneself --------------------------------------------------------------------------------
  Outcome<void> update_profile(const Client&, const Session&, std::optional<std::string> name,
                               std::optional<std::string> language);
  Outcome<void> change_password(const Client&, const Session&, const Secret& current,
                                const Secret& wanted);
  // The secret is kept in memory for ten minutes, for this session, until it is confirmed.
  Outcome<TwoFactorSetup> begin_two_factor(const Session&);
  Outcome<std::vector<Secret>> confirm_two_factor(const Client&, const Session&,
                                                  std::string_view code);
  Outcome<void> disable_two_factor(const Client&, const Session&, std::string_view code);
  Outcome<std::vector<Secret>> new_recovery_codes(const Client&, const Session&,
                                                  std::string_view code);

  // ---- users: who may call these is admin's question -------------------------------------------
  Outcome<store::Page<store::UserRow>> users(const std::optional<std::string>& account_id,
                                             std::string search, const store::PageRequest& page);
  Outcome<store::UserRow> user(const UserKey& key);
  // The invitation link lives kInvitationLife, an operator's kOperatorLinkLife.
  Outcome<LinkMade> create_user(const store::Actor&, NewUser user);
  Outcome<store::UserRow> update_user(const store::Actor&, const UserKey& key,
                                      std::optional<std::string> name,
                                      std::optional<bool> is_operator);
  Outcome<void> delete_user(const store::Actor&, const UserKey& key);
  Outcome<LinkMade> reset_link(const store::Actor&, const UserKey& key);
  Outcome<void> reset_two_factor(const store::Actor&, const UserKey& key);
  // Invites who is new (a link comes back), adds who is known (none comes back). Nobody has checked
  // that an invited address belongs to its user, so only who vouches for all accounts may add a
  // known one: else the owner of one account could invite a stranger's address, take it, and wait
  // for another owner to add it. Refuse: UserExists.
  enum class Known : std::uint8_t { Refuse, Add };
  struct Invited {
    store::UserRow user;
    std::optional<LinkMade> link;
  };
  Outcome<Invited> invite(const store::Actor&, std::string_view account_id, std::string email,
                          std::string language, store::Role role, Known known);
  Outcome<void> set_role(const store::Actor&, std::string_view account_id, const UserKey& key,
                         store::Role role);
  enum class LastOwnerRule : std::uint8_t { Keep, MayLeave };
  Outcome<void> remove_member(const store::Actor&, std::string_view account_id, const UserKey& key,
                              LastOwnerRule rule);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The actor of what a session does: ActorKind::User with the user's key and email, or, of a
// console link, the name "console-link:<session key>" and the end user as email (personal).
store::Actor actor_of(const Session& session, const Client& client);

}  // namespace guarita::identity
