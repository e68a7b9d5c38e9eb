// A gated request on a warm connection allocates nothing: counted on the gate's own threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "proxy/gate_testing.h"

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GUARITA_COUNT_ALLOCATIONS 0
#endif
#endif
#ifndef GUARITA_COUNT_ALLOCATIONS
#define GUARITA_COUNT_ALLOCATIONS 1
#endif

[[maybe_unused]] std::atomic<std::uint64_t> allocations{0};
[[maybe_unused]] thread_local bool is_test_thread = false;

}  // namespace

#if GUARITA_COUNT_ALLOCATIONS
void* operator new(std::size_t bytes) {
  if (!is_test_thread) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

// The sanitizers bring an operator new of their own.
#if GUARITA_COUNT_ALLOCATIONS
namespace guarita::proxy::testing {
namespace {

TEST(Allocations, NoneOnAWarmConnection) {
  is_test_thread = true;
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
  const std::uint64_t before = allocations.load();
  for (int i = 0; i < 200; ++i) round();
  EXPECT_EQ(allocations.load() - before, 0U) << "by 600 requests";
  is_test_thread = false;
}

}  // namespace
}  // namespace guarita::proxy::testing
#endif
