// Accounts and instances.
#include "store/sqlite/apply.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

StoreResult<void> check_id(std::string_view what, std::string_view id) {
  constexpr std::size_t kIdBytesMax = 1024;  // the store's own bound; control's are tighter
  if (!id.empty() && id.size() <= kIdBytesMax && id.find('\0') == std::string_view::npos) return {};
  return Err<StoreError>(refuse(StoreErrorKind::Invalid,
                                "the id of the " + std::string(what) + " is empty or too long",
                                "choose an id of 1 to 128 bytes"));
}

namespace {

template <class Found>
StoreResult<void> must_be_free(const Found& found, std::string_view what, std::string_view id) {
  if (found) {
    std::string text = "the " + std::string(what) + " '" + std::string(id) + "' exists already";
    return Err<StoreError>(refuse(StoreErrorKind::AlreadyExists, std::move(text),
                                  "choose another id, or delete the present one"));
  }
  if (found.error().kind == StoreErrorKind::NotFound) return {};
  return Err<StoreError>(found.error());
}

Effect effect_on(const AccountRow& row, const char* verb) {
  Effect effect;
  effect.kind = ChangeKind::Account;
  effect.key = row.key.uuid;
  effect.verb = verb;
  effect.subject = row.id;
  effect.detail.text("account", row.key.text());
  return effect;
}

Effect effect_on(const InstanceRow& row, const char* verb) {
  Effect effect;
  effect.kind = ChangeKind::Instance;
  effect.key = row.key.uuid;
  effect.row_before = hash_instance(row);
  effect.verb = verb;
  effect.subject = row.id;
  effect.detail.text("instance", row.key.text()).text("account", row.account.text());
  return effect;
}

struct Owned {
  InstanceRow row;
  AccountRow owner;
};
StoreResult<Owned> instance_for(const ApplyContext& context, const InstanceKey& key) {
  auto row = find_instance(context.db, key);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto owner = account_for(context, row->account);
  if (!owner) return Err<StoreError>(std::move(owner.error()));
  return Owned{std::move(*row), std::move(*owner)};
}

}  // namespace

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateAccount& body) {
  if (auto ok = check_id("account", body.id); !ok) return Err<StoreError>(std::move(ok.error()));
  auto free = must_be_free(find_account(context.db, body.id), "account", body.id);
  if (!free) return Err<StoreError>(std::move(free.error()));
  auto done = context.db.run(
      "INSERT INTO accounts (key, id, name, revision, created_ms) VALUES (?,?,?,?,?)", body.key,
      body.id, body.name, context.revision, context.change.at);
  if (!done) return Err<StoreError>(std::move(done.error()));
  AccountRow row;
  row.key = body.key;
  row.id = body.id;
  return effect_on(row, "account.create");
}

