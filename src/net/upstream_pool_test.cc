// Names, upstream pool, listener and threads over real sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "net/listener.h"
#include "net/net_testing.h"
#include "net/thread_group.h"
#include "net/upstream_pool.h"

namespace guarita::net {
namespace {

using testing::LoopThread;

Endpoint listening(int& fd) {
  fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Endpoint any = make_endpoint(*parse_ip("127.0.0.1"), 0);
  EXPECT_EQ(::bind(fd, any.address(), any.size), 0);
  EXPECT_EQ(::listen(fd, 8), 0);
  return local_endpoint(fd);
}

TEST(Resolver, AsksOnceAtATimeAndAnswersOnTheLoop) {
  LoopThread thread;
  std::promise<void> go;
  std::atomic<int> asked{0};
  std::shared_future<void> gate = go.get_future().share();
  Resolver resolver([&](const std::string& host, std::uint16_t port) -> Resolved {
    ++asked;
    gate.wait();
    if (host == "nowhere") return Err(NetError::NotFound);
    return Addresses(
        std::make_shared<std::vector<Endpoint>>(1, make_endpoint(*parse_ip("192.0.2.1"), port)));
  });
  std::array<std::promise<Resolved>, 4> answers;
  for (std::size_t i = 0; i < 3; ++i) {
    resolver.resolve("host", 80, thread.loop,
                     [&answers, i](Resolved resolved) { answers[i].set_value(resolved); });
  }
  resolver.resolve("nowhere", 80, thread.loop,
                   [&answers](Resolved resolved) { answers[3].set_value(resolved); });
  go.set_value();
  for (std::size_t i = 0; i < 3; ++i) {
    const Resolved resolved = answers[i].get_future().get();
    ASSERT_TRUE(resolved.has_value());
    EXPECT_EQ(format_endpoint((**resolved)[0]), "192.0.2.1:80");
  }
  EXPECT_EQ(answers[3].get_future().get().error(), NetError::NotFound);
  EXPECT_EQ(asked.load(), 2);
}

struct PoolWorld {
  LoopThread& thread;
  Resolver& resolver;
  std::unique_ptr<DeadlineWheel> wheel;
  std::unique_ptr<UpstreamPool> pool;
  int opened = 0;
  int closed = 0;

