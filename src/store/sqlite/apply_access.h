// What the changes of users and those of sessions and links share.
#pragma once

#include <optional>

#include "store/sqlite/apply.h"

namespace guarita::store::sqlite {

// The change log's and the audit's view of a change of this user.
Effect effect_on_user(const UserRow& row, const char* verb);

// Marks the link used, now. NotFound when it is unknown; DeadToken when it was used or has
// expired at the change's `at`; Invalid when it is another user's or another account's.
StoreResult<LinkRow> spend_link(const ApplyContext& context, const LinkKey& key,
                                const std::optional<UserKey>& user,
                                const std::optional<AccountKey>& account);

// How many there were.
StoreResult<std::uint64_t> end_sessions_of(Database& db, const UserKey& user,
                                           const std::optional<SessionKey>& keep);

}  // namespace guarita::store::sqlite
