// A small world for the tests of decide() and classify(): facts without a request.
#pragma once

#include <string>
#include <string_view>

#include "policy/decide.h"
#include "policy/facts.h"
#include "policy/snapshot_test_util.h"

namespace guarita::policy::testing {

inline constexpr std::string_view kCurrent = "gta_current-current-current-0001";
inline constexpr std::string_view kNext = "gta_next-next-next-next-next-0002";
inline constexpr std::string_view kRetiring = "gta_retiring-retiring-retiring-3";
inline constexpr std::string_view kInstanceToken = "instance-token-of-guarded-1234";
inline constexpr std::int64_t kRetiresMs = 10'000;

// Accounts: 1 enforces (current, retiring until kRetiresMs; addresses in 10/8), 2 monitors the
// same tokens, 3 is locked, 4 is unset. Each owns the instance "inst-N"; 1 and 2 also
// "guarded-N" with an instance token.
struct World {
  Snapshot snapshot;

  explicit World(FoldedIndex folded = FoldedIndex::On) : snapshot(snapshot_options(folded)) {
    for (std::uint64_t n = 1; n <= 4; ++n) {
      AccountRow row = account_row(n);
      row.enforce = n == 1 || n == 3;
      if (n <= 2) {
        row.tokens = {{digest_of(kCurrent), TokenState::Current, std::nullopt},
                      {digest_of(kRetiring), TokenState::Retiring, at_ms(kRetiresMs)}};
      }
      if (n == 1) row.ip_list = {*parse_cidr("10.0.0.0/8")};
      snapshot.put_account(row);
      const std::string number = std::to_string(n);
      snapshot.put_instance({"inst-" + number, row.key, "http://up-" + number, std::nullopt});
      if (n <= 2) {
        snapshot.put_instance(
            {"guarded-" + number, row.key, "", instance_token_digest(kInstanceToken)});
      }
    }
  }

  // A gated request from 10.1.2.3 with this token; empty: without the header.
  Facts facts(std::string_view instance, std::string_view token = "") const {
    Facts f;
    f.outcome = RouteMatch::Outcome::Gated;
    f.instance = snapshot.hash_id(instance);
    f.instance_folded = snapshot.hash_folded(instance);
    f.address = *parse_ip("10.1.2.3");
    f.shape = shape_of({token.empty() ? 0U : 1U, token}, "");
    if (f.shape == TokenShape::Candidate) f.token = digest_of(token);
    return f;
  }

  static Facts with_instance_token(Facts f, std::string_view text) {
    f.instance_token_seen = true;
    f.instance_token = instance_token_digest(text);
    return f;
  }

  Decision decide(const Facts& f, std::int64_t now_ms = 0,
                  UnknownInstance unknown = UnknownInstance::Deny) const {
    return policy::decide(snapshot, f, at_ms(now_ms), {.unknown_instance = unknown});
  }
};

}  // namespace guarita::policy::testing
