// Signing in and out, and what is known of a signed-in browser.
#include <algorithm>

#include "base/log.h"
#include "identity/email.h"
#include "identity/state.h"
#include "identity/text.h"

namespace guarita::identity {
namespace {

constexpr std::size_t kUserAgentBytesMax = 256;
constexpr Millis kTouchEvery = std::chrono::minutes(1);

std::string right_word(LinkRight right) {
  switch (right) {
    case LinkRight::View: return "view";
    case LinkRight::Rotate: return "rotate";
    case LinkRight::Activate: return "activate";
  }
  return "view";
}

void log_refused(const Client& client, std::string_view why) {
  log::info("identity", "a sign-in was refused", {{"why", why}, {"request_id", client.request_id}});
}

}  // namespace

std::string rights_text(const std::vector<LinkRight>& rights) {
  std::string text;
  for (const LinkRight right : {LinkRight::View, LinkRight::Rotate, LinkRight::Activate}) {
    if (std::ranges::find(rights, right) == rights.end()) continue;
    if (!text.empty()) text += ' ';
    text += right_word(right);
  }
  return text;
}

bool Session::may(LinkRight right) const {
  if (row.user) return false;
  const std::string padded = " " + row.rights + " ";
  return padded.find(" " + right_word(right) + " ") != std::string::npos;
}

store::Actor actor_of(const Session& session, const Client& client) {
  if (session.user) return actor_of_user(*session.user, client);
  return {.kind = store::ActorKind::User,
          .name = "console-link:" + session.row.key.text(),
          .address = client.address,
          .email = session.row.end_user,
          .request_id = client.request_id};
}

// ---- State --------------------------------------------------------------------------------------

bool Identity::State::is_good(const store::SessionRow& row) const {
  const Time now = clock.now();
  return now < row.expires_at && now < row.last_seen_at + kSessionIdle;
}

Outcome<Session> Identity::State::good_session(store::SessionRow row, std::string_view cookie) {
  if (!is_good(row)) return session_not_found();
  Session session;
  session.csrf = csrf_of(cookie);
  session.idle_expires_at = std::min(row.last_seen_at + kSessionIdle, row.expires_at);
  if (row.user) {
    auto user = store.user(*row.user);
    if (!user) return store_refused(user.error(), ErrorCode::SessionNotFound);
    session.user = std::move(*user);
    if (row.reauthenticated_at) session.fresh_until = *row.reauthenticated_at + kFresh;
  } else {
    if (!row.account || row.account_id.empty()) return session_not_found();  // the account is gone
    session.fresh_until = row.expires_at;
  }
  session.row = std::move(row);
  return session;
}

Outcome<SignedIn> Identity::State::start_session(const Client& client, store::SessionRow row,
                                                 const std::optional<LinkKey>& link,
                                                 const store::Actor& actor) {
  const Time now = clock.now();
  SignedIn signed_in{.cookie = new_token(), .session = {}};
  row.digest = crypto::sha256(signed_in.cookie.reveal());
  row.address = clean_ascii(client.address, kUserAgentBytesMax);
  row.user_agent = clean_ascii(client.user_agent, kUserAgentBytesMax);
  row.created_at = now;
  row.last_seen_at = now;
  row.expires_at = now + (row.user ? kSessionAbsolute : kConsoleSession);
  if (row.user) row.reauthenticated_at = now;
  auto started = commit(actor, store::StartSession{.session = row, .link = link},
                        link ? ErrorCode::LinkInvalid : ErrorCode::UserNotFound);
  if (!started) return Err<Error>(std::move(started.error()));
  auto session = good_session(std::move(row), signed_in.cookie.reveal());
  if (!session) return Err<Error>(std::move(session.error()));
  signed_in.session = std::move(*session);
  return signed_in;
}

// Between the check of the password and the session's commit somebody may have changed the
// password, which ends all sessions but not one that is not there yet: hence the second look.
Outcome<SignedIn> Identity::State::start_user_session(const Client& client,
                                                      const store::UserRow& user) {
  store::SessionRow row;
  row.key = {crypto::random_uuid_v7(clock.now())};
  row.user = user.key;
  auto signed_in = start_session(client, std::move(row), std::nullopt, actor_of_user(user, client));
  if (!signed_in) return signed_in;
  const store::UserRow& present = *signed_in->session.user;
  if (present.password_hash == user.password_hash && present.totp_sealed == user.totp_sealed) {
    remember_place(client, user);
    return signed_in;
  }
  auto ended = commit(actor_of_user(user, client), store::EndSession{signed_in->session.row.key},
                      ErrorCode::SessionNotFound);
  if (!ended && ended.error().code == ErrorCode::StoreUnavailable) {
    return Err<Error>(std::move(ended.error()));
  }
  return wrong_credentials();
}

// ---- Identity -----------------------------------------------------------------------------------

Identity::Identity(Options options, control::Control& control, store::Store& store,
                   const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), control, store, clock)) {}
Identity::~Identity() = default;

