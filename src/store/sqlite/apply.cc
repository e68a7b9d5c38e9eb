#include "store/sqlite/apply.h"

#include "store/sqlite/audit.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

bool is_refusal(StoreErrorKind kind) {
  switch (kind) {
    case StoreErrorKind::NotFound:
    case StoreErrorKind::AlreadyExists:
    case StoreErrorKind::InUse:
    case StoreErrorKind::RevisionMismatch:
    case StoreErrorKind::DeadToken:
    case StoreErrorKind::Invalid: return true;
    case StoreErrorKind::FolderInUse:
    case StoreErrorKind::CannotOpen:
    case StoreErrorKind::NotAStore:
    case StoreErrorKind::NewerSchema:
    case StoreErrorKind::RolledBack:
    case StoreErrorKind::ReadOnly:
    case StoreErrorKind::Full:
    case StoreErrorKind::Busy:
    case StoreErrorKind::Corrupt:
    case StoreErrorKind::FileExists:
    case StoreErrorKind::Io: return false;
  }
  return false;
}

StoreResult<AccountRow> account_for(const ApplyContext& context, const AccountKey& key) {
  auto row = find_account(context.db, key);
  if (!row) return row;
  const auto& wanted = context.change.if_revision;
  if (wanted && *wanted != row->revision) {
    StoreError e = refuse(StoreErrorKind::RevisionMismatch,
                          "the account '" + row->id + "' was changed in the meantime",
                          "read it again, then repeat the change");
    e.current = row->revision;
    return Err<StoreError>(std::move(e));
  }
  return row;
}

StoreResult<void> bump_account(const ApplyContext& context, const AccountKey& key) {
  return context.db.run("UPDATE accounts SET revision = ? WHERE key = ?", context.revision, key);
}

StoreResult<void> log_change(Database& db, Revision revision, ChangeKind kind, const Uuid& key,
                             const crypto::Digest& row_before) {
  return db.run("INSERT INTO changes (revision, kind, key, row_before) VALUES (?,?,?,?)", revision,
                text_of(kind), key, row_before);
}

namespace {

struct NextRevision {
  Revision revision = 0;
  AuditHead head;
};

// The one source of revisions: it is in the transaction, so a refused change costs none.
StoreResult<NextRevision> next_revision(Database& db) {
  Statement s = db.prepare(
      "UPDATE store SET revision = revision + 1 WHERE one = 1"
      " RETURNING revision, audit_seq, audit_head");
  NextRevision next;
  if (s.next()) next = {s.count(0), {s.count(1), s.fixed<32>(2)}};
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return next;
}

StoreResult<Committed> apply_change(Database& db, const Change& change) {
  auto next = next_revision(db);
  if (!next) return Err<StoreError>(std::move(next.error()));
  const ApplyContext context{db, change, next->revision};
  auto effect =
      std::visit([&](const auto& body) { return apply_body(context, body); }, change.body);
  if (!effect) return Err<StoreError>(std::move(effect.error()));
  const Revision revision = effect->revision == 0 ? next->revision : effect->revision;
  auto logged = log_change(db, revision, effect->kind, effect->key, effect->row_before);
  if (!logged) return Err<StoreError>(std::move(logged.error()));
  auto head = append_audit(db, next->head,
                           AuditEntry{.revision = revision,
                                      .at = change.at,
                                      .actor = change.actor,
                                      .verb = std::move(effect->verb),
                                      .subject = std::move(effect->subject),
                                      .detail = effect->detail.take(),
                                      .personal = std::move(effect->personal)});
  if (!head) return Err<StoreError>(std::move(head.error()));
  return Committed{.revision = revision, .at = change.at, .head = *head};
}

// A refusal is a value of its own change; anything else ends the batch.
StoreResult<StoreResult<Committed>> apply_in_savepoint(Database& db, const Change& change) {
  if (auto ok = db.run("SAVEPOINT change"); !ok) return Err<StoreError>(std::move(ok.error()));
  auto result = apply_change(db, change);
  if (!result) {
    if (!is_refusal(result.error().kind)) return Err<StoreError>(std::move(result.error()));
    auto undone = db.run("ROLLBACK TO change");
    if (!undone) return Err<StoreError>(std::move(undone.error()));
  }
  if (auto ok = db.run("RELEASE change"); !ok) return Err<StoreError>(std::move(ok.error()));
  return result;
}

StoreResult<std::vector<StoreResult<Committed>>> apply_batch(Database& db,
                                                             std::span<const Change> changes) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Write);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  std::vector<StoreResult<Committed>> results;
  results.reserve(changes.size());
  if (changes.size() == 1) {
    results.push_back(apply_change(db, changes.front()));
    if (!results.front()) return results;  // it is rolled back
  } else {
    for (const Change& change : changes) {
      auto result = apply_in_savepoint(db, change);
      if (!result) return Err<StoreError>(std::move(result.error()));
      results.push_back(std::move(*result));
    }
  }
  if (auto ok = transaction->commit(); !ok) return Err<StoreError>(std::move(ok.error()));
  return results;
}

}  // namespace

std::vector<StoreResult<Committed>> apply_all(Database& db, std::span<const Change> changes) {
  auto results = apply_batch(db, changes);
  if (results) return std::move(*results);
  std::vector<StoreResult<Committed>> failed;
  failed.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    failed.emplace_back(std::unexpect, results.error());
  }
  return failed;
}

StoreResult<Committed> record_event(Database& db, const Actor& actor, Time at, std::string verb,
                                    std::string detail) {
  auto next = next_revision(db);
  if (!next) return Err<StoreError>(std::move(next.error()));
  auto head = append_audit(db, next->head,
                           AuditEntry{.revision = next->revision,
                                      .at = at,
                                      .actor = actor,
                                      .verb = std::move(verb),
                                      .subject = "store",
                                      .detail = std::move(detail),
                                      .personal = {}});
  if (!head) return Err<StoreError>(std::move(head.error()));
  return Committed{.revision = next->revision, .at = at, .head = *head};
}

}  // namespace guarita::store::sqlite
