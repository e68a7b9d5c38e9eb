#include "store/sqlite/restore_users.h"

#include "store/sqlite/row_io.h"
#include "store/sqlite/user_rows.h"

namespace guarita::store::sqlite {

namespace {

std::string member_of(Database& db, const SinkLine& line, std::string_view name) {
  Statement s = db.prepare("SELECT json_extract(?, '$.' || ?)");
  s.bind(line.detail).bind(name);
  return s.next() ? std::string(s.text(0)) : std::string();
}

// None: it was made after the backup, or is no key.
std::optional<UserRow> user_of(Database& db, const std::string& text) {
  const auto key = parse_uuid(text);
  if (!key) return std::nullopt;
  auto row = find_user(db, UserKey{*key});
  return row ? std::optional(std::move(*row)) : std::nullopt;
}

StoreResult<std::uint64_t> deleted_rows(Database& db, std::string_view sql) {
  if (auto ok = db.run(sql); !ok) return Err<StoreError>(std::move(ok.error()));
  return static_cast<std::uint64_t>(db.changed_rows());
}

}  // namespace

void LostUsers::note(Database& db, const SinkLine& line) {
  if (line.verb == "user.delete") {
    deleted_.insert(line.subject);
  } else if (line.verb == "user.password") {
    passwords_.insert(line.subject);
  } else if (line.verb == "user.two_factor_on" || line.verb == "user.two_factor_off") {
    two_factors_.insert(line.subject);
  } else if (line.verb == "user.role") {
    roles_[{line.subject, member_of(db, line, "account")}] = member_of(db, line, "role");
  } else if (line.verb == "user.update") {
    const std::string flag = member_of(db, line, "operator");  // "1", "0"; "": not changed
    if (!flag.empty()) operators_[line.subject] = flag == "1";
  }
}

StoreResult<void> LostUsers::end_access(Database& db, JsonObject& detail,
                                        std::vector<std::string>& warnings) const {
  auto sessions = deleted_rows(db, "DELETE FROM sessions");
  if (!sessions) return Err<StoreError>(std::move(sessions.error()));
  auto links = deleted_rows(db, "DELETE FROM links WHERE used_ms IS NULL");
  if (!links) return Err<StoreError>(std::move(links.error()));
  detail.number("sessions_ended", *sessions).number("links_ended", *links);
  std::uint64_t dropped = 0;
  for (const std::string& key : passwords_) {
    const auto user = user_of(db, key);
    if (!user || user->password_hash.empty() || deleted_.contains(key)) continue;
    auto done = db.run("UPDATE users SET password_hash = '' WHERE key = ?", user->key);
    if (!done) return done;
    ++dropped;
    warnings.push_back("the password of " + user->email +
                       " was changed after the backup, so the former one is not accepted: "
                       "guarita user reset " +
                       user->email);
  }
  detail.number("passwords_dropped", dropped);
  for (const std::string& key : two_factors_) {
    const auto user = user_of(db, key);
    if (!user || deleted_.contains(key)) continue;
    warnings.push_back("two-factor of " + user->email +
                       " was changed after the backup and is again as it was; if the "
                       "authenticator does not fit: guarita user reset-two-factor " +
                       user->email);
  }
  return {};
}

void LostUsers::add_changes(Database& db, std::vector<ChangeBody>& bodies) const {
  for (const std::string& key : deleted_) {
    if (const auto user = user_of(db, key)) bodies.emplace_back(DeleteUser{user->key});
  }
  for (const auto& [key, is_operator] : operators_) {
    const auto user = user_of(db, key);
    if (!user || is_operator || !user->is_operator || deleted_.contains(key)) continue;
    bodies.emplace_back(UpdateUser{.user = user->key, .is_operator = false});
  }
  for (const auto& [whose, role] : roles_) {
    const auto user = user_of(db, whose.first);
    if (!user || role == text_of(Role::Owner) || deleted_.contains(whose.first)) continue;
    for (const MembershipRow& had : user->memberships) {
      if (had.account.text() != whose.second) continue;
      const bool stays = role == text_of(Role::Viewer);
      if (stays && had.role == Role::Viewer) continue;
      bodies.emplace_back(SetMembership{user->key, had.account,
                                        stays ? std::optional(Role::Viewer) : std::nullopt});
    }
  }
}

}  // namespace guarita::store::sqlite