Outcome<SignedIn> Identity::sign_in(const Client& client, std::string_view email,
                                    const Secret& password, std::string_view code) {
  State& state = *state_;
  // An address that nobody can have goes the same way as one that nobody has.
  const auto parsed = parse_email(email);
  const std::string folded = parsed ? parsed->folded : "nobody";
  auto user = state.store.user_by_email(folded);
  if (!user && user.error().kind != store::StoreErrorKind::NotFound) {
    return store_refused(user.error(), ErrorCode::UserNotFound);
  }
  auto attempt =
      state.begin_attempt(client, folded, user ? std::optional(user->key) : std::nullopt);
  if (!attempt) return Err<Error>(std::move(attempt.error()));
  const auto right =
      state.password_is(user ? user->password_hash : std::string(), password, attempt->who);
  if (!right) {
    attempt->taken_back();
    return Err<Error>(right.error());
  }
  if (!user || !*right) {
    log_refused(client, "wrong_credentials");
    return wrong_credentials();
  }
  if (!user->totp_sealed.empty()) {
    if (code.empty()) {
      attempt->taken_back();
      return fail(ErrorCode::TwoFactorRequired, "the code of the authenticator is needed as well");
    }
    const auto good = state.code_is_right(*user, code);
    if (!good) {
      attempt->taken_back();
      return Err<Error>(good.error());
    }
    if (!*good) {
      log_refused(client, "wrong_code");
      return wrong_code();
    }
  }
  auto signed_in = state.start_user_session(client, *user);
  if (signed_in) attempt->succeeded();
  return signed_in;
}

Outcome<Session> Identity::resume(std::string_view cookie, Seen seen) {
  State& state = *state_;
  if (!is_token_shaped(cookie)) return session_not_found();
  auto row = state.store.session(crypto::sha256(cookie));
  if (!row) return store_refused(row.error(), ErrorCode::SessionNotFound);
  auto session = state.good_session(std::move(*row), cookie);
  const Time now = state.clock.now();
  if (!session || seen == Seen::Leave || now - session->row.last_seen_at < kTouchEvery)
    return session;
  // A store that cannot write keeps nobody out: the session only looks idle the sooner.
  if (const auto touched = state.store.touch_session(session->row.key, now); touched) {
    session->row.last_seen_at = now;
    session->idle_expires_at = std::min(now + kSessionIdle, session->row.expires_at);
  } else {
    log::warn("identity", "a session's use was not noted",
              {{"internal", touched.error().internal}});
  }
  return session;
}

Outcome<void> Identity::sign_out(const Client& client, const Session& session) {
  state_->pending.with([&](PendingSetups& setups) { setups.take(session.row.key); });
  return state_->commit(actor_of(session, client), store::EndSession{session.row.key},
                        ErrorCode::SessionNotFound);
}

Outcome<Time> Identity::reauthenticate(const Client& client, const Session& session,
                                       const Secret& password, std::string_view code) {
  State& state = *state_;
  const auto user = state.user_of(session);
  if (!user) return Err<Error>(user.error());
  auto attempt = state.begin_attempt(client, user->email_folded, user->key);
  if (!attempt) return Err<Error>(std::move(attempt.error()));
  const auto right = state.password_is(user->password_hash, password, attempt->who);
  if (!right) {
    attempt->taken_back();
    return Err<Error>(right.error());
  }
  if (!*right) return wrong_credentials();
  if (!user->totp_sealed.empty()) {
    if (code.empty()) {
      attempt->taken_back();
      return fail(ErrorCode::TwoFactorRequired, "the code of the authenticator is needed as well");
    }
    const auto good = state.code_is_right(*user, code);
    if (!good) {
      attempt->taken_back();
      return Err<Error>(good.error());
    }
    if (!*good) return wrong_code();
  }
  attempt->succeeded();
  const Time now = state.clock.now();
  const auto noted = state.store.reauthenticated(session.row.key, now);
  if (!noted) return store_refused(noted.error(), ErrorCode::SessionNotFound);
  return now + kFresh;
}

Outcome<std::vector<store::SessionRow>> Identity::sessions(const Session& session) {
  if (!session.row.user) return std::vector{session.row};
  auto rows = state_->store.sessions(*session.row.user);
  if (!rows) return store_refused(rows.error(), ErrorCode::UserNotFound);
  std::erase_if(*rows, [&](const store::SessionRow& row) { return !state_->is_good(row); });
  return std::move(*rows);
}

Outcome<void> Identity::end_session(const Client& client, const Session& session,
                                    const SessionKey& key) {
  const auto own = sessions(session);
  if (!own) return Err<Error>(own.error());
  if (std::ranges::find(*own, key, &store::SessionRow::key) == own->end()) {
    return session_not_found();  // another user's is none at all
  }
  return state_->commit(actor_of(session, client), store::EndSession{key},
                        ErrorCode::SessionNotFound);
}

Outcome<void> Identity::end_other_sessions(const Client& client, const Session& session) {
  if (!session.row.user) return {};
  return state_->commit(actor_of(session, client),
                        store::EndSessions{.user = *session.row.user, .keep = session.row.key},
                        ErrorCode::UserNotFound);
}

}  // namespace guarita::identity
