// The order of a turn, and what outlives it.
#include "net/loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "net/net_testing.h"

namespace guarita::net {
namespace {

using testing::LoopThread;

struct Work {
  Work(Loop& l, std::string& o, char n)
      : loop(l), order(o), name(n), deferred([](void* self) noexcept { run(self); }, this) {}
  static void run(void* self) noexcept {
    auto* work = static_cast<Work*>(self);
    work->order += work->name;
    if (work->again-- > 0) work->loop.defer(work->deferred);
  }
  Loop& loop;
  std::string& order;
  char name;
  int again = 0;
  Deferred deferred;
};

// Looked at from the loop's thread, until so much has run.
void wait_for(LoopThread& thread, const std::string& order, std::size_t size) {
  for (bool enough = false; !enough;) thread.run([&] { enough = order.size() >= size; });
}

TEST(Loop, DeferredWorkRunsOnceInItsOrderAndAgainInTheNextTurn) {
  LoopThread thread;
  std::string order;
  Work a(thread.loop, order, 'a');
  Work b(thread.loop, order, 'b');
  thread.run([&] {
    a.again = 1;
    thread.loop.defer(a.deferred);
    thread.loop.defer(b.deferred);
    thread.loop.defer(a.deferred);  // queued already
    order += '.';
  });
  wait_for(thread, order, 4);
  EXPECT_EQ(order, ".aba");
}

// A share of it each turn, so that what the first of it began goes on before the last begins.
TEST(Loop, NewWorkWaitsForWorkUnderWay) {
  LoopThread thread;
  std::string order;
  std::deque<Work> begun;
  Work under_way(thread.loop, order, '.');
  under_way.again = 1;
  for (unsigned i = 0; i < Loop::kNewPerTurn + 2; ++i) begun.emplace_back(thread.loop, order, 'n');
  thread.run([&] {
    for (Work& work : begun) thread.loop.defer_new(work.deferred);
    thread.loop.defer(under_way.deferred);
    begun.back().deferred.drop();
  });
  wait_for(thread, order, Loop::kNewPerTurn + 3);
  EXPECT_EQ(order, std::string(Loop::kNewPerTurn, 'n') + ".n.");
}

TEST(Loop, DroppedWorkDoesNotRun) {
  LoopThread thread;
  std::string order;
  Work a(thread.loop, order, 'a');
  Work b(thread.loop, order, 'b');
  Work c(thread.loop, order, 'c');
  thread.run([&] {
    for (Work* work : {&a, &b, &c}) thread.loop.defer(work->deferred);
    b.deferred.drop();
    c.deferred.drop();
    EXPECT_FALSE(c.deferred.queued());
    thread.loop.defer(c.deferred);
  });
  wait_for(thread, order, 2);
  EXPECT_EQ(order, "ac");
}

TEST(Loop, JobsRunInTheOrderOfPostingAndNoneAfterStop) {
  std::string order;
  Loop loop;
  for (const char name : {'1', '2', '3'}) {
    loop.post([&, name] {
      order += name;
      if (name == '2') loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(order, "12");
}

TEST(Loop, WhatIsBuriedGoesAtTheTurnsEnd) {
  LoopThread thread;
  bool gone = false;
  bool gone_within = true;
  thread.run([&] {
    thread.loop.bury(&gone, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; });
    gone_within = gone;
  });
  thread.run([&] {});
  EXPECT_FALSE(gone_within);
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace guarita::net
