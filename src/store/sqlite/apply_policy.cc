// Tokens, IP lists, admin tokens.
#include "store/sqlite/apply.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

namespace {

Err<StoreError> invalid(std::string text) {
  return Err<StoreError>(
      refuse(StoreErrorKind::Invalid, std::move(text), "correct the value, then try again"));
}

struct Present {  // what is known of a token before the change
  bool exists = false;
  bool dead = false;
  AccountKey account;
  crypto::Digest digest{};
};

template <class... Bound>
StoreResult<Present> look_up(Database& db, std::string_view sql, const Bound&... bound) {
  Statement s = db.prepare(sql);
  (s.bind(bound), ...);
  Present out;
  if (s.next()) {
    out = {true, s.integer(2) != 0, AccountKey{s.uuid(0)}, s.fixed<32>(1)};
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return out;
}

StoreResult<Present> token_by_key(Database& db, const TokenKey& key) {
  return look_up(db, "SELECT account, digest, ended_ms IS NOT NULL FROM tokens WHERE key = ?", key);
}

StoreError dead_token() {
  return refuse(StoreErrorKind::DeadToken, "a revoked or expired token cannot live again",
                "generate a new token");
}

StoreResult<void> end_token(const ApplyContext& context, const ChangePolicy& body,
                            const EndedToken& ended) {
  if (!is_dead(ended.state)) return invalid("a token ends revoked or expired");
  auto present = token_by_key(context.db, ended.key);
  if (!present) return Err<StoreError>(std::move(present.error()));
  if (!present->exists || present->account != body.account) {
    return Err<StoreError>(refuse(StoreErrorKind::NotFound, "the token does not exist",
                                  "guarita token status ACCOUNT"));
  }
  if (present->dead) return {};
  return context.db.run(
      "UPDATE tokens SET state = ?, ended_ms = ?, sealed = x'', sealed_key_id = ''"
      " WHERE key = ? AND ended_ms IS NULL",
      text_of(ended.state), context.change.at, ended.key);
}

}  // namespace

StoreResult<void> insert_token(Database& db, const AccountKey& account, const TokenRow& row) {
  auto same = look_up(db,
                      "SELECT account, digest, ended_ms IS NOT NULL FROM tokens"
                      " WHERE account = ? AND digest = ?",
                      account, row.digest);
  if (!same) return Err<StoreError>(std::move(same.error()));
  if (same->exists && same->dead) return Err<StoreError>(dead_token());
  if (same->exists) {
    return Err<StoreError>(refuse(StoreErrorKind::AlreadyExists,
                                  "the account has this token already", "use another token"));
  }
  return db.run(
      "INSERT INTO tokens (key, account, digest, hint, state, weak, created_ms, expires_ms,"
      " retires_ms, last_used_ms, sealed, sealed_key_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
      row.key, account, row.digest, row.hint, text_of(row.state), row.weak, row.created_at,
      row.expires_at, row.retires_at, row.last_used_at, bytes_of(row.sealed), row.sealed_key_id);
}

namespace {

StoreResult<void> upsert_token(const ApplyContext& context, const ChangePolicy& body,
                               const TokenRow& row) {
  if (is_dead(row.state)) return invalid("a live token is current, next or retiring");
  auto present = token_by_key(context.db, row.key);
  if (!present) return Err<StoreError>(std::move(present.error()));
  if (!present->exists) return insert_token(context.db, body.account, row);
  if (present->account != body.account) return invalid("the token belongs to another account");
  if (present->dead) return Err<StoreError>(dead_token());
  if (present->digest != row.digest) return invalid("a token keeps its digest");
  return context.db.run(
      "UPDATE tokens SET hint = ?, state = ?, weak = ?, expires_ms = ?, retires_ms = ?,"
      " sealed = ?, sealed_key_id = ? WHERE key = ?",
      row.hint, text_of(row.state), row.weak, row.expires_at, row.retires_at, bytes_of(row.sealed),
      row.sealed_key_id, row.key);
}

// DESIGN §2: one current, at most one of next and retiring, next only beside a current.
StoreResult<void> check_live_tokens(Database& db, const AccountKey& account) {
  Statement s = db.prepare(
      "SELECT total(state = 'current'), total(state = 'next'), total(state = 'retiring')"
      " FROM tokens WHERE account = ? AND ended_ms IS NULL");
  s.bind(account);
  std::int64_t current = 0;
  std::int64_t next = 0;
  std::int64_t retiring = 0;
  if (s.next()) {
    current = s.integer(0);
    next = s.integer(1);
    retiring = s.integer(2);
  }
  if (auto ok = s.finish(); !ok) return ok;
  if (current <= 1 && next + retiring <= 1 && (next == 0 || current == 1)) return {};
  return invalid("no account may have these live tokens together");
}

void describe(Effect& effect, const ChangePolicy& body) {
  effect.detail.flag("enforce", body.enforce);
  JsonArray made;
  for (const TokenRow& row : body.upserts) {
    JsonObject one;
    one.text("id", row.key.text()).text("state", text_of(row.state));
    if (row.weak) one.flag("weak", true);
    if (row.expires_at) one.text("expires_at", format_rfc3339(*row.expires_at));
    if (row.retires_at) one.text("retires_at", format_rfc3339(*row.retires_at));
    made.add_raw(one.take());
  }
  if (!made.empty()) effect.detail.raw("tokens", made.take());
  JsonArray ended;
  for (const EndedToken& token : body.ended) {
    JsonObject one;
    one.text("id", token.key.text()).text("state", text_of(token.state));
    ended.add_raw(one.take());
  }
  if (!ended.empty()) effect.detail.raw("ended", ended.take());
}

Effect effect_on(const AccountRow& row, const crypto::Digest& before, std::string verb) {
  Effect effect;
  effect.kind = ChangeKind::Account;
  effect.key = row.key.uuid;
  effect.row_before = before;
  effect.verb = std::move(verb);
  effect.subject = row.id;
  effect.detail.text("account", row.key.text());
  return effect;
}

struct Before {
  AccountRow row;
  crypto::Digest hash{};
};
StoreResult<Before> account_before(const ApplyContext& context, const AccountKey& key) {
  auto row = account_for(context, key);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto hash = hash_account(context.db, key);
  if (!hash) return Err<StoreError>(std::move(hash.error()));
  return Before{std::move(*row), *hash};
}

}  // namespace

StoreResult<Effect> apply_body(const ApplyContext& context, const ChangePolicy& body) {
  if (body.verb.empty()) return invalid("a policy change names its verb");
  auto before = account_before(context, body.account);
  if (!before) return Err<StoreError>(std::move(before.error()));
  for (const EndedToken& token : body.ended) {
    if (auto ok = end_token(context, body, token); !ok) {
      return Err<StoreError>(std::move(ok.error()));
    }
  }
  for (const TokenRow& row : body.upserts) {
    if (auto ok = upsert_token(context, body, row); !ok) {
      return Err<StoreError>(std::move(ok.error()));
    }
  }
  auto done = context.db.run("UPDATE accounts SET enforce = ?, revision = ? WHERE key = ?",
                             body.enforce, context.revision, body.account);
  if (!done) return Err<StoreError>(std::move(done.error()));
  if (auto ok = check_live_tokens(context.db, body.account); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  Effect effect = effect_on(before->row, before->hash, body.verb);
  describe(effect, body);
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const SetIpList& body) {
  if (body.entries.size() > kIpEntriesMax) {
    return invalid("an IP list holds at most " + std::to_string(kIpEntriesMax) + " entries");
  }
  auto before = account_before(context, body.account);
  if (!before) return Err<StoreError>(std::move(before.error()));
  auto done = context.db.run("DELETE FROM ip_entries WHERE account = ?", body.account);
  if (!done) return Err<StoreError>(std::move(done.error()));
  JsonArray networks;
  std::uint64_t place = 0;
  for (const IpEntry& entry : body.entries) {
    done = context.db.run(
        "INSERT INTO ip_entries (account, place, network, prefix, note) VALUES (?,?,?,?,?)",
        body.account, place++, entry.cidr.network.bytes,
        static_cast<std::uint64_t>(entry.cidr.prefix_bits), entry.note);
    if (!done) return Err<StoreError>(std::move(done.error()));
    networks.add_text(format_cidr(entry.cidr));
  }
  if (auto ok = bump_account(context, body.account); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  Effect effect = effect_on(before->row, before->hash, "ip_list.set");
  effect.detail.number("entries", place);
  if (!networks.empty()) effect.personal.raw("networks", networks.take());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateAdminToken& body) {
  if (body.account) {
    auto account = find_account(context.db, *body.account);
    if (!account) return Err<StoreError>(std::move(account.error()));
  }
  auto done = context.db.run(
      "INSERT INTO admin_tokens (key, digest, scope, account, name, created_ms)"
      " VALUES (?,?,?,?,?,?)",
      body.key, body.digest, body.scope, body.account, body.name, context.change.at);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect;
  effect.kind = ChangeKind::AdminToken;
  effect.key = body.key.uuid;
  effect.verb = "admin_token.create";
  effect.subject = body.key.text();
  effect.detail.text("scope", body.scope);
  if (body.account) effect.detail.text("account", body.account->text());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const RevokeAdminToken& body) {
  auto row = find_admin_token(context.db, body.key);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto done =
      context.db.run("UPDATE admin_tokens SET revoked_ms = ? WHERE key = ? AND revoked_ms IS NULL",
                     context.change.at, body.key);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect;
  effect.kind = ChangeKind::AdminToken;
  effect.key = body.key.uuid;
  effect.row_before = hash_admin_token(*row);
  effect.verb = "admin_token.revoke";
  effect.subject = body.key.text();
  return effect;
}

}  // namespace guarita::store::sqlite
