// Users, memberships, passwords, two-factor.
#include "store/sqlite/apply.h"
#include "store/sqlite/apply_access.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/user_rows.h"

namespace guarita::store::sqlite {

namespace {

constexpr std::size_t kTextBytesMax = 1024;  // the store's own bound; identity's are tighter

StoreResult<void> check_text(std::string_view what, std::string_view text, std::size_t bytes_min) {
  const bool fits = text.size() >= bytes_min && text.size() <= kTextBytesMax &&
                    text.find('\0') == std::string_view::npos;
  if (fits) return {};
  return Err<StoreError>(refuse(StoreErrorKind::Invalid,
                                "the " + std::string(what) + " is empty or too long",
                                "choose a " + std::string(what) + " of 1 to 256 bytes"));
}

StoreResult<void> check_texts(std::string_view email, std::string_view folded,
                              std::string_view name, std::string_view language) {
  if (auto ok = check_text("email", email, 1); !ok) return ok;
  if (auto ok = check_text("email", folded, 1); !ok) return ok;
  if (auto ok = check_text("name", name, 0); !ok) return ok;
  return check_text("language", language, 0);
}

struct Before {
  UserRow row;
  Effect effect;
};

// The user as it is, its revision raised: what every change of a user begins with.
StoreResult<Before> begin_change(const ApplyContext& context, const UserKey& key,
                                 const char* verb) {
  auto row = find_user(context.db, key);
  if (!row) return Err<StoreError>(std::move(row.error()));
  Effect effect = effect_on_user(*row, verb);
  auto done = context.db.run("UPDATE users SET revision = ? WHERE key = ?", context.revision, key);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return Before{std::move(*row), std::move(effect)};
}

StoreResult<void> replace_recovery_codes(Database& db, const UserKey& user,
                                         const std::vector<crypto::Digest>& codes) {
  auto done = db.run("DELETE FROM recovery_codes WHERE user = ?", user);
  if (!done) return done;
  for (const crypto::Digest& code : codes) {
    done = db.run("INSERT INTO recovery_codes (user, digest) VALUES (?,?)", user, code);
    if (!done) return done;
  }
  return {};
}

StoreResult<void> put_membership(Database& db, const UserKey& user, const AccountKey& account,
                                 Role role) {
  return db.run(
      "INSERT INTO memberships (user, account, role) VALUES (?,?,?)"
      " ON CONFLICT (user, account) DO UPDATE SET role = excluded.role",
      user, account, text_of(role));
}

}  // namespace

Effect effect_on_user(const UserRow& row, const char* verb) {
  Effect effect;
  effect.kind = ChangeKind::User;
  effect.key = row.key.uuid;
  effect.row_before = hash_user(row);
  effect.verb = verb;
  effect.subject = row.key.text();
  effect.personal.text("subject_email", row.email);
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateUser& body) {
  const UserRow& user = body.user;
  auto fits = check_texts(user.email, user.email_folded, user.name, user.language);
  if (!fits) return Err<StoreError>(std::move(fits.error()));
  if (!user.password_hash.empty() || !user.totp_sealed.empty()) {
    return Err<StoreError>(refuse(StoreErrorKind::Invalid, "a new user has no password yet",
                                  "set it by the user's link"));
  }
  auto taken = find_user(context.db, user.email_folded);
  if (taken) {
    return Err<StoreError>(refuse(StoreErrorKind::AlreadyExists,
                                  "a user with this email exists already", "guarita user list"));
  }
  if (taken.error().kind != StoreErrorKind::NotFound) {
    return Err<StoreError>(std::move(taken.error()));
  }
  auto done = context.db.run(
      "INSERT INTO users (key, email, email_folded, name, language, is_operator, revision,"
      " created_ms) VALUES (?,?,?,?,?,?,?,?)",
      user.key, user.email, user.email_folded, user.name, user.language, user.is_operator,
      context.revision, context.change.at);
  if (!done) return Err<StoreError>(std::move(done.error()));
  JsonArray roles;
  for (const MembershipRow& membership : user.memberships) {
    auto account = find_account(context.db, membership.account);
    if (!account) return Err<StoreError>(std::move(account.error()));
    done = put_membership(context.db, user.key, membership.account, membership.role);
    if (!done) return Err<StoreError>(std::move(done.error()));
    JsonObject one;
    one.text("account", account->key.text()).text("account_id", account->id);
    roles.add_raw(one.text("role", text_of(membership.role)).take());
  }
  Effect effect = effect_on_user(user, "user.create");
  effect.row_before = {};
  effect.detail.flag("operator", user.is_operator);
  if (!roles.empty()) effect.detail.raw("memberships", roles.take());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const UpdateUser& body) {
  auto before = begin_change(context, body.user, "user.update");
  if (!before) return Err<StoreError>(std::move(before.error()));
  const UserRow& row = before->row;
  const std::string name = body.name.value_or(row.name);
  const std::string language = body.language.value_or(row.language);
  auto fits = check_texts(row.email, row.email_folded, name, language);
  if (!fits) return Err<StoreError>(std::move(fits.error()));
  auto done =
      context.db.run("UPDATE users SET name = ?, language = ?, is_operator = ? WHERE key = ?", name,
                     language, body.is_operator.value_or(row.is_operator), body.user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect = std::move(before->effect);
  effect.detail.flag("name", body.name.has_value()).flag("language", body.language.has_value());
  if (body.is_operator) effect.detail.flag("operator", *body.is_operator);
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const SetMembership& body) {
  auto before = begin_change(context, body.user, "user.role");
  if (!before) return Err<StoreError>(std::move(before.error()));
  auto account = find_account(context.db, body.account);
  if (!account) return Err<StoreError>(std::move(account.error()));
  auto done = body.role ? put_membership(context.db, body.user, body.account, *body.role)
                        : context.db.run("DELETE FROM memberships WHERE user = ? AND account = ?",
                                         body.user, body.account);
  if (!done) return Err<StoreError>(std::move(done.error()));
  if (!body.role && context.db.changed_rows() == 0) {
    return Err<StoreError>(refuse(StoreErrorKind::NotFound,
                                  "the user is no member of the account '" + account->id + "'",
                                  "guarita user show EMAIL"));
  }
  Effect effect = std::move(before->effect);
  effect.detail.text("account", account->key.text()).text("account_id", account->id);
  effect.detail.text("role", body.role ? text_of(*body.role) : "none");
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteUser& body) {
  auto row = find_user(context.db, body.user);
  if (!row) return Err<StoreError>(std::move(row.error()));
  // Memberships, recovery codes, sessions and links go by their foreign keys.
  auto done = context.db.run("DELETE FROM users WHERE key = ?", body.user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  return effect_on_user(*row, "user.delete");
}

StoreResult<Effect> apply_body(const ApplyContext& context, const SetPassword& body) {
  if (body.password_hash.empty()) {
    return Err<StoreError>(refuse(StoreErrorKind::Invalid, "a password is never empty",
                                  "give the hash of the new password"));
  }
  auto before = begin_change(context, body.user, "user.password");
  if (!before) return Err<StoreError>(std::move(before.error()));
  Effect effect = std::move(before->effect);
  if (body.link) {
    auto spent = spend_link(context, *body.link, body.user, std::nullopt);
    if (!spent) return Err<StoreError>(std::move(spent.error()));
    effect.detail.text("link", body.link->text()).text("link_kind", text_of(spent->kind));
  }
  auto done =
      context.db.run("UPDATE users SET password_hash = ?, password_changed_ms = ? WHERE key = ?",
                     body.password_hash, context.change.at, body.user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  done = context.db.run("DELETE FROM links WHERE user = ? AND used_ms IS NULL", body.user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  auto ended = end_sessions_of(context.db, body.user, body.keep);
  if (!ended) return Err<StoreError>(std::move(ended.error()));
  effect.detail.number("sessions_ended", *ended);
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const SetTwoFactor& body) {
  const bool on = !body.totp_sealed.empty();
  if (!on && !body.recovery_codes.empty()) {
    return Err<StoreError>(refuse(StoreErrorKind::Invalid,
                                  "without two-factor there are no recovery codes",
                                  "turn two-factor on first"));
  }
  auto before = begin_change(context, body.user, on ? "user.two_factor_on" : "user.two_factor_off");
  if (!before) return Err<StoreError>(std::move(before.error()));
  auto done = context.db.run(
      "UPDATE users SET totp_sealed = ?, totp_key_id = ?, totp_last_step = ? WHERE key = ?",
      bytes_of(body.totp_sealed), on ? body.totp_key_id : std::string(),
      on ? body.totp_last_step : 0, body.user);
  if (!done) return Err<StoreError>(std::move(done.error()));
  done = replace_recovery_codes(context.db, body.user, body.recovery_codes);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect = std::move(before->effect);
  if (on) effect.detail.number("recovery_codes", body.recovery_codes.size());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const SetRecoveryCodes& body) {
  auto before = begin_change(context, body.user, "user.recovery_codes");
  if (!before) return Err<StoreError>(std::move(before.error()));
  if (before->row.totp_sealed.empty()) {
    return Err<StoreError>(refuse(StoreErrorKind::Invalid,
                                  "without two-factor there are no recovery codes",
                                  "turn two-factor on first"));
  }
  auto done = replace_recovery_codes(context.db, body.user, body.recovery_codes);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect = std::move(before->effect);
  effect.detail.number("recovery_codes", body.recovery_codes.size());
  return effect;
}

}  // namespace guarita::store::sqlite
