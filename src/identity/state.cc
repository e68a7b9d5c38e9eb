#include "identity/state.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "identity/text.h"
#include "identity/two_factor.h"

namespace guarita::identity {
namespace {

constexpr std::size_t kNameBytesMax = 200;

crypto::HashKey random_hash_key() {
  crypto::HashKey key;
  crypto::random_bytes(key);
  return key;
}

PasswordFunctions& functions_of(const Options& options) {
  return options.passwords != nullptr ? *options.passwords : argon2id();
}

}  // namespace

Secret new_token() {
  std::array<std::uint8_t, 32> random{};
  crypto::random_bytes(random);
  Secret token(crypto::base64url(random));
  explicit_bzero(random.data(), random.size());
  return token;
}

bool is_token_shaped(std::string_view text) {
  return text.size() == kTokenCharacters && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

Secret csrf_of(std::string_view cookie) {
  std::string text = "guarita csrf 1 ";
  text.reserve(text.size() + cookie.size());
  text += cookie;
  const Secret input(std::move(text));
  return Secret(crypto::base64url(crypto::sha256(input.reveal())));
}

Outcome<std::string> checked_name(std::string_view name) {
  const std::string_view trimmed = trim_ascii(name);
  if (trimmed.size() > kNameBytesMax) return invalid("name", "the name is longer than 200 bytes");
  if (!is_printable(trimmed)) return invalid("name", "the name holds characters that do not print");
  return std::string(trimmed);
}

Outcome<void> check_language(std::string_view language) {
  if (language.empty() || language == "pt-BR" || language == "en" || language == "es") return {};
  return invalid("language", "the languages are pt-BR, en and es");
}

store::Actor actor_of_user(const store::UserRow& user, const Client& client) {
  return {.kind = store::ActorKind::User,
          .name = user.key.text(),
          .address = client.address,
          .email = user.email,
          .request_id = client.request_id};
}

Identity::State::State(Options o, control::Control& c, store::Store& s, const Clock& k)
    : options(std::move(o)),
      control(c),
      store(s),
      clock(k),
      hashing(functions_of(options)),
      throttle(random_hash_key()),
      bad_links(kUserDelayMax, kCountsMax),
      nobodys_hash_(crypto::password_hash_of_nothing()) {}

// ---- attempts -----------------------------------------------------------------------------------

void Identity::State::Attempt::succeeded() {
  state_.throttle.with([&](Throttle& t) { t.succeeded(keys_, state_.clock.now()); });
  state_.known.with([&](KnownPlaces& places) { places.remember(keys_.pair); });
}

void Identity::State::Attempt::taken_back() {
  state_.throttle.with([&](Throttle& t) { t.taken_back(keys_); });
}

void Identity::State::remember_place(const Client& client, const store::UserRow& user) {
  const auto keys = throttle.with(
      [&](const Throttle& t) { return t.attempt(client.address, user.email_folded); });
  known.with([&](KnownPlaces& places) { places.remember(keys.pair); });
}

// By the sessions that are still kept: what the memory of this process forgot at a restart.
bool Identity::State::signed_in_from(const std::optional<UserKey>& user, std::string_view network) {
  const auto rows = store.sessions(user.value_or(UserKey{}));
  return rows && std::ranges::any_of(*rows, [&](const store::SessionRow& row) {
           return throttled_network(row.address) == network;
         });
}

Outcome<Identity::State::Attempt> Identity::State::begin_attempt(
    const Client& client, std::string_view email_folded, const std::optional<UserKey>& user) {
  const Time now = clock.now();
  const auto keys =
      throttle.with([&](const Throttle& t) { return t.attempt(client.address, email_folded); });
  bool is_known = known.with([&](const KnownPlaces& p) { return p.contains(keys.pair); });
  const bool matters = throttle.with([&](const Throttle& t) { return t.place_matters(keys, now); });
  if (!is_known && matters) is_known = signed_in_from(user, throttled_network(client.address));
  const auto place = is_known ? Throttle::Place::Known : Throttle::Place::Strange;
  const Millis wait = throttle.with([&](Throttle& t) {
    const Millis left = t.wait(keys, place, now);
    if (left == Millis{0}) t.failed(keys, now);
    return left;
  });
  if (wait > Millis{0}) {
    log::info("identity", "an attempt has to wait", {{"request_id", client.request_id}});
    return wait_for(wait);
  }
  return Attempt(*this, keys, is_known ? HashQueue::Who::Known : HashQueue::Who::Stranger);
}

Outcome<bool> Identity::State::password_is(const std::string& hash, const Secret& password,
                                           HashQueue::Who who) {
  const bool somebodys = !hash.empty();
  switch (hashing.verify(somebodys ? hash : nobodys_hash_, password, who)) {
    case crypto::PasswordMatch::Yes: return somebodys;
    case crypto::PasswordMatch::No: return false;
    case crypto::PasswordMatch::NoMemory: break;
  }
  return busy();
}

Outcome<std::string> Identity::State::hash_password(const Secret& password, HashQueue::Who who) {
  auto hash = hashing.hash(password, who);
  if (!hash) return busy();
  return std::move(*hash);
}

// ---- the second factor --------------------------------------------------------------------------

Outcome<control::SealingKey> Identity::State::sealing_key() {
  if (const auto kept = sealing.with([](const auto& key) { return key; })) return *kept;
  if (!options.sealing_key) {
    return fail(ErrorCode::StoreUnavailable, "the server has no sealing key");
  }
  auto loaded = options.sealing_key();
  if (!loaded) {
    log::error("identity", "the sealing key cannot be loaded", {{"internal", loaded.error()}});
    return fail(ErrorCode::StoreUnavailable, "the server cannot load its sealing key");
  }
  sealing.with([&](auto& key) { key = *loaded; });
  return *loaded;
}

Outcome<Secret> Identity::State::open_totp(const store::UserRow& user) {
  auto key = sealing_key();
  if (key && key->id != user.totp_key_id) {  // it may have been changed since we looked
    sealing.with([](auto& kept) { kept.reset(); });
    key = sealing_key();
  }
  if (!key) return Err<Error>(std::move(key.error()));
  auto plain = key->id == user.totp_key_id
                   ? crypto::open(key->key, user.totp_sealed, user.key.text())
                   : std::nullopt;
  if (!plain) {
    log::error("identity", "a two-factor secret does not open with the sealing key",
               {{"user", user.key.text()}, {"sealed_with", user.totp_key_id}, {"ours", key->id}});
    return fail(ErrorCode::StoreUnavailable,
                "codes of the authenticator cannot be checked: use a recovery code, or ask an "
                "operator to reset two-factor");
  }
  return Secret(std::move(*plain));
}

Outcome<bool> Identity::State::code_is_right(const store::UserRow& user, std::string_view code) {
  TypedCode typed = read_code(code);
  switch (typed.kind) {
    case CodeKind::Neither: return false;
    case CodeKind::Recovery: {
      const Secret text(std::move(typed.text));
      auto spent = store.use_recovery_code(user.key, recovery_digest(user.key, text.reveal()));
      if (!spent) return store_refused(spent.error(), ErrorCode::UserNotFound);
      return *spent;
    }
    case CodeKind::Totp: break;
  }
  const auto secret = open_totp(user);
  if (!secret) return Err<Error>(secret.error());
  const auto step = match_totp(*secret, typed.text, clock.now());
  if (!step) return false;
  auto spent = store.use_totp_step(user.key, *step);
  if (!spent) return store_refused(spent.error(), ErrorCode::UserNotFound);
  return *spent;
}

// ---- rows ---------------------------------------------------------------------------------------

Outcome<store::UserRow> Identity::State::find_user(const UserKey& key) {
  auto row = store.user(key);
  if (!row) return store_refused(row.error(), ErrorCode::UserNotFound);
  return std::move(*row);
}

Outcome<store::UserRow> Identity::State::user_of(const Session& session) {
  if (!session.row.user) {
    return fail(ErrorCode::UserNotFound, "a console link's session belongs to no user");
  }
  return find_user(*session.row.user);
}

Outcome<store::AccountRow> Identity::State::find_account(std::string_view id) {
  auto row = store.account_by_id(id);
  if (!row && row.error().kind == store::StoreErrorKind::NotFound) return account_not_found(id);
  if (!row) return store_refused(row.error(), ErrorCode::AccountNotFound);
  return std::move(*row);
}

Outcome<void> Identity::State::commit(const store::Actor& actor, store::ChangeBody body,
                                      ErrorCode not_found) {
  const auto committed = control.apply(actor, std::move(body));
  if (!committed) return store_refused(committed.error(), not_found);
  return {};
}

}  // namespace guarita::identity
