// What a restore must not give back to users: access that ended after the backup.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite/audit_sink.h"
#include "store/sqlite/encode.h"

namespace guarita::store::sqlite {

class LostUsers {
 public:
  // A line of the audit sink that is later than the backup.
  void note(Database& db, const SinkLine& line);

  // In the caller's transaction: every session and every unused link ends, for nobody can say which
  // of them ended after the backup; a password that was changed since is none. Counts into
  // `detail`, and what people have to do into `warnings`.
  StoreResult<void> end_access(Database& db, JsonObject& detail,
                               std::vector<std::string>& warnings) const;

  // Users deleted, roles and operators taken away. What was granted since stays lost.
  void add_changes(Database& db, std::vector<ChangeBody>& bodies) const;

 private:
  std::set<std::string> deleted_, passwords_, two_factors_;
  std::map<std::string, bool> operators_;
  std::map<std::pair<std::string, std::string>, std::string> roles_;  // user, account -> the last
};

}  // namespace guarita::store::sqlite
