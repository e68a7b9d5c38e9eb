// A gated request on a warm connection allocates nothing: counted on the gate's own threads.
#include <gtest/gtest.h>

#include "proxy/gate_testing.h"
#include "support/allocations.h"

namespace guarita::proxy::testing {
namespace {

// What one request looks like, and what becomes of it.
struct Round {
  const char* name;
  std::string request;
  std::string_view status;
  std::size_t body_bytes = 0;  // that reach the upstream
};

std::vector<Round> rounds() {
  const std::string lines = "User-Agent: test\r\nAccept: */*\r\n";
  const std::string body(2000, 'b');
  return {
      {"a small GET", Gate::get("i1", kToken, lines), "200"},
      {"a GET of an instance that only monitors", Gate::get("m1", kOther, lines), "200"},
      {"a POST with a body", Gate::request("POST", "i1", kToken, "Content-Length: 2000\r\n") + body,
       "200", 2000},
      {"no token", Gate::get("i1", "", lines), "403"},
      {"an unknown token", Gate::get("i1", kOther, lines), "403"},
      {"an unknown token that could be a truncated one",
       Gate::get("i1", "0123456789abcdefghijklmnopqrstuvwxyzAB", lines), "403"},
      {"an unknown token and others elsewhere",
       Gate::get("i1", kOther, "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\r\n"),
       "403"},
      {"a malformed token", Gate::get("i1", "a,b", lines), "403"},
      {"an unknown instance", Gate::get("nobody", kToken, lines), "400"},
      {"a caller by IPv6, behind a trusted proxy",
       Gate::get("i1", kToken, "X-Forwarded-For: 2001:db8:1111:2222:3333:4444:5555:6666\r\n"),
       "200"},
  };
}

void run(const Round& round, Peer& caller, Peer& upstream, Gate& gate) {
  caller.send(round.request);
  if (round.status == "200") {
    if (!upstream.open()) upstream = gate.upstream.accept();
    upstream.read_head();
    upstream.read_bytes(round.body_bytes);
    upstream.send(kOk);
  }
  ASSERT_TRUE(has(caller.read_response(), round.status)) << round.name;
}

TEST(Allocations, NoneOnAWarmConnection) {
  Gate gate({.tune = [](Tuning& tuning) {
    tuning.client_address = ClientAddress::XForwardedFor;
    tuning.trusted_proxies = {*parse_cidr("127.0.0.0/8")};
  }});
  Peer callers[2] = {gate.call(), gate.call()};
  Peer upstream;
  for (const Round& round : rounds()) {
    const auto both = [&] {
      for (Peer& caller : callers) run(round, caller, upstream, gate);
    };
    for (int i = 0; i < 20; ++i) both();
    // A turn of the loop: nothing of the warm-up is still to be recorded.
    gate.plane->barrier({}, Millis(5'000));
    const std::uint64_t before = guarita::testing::allocations_elsewhere();
    for (int i = 0; i < 50; ++i) both();
    EXPECT_EQ(guarita::testing::allocations_elsewhere() - before, 0U)
        << "by 100 requests: " << round.name;
  }
  if (guarita::testing::kAllocationsCounted) {
    EXPECT_GT(guarita::testing::allocations_elsewhere(), 0U) << "the counter counts";
  }
}

}  // namespace
}  // namespace guarita::proxy::testing
