#include "store/sqlite/audit.h"

#include <algorithm>
#include <charconv>

#include "store/sqlite/encode.h"
#include "store/sqlite/row_io.h"

namespace guarita::store::sqlite {

namespace {

constexpr std::size_t kFindingsMax = 100;

std::uint64_t millis(Time t) {
  return static_cast<std::uint64_t>(t.time_since_epoch().count());
}

crypto::Digest hash_of(const AuditRow& row, Bytes personal_digest) {
  RowEncoder out;
  out.put("guarita audit 1").put(row.seq).put(row.revision).put(millis(row.at));
  out.put(row.actor_kind).put(row.actor_name).put(row.request_id).put(row.verb);
  out.put(row.subject).put(row.detail).put(personal_digest).put(row.previous);
  return out.digest();
}

crypto::Digest personal_digest_of(Bytes salt, std::string_view fields) {
  return RowEncoder().put(salt).put(fields).digest();
}

std::string personal_of(const AuditEntry& entry) {
  JsonObject out;
  out.text_unless_empty("address", entry.actor.address);
  out.text_unless_empty("email", entry.actor.email);
  out.members_of(entry.personal);
  return out.empty() ? std::string() : out.take();
}

}  // namespace

StoreResult<AuditHead> append_audit(Database& db, const AuditHead& previous,
                                    const AuditEntry& entry) {
  AuditRow row{.seq = previous.seq + 1,
               .revision = entry.revision,
               .at = entry.at,
               .actor_kind = std::string(text_of(entry.actor.kind)),
               .actor_name = entry.actor.name,
               .request_id = entry.actor.request_id,
               .verb = entry.verb,
               .subject = entry.subject,
               .detail = entry.detail,
               .personal = std::nullopt,
               .previous = previous.hash,
               .hash = {}};
  const std::string personal = personal_of(entry);
  crypto::Digest digest{};
  Bytes personal_digest;
  if (!personal.empty()) {
    std::array<std::uint8_t, 16> salt{};
    crypto::random_bytes(salt);
    digest = personal_digest_of(salt, personal);
    personal_digest = digest;
    auto kept = db.run("INSERT INTO audit_personal (seq, at_ms, salt, fields) VALUES (?,?,?,?)",
                       row.seq, row.at, salt, personal);
    if (!kept) return Err<StoreError>(std::move(kept.error()));
  }
  row.hash = hash_of(row, personal_digest);
  auto written = db.run(
      "INSERT INTO audit (seq, revision, at_ms, actor_kind, actor_name, request_id, verb, subject,"
      " detail, personal_digest, previous, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
      row.seq, row.revision, row.at, row.actor_kind, row.actor_name, row.request_id, row.verb,
      row.subject, row.detail, personal_digest, row.previous, row.hash);
  if (!written) return Err<StoreError>(std::move(written.error()));
  auto moved = db.run(
      "UPDATE store SET audit_seq = ?, audit_head = ?, newest_ms = max(newest_ms, ?) WHERE one = 1",
      row.seq, row.hash, row.at);
  if (!moved) return Err<StoreError>(std::move(moved.error()));
  return AuditHead{row.seq, row.hash};
}

namespace {

// For LIKE: every verb, one, or those that begin so.
std::string verb_pattern_of(const std::string& verb) {
  if (verb.empty()) return "%";
  std::string out = like_escaped(verb);
  if (verb.ends_with('.')) out += '%';
  return out;
}

}  // namespace

StoreResult<Page<AuditRow>> read_audit_page(Database& db, const AuditFilter& filter,
                                            const PageRequest& page) {
  std::uint64_t before = INT64_MAX;
  if (!page.cursor.empty()) {
    const char* end = page.cursor.data() + page.cursor.size();
    const auto parsed = std::from_chars(page.cursor.data(), end, before);
    if (parsed.ec != std::errc() || parsed.ptr != end || before > INT64_MAX) {
      return Err<StoreError>(refuse(StoreErrorKind::Invalid, "the cursor is not one of this list",
                                    "use `next` of the page before, or no cursor"));
    }
  }
  const std::size_t limit = std::clamp<std::size_t>(page.limit, 1, kPageRowsMax);
  Statement s = db.prepare("SELECT " GUARITA_AUDIT_COLUMNS
                           ", p.fields FROM audit u LEFT JOIN audit_personal p ON p.seq = u.seq"
                           " WHERE u.seq < ?1 AND u.at_ms >= ?2 AND u.at_ms < ?3"
                           " AND u.verb LIKE ?4 ESCAPE '\\'"
                           " AND (u.subject LIKE ?5 ESCAPE '\\' OR u.actor_name LIKE ?5 ESCAPE '\\'"
                           " OR u.request_id LIKE ?5 ESCAPE '\\' OR p.fields LIKE ?5 ESCAPE '\\')"
                           " AND (?6 = '' OR json_extract(u.detail, '$.account') = ?6)"
                           " ORDER BY u.seq DESC LIMIT ?7");
  const std::string verb = verb_pattern_of(filter.verb);
  const std::string pattern = like_pattern_of(filter.search);
  const std::string account = filter.account ? filter.account->text() : std::string();
  s.bind(before).bind(filter.from).bind(filter.until).bind(verb).bind(pattern).bind(account);
  s.bind(static_cast<std::uint64_t>(limit + 1));
  Page<AuditRow> out;
  while (s.next()) {
    if (out.rows.size() == limit) {
      out.next = std::to_string(out.rows.back().seq);
      break;
    }
    AuditRow& row = out.rows.emplace_back();
    read_audit(s, row);
    if (!s.is_null(12)) {
      row.personal = s.text(12);
    } else if (s.bytes(9).empty()) {
      row.personal = "{}";
    }
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return out;
}

StoreResult<crypto::Digest> read_audit_hash(Database& db, std::uint64_t seq) {
  Statement s = db.prepare("SELECT hash FROM audit WHERE seq = ?");
  s.bind(seq);
  crypto::Digest hash{};
  const bool found = s.next();
  if (found) hash = s.fixed<32>(0);
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  if (!found) {
    return Err<StoreError>(refuse(StoreErrorKind::NotFound,
                                  "there is no audit row " + std::to_string(seq),
                                  "guarita audit verify"));
  }
  return hash;
}

StoreResult<std::vector<DeletedRow>> read_deleted(Database& db, std::uint64_t since_seq) {
  Statement s = db.prepare(
      "SELECT subject, json_extract(detail, '$.account'), json_extract(detail, '$.instance')"
      " FROM audit WHERE seq > ? AND verb IN ('account.delete', 'instance.delete') ORDER BY seq");
  s.bind(since_seq);
  std::vector<DeletedRow> rows;
  while (s.next()) {
    const bool is_account = s.is_null(2);
    const auto key = parse_uuid(s.text(is_account ? 1 : 2));
    rows.push_back({.kind = is_account ? ChangeKind::Account : ChangeKind::Instance,
                    .key = key.value_or(Uuid{}),
                    .id = std::string(s.text(0))});
  }
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return rows;
}

namespace {

// How many revisions a row stands for: one, but for "batch.create" (apply_many.cc).
Revision revisions_of(const AuditRow& row) {
  constexpr std::string_view kFirst = R"({"revisions":)";
  Revision count = 1;
  if (row.verb == "batch.create" && row.detail.starts_with(kFirst)) {
    const char* begin = row.detail.data() + kFirst.size();
    std::from_chars(begin, row.detail.data() + row.detail.size(), count);
  }
  return count;
}

// Walks the chain row by row.
class Verifier {
 public:
  explicit Verifier(const std::optional<crypto::Digest>& wanted) : wanted_(wanted) {}

  void row(const Statement& s) {
    read_audit(s, row_);
    ++report_.rows;
    if (row_.seq != last_.seq + 1) {
      find(AuditFault::Gap, "rows " + std::to_string(last_.seq + 1) + " to " +
                                std::to_string(row_.seq - 1) + " are missing");
    } else if (row_.previous != last_.hash) {
      find(AuditFault::BrokenLink, "does not follow from the row before");
    }
    if (row_.revision != last_revision_ + revisions_of(row_)) {
      find(AuditFault::Gap, "revision " + std::to_string(row_.revision) + " follows " +
                                std::to_string(last_revision_));
    }
    const Bytes personal = s.bytes(9);
    if (hash_of(row_, personal) != row_.hash) find(AuditFault::Edited, "was edited");
    if (!s.is_null(12)) check_personal(s, personal);
    if (wanted_ && row_.hash == *wanted_) wanted_seen_ = true;
    last_ = AuditHead{row_.seq, row_.hash};
    last_revision_ = row_.revision;
  }

  AuditReport end(const StoreInfo& info) {
    row_.seq = info.head.seq;
    if (last_.seq != info.head.seq || last_.hash != info.head.hash ||
        last_revision_ != info.revision) {
      find(AuditFault::WrongEnd, "the chain ends at row " + std::to_string(last_.seq) +
                                     ", the store says at row " + std::to_string(info.head.seq));
    }
    if (wanted_ && !wanted_seen_ && *wanted_ != crypto::Digest{}) {
      find(AuditFault::HeadNotFound,
           "no row has the hash " + crypto::hex(*wanted_) + ": rows were cut off or rewritten");
    }
    report_.head = last_;
    return std::move(report_);
  }

 private:
  void find(AuditFault fault, const std::string& text) {
    if (report_.findings.size() >= kFindingsMax) return;
    report_.findings.push_back({fault, row_.seq, "row " + std::to_string(row_.seq) + ": " + text});
  }
  void check_personal(const Statement& s, Bytes digest) {
    const crypto::Digest found = personal_digest_of(s.bytes(13), s.text(12));
    if (!std::ranges::equal(found, digest)) {
      find(AuditFault::PersonalEdit, "its personal fields were edited");
    }
  }

  const std::optional<crypto::Digest>& wanted_;
  bool wanted_seen_ = false;
  AuditRow row_;
  AuditHead last_;
  Revision last_revision_ = 0;
  AuditReport report_;
};

}  // namespace

StoreResult<AuditReport> verify_audit(Database& db, const std::optional<crypto::Digest>& head) {
  auto transaction = Transaction::begin(db, Transaction::Kind::Read);
  if (!transaction) return Err<StoreError>(std::move(transaction.error()));
  auto info = read_info(db);
  if (!info) return Err<StoreError>(std::move(info.error()));
  Verifier verifier(head);
  Statement s = db.prepare("SELECT " GUARITA_AUDIT_COLUMNS
                           ", p.fields, p.salt FROM audit u"
                           " LEFT JOIN audit_personal p ON p.seq = u.seq ORDER BY u.seq");
  while (s.next()) verifier.row(s);
  if (auto ok = s.finish(); !ok) return Err<StoreError>(std::move(ok.error()));
  return verifier.end(*info);
}

}  // namespace guarita::store::sqlite