  PoolWorld(LoopThread& thread_in, Resolver& resolver_in)
      : thread(thread_in), resolver(resolver_in) {
    thread.run([&] {
      wheel = std::make_unique<DeadlineWheel>(thread.loop.now_ms());
      pool = std::make_unique<UpstreamPool>(
          thread.loop, *wheel, resolver,
          PoolHooks{.opened = [](void* self) noexcept { ++static_cast<PoolWorld*>(self)->opened; },
                    .closed = [](void* self) noexcept { ++static_cast<PoolWorld*>(self)->closed; },
                    .context = this});
    });
  }
  ~PoolWorld() {
    thread.run([&] {
      pool.reset();
      wheel.reset();
    });
  }
};

Task<void> borrow(UpstreamPool& pool, Upstream& upstream, UpstreamConnectionPtr& into,
                  NetError& error) {
  auto connected = co_await pool.connect(upstream);
  if (connected) {
    into = std::move(*connected);
  } else {
    error = connected.error();
  }
}

TEST(UpstreamPool, TriesEachAddressAndKeepsTheNewestConnection) {
  LoopThread thread;
  int dead_fd = -1;
  int live_fd = -1;
  const Endpoint dead = listening(dead_fd);
  const Endpoint live = listening(live_fd);
  ::close(dead_fd);  // refused from now on
  Resolver resolver([&](const std::string&, std::uint16_t) -> Resolved {
    return Addresses(std::make_shared<std::vector<Endpoint>>(std::vector{dead, live}));
  });
  PoolWorld world(thread, resolver);
  Upstream* upstream = nullptr;
  thread.run([&] {
    EXPECT_EQ(world.pool->hold(0, "nonsense"), nullptr);
    upstream = world.pool->hold(7, "http://two.addresses");
    EXPECT_EQ(world.pool->hold(7, "http://two.addresses"), upstream);
    world.pool->release(*upstream);
  });
  std::array<UpstreamConnectionPtr, 2> connections;
  NetError error = NetError::Other;
  for (auto& connection : connections) {
    thread.complete(borrow(*world.pool, *upstream, connection, error));
    ASSERT_NE(connection, nullptr) << text_of(error);
  }
  const int second = connections[1]->stream().fd();
  thread.run([&] {
    world.pool->give_back(std::move(connections[0]), 60'000);
    world.pool->give_back(std::move(connections[1]), 60'000);
    EXPECT_EQ(world.pool->idle_connections(), 2U);
    const UpstreamConnectionPtr taken = world.pool->take_idle(*upstream);
    EXPECT_EQ(taken->stream().fd(), second);
    EXPECT_TRUE(taken->reused());
  });
  // The peer closes the idle one: it is discarded.
  ::close(::accept(live_fd, nullptr, nullptr));
  ::close(::accept(live_fd, nullptr, nullptr));
  std::size_t idle = 1;
  while (idle > 0) thread.run([&] { idle = world.pool->idle_connections(); });
  thread.run([&] {
    EXPECT_EQ(world.pool->take_idle(*upstream), nullptr);
    world.pool->release(*upstream);
  });
  EXPECT_EQ(world.opened, 2);
  EXPECT_EQ(world.closed, 2);
  ::close(live_fd);
}

TEST(UpstreamPool, LimitsAndStopAreErrorsNotWaits) {
  LoopThread thread;
  std::promise<void> never;
  std::shared_future<void> gate = never.get_future().share();
  Resolver resolver([&](const std::string&, std::uint16_t) -> Resolved {
    gate.wait();
    return Err(NetError::NotFound);
  });
  PoolWorld world(thread, resolver);
  Upstream* upstream = nullptr;
  UpstreamConnectionPtr connection;
  NetError error = NetError::Other;
  thread.run([&] {
    world.pool->set_options({.connect_ms = 1'000, .connections_max = 0, .idle_max = 1});
    upstream = world.pool->hold(0, "http://slow.name");
  });
  thread.complete(borrow(*world.pool, *upstream, connection, error));
  EXPECT_EQ(error, NetError::OverLimit);
  thread.run([&] { world.pool->set_options({}); });
  thread.complete(borrow(*world.pool, *upstream, connection, error), [&] { world.pool->stop(); });
  EXPECT_EQ(error, NetError::Cancelled);
  never.set_value();
  thread.run([&] { world.pool->release(*upstream); });
}

TEST(Listener, PausesWhenToldAndGoesOn) {
  LoopThread thread;
  struct Taken {
    std::atomic<int> count{0};
    std::promise<void> first, second;
  } taken;
  std::unique_ptr<Listener> listener;
  Endpoint at;
  thread.run([&] {
    auto opened = Listener::open(thread.loop, make_endpoint(*parse_ip("127.0.0.1"), 0));
    ASSERT_TRUE(opened.has_value()) << opened.error();
    listener = std::move(*opened);
    at = listener->bound();
    listener->start(
        [](void* self, int fd, const Endpoint&) {
          auto* t = static_cast<Taken*>(self);
          ::close(fd);
          const int count = ++t->count;
          (count == 1 ? t->first : t->second).set_value();
          return false;
        },
        &taken);
  });
  EXPECT_FALSE(check_free(at).empty());
  for (int i = 0; i < 2; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(fd, at.address(), at.size), 0);
    ::close(fd);
  }
  taken.first.get_future().wait();
  thread.run([&] {
    EXPECT_TRUE(listener->paused());
    EXPECT_EQ(taken.count.load(), 1);
    listener->resume();
  });
  taken.second.get_future().wait();
  thread.run([&] { listener->close(); });
  EXPECT_TRUE(check_free(at).empty());
}

TEST(ThreadGroup, RunsEachLoopOnItsThreadAndStopsThemAll) {
  ThreadGroup group(3);
  group.start("test-");
  std::array<std::promise<std::thread::id>, 3> ids;
  for (std::size_t i = 0; i < 3; ++i) {
    group.loop(i).post([&ids, i] { ids[i].set_value(std::this_thread::get_id()); });
  }
  const auto a = ids[0].get_future().get();
  const auto b = ids[1].get_future().get();
  EXPECT_NE(a, b);
  EXPECT_NE(b, ids[2].get_future().get());
  group.stop();
}

}  // namespace
}  // namespace guarita::net
