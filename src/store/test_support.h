// What the store's tests share: a folder that goes away, short ways to write changes, and the
// list of stores that the contract suite runs on.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite_store.h"
#include "store/store.h"

namespace guarita::store::test {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A store of one kind, made in a folder; opening the same folder again finds what is there.
struct Backend {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& folder)> open;
};
const std::vector<Backend>& backends();

class ContractTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    store_ = GetParam().open(folder_.path());
    ASSERT_NE(store_, nullptr);
  }
  Store& store() { return *store_; }

 private:
  TempFolder folder_;
  std::unique_ptr<Store> store_;
};
#define GUARITA_ON_EVERY_STORE(Suite)                                                              \
  INSTANTIATE_TEST_SUITE_P(Stores, Suite, ::testing::ValuesIn(::guarita::store::test::backends()), \
                           [](const auto& info) { return std::string(info.param.name); })

inline Time at(std::int64_t ms) {
  return Time(Millis(1'790'000'000'000 + ms));
}
inline Uuid uuid(std::uint64_t n) {
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return id;
}
inline AccountKey account_key(std::uint64_t n) {
  return {uuid(n)};
}
inline InstanceKey instance_key(std::uint64_t n) {
  return {uuid(1'000'000'000 + n)};
}
inline TokenKey token_key(std::uint64_t n) {
  return {uuid(2'000'000'000 + n)};
}
inline AdminTokenKey admin_key(std::uint64_t n) {
  return {uuid(3'000'000'000 + n)};
}
inline UserKey user_key(std::uint64_t n) {
  return {uuid(4'000'000'000 + n)};
}
inline SessionKey session_key(std::uint64_t n) {
  return {uuid(5'000'000'000 + n)};
}
inline LinkKey link_key(std::uint64_t n) {
  return {uuid(6'000'000'000 + n)};
}
inline crypto::Digest digest(std::uint64_t n) {
  return crypto::sha256(std::to_string(n));
}

inline Change change(ChangeBody body, std::optional<Revision> if_revision = std::nullopt) {
  return Change{.actor = {.kind = ActorKind::Operator,
                          .name = "uid:0",
                          .address = "192.0.2.7",
                          .email = {},
                          .request_id = "r-1"},
                .at = at(0),
                .body = std::move(body),
                .if_revision = if_revision};
}
inline CreateAccount new_account(std::uint64_t n, std::string id) {
  return {.key = account_key(n), .id = std::move(id), .name = "Name"};
}
inline CreateInstance new_instance(std::uint64_t n, std::string id, std::uint64_t account) {
  return {.key = instance_key(n),
          .id = std::move(id),
          .account = account_key(account),
          .name = "Instance",
          .upstream = {},
          .token = std::nullopt};
}
inline TokenRow token(std::uint64_t n, TokenState state) {
  TokenRow row;
  row.key = token_key(n);
  row.digest = digest(n);
  row.hint = "abcd";
  row.state = state;
  row.created_at = at(static_cast<std::int64_t>(n));
  return row;
}
inline ChangePolicy policy(std::uint64_t account, bool enforce, std::vector<TokenRow> upserts = {},
                           std::vector<EndedToken> ended = {}) {
  return {.account = account_key(account),
          .verb = "token.test",
          .enforce = enforce,
          .upserts = std::move(upserts),
          .ended = std::move(ended)};
}

// Applies and expects success.
Committed must(Store& store, ChangeBody body);
// Applies and expects this refusal; "" when it was so, else what came instead.
std::string refused(Store& store, ChangeBody body, StoreErrorKind kind,
                    std::optional<Revision> if_revision = std::nullopt);
const char* name_of(StoreErrorKind kind);

// Everything load_all gives, and the other rows, as text: equal stores give equal text.
std::string dump(Store& store);
// Opens or fails the test.
std::unique_ptr<Store> open_or_fail(const SqliteOptions& options);

}  // namespace guarita::store::test
