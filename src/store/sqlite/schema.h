// The schema's versions. A file of migrations/ each, embedded in the binary, run once, in order.
#pragma once

#include <span>
#include <string_view>

#include "store/sqlite/database.h"

namespace guarita::store::sqlite {

struct Migration {
  unsigned version;
  std::string_view name;
  std::string_view sql;
};
std::span<const Migration> migrations();
inline constexpr std::int64_t kApplicationId = 0x47754761;  // "GuGa", in the file's header

enum class SchemaState : std::uint8_t { Empty, Older, Present };
// NotAStore when the file is another program's database, NewerSchema when it is from the future.
StoreResult<SchemaState> check_schema(Database& db);
StoreResult<unsigned> schema_version(Database& db);

// Brings the database to `version`, each migration in one transaction.
StoreResult<void> migrate(Database& db, unsigned version);
inline StoreResult<void> migrate(Database& db) {
  return migrate(db, migrations().back().version);
}

}  // namespace guarita::store::sqlite
