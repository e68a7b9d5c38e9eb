// A store that fails when told to. For tests.
#pragma once

#include <memory>

#include "store/store.h"

namespace guarita::control::testing {

class FlakyStore final : public store::Store {
 public:
  explicit FlakyStore(store::Store& real) : real_(real) {}
  bool writes_fail = false;
  bool reads_fail = false;
  bool reads_of_one_fail = false;  // of an account or an instance by its id

  std::vector<store::StoreResult<store::Committed>> apply(
      std::span<const store::Change> changes) override {
    if (!writes_fail) return real_.apply(changes);
    std::vector<store::StoreResult<store::Committed>> results;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      results.emplace_back(std::unexpect, failure());
    }
    return results;
  }
  store::StoreResult<store::Revision> load_all(store::SnapshotVisitor& v) override {
    if (reads_fail) return fail();
    return real_.load_all(v);
  }
  store::StoreResult<store::StoreInfo> info() override { return real_.info(); }
  store::StoreResult<store::AccountRow> account(const AccountKey& k) override {
    if (reads_fail) return fail();
    return real_.account(k);
  }
  store::StoreResult<store::AccountRow> account_by_id(std::string_view id) override {
    if (reads_fail || reads_of_one_fail) return fail();
    return real_.account_by_id(id);
  }
  store::StoreResult<store::Page<store::AccountRow>> accounts(
      const store::AccountFilter& f, const store::PageRequest& p) override {
    if (reads_fail) return fail();
    return real_.accounts(f, p);
  }
  store::StoreResult<std::uint64_t> count_accounts() override { return real_.count_accounts(); }
  store::StoreResult<std::uint64_t> count_instances(const std::optional<AccountKey>& of) override {
    return real_.count_instances(of);
  }
  store::StoreResult<store::InstanceRow> instance(const InstanceKey& k) override {
    return real_.instance(k);
  }
  store::StoreResult<store::InstanceRow> instance_by_id(std::string_view id) override {
    if (reads_fail || reads_of_one_fail) return fail();
    return real_.instance_by_id(id);
  }
  store::StoreResult<store::Page<store::InstanceRow>> instances(
      const store::InstanceFilter& f, const store::PageRequest& p) override {
    if (reads_fail) return fail();
    return real_.instances(f, p);
  }
  store::StoreResult<store::NamedRows> named(std::span<const std::string_view> accounts,
                                             std::span<const std::string_view> instances) override {
    if (reads_fail) return fail();
    return real_.named(accounts, instances);
  }
  store::StoreResult<bool> has_instance_token(const AccountKey& k,
                                              const store::InstanceTokenDigest& d) override {
    return real_.has_instance_token(k, d);
  }
  store::StoreResult<std::vector<store::TokenRow>> tokens(const AccountKey& k) override {
    return real_.tokens(k);
  }
  store::StoreResult<std::vector<store::IpEntry>> ip_list(const AccountKey& k) override {
    return real_.ip_list(k);
  }
  store::StoreResult<std::vector<store::TokenRow>> due_tokens(Time now) override {
    if (reads_fail) return fail();
    return real_.due_tokens(now);
  }
  store::StoreResult<store::AdminTokenRow> admin_token(const crypto::Digest& d) override {
    if (reads_fail) return fail();
    return real_.admin_token(d);
  }
  store::StoreResult<std::vector<store::AdminTokenRow>> admin_tokens() override {
    return real_.admin_tokens();
  }
  store::StoreResult<store::UserRow> user(const UserKey& k) override {
    if (reads_fail) return fail();
    return real_.user(k);
  }
  store::StoreResult<store::UserRow> user_by_email(std::string_view folded) override {
    if (reads_fail) return fail();
    return real_.user_by_email(folded);
  }
  store::StoreResult<store::Page<store::UserRow>> users(const store::UserFilter& f,
                                                        const store::PageRequest& p) override {
    if (reads_fail) return fail();
    return real_.users(f, p);
  }
  store::StoreResult<store::SessionRow> session(const crypto::Digest& d) override {
    if (reads_fail) return fail();
    return real_.session(d);
  }
  store::StoreResult<std::vector<store::SessionRow>> sessions(const UserKey& k) override {
    if (reads_fail) return fail();
    return real_.sessions(k);
  }
  store::StoreResult<store::LinkRow> link(const crypto::Digest& d) override {
    if (reads_fail) return fail();
    return real_.link(d);
  }
  store::StoreResult<std::vector<store::ChangeRow>> changes_since(store::Revision since,
                                                                  std::size_t limit) override {
    return real_.changes_since(since, limit);
  }
  store::StoreResult<store::Page<store::AuditRow>> audit(const store::AuditFilter& f,
                                                         const store::PageRequest& p) override {
    if (reads_fail) return fail();
    return real_.audit(f, p);
  }
  store::StoreResult<store::AuditReport> verify_audit(
      const std::optional<crypto::Digest>& head) override {
    return real_.verify_audit(head);
  }
  store::StoreResult<store::AuditHead> audit_head() override { return real_.audit_head(); }
  store::StoreResult<crypto::Digest> audit_hash(std::uint64_t seq) override {
    return real_.audit_hash(seq);
  }
  store::StoreResult<std::vector<store::DeletedRow>> deleted_since(std::uint64_t seq) override {
    if (reads_fail) return fail();
    return real_.deleted_since(seq);
  }
  store::StoreResult<void> add_counters(std::span<const store::CounterRow> rows) override {
    if (writes_fail) return store::StoreResult<void>(std::unexpect, failure());
    return real_.add_counters(rows);
  }
  store::StoreResult<std::vector<store::CounterRow>> counters(
      const store::CounterFilter& f) override {
    return real_.counters(f);
  }
  store::StoreResult<void> touch_tokens(std::span<const store::TokenUse> uses) override {
    if (writes_fail) return store::StoreResult<void>(std::unexpect, failure());
    return real_.touch_tokens(uses);
  }
  store::StoreResult<void> touch_admin_token(const AdminTokenKey& k, Time at) override {
    return real_.touch_admin_token(k, at);
  }
  store::StoreResult<void> touch_unknown_instances(
      std::span<const store::UnknownInstanceRow> seen) override {
    return real_.touch_unknown_instances(seen);
  }
  store::StoreResult<store::Page<store::UnknownInstanceRow>> unknown_instances(
      const store::PageRequest& p) override {
    return real_.unknown_instances(p);
  }
  store::StoreResult<void> touch_session(const SessionKey& k, Time at) override {
    if (writes_fail) return store::StoreResult<void>(std::unexpect, failure());
    return real_.touch_session(k, at);
  }
  store::StoreResult<void> reauthenticated(const SessionKey& k, Time at) override {
    if (writes_fail) return store::StoreResult<void>(std::unexpect, failure());
    return real_.reauthenticated(k, at);
  }
  store::StoreResult<bool> use_totp_step(const UserKey& k, std::uint64_t step) override {
    if (writes_fail) return fail();
    return real_.use_totp_step(k, step);
  }
  store::StoreResult<bool> use_recovery_code(const UserKey& k, const crypto::Digest& d) override {
    if (writes_fail) return fail();
    return real_.use_recovery_code(k, d);
  }
  store::StoreResult<void> prune(const store::PruneOptions& o) override { return real_.prune(o); }
  store::StoreResult<void> backup(const std::filesystem::path& f) override {
    return real_.backup(f);
  }
  store::StoreResult<void> save_mark() override { return real_.save_mark(); }

