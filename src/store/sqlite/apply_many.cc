// Accounts and instances by the thousand: every statement prepared once, revisions counted here.
#include <unordered_set>

#include "store/sqlite/apply.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

namespace {

constexpr crypto::Digest kNoRow{};

class Many {
 public:
  Many(const ApplyContext& context, const CreateMany& body)
      : context_(context),
        body_(body),
        last_(context.revision + body.accounts.size() + body.instances.size() - 1) {}

  StoreResult<Effect> run() {
    for (const CreateMany::Account& account : body_.accounts) {
      if (auto ok = create(account); !ok) return Err<StoreError>(std::move(ok.error()));
    }
    if (auto ok = create_instances(); !ok) return Err<StoreError>(std::move(ok.error()));
    auto known = context_.db.run("UPDATE store SET revision = ? WHERE one = 1", last_);
    if (!known) return Err<StoreError>(std::move(known.error()));
    return effect();
  }

 private:
  StoreResult<void> create(const CreateMany::Account& account) {
    Database& db = context_.db;
    if (auto ok = check_id("account", account.id); !ok) return ok;
    if (account.enforce && !account.token) {
      return Err<StoreError>(refuse(StoreErrorKind::Invalid, "an account enforces a token it has",
                                    "give the account a token"));
    }
    auto done = db.run(
        "INSERT INTO accounts (key, id, name, enforce, revision, created_ms) VALUES (?,?,?,?,?,?)",
        account.key, account.id, account.name, account.enforce, last_, context_.change.at);
    if (!done) return taken(std::move(done), account.id);
    canonical_.put(account.key.uuid.bytes).put(account.id).put(account.name);
    canonical_.put(std::uint64_t{account.enforce});
    if (account.token) {
      if (auto ok = insert_token(db, account.key, *account.token); !ok) return ok;
      canonical_.put(account.token->key.uuid.bytes).put(account.token->digest);
    }
    return log(ChangeKind::Account, account.key.uuid);
  }

  StoreResult<void> create_instances() {
    if (body_.instances.empty()) return {};
    Database& db = context_.db;
    auto unknown = db.number("SELECT EXISTS (SELECT 1 FROM unknown_instances)");
    if (!unknown) return Err<StoreError>(std::move(unknown.error()));
    std::unordered_set<std::string_view> owners;
    for (const CreateInstance& row : body_.instances) {
      if (auto ok = check_id("instance", row.id); !ok) return ok;
      auto done = insert_instance(context_, row, next_);
      if (!done) return done;
      if (*unknown != 0) {
        done = db.run("DELETE FROM unknown_instances WHERE id = ?", row.id);
        if (!done) return done;
      }
      canonical_.put(row.key.uuid.bytes).put(row.id).put(row.account.uuid.bytes).put(row.name);
      canonical_.put(row.upstream).put(std::uint64_t{row.token.has_value()});
      if (row.token) canonical_.put(*row.token);
      if (auto ok = log(ChangeKind::Instance, row.key.uuid); !ok) return ok;
      const auto& owner = row.account.uuid.bytes;
      const std::string_view bytes(reinterpret_cast<const char*>(owner.data()), owner.size());
      if (!owners.insert(bytes).second) continue;
      done = db.run("UPDATE accounts SET revision = ? WHERE key = ?", last_, row.account);
      if (!done) return done;
    }
    return {};
  }

  // The last one's line is written with the audit row.
  StoreResult<void> log(ChangeKind kind, const Uuid& key) {
    const Revision revision = next_++;
    if (revision == last_) return {};
    return log_change(context_.db, revision, kind, key, kNoRow);
  }

  static StoreResult<void> taken(StoreResult<void> failed, const std::string& id) {
    if (failed.error().kind == StoreErrorKind::AlreadyExists) {
      failed.error().text = "the account '" + id + "' exists already";
    }
    return failed;
  }

  bool of_one_account() const {
    for (const CreateInstance& row : body_.instances) {
      if (row.account != body_.instances.front().account) return false;
    }
    return body_.accounts.empty();
  }

  Effect effect() const {
    const bool accounts_only = body_.instances.empty();
    Effect effect;
    effect.revision = last_;
    effect.verb = "batch.create";
    effect.kind = accounts_only ? ChangeKind::Account : ChangeKind::Instance;
    effect.key = accounts_only ? body_.accounts.back().key.uuid : body_.instances.back().key.uuid;
    effect.subject = accounts_only ? body_.accounts.back().id : body_.instances.back().id;
    // First: verify_audit() reads it.
    effect.detail.number("revisions", last_ - context_.revision + 1);
    effect.detail.number("accounts", body_.accounts.size());
    effect.detail.number("instances", body_.instances.size());
    effect.detail.text(
        "first", body_.accounts.empty() ? body_.instances.front().id : body_.accounts.front().id);
    effect.detail.text("last", effect.subject);
    effect.detail.text("sha256", crypto::hex(canonical_.digest()));
    if (of_one_account()) {
      effect.detail.text("account", body_.instances.front().account.text());
    }
    return effect;
  }

  const ApplyContext& context_;
  const CreateMany& body_;
  const Revision last_;
  Revision next_ = context_.revision;
  RowEncoder canonical_;
};

}  // namespace

StoreResult<Effect> apply_body(const ApplyContext& context, const CreateMany& body) {
  if (body.accounts.empty() && body.instances.empty()) {
    return Err<StoreError>(
        refuse(StoreErrorKind::Invalid, "there is nothing to create", "name what shall be made"));
  }
  return Many(context, body).run();
}

}  // namespace guarita::store::sqlite
