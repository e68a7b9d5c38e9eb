// Sessions and one-time links.
#include "store/sqlite/apply_access.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/user_rows.h"

namespace guarita::store::sqlite {

namespace {

Err<StoreError> invalid(std::string text) {
  return Err<StoreError>(
      refuse(StoreErrorKind::Invalid, std::move(text), "correct the value, then try again"));
}

// Of the user when there is one. A console link has none: then the log names the row itself.
StoreResult<Effect> effect_of(const ApplyContext& context, const std::optional<UserKey>& user,
                              const Uuid& own_key, const char* verb) {
  Effect effect;
  if (user) {
    auto row = find_user(context.db, *user);
    if (!row) return Err<StoreError>(std::move(row.error()));
    effect = effect_on_user(*row, verb);
    effect.detail.text("user", row->key.text());
  }
  effect.kind = ChangeKind::User;
  effect.verb = verb;
  if (!user) effect.key = own_key;
  effect.subject = format_uuid(own_key);
  return effect;
}

// The account of a console link, in the words of the audit. Whom the operator vouches for is
// personal.
StoreResult<void> name_account(const ApplyContext& context, const AccountKey& key,
                               std::string_view rights, std::string_view end_user, Effect& effect) {
  auto account = find_account(context.db, key);
  if (!account) return Err<StoreError>(std::move(account.error()));
  effect.detail.text("account", account->key.text()).text("account_id", account->id);
  effect.detail.text_unless_empty("rights", rights);
  effect.personal.text_unless_empty("end_user", end_user);
  return {};
}

}  // namespace

StoreResult<LinkRow> spend_link(const ApplyContext& context, const LinkKey& key,
                                const std::optional<UserKey>& user,
                                const std::optional<AccountKey>& account) {
  auto row = find_link(context.db, key);
  if (!row) return row;
  if (row->used_at || row->expires_at <= context.change.at) {
    return Err<StoreError>(refuse(StoreErrorKind::DeadToken,
                                  "the link was used already or has expired",
                                  "ask for a new link"));
  }
  const bool of_console = row->kind == LinkKind::Console;
  if (row->user != user || (of_console && row->account != account)) {
    return invalid("the link is for something else");
  }
  auto done = context.db.run("UPDATE links SET used_ms = ? WHERE key = ?", context.change.at, key);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return row;
}

StoreResult<std::uint64_t> end_sessions_of(Database& db, const UserKey& user,
                                           const std::optional<SessionKey>& keep) {
  auto done = db.run("DELETE FROM sessions WHERE user = ? AND key IS NOT ?", user, keep);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return static_cast<std::uint64_t>(db.changed_rows());
}

StoreResult<Effect> apply_body(const ApplyContext& context, const IssueLink& body) {
  const LinkRow& link = body.link;
  const bool of_console = link.kind == LinkKind::Console;
  if (of_console == link.user.has_value() || (of_console && !link.account)) {
    return invalid("a console link is of an account, any other link of a user");
  }
  auto effect = effect_of(context, link.user, link.key.uuid, "link.issue");
  if (!effect) return effect;
  effect->detail.text("kind", text_of(link.kind));
  effect->detail.text("expires_at", format_rfc3339(link.expires_at));
  if (link.account) {
    auto named = name_account(context, *link.account, link.rights, link.end_user, *effect);
    if (!named) return Err<StoreError>(std::move(named.error()));
  }
  if (link.user) {
    auto done = context.db.run("DELETE FROM links WHERE user = ? AND used_ms IS NULL", *link.user);
    if (!done) return Err<StoreError>(std::move(done.error()));
  }
  auto done = context.db.run(
      "INSERT INTO links (key, digest, kind, user, account, rights, end_user, created_ms,"
      " expires_ms) VALUES (?,?,?,?,?,?,?,?,?)",
      link.key, link.digest, text_of(link.kind), link.user, link.account, link.rights,
      link.end_user, context.change.at, link.expires_at);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const StartSession& body) {
  const SessionRow& session = body.session;
  if (session.user.has_value() == session.account.has_value()) {
    return invalid("a session is of a user, or of a console link's account");
  }
  auto effect = effect_of(context, session.user, session.key.uuid, "session.start");
  if (!effect) return effect;
  if (session.account) {
    auto named = name_account(context, *session.account, session.rights, session.end_user, *effect);
    if (!named) return Err<StoreError>(std::move(named.error()));
  }
  if (body.link) {
    auto spent = spend_link(context, *body.link, session.user, session.account);
    if (!spent) return Err<StoreError>(std::move(spent.error()));
    effect->detail.text("link", body.link->text());
  }
  auto done = context.db.run(
      "INSERT INTO sessions (key, digest, user, account, rights, end_user, address, user_agent,"
      " created_ms, last_seen_ms, expires_ms, reauthenticated_ms)"
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?9,?10,?11)",
      session.key, session.digest, session.user, session.account, session.rights, session.end_user,
      session.address, session.user_agent, context.change.at, session.expires_at,
      session.reauthenticated_at);
  if (!done) return Err<StoreError>(std::move(done.error()));
  if (session.user) {
    done = context.db.run(
        "UPDATE users SET last_login_ms = max(coalesce(last_login_ms, 0), ?) WHERE key = ?",
        context.change.at, *session.user);
    if (!done) return Err<StoreError>(std::move(done.error()));
  }
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const EndSession& body) {
  auto row = find_session(context.db, body.session);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto effect = effect_of(context, row->user, row->key.uuid, "session.end");
  if (!effect) return effect;
  if (row->account) {
    auto named = name_account(context, *row->account, {}, row->end_user, *effect);
    if (!named) return Err<StoreError>(std::move(named.error()));
  }
  auto done = context.db.run("DELETE FROM sessions WHERE key = ?", body.session);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const EndSessions& body) {
  auto row = find_user(context.db, body.user);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto ended = end_sessions_of(context.db, body.user, body.keep);
  if (!ended) return Err<StoreError>(std::move(ended.error()));
  Effect effect = effect_on_user(*row, "session.end_others");
  effect.detail.number("sessions_ended", *ended);
  return effect;
}

}  // namespace guarita::store::sqlite
