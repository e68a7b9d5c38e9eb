// Putting a backup in the place of the database. The new one is made complete beside the old one,
// then they change places; a crash in between leaves no database, which the high-water file turns
// into a refusal at the next start.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "store/sqlite/apply.h"
#include "store/sqlite/restore_users.h"
#include "store/sqlite/row_io.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"

namespace guarita::store::sqlite {

namespace {

constexpr const char* kSidecars[] = {"-wal", "-shm", "-journal"};

StoreResult<Database> open_backup(const Path& file) {
  auto db = Database::open(file, Access::Read);
  if (!db) return db;
  auto state = check_schema(*db);
  if (!state) return Err<StoreError>(std::move(state.error()));
  if (*state == SchemaState::Empty) {
    return Err<StoreError>(refuse(StoreErrorKind::NotAStore, file.string() + " is empty",
                                  "name a file that `guarita backup` has written"));
  }
  Statement s = db->prepare("PRAGMA quick_check(1)");
  const bool whole = s.next() && s.text(0) == "ok";
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (!whole) {
    return Err<StoreError>(
        refuse(StoreErrorKind::Corrupt, file.string() + " is damaged", "use an older backup"));
  }
  return db;
}

// What the audit sink knows of the time after the backup.
struct Lost {
  std::map<std::string, std::string> ended;  // token -> "revoked" or "expired"
  std::vector<std::string> deleted_accounts;
  std::vector<std::string> revoked_admin_tokens;
  LostUsers users;
  std::vector<std::string> warnings;
};

void note_ended_tokens(Database& db, const SinkLine& line, Lost& lost) {
  Statement s = db.prepare(
      "SELECT json_extract(value, '$.id'), json_extract(value, '$.state')"
      " FROM json_each(?, '$.ended')");
  s.bind(line.detail);
  while (s.next()) lost.ended[std::string(s.text(0))] = s.text(1);
}

std::string field_of(Database& db, const SinkLine& line, std::string_view sql) {
  Statement s = db.prepare(sql);
  s.bind(line.detail);
  return s.next() ? std::string(s.text(0)) : std::string();
}

StoreResult<Lost> read_lost(const RestoreOptions& options, Database& db, const StoreInfo& info) {
  Lost lost;
  if (options.audit_sink.empty()) {
    lost.warnings.emplace_back(
        "no audit sink is configured: tokens revoked and users deleted after the backup are "
        "accepted "
        "again");
    return lost;
  }
  auto read = read_sink(options.audit_sink, db, [&](const SinkLine& line) {
    if (line.store_id != info.store_id) return;
    const bool later =
        line.epoch > info.epoch || (line.epoch == info.epoch && line.seq > info.head.seq);
    if (!later) return;
    note_ended_tokens(db, line, lost);
    lost.users.note(db, line);
    if (line.verb == "account.delete") {
      lost.deleted_accounts.push_back(field_of(db, line, "SELECT json_extract(?, '$.account')"));
    } else if (line.verb == "admin_token.revoke") {
      lost.revoked_admin_tokens.push_back(line.subject);
    } else if (line.verb == "token.activate") {
      lost.warnings.push_back("the account '" + line.subject +
                              "' was activated after the backup; to activate it again: "
                              "guarita token activate " +
                              line.subject);
    }
  });
  if (!read) return Err<StoreError>(std::move(read.error()));
  if (*read > 0) {
    lost.warnings.push_back(std::to_string(*read) + " line(s) of the audit sink are no audit rows");
  }
  return lost;
}

// The change that ends the lost tokens of one account. What is left must be a state of DESIGN §2:
// a next token whose current one died takes its place. The bit stays: an account that enforces and
// has no token left is locked, never open.
ChangePolicy ending(const AccountRow& account, const std::vector<TokenRow>& tokens,
                    const Lost& lost) {
  ChangePolicy change{.account = account.key,
                      .verb = "token.reapply",
                      .enforce = account.enforce,
                      .upserts = {},
                      .ended = {}};
  bool current_left = false;
  for (const TokenRow& token : tokens) {
    if (is_dead(token.state)) continue;
    const auto found = lost.ended.find(token.key.text());
    if (found != lost.ended.end()) {
      change.ended.push_back(
          {token.key, found->second == "expired" ? TokenState::Expired : TokenState::Revoked});
    } else {
      current_left |= token.state == TokenState::Current;
    }
  }
  for (const TokenRow& token : tokens) {
    if (current_left || token.state != TokenState::Next || lost.ended.contains(token.key.text())) {
      continue;
    }
    change.upserts.push_back(token);
    change.upserts.back().state = TokenState::Current;
  }
  return change;
}

StoreResult<std::vector<ChangeBody>> bodies_to_reapply(Database& db, const Lost& lost) {
  std::vector<ChangeBody> bodies;
  for (const std::string& text : lost.deleted_accounts) {
    const auto key = parse_uuid(text);
    if (!key || !find_account(db, AccountKey{*key})) continue;
    bodies.emplace_back(DeleteAccount{AccountKey{*key}, Cascade::DeleteInstances});
  }
  for (const std::string& text : lost.revoked_admin_tokens) {
    const auto key = parse_uuid(text);
    if (key) bodies.emplace_back(RevokeAdminToken{AdminTokenKey{*key}});
  }
  lost.users.add_changes(db, bodies);
  std::vector<AccountKey> accounts;
  {
    Statement s = db.prepare("SELECT DISTINCT account FROM tokens WHERE ended_ms IS NULL");
    while (s.next()) accounts.push_back(AccountKey{s.uuid(0)});
    if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  }
  for (const AccountKey& key : accounts) {
    auto account = find_account(db, key);
    if (!account) return Err<StoreError>(std::move(account.error()));
    auto tokens = find_tokens(db, key);
    if (!tokens) return Err<StoreError>(std::move(tokens.error()));
    ChangePolicy change = ending(*account, *tokens, lost);
    if (!change.ended.empty()) bodies.emplace_back(std::move(change));
  }
  return bodies;
}

// Raises the epoch, says so in the audit, applies again what must not be forgotten.
StoreResult<void> accept_loss(const RestoreOptions& options, Database& db, const HighWater& mark,
                              RestoreReport& report) {
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  auto lost = read_lost(options, db, *info);
  if (!lost) return Err<StoreError>(std::move(lost.error()));
  const std::uint64_t epoch = std::max(mark.epoch, info->epoch) + 1;
  const bool ours = mark.store_id == info->store_id;
  if (ours && mark.revision > info->revision) {
    report.revisions_lost = mark.revision - info->revision;
  }
  {
    auto transaction = Transaction::begin(db, Transaction::Kind::Write);
    if (!transaction) return Err<StoreError>(std::move(transaction.error()));
    auto raised = db.run("UPDATE store SET epoch = ?, epoch_seq = audit_seq WHERE one = 1", epoch);
    if (!raised) return raised;
    JsonObject detail;
    detail.number("epoch", epoch).number("revisions_lost", report.revisions_lost);
    if (auto ok = lost->users.end_access(db, detail, lost->warnings); !ok) return ok;
    auto event = record_event(db, Actor{}, options.now, "store.restore", detail.take());
    if (!event) return Err<StoreError>(std::move(event.error()));
    if (auto ok = transaction->commit(); !ok) return ok;
  }
  auto bodies = bodies_to_reapply(db, *lost);
  if (!bodies) return Err<StoreError>(std::move(bodies.error()));
  std::vector<Change> changes;
  for (ChangeBody& body : *bodies) {
    changes.push_back(Change{.actor = {}, .at = options.now, .body = std::move(body)});
  }
  for (const auto& result : apply_all(db, changes)) {
    if (result) {
      ++report.revocations_reapplied;
    } else if (result.error().kind != StoreErrorKind::NotFound) {
      return Err<StoreError>(result.error());  // NotFound: it was made and ended after the backup
    }
  }
  report.warnings = std::move(lost->warnings);
  return {};
}

StoreResult<void> finish_draft(const RestoreOptions& options, const Path& draft,
                               const std::optional<HighWater>& mark, RestoreReport& report) {
  auto db = Database::open(draft, Access::Write);
  if (!db) return Err<StoreError>(std::move(db.error()));
  if (auto ok = migrate(*db); !ok) return ok;
  auto info = read_info(*db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  if (mark) {
    if (auto fits = check_high_water(*db, *info, *mark); !fits) {
      const bool behind = fits.error().kind == StoreErrorKind::RolledBack;
      if (!behind || options.accept_loss == AcceptLoss::No) return fits;
      if (auto ok = accept_loss(options, *db, *mark, report); !ok) return ok;
    }
  }
  info = read_info(*db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  report.info = *info;
  // The sink gets the new rows when the store is opened: not before it is the store.
  return {};
}

// The former database and its companions get a name of their own, companions first: a database
// without its WAL is behind its high-water mark, a new one with a foreign WAL would be damaged.
StoreResult<void> set_aside(const Path& target, RestoreReport& report) {
  std::error_code ignored;
  if (!std::filesystem::exists(target, ignored)) return {};
  Path aside;
  for (unsigned n = 1; aside.empty(); ++n) {
    const Path candidate = beside(target, (".replaced-" + std::to_string(n)).c_str());
    if (!std::filesystem::exists(candidate, ignored)) aside = candidate;
  }
  for (const char* suffix : kSidecars) {
    const Path from = beside(target, suffix);
    if (!std::filesystem::exists(from, ignored)) continue;
    if (auto ok = move_file(from, beside(aside, suffix), Replace::Yes); !ok) return ok;
  }
  report.replaced = aside;
  return move_file(target, aside, Replace::No);
}

void remove_draft(const Path& draft) {
  ::unlink(draft.c_str());
  for (const char* suffix : kSidecars) ::unlink(beside(draft, suffix).c_str());
}

StoreResult<void> restore(const RestoreOptions& options, const Path& draft, RestoreReport& report) {
  auto mark = load_high_water(options.target);
  const bool damaged = !mark && mark.error().kind == StoreErrorKind::Corrupt;
  if (!mark && (!damaged || options.accept_loss == AcceptLoss::No)) {
    return Err<StoreError>(std::move(mark.error()));
  }
  {
    auto from = open_backup(options.backup.empty() ? options.target : options.backup);
    if (!from) return Err<StoreError>(std::move(from.error()));
    remove_draft(draft);
    if (auto ok = copy_database(*from, draft); !ok) return ok;
  }
  // A damaged mark says nothing: taken as one that no store fits.
  const std::optional<HighWater> known =
      damaged ? HighWater{.store_id = {}, .epoch = 0, .revision = 1, .head = {}} : *mark;
  if (auto ok = finish_draft(options, draft, known, report); !ok) return ok;
  // A snapshot file of the former database: its history tells it from the new one, this makes sure.
  ::unlink(beside(options.target, ".snapshot").c_str());
  if (auto ok = set_aside(options.target, report); !ok) return ok;
  if (auto ok = move_file(draft, options.target, Replace::No); !ok) return ok;
  return save_high_water(options.target, high_water_of(report.info));
}

}  // namespace

}  // namespace guarita::store::sqlite

namespace guarita::store {

StoreResult<RestoreReport> restore_sqlite(const RestoreOptions& options) {
  auto lock = sqlite::take_folder_lock(options.target);
  if (!lock) return Err<StoreError>(std::move(lock.error()));
  RestoreReport report;
  const sqlite::Path draft = sqlite::beside(options.target, ".restoring");
  if (auto ok = sqlite::restore(options, draft, report); !ok) {
    sqlite::remove_draft(draft);
    return Err<StoreError>(std::move(ok.error()));
  }
  return report;
}

}  // namespace guarita::store
