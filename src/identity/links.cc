// One-time links: invitations, resets, console links. The token is 256 random bits in the fragment
// of a URL; what is kept is its digest.
#include <algorithm>

#include "identity/state.h"
#include "identity/text.h"

namespace guarita::identity {
namespace {

constexpr std::size_t kEndUserBytesMax = 254;

bool is_usable(const store::LinkRow& link, Time now) {
  return !link.used_at && now < link.expires_at;
}

}  // namespace

Outcome<LinkMade> Identity::State::issue_link(const store::Actor& actor, store::LinkRow row,
                                              Millis life) {
  const Time now = clock.now();
  LinkMade made{.token = new_token(), .row = {}, .user = {}};
  row.key = {crypto::random_uuid_v7(now)};
  row.digest = crypto::sha256(made.token.reveal());
  row.created_at = now;
  row.expires_at = now + life;
  const auto issued = commit(actor, store::IssueLink{row},
                             row.user ? ErrorCode::UserNotFound : ErrorCode::AccountNotFound);
  if (!issued) return Err<Error>(issued.error());
  made.row = std::move(row);
  return made;
}

// Guessing 256 bits needs no throttle. This one keeps a broken program from asking the disk all
// day; it is short, because people behind one proxy share it.
Outcome<store::LinkRow> Identity::State::good_link(const Client& client, const Secret& token) {
  const Time now = clock.now();
  const auto key =
      throttle.with([&](const Throttle& t) { return t.attempt(client.address, {}).address; });
  const Millis wait = bad_links.with([&](const FailureTable& t) { return t.wait(key, now); });
  if (wait > Millis{0}) return wait_for(wait);
  if (is_token_shaped(token.reveal())) {
    auto row = store.link(crypto::sha256(token.reveal()));
    if (row && is_usable(*row, now)) return std::move(*row);
    if (!row && row.error().kind != store::StoreErrorKind::NotFound) {
      return store_refused(row.error(), ErrorCode::LinkInvalid);
    }
  }
  bad_links.with([&](FailureTable& t) { t.add(key, now); });
  return link_invalid();
}

Outcome<LinkView> Identity::inspect_link(const Client& client, const Secret& token) {
  const auto link = state_->good_link(client, token);
  if (!link) return Err<Error>(link.error());
  LinkView view;
  view.kind = link->kind;
  view.account_id = link->account_id;
  view.expires_at = link->expires_at;
  if (link->user) {
    const auto user = state_->store.user(*link->user);
    if (!user) return store_refused(user.error(), ErrorCode::LinkInvalid);
    view.email = user->email;
    view.name = user->name;
  }
  return view;
}

namespace {

store::SessionRow console_session(const store::LinkRow& link, Time now) {
  store::SessionRow row;
  row.key = {crypto::random_uuid_v7(now)};
  row.account = link.account;
  row.account_id = link.account_id;
  row.rights = link.rights;
  row.end_user = link.end_user;
  return row;
}

}  // namespace

Outcome<SignedIn> Identity::redeem_link(const Client& client, const Secret& token,
                                        const Secret& password, std::string_view code) {
  State& state = *state_;
  const auto link = state.good_link(client, token);
  if (!link) return Err<Error>(link.error());
  if (!link->user) {
    Session session;
    session.row = console_session(*link, state.clock.now());
    return state.start_session(client, session.row, link->key, actor_of(session, client));
  }
  auto user = state.store.user(*link->user);
  if (!user) return store_refused(user.error(), ErrorCode::LinkInvalid);
  if (const auto fault = check_password(password.reveal(), user->email)) return weak(*fault);
  std::optional<State::Attempt> attempt;
  if (!user->totp_sealed.empty()) {
    if (code.empty()) {
      return fail(ErrorCode::TwoFactorRequired, "the code of the authenticator is needed as well");
    }
    auto begun = state.begin_attempt(client, user->email_folded, user->key);
    if (!begun) return Err<Error>(std::move(begun.error()));
    attempt.emplace(*begun);
    const auto good = state.code_is_right(*user, code);
    if (!good) {
      attempt->taken_back();
      return Err<Error>(good.error());
    }
    if (!*good) return wrong_code();
    attempt->succeeded();
  }
  auto hash = state.hash_password(password, HashQueue::Who::Known);
  if (!hash) return Err<Error>(std::move(hash.error()));
  const auto set = state.commit(
      actor_of_user(*user, client),
      store::SetPassword{
          .user = user->key, .password_hash = *hash, .keep = std::nullopt, .link = link->key},
      ErrorCode::LinkInvalid);
  if (!set) return Err<Error>(set.error());
  user->password_hash = std::move(*hash);
  return state.start_user_session(client, *user);
}

Outcome<LinkMade> Identity::console_link(const store::Actor& actor, std::string_view account_id,
                                         std::vector<LinkRight> rights, std::string end_user) {
  if (rights.empty()) return invalid("rights", "a console link needs at least the right to view");
  if (end_user.empty() || end_user.size() > kEndUserBytesMax || !is_printable(end_user)) {
    return invalid("end_user", "say who will use the link, in 1 to 254 bytes");
  }
  const auto account = state_->find_account(account_id);
  if (!account) return Err<Error>(account.error());
  store::LinkRow row;
  row.kind = store::LinkKind::Console;
  row.account = account->key;
  row.account_id = account->id;
  rights.push_back(LinkRight::View);  // goes with every right
  row.rights = rights_text(rights);
  row.end_user = std::move(end_user);
  return state_->issue_link(actor, std::move(row), kConsoleLinkLife);
}

}  // namespace guarita::identity
