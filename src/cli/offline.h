// Work on the database itself, for commands that need no server.
#pragma once

#include "cli/commands.h"

namespace guarita::cli {

// The answer of GET /v1/audit:verify, made by reading the database.
Outcome<Reply> verify_audit_offline(Session& session, const AuditOptions& options);

}  // namespace guarita::cli
