// Tokens for the admin API over TCP: 256 bits, shown once, kept as a digest.
#include <algorithm>

#include "base/log.h"
#include "control/engine.h"

namespace guarita::control {
namespace {

constexpr std::string_view kPrefix = "gadm_";
constexpr std::size_t kAdminTokenBytesMax = 128;
constexpr std::size_t kTouchedMax = 4096;
constexpr Millis kTouchEvery = std::chrono::minutes(1);

Secret make_admin_token() {
  std::array<std::uint8_t, 32> random{};
  crypto::random_bytes(random);
  std::string text(kPrefix);
  text += crypto::hex(random);
  random.fill(0);
  return Secret(std::move(text));
}

std::string text_of(AdminScope::Kind kind) {
  switch (kind) {
    case AdminScope::Kind::Read: return "read";
    case AdminScope::Kind::Write: return "write";
    case AdminScope::Kind::Account: return "account";
  }
  return "read";
}

// None for a scope that this version does not know: no right at all.
std::optional<AdminScope> scope_of(const store::AdminTokenRow& row) {
  if (row.scope == "account") {
    if (!row.account || row.account_id.empty()) return std::nullopt;
    return AdminScope{AdminScope::Kind::Account, row.account_id};
  }
  if (row.account) return std::nullopt;
  if (row.scope == "read") return AdminScope{AdminScope::Kind::Read, {}};
  if (row.scope == "write") return AdminScope{AdminScope::Kind::Write, {}};
  return std::nullopt;
}

// The data plane knows nothing of admin tokens: in force with the commit.
Receipt receipt_at_once(const store::Committed& committed, Time now) {
  return {.revision = committed.revision,
          .changed = true,
          .complete = true,
          .nodes = 1,
          .of = 1,
          .at = std::max(now, committed.at),
          .took = Micros{0},
          .streams_closed = 0};
}

}  // namespace

Outcome<std::vector<store::AdminTokenRow>> Control::admin_tokens() {
  auto rows = engine_->ports.store.admin_tokens();
  if (!rows) return store_failed(rows.error());
  return std::move(*rows);
}

Outcome<Done<AdminTokenMade>> Control::create_admin_token(const Request& request,
                                                          const AdminScope& scope,
                                                          std::string name) {
  if (auto ok = check_name(name); !ok) return Err<Error>(ok.error());
  Engine& engine = *engine_;
  const Engine::Lock lock(engine.mutex);
  Secret secret = make_admin_token();
  store::AdminTokenRow row;
  row.key = {crypto::random_uuid_v7(engine.now())};
  row.digest = crypto::sha256(secret.reveal());
  row.scope = text_of(scope.kind);
  row.name = std::move(name);
  row.created_at = engine.now();
  if (scope.kind == AdminScope::Kind::Account) {
    const auto state = engine.load_account(scope.account_id);
    if (!state) return Err<Error>(state.error());
    row.account = state->row.key;
    row.account_id = state->row.id;
  }
  const auto committed = engine.commit(
      request, store::CreateAdminToken{row.key, row.digest, row.scope, row.account, row.name}, {});
  if (!committed) return Err<Error>(committed.error());
  engine.ports.snapshot.set_revision(committed->revision);
  engine.set_gauges();
  return Done<AdminTokenMade>{{.token = std::move(row), .secret = std::move(secret)},
                              receipt_at_once(*committed, engine.now())};
}

Outcome<Done<Nothing>> Control::revoke_admin_token(const Request& request,
                                                   const AdminTokenKey& key) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  const auto rows = engine.ports.store.admin_tokens();
  if (!rows) return store_failed(rows.error());
  const auto row = std::ranges::find(*rows, key, &store::AdminTokenRow::key);
  if (row == rows->end()) {
    return fail(ErrorCode::AdminTokenNotFound, "there is no admin token " + key.text());
  }
  if (row->revoked_at) {
    lock.unlock();
    return Done<Nothing>{{}, engine.unchanged(status().revision)};
  }
  const auto committed = engine.commit(request, store::RevokeAdminToken{key}, {});
  if (!committed) return Err<Error>(committed.error());
  engine.admin_touched.erase(key);
  engine.ports.snapshot.set_revision(committed->revision);
  engine.set_gauges();
  return Done<Nothing>{{}, receipt_at_once(*committed, engine.now())};
}

std::optional<AdminIdentity> Control::authenticate(std::string_view admin_token) {
  if (admin_token.size() > kAdminTokenBytesMax || !admin_token.starts_with(kPrefix)) {
    return std::nullopt;
  }
  Engine& engine = *engine_;
  const crypto::Digest digest = crypto::sha256(admin_token);
  const auto row = engine.ports.store.admin_token(digest);
  if (!row && row.error().kind != store::StoreErrorKind::NotFound) {
    log::error("control", "the store failed", {{"internal", row.error().internal}});
  }
  if (!row || !crypto::equal(row->digest, digest) || row->revoked_at) return std::nullopt;
  auto scope = scope_of(*row);
  if (!scope) return std::nullopt;

  const Time now = engine.now();
  bool touch = false;
  {
    const Engine::Lock lock(engine.mutex);
    if (engine.admin_touched.size() >= kTouchedMax) engine.admin_touched.clear();
    Time& last = engine.admin_touched[row->key];
    touch = now - last >= kTouchEvery;
    if (touch) last = now;
  }
  if (touch) {
    if (auto done = engine.ports.store.touch_admin_token(row->key, now); !done) {
      log::warn("control", "last use not kept", {{"internal", done.error().internal}});
    }
  }
  return AdminIdentity{row->key, std::move(*scope)};
}

}  // namespace guarita::control
