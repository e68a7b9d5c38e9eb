// The chain finds every planted edit; the sink holds what the chain held.
#include <fstream>

#include "store/sqlite/database.h"
#include "store/test_support.h"

namespace guarita::store::test {
namespace {

namespace fs = std::filesystem;

class Audit : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail({.file = file_});
    for (std::uint64_t n = 1; n <= 5; ++n) {
      heads_.push_back(must(*store_, new_account(n, "a" + std::to_string(n))).head);
    }
    auto db = sqlite::Database::open(file_, sqlite::Access::Write);
    ASSERT_TRUE(db);
    intruder_ = std::make_unique<sqlite::Database>(std::move(*db));
  }
  void tamper(const std::string& sql) {
    ASSERT_TRUE(
        intruder_->script("DROP TRIGGER IF EXISTS audit_never_changes;"
                          "DROP TRIGGER IF EXISTS audit_never_shrinks;" +
                          sql));
  }
  std::vector<AuditFinding> findings() { return store_->verify_audit(std::nullopt)->findings; }
  bool finds(AuditFault fault, std::uint64_t seq) {
    return std::ranges::any_of(findings(), [&](const AuditFinding& f) {
      return f.fault == fault && f.seq == seq && !f.text.empty();
    });
  }

  TempFolder folder_;
  fs::path file_ = folder_ / "guarita.db";
  std::unique_ptr<Store> store_;
  std::unique_ptr<sqlite::Database> intruder_;
  std::vector<AuditHead> heads_;
};

TEST_F(Audit, RowsCannotBeChangedByAccident) {
  EXPECT_FALSE(intruder_->script("UPDATE audit SET verb = 'x'"));
  EXPECT_FALSE(intruder_->script("DELETE FROM audit"));
  EXPECT_TRUE(findings().empty());
}

TEST_F(Audit, AnEditOfAnyColumnIsFound) {
  for (const char* edit :
       {"revision = 9", "at_ms = at_ms + 1", "actor_kind = 'user'", "actor_name = 'x'",
        "request_id = ''", "verb = 'account.delete'", "subject = 'a9'", "detail = '{}'",
        "personal_digest = zeroblob(32)", "previous = zeroblob(32)", "hash = zeroblob(32)"}) {
    tamper("CREATE TEMP TABLE kept AS SELECT * FROM audit");
    tamper(std::string("UPDATE audit SET ") + edit + " WHERE seq = 3");
    EXPECT_TRUE(finds(AuditFault::Edited, 3)) << edit;
    tamper("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
    ASSERT_TRUE(findings().empty()) << edit;
  }
}

TEST_F(Audit, AMissingRowIsAGap) {
  tamper("DELETE FROM audit WHERE seq = 3");
  EXPECT_TRUE(finds(AuditFault::Gap, 4));
}

TEST_F(Audit, SwappedRowsAreFound) {
  tamper(
      "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
      "UPDATE audit SET seq = 3 WHERE seq = 100");
  EXPECT_TRUE(finds(AuditFault::Edited, 2));
  EXPECT_TRUE(finds(AuditFault::BrokenLink, 2));
}

TEST_F(Audit, ACutTailIsFoundByTheStoreOrByAHeadKeptElsewhere) {
  tamper("DELETE FROM audit WHERE seq > 3");
  EXPECT_TRUE(finds(AuditFault::WrongEnd, 5));
  // A careful intruder corrects the store's row as well: the chain is whole, the head tells.
  tamper(
      "UPDATE store SET audit_seq = 3, revision = 3,"
      " audit_head = (SELECT hash FROM audit WHERE seq = 3)");
  EXPECT_TRUE(findings().empty());
  auto report = store_->verify_audit(heads_.back().hash);
  ASSERT_EQ(report->findings.size(), 1u);
  EXPECT_EQ(report->findings[0].fault, AuditFault::HeadNotFound);
  EXPECT_TRUE(store_->verify_audit(heads_[2].hash)->findings.empty());
}

TEST_F(Audit, EditedPersonalFieldsAreFound) {
  tamper("UPDATE audit_personal SET fields = '{}' WHERE seq = 2");
  EXPECT_TRUE(finds(AuditFault::PersonalEdit, 2));
  tamper("DELETE FROM audit_personal WHERE seq = 2");
  EXPECT_TRUE(findings().empty());
}

class Sink : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_or_fail({.file = file_, .audit_sink = sink_}); }
  std::vector<std::string> lines() {
    std::ifstream in(sink_);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  TempFolder folder_;
  fs::path file_ = folder_ / "guarita.db";
  fs::path sink_ = folder_ / "audit.jsonl";
};

TEST_F(Sink, HoldsEveryRowOnceWithItsHashAndNothingPersonal) {
  auto store = open();
  must(*store, new_account(1, "a"));
  const Committed last =
      must(*store, SetIpList{account_key(1), {{*parse_cidr("203.0.113.0/24"), "home"}}});
  ASSERT_EQ(lines().size(), 2u);
  EXPECT_NE(lines()[1].find("\"hash\":\"" + crypto::hex(last.head.hash)), std::string::npos);
  EXPECT_NE(lines()[1].find("\"verb\":\"ip_list.set\""), std::string::npos);
  for (const std::string& line : lines()) {
    EXPECT_EQ(line.find("192.0.2.7"), std::string::npos);
    EXPECT_EQ(line.find("203.0.113"), std::string::npos);
  }
  store.reset();
  must(*open(), new_account(2, "b"));
  EXPECT_EQ(lines().size(), 3u);
}

TEST_F(Sink, GetsWhatItMissedAtTheNextOpen) {
  {
    auto without = open_or_fail({.file = file_});
    std::vector<Change> batch;
    for (std::uint64_t n = 1; n <= 500; ++n) {
      batch.push_back(change(new_account(n, "a" + std::to_string(n))));
    }
    for (const auto& done : without->apply(batch)) ASSERT_TRUE(done);
  }
  EXPECT_NE(open(), nullptr);
  ASSERT_EQ(lines().size(), 500u);
  // A crash in the middle of a line: the row is written again, on a line of its own.
  fs::resize_file(sink_, fs::file_size(sink_) - 20);
  EXPECT_NE(open(), nullptr);
  ASSERT_EQ(lines().size(), 501u);
  EXPECT_NE(lines().back().find("\"seq\":500,"), std::string::npos);
  EXPECT_EQ(lines().back().back(), '}');
}

TEST_F(Sink, SurvivesStrangeLinesInIt) {
  must(*open(), new_account(1, "a"));
  std::ofstream(sink_, std::ios::app) << "# a note of the operator\n{\"seq\":\"x\"}\n\n[1]\n";
  must(*open(), new_account(2, "b"));
  EXPECT_EQ(lines().size(), 6u);
  EXPECT_NE(lines().back().find("\"seq\":2,"), std::string::npos);
}

TEST_F(Sink, ThatCannotBeOpenedIsNamed) {
  auto opened = open_sqlite({.file = file_, .audit_sink = folder_ / "no" / "audit.jsonl"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, StoreErrorKind::CannotOpen);
  EXPECT_NE(opened.error().text.find("audit.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace guarita::store::test
