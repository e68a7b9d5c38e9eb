#include "store/test_support.h"

#include <cstdlib>

namespace guarita::store::test {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "guarita-store-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

const std::vector<Backend>& backends() {
  static const std::vector<Backend> kBackends{
      {"Sqlite",
       [](const std::filesystem::path& folder) {
         auto opened = open_sqlite({.file = folder / "guarita.db"});
         if (!opened) ADD_FAILURE() << opened.error().text << " " << opened.error().internal;
         return opened ? std::move(*opened) : nullptr;
       }},
  };
  return kBackends;
}

const char* name_of(StoreErrorKind kind) {
  switch (kind) {
    case StoreErrorKind::NotFound: return "NotFound";
    case StoreErrorKind::AlreadyExists: return "AlreadyExists";
    case StoreErrorKind::InUse: return "InUse";
    case StoreErrorKind::RevisionMismatch: return "RevisionMismatch";
    case StoreErrorKind::DeadToken: return "DeadToken";
    case StoreErrorKind::Invalid: return "Invalid";
    case StoreErrorKind::FolderInUse: return "FolderInUse";
    case StoreErrorKind::CannotOpen: return "CannotOpen";
    case StoreErrorKind::NotAStore: return "NotAStore";
    case StoreErrorKind::NewerSchema: return "NewerSchema";
    case StoreErrorKind::RolledBack: return "RolledBack";
    case StoreErrorKind::ReadOnly: return "ReadOnly";
    case StoreErrorKind::Full: return "Full";
    case StoreErrorKind::Busy: return "Busy";
    case StoreErrorKind::Corrupt: return "Corrupt";
    case StoreErrorKind::FileExists: return "FileExists";
    case StoreErrorKind::Io: return "Io";
  }
  return "?";
}

Committed must(Store& store, ChangeBody body) {
  auto done = store.apply_one(change(std::move(body)));
  if (done) return *done;
  ADD_FAILURE() << name_of(done.error().kind) << ": " << done.error().text << " "
                << done.error().internal;
  return {};
}

std::string refused(Store& store, ChangeBody body, StoreErrorKind kind,
                    std::optional<Revision> if_revision) {
  const std::string before = dump(store);
  auto done = store.apply_one(change(std::move(body), if_revision));
  if (done) return "it was done";
  if (done.error().kind != kind) return name_of(done.error().kind) + (": " + done.error().text);
  if (done.error().text.empty() || done.error().remedy.empty()) return "no text or no remedy";
  if (dump(store) != before) return "it left something behind";
  return "";
}

namespace {

std::string number(const std::optional<Time>& t) {
  return t ? std::to_string(t->time_since_epoch().count()) : "-";
}

class Dump final : public SnapshotVisitor {
 public:
  void account(const AccountRow& row, std::span<const TokenRow> tokens,
               std::span<const IpEntry> ip_list) override {
    text += "account " + row.key.text() + " " + row.id + " '" + row.name + "' " +
            (row.enforce ? "on " : "off ") + std::to_string(row.revision) + "\n";
    for (const TokenRow& t : tokens) {
      text += "  token " + t.key.text() + " " + std::string(policy::text_of(t.state)) + " " +
              crypto::hex(t.digest).substr(0, 8) + " " + t.hint + " " + number(t.expires_at) + " " +
              number(t.retires_at) + " " + number(t.ended_at) + " '" + t.sealed + "'\n";
      EXPECT_EQ(t.account, row.key);
    }
    for (const IpEntry& e : ip_list) text += "  ip " + format_cidr(e.cidr) + " " + e.note + "\n";
  }
  void instance(const InstanceRow&) override {}  // listed below, with all that a row has
  void listed(const InstanceRow& row) {
    text += "instance " + row.key.text() + " " + row.id + " of " + row.account.text() + " '" +
            row.name + "' " + row.upstream + " " +
            (row.token ? crypto::hex(*row.token).substr(0, 8) : "-") + " " +
            std::to_string(row.revision) + "\n";
  }
  std::string text;
};

std::string dump_users(Store& store) {
  auto users = store.users({}, {.limit = kPageRowsMax});
  if (!users) return "users: " + users.error().text + users.error().internal;
  std::string text;
  for (const UserRow& row : users->rows) {
    text += "user " + row.key.text() + " " + row.email + " '" + row.name + "' " + row.language +
            (row.is_operator ? " operator '" : " '") + row.password_hash + "' " +
            number(row.password_changed_at) + " '" + row.totp_sealed + "' " + row.totp_key_id +
            " " + std::to_string(row.totp_last_step) + " " +
            std::to_string(row.recovery_codes_left) + " " + number(row.last_login_at) + " " +
            std::to_string(row.revision) + "\n";
    for (const MembershipRow& m : row.memberships) {
      text += "  " + std::string(m.role == Role::Owner ? "owner" : "viewer") + " of " +
              m.account_id + "\n";
    }
    auto sessions = store.sessions(row.key);
    if (!sessions) return "sessions: " + sessions.error().text + sessions.error().internal;
    for (const SessionRow& s : *sessions) {
      text += "  session " + s.key.text() + " " + number(s.last_seen_at) + " " +
              number(s.reauthenticated_at) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string dump(Store& store) {
  Dump out;
  auto revision = store.load_all(out);
  if (!revision) return "load_all: " + revision.error().text + revision.error().internal;
  out.text += "revision " + std::to_string(*revision) + "\n";
  for (PageRequest page{.limit = kPageRowsMax};;) {
    auto instances = store.instances({}, page);
    if (!instances) return "instances: " + instances.error().text;
    for (const InstanceRow& row : instances->rows) out.listed(row);
    if (instances->next.empty()) break;
    page.cursor = instances->next;
  }
  auto admin = store.admin_tokens();
  if (!admin) return "admin_tokens: " + admin.error().text;
  for (const AdminTokenRow& row : *admin) {
    out.text += "admin " + row.key.text() + " " + row.scope + " " + row.account_id + " " +
                number(row.revoked_at) + "\n";
  }
  out.text += dump_users(store);
  auto head = store.audit_head();
  if (!head) return "audit_head: " + head.error().text;
  out.text += "audit " + std::to_string(head->seq) + " " + crypto::hex(head->hash) + "\n";
  return out.text;
}

std::unique_ptr<Store> open_or_fail(const SqliteOptions& options) {
  auto opened = open_sqlite(options);
  if (opened) return std::move(*opened);
  ADD_FAILURE() << name_of(opened.error().kind) << ": " << opened.error().text << " "
                << opened.error().internal;
  return nullptr;
}

}  // namespace guarita::store::test
