// A gated request on a warm connection allocates nothing: counted on the gate's own threads.
#include <gtest/gtest.h>

#include "proxy/gate_testing.h"
#include "support/allocations.h"

namespace guarita::proxy::testing {
namespace {

TEST(Allocations, NoneOnAWarmConnection) {
  Gate gate;
  Peer caller = gate.call();
  Peer upstream;
  const std::string allowed = Gate::get("i1", kToken, "User-Agent: test\r\nAccept: */*\r\n");
  const std::string with_body =
      Gate::request("POST", "i1", kToken, "Content-Length: 5\r\n") + "hello";
  // Not an unknown token: classify() then looks for a truncated one, which costs an allocation.
  const std::string denied = Gate::get("i1", "");
  const auto round = [&] {
    for (const std::string& request : {allowed, with_body}) {
      caller.send(request);
      if (!upstream.open()) upstream = gate.upstream.accept();
      upstream.read_head();
      if (&request != &allowed && request.ends_with("hello")) upstream.read_bytes(5);
      upstream.send(kOk);
      ASSERT_EQ(body_of(caller.read_response()), "ok");
    }
    caller.send(denied);
    ASSERT_TRUE(has(caller.read_response(), "403"));
  };
  for (int i = 0; i < 50; ++i) round();
  // A turn of the loop: nothing of the warm-up is still to be recorded.
  gate.plane->barrier({}, Millis(5'000));
  const std::uint64_t before = guarita::testing::allocations_elsewhere();
  for (int i = 0; i < 200; ++i) round();
  EXPECT_EQ(guarita::testing::allocations_elsewhere() - before, 0U) << "by 600 requests";
}

}  // namespace
}  // namespace guarita::proxy::testing
