// What the methods of Identity share. Internal to the folder.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/guarded.h"
#include "identity/errors.h"
#include "identity/identity.h"
#include "identity/known_places.h"
#include "identity/password.h"
#include "identity/throttle.h"

namespace guarita::identity {

// ---- secrets for browsers and links -----------------------------------------------------------
inline constexpr std::size_t kTokenCharacters = 43;  // 32 bytes in base64url
Secret new_token();
bool is_token_shaped(std::string_view text);  // what is not, needs no look into the store
Secret csrf_of(std::string_view cookie);

// ---- values that are checked in several places --------------------------------------------------
Outcome<std::string> checked_name(std::string_view name);  // trimmed
Outcome<void> check_language(std::string_view language);   // "" or one of the three
std::string rights_text(const std::vector<LinkRight>& rights);

store::Actor actor_of_user(const store::UserRow& user, const Client& client);

struct Identity::State {
  State(Options options, control::Control& control, store::Store& store, const Clock& clock);

  // Counts as a failure of this user from this address until it is told otherwise.
  class Attempt {
   public:
    Attempt(State& state, const Throttle::Attempt& keys, HashQueue::Who who)
        : who(who), state_(state), keys_(keys) {}
    void succeeded();
    void taken_back();
    HashQueue::Who who;

   private:
    State& state_;
    Throttle::Attempt keys_;
  };
  // TooManyFailures, or the attempt. `user`: none when nobody has this address; the same is asked
  // of the store all the same.
  Outcome<Attempt> begin_attempt(const Client& client, std::string_view email_folded,
                                 const std::optional<UserKey>& user);
  // Busy, or whether it is the password. Without a hash: the same work, and No.
  Outcome<bool> password_is(const std::string& hash, const Secret& password, HashQueue::Who who);
  Outcome<std::string> hash_password(const Secret& password, HashQueue::Who who);

  // Spends the code when it is right.
  Outcome<bool> code_is_right(const store::UserRow& user, std::string_view code);
  Outcome<control::SealingKey> sealing_key();
  Outcome<Secret> open_totp(const store::UserRow& user);

  // `row` says whose; the rest is filled in. `link`: spent by it.
  Outcome<SignedIn> start_session(const Client& client, store::SessionRow row,
                                  const std::optional<LinkKey>& link, const store::Actor& actor);
  void remember_place(const Client& client, const store::UserRow& user);
  Outcome<SignedIn> start_user_session(const Client& client, const store::UserRow& user);
  // A good row with its user; SessionNotFound when idle, over, or nobody's.
  Outcome<Session> good_session(store::SessionRow row, std::string_view cookie);
  bool is_good(const store::SessionRow& row) const;

  Outcome<store::UserRow> find_user(const UserKey& key);
  Outcome<store::UserRow> user_of(const Session& session);  // as it is now
  Outcome<store::AccountRow> find_account(std::string_view id);
  Outcome<void> commit(const store::Actor& actor, store::ChangeBody body, ErrorCode not_found);
  Outcome<store::UserRow> add_user(const store::Actor& actor, NewUser wanted,
                                   std::vector<store::MembershipRow> memberships);
  Outcome<store::UserRow> user_by_code(const Client& client, const Session& session,
                                       std::string_view code);
  Outcome<LinkMade> issue_link(const store::Actor& actor, store::LinkRow row, Millis life);
  Outcome<LinkMade> invitation(const store::Actor& actor, const store::UserRow& user);
  Outcome<store::LinkRow> good_link(const Client& client, const Secret& token);

  const Options options;
  control::Control& control;
  store::Store& store;
  const Clock& clock;
  HashQueue hashing;
  Guarded<Throttle> throttle;
  Guarded<KnownPlaces> known;
  Guarded<PendingSetups> pending;
  Guarded<FailureTable> bad_links;
  Guarded<std::optional<control::SealingKey>> sealing;
  std::mutex members;  // "who is the last owner" and the change that depends on it

 private:
  bool signed_in_from(const std::optional<UserKey>& user, std::string_view network);

  const std::string nobodys_hash_;  // of no password: what is checked where there is no user
};

}  // namespace guarita::identity
