// The audit chain: each row holds the hash of the one before.
#pragma once

#include <optional>
#include <string>

#include "store/sqlite/database.h"
#include "store/sqlite/encode.h"
#include "store/store.h"

namespace guarita::store::sqlite {

struct AuditEntry {
  Revision revision;
  Time at;
  const Actor& actor;
  std::string verb;
  std::string subject;
  std::string detail;   // JSON
  JsonObject personal;  // beside the actor's address and email
};

// Writes the row after `previous` and makes it the store's head, in the caller's transaction.
StoreResult<AuditHead> append_audit(Database& db, const AuditHead& previous,
                                    const AuditEntry& entry);

StoreResult<Page<AuditRow>> read_audit_page(Database& db, const AuditFilter& filter,
                                            const PageRequest& page);
StoreResult<crypto::Digest> read_audit_hash(Database& db, std::uint64_t seq);
StoreResult<std::vector<DeletedRow>> read_deleted(Database& db, std::uint64_t since_seq);
StoreResult<AuditReport> verify_audit(Database& db, const std::optional<crypto::Digest>& head);

}  // namespace guarita::store::sqlite