StoreResult<Effect> apply_body(const ApplyContext& context, const RenameAccount& body) {
  auto row = account_for(context, body.account);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto before = hash_account(context.db, body.account);
  if (!before) return Err<StoreError>(std::move(before.error()));
  auto done = context.db.run("UPDATE accounts SET name = ?, revision = ? WHERE key = ?", body.name,
                             context.revision, body.account);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect = effect_on(*row, "account.rename");
  effect.row_before = *before;
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteAccount& body) {
  auto row = account_for(context, body.account);
  if (!row) return Err<StoreError>(std::move(row.error()));
  auto before = hash_account(context.db, body.account);
  if (!before) return Err<StoreError>(std::move(before.error()));
  Statement counting = context.db.prepare("SELECT count(*) FROM instances WHERE account = ?");
  counting.bind(body.account);
  const std::uint64_t owned = counting.next() ? counting.count(0) : 0;
  if (auto ok = counting.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (owned > 0 && body.cascade == Cascade::Refuse) {
    return Err<StoreError>(
        refuse(StoreErrorKind::InUse,
               "the account '" + row->id + "' owns " + std::to_string(owned) + " instance(s)",
               "move or delete them first, or delete them with the account (--cascade)"));
  }
  auto gone = context.db.run("DELETE FROM instances WHERE account = ?", body.account);
  if (!gone) return Err<StoreError>(std::move(gone.error()));
  gone = context.db.run("DELETE FROM counters_hourly WHERE account = ?", body.account);
  if (!gone) return Err<StoreError>(std::move(gone.error()));
  // Tokens, IP list and the admin tokens limited to it go by their foreign keys.
  gone = context.db.run("DELETE FROM accounts WHERE key = ?", body.account);
  if (!gone) return Err<StoreError>(std::move(gone.error()));
  Effect effect = effect_on(*row, "account.delete");
  effect.row_before = *before;
  effect.detail.number("instances", owned);
  return effect;
}

StoreResult<void> insert_instance(const ApplyContext& context, const CreateInstance& row,
                                  Revision revision) {
  auto done = context.db.run(
      "INSERT INTO instances (key, id, id_hash, account, name, upstream, token_digest, revision,"
      " created_ms) VALUES (?1,?2,id_hash(?2),?3,?4,?5,?6,?7,?8)",
      row.key, row.id, row.account, row.name, row.upstream, row.token, revision, context.change.at);
  if (done || done.error().kind != StoreErrorKind::AlreadyExists) return done;
  auto free = must_be_free(find_instance(context.db, row.id), "instance", row.id);
  if (!free) return free;
  return Err<StoreError>(refuse(StoreErrorKind::AlreadyExists,
                                "the id '" + row.id + "' has the same hash as another instance's",
                                "choose another id"));
}

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateInstance& body) {
  if (auto ok = check_id("instance", body.id); !ok) return Err<StoreError>(std::move(ok.error()));
  auto owner = account_for(context, body.account);
  if (!owner) return Err<StoreError>(std::move(owner.error()));
  auto done = insert_instance(context, body, context.revision);
  if (!done) return Err<StoreError>(std::move(done.error()));
  done = context.db.run("DELETE FROM unknown_instances WHERE id = ?", body.id);
  if (!done) return Err<StoreError>(std::move(done.error()));
  if (auto ok = bump_account(context, body.account); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  InstanceRow row;
  row.key = body.key;
  row.id = body.id;
  row.account = body.account;
  Effect effect = effect_on(row, "instance.create");
  effect.row_before = {};
  effect.detail.flag("has_token", body.token.has_value());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const UpdateInstance& body) {
  auto found = instance_for(context, body.instance);
  if (!found) return Err<StoreError>(std::move(found.error()));
  const InstanceRow& row = found->row;
  auto done = context.db.run(
      "UPDATE instances SET name = ?, upstream = ?, token_digest = ?, revision = ? WHERE key = ?",
      body.name.value_or(row.name), body.upstream.value_or(row.upstream),
      body.token.value_or(row.token), context.revision, body.instance);
  if (!done) return Err<StoreError>(std::move(done.error()));
  Effect effect = effect_on(row, "instance.update");
  effect.detail.flag("name", body.name.has_value()).flag("upstream", body.upstream.has_value());
  effect.detail.flag("token", body.token.has_value());
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const MoveInstance& body) {
  auto found = instance_for(context, body.instance);
  if (!found) return Err<StoreError>(std::move(found.error()));
  auto target = find_account(context.db, body.to);
  if (!target) return Err<StoreError>(std::move(target.error()));
  auto done = context.db.run("UPDATE instances SET account = ?, revision = ? WHERE key = ?",
                             body.to, context.revision, body.instance);
  if (!done) return Err<StoreError>(std::move(done.error()));
  for (const AccountKey& key : {found->row.account, body.to}) {
    if (auto ok = bump_account(context, key); !ok) return Err<StoreError>(std::move(ok.error()));
  }
  Effect effect = effect_on(found->row, "instance.move");
  effect.detail.text("to", body.to.text());
  effect.detail.text("from_id", found->owner.id).text("to_id", target->id);
  return effect;
}

StoreResult<Effect> apply_body(const ApplyContext& context, const DeleteInstance& body) {
  auto found = instance_for(context, body.instance);
  if (!found) return Err<StoreError>(std::move(found.error()));
  auto done = context.db.run("DELETE FROM instances WHERE key = ?", body.instance);
  if (!done) return Err<StoreError>(std::move(done.error()));
  if (auto ok = bump_account(context, found->row.account); !ok) {
    return Err<StoreError>(std::move(ok.error()));
  }
  return effect_on(found->row, "instance.delete");
}

}  // namespace guarita::store::sqlite