  // ---- ActivityBook ---------------------------------------------------------------------------
  store::StoreResult<void> note_activity(std::span<const store::CallerRow> callers_in,
                                         std::span<const store::InstanceCall> calls) override {
    if (writes_fail) return store::StoreResult<void>(std::unexpect, failure());
    return real_.note_activity(callers_in, calls);
  }
  store::StoreResult<std::vector<store::CallerRow>> callers(const AccountKey& k, Time t) override {
    if (reads_fail) return fail();
    return real_.callers(k, t);
  }
  store::StoreResult<void> forget_callers(Time t) override { return real_.forget_callers(t); }
  store::StoreResult<std::vector<store::InstanceActivity>> instance_activity(
      std::span<const store::InstanceRow> rows, Time t) override {
    if (reads_fail) return fail();
    return real_.instance_activity(rows, t);
  }
  store::StoreResult<std::vector<store::CounterRow>> account_traffic(
      const std::optional<AccountKey>& k, Time from, Time until) override {
    if (reads_fail) return fail();
    return real_.account_traffic(k, from, until);
  }
  store::StoreResult<std::vector<store::CounterRow>> instance_traffic(const AccountKey& k,
                                                                      const InstanceKey& i,
                                                                      Time from,
                                                                      Time until) override {
    return real_.instance_traffic(k, i, from, until);
  }
  store::StoreResult<std::vector<store::CounterRow>> places(
      const AccountKey& k, Time t, std::span<const std::string_view> except,
      std::size_t n) override {
    return real_.places(k, t, except, n);
  }

 private:
  static store::StoreError failure() {
    return {.kind = store::StoreErrorKind::Full,
            .text = "the disk is full",
            .remedy = "free some space",
            .internal = "SQLITE_FULL",
            .current = 0};
  }
  static Err<store::StoreError> fail() { return Err<store::StoreError>(failure()); }

  store::Store& real_;
};

}  // namespace guarita::control::testing
