// Loops, tasks, streams, names and pools over real sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "net/listener.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/thread_group.h"
#include "net/upstream_pool.h"

namespace guarita::net {
namespace {

// A loop on a thread of its own; run() executes there and waits.
class LoopThread {
 public:
  LoopThread() {
    thread_ = std::thread([this] { loop.run(); });
  }
  ~LoopThread() {
    loop.stop();
    thread_.join();
  }
  template <class F>
  void run(F f) {
    std::promise<void> done;
    loop.post([&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Runs a coroutine on the loop to its end.
  void complete(Task<void> task) {
    std::promise<void> done;
    loop.post([&done, task = std::move(task)]() mutable {
      spawn(
          std::move(task), "test",
          [](void* promise) noexcept { static_cast<std::promise<void>*>(promise)->set_value(); },
          &done);
    });
    done.get_future().wait();
  }

  Loop loop;

 private:
  std::thread thread_;
};

struct Pair {
  int ours = -1;
  int theirs = -1;
  Pair() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    ours = both[0];
    theirs = both[1];
  }
};

Task<int> twice(int number) {
  co_return number * 2;
}
Task<int> sum_of_twice(int up_to) {
  int sum = 0;
  for (int i = 0; i < up_to; ++i) sum += co_await twice(i % 10'000) / 10;
  co_return sum;
}
Task<void> store(Task<int> task, int& into) {
  into = co_await std::move(task);
}
Task<void> fail() {
  throw std::runtime_error("on purpose");
  co_return;
}
Task<void> catch_it(bool& caught) {
  try {
    co_await fail();
  } catch (const std::runtime_error&) {
    caught = true;
  }
}

TEST(Task, ReturnsValuesThroughManyLevelsWithoutGrowingTheStack) {
  LoopThread thread;
  int sum = 0;
  thread.complete(store(sum_of_twice(100'000), sum));
  EXPECT_EQ(sum, 99'950'000);
}

TEST(Task, ExceptionsReachTheAwaitingOneAndStopAtTheSpawnEdge) {
  LoopThread thread;
  bool caught = false;
  thread.complete(catch_it(caught));
  EXPECT_TRUE(caught);
  thread.complete(fail());  // logged; the loop lives on
  thread.run([] {});
}

Task<void> echo(std::unique_ptr<Stream>& stream, std::string& seen, NetError& end) {
  char bytes[8];
  for (;;) {
    const auto got = co_await stream->read_some(bytes);
    if (!got) {
      end = got.error();
      co_return;
    }
    seen.append(bytes, *got);
    const std::string_view text(bytes, *got);
    const std::array<std::string_view, 3> pieces{"<", text, ">"};
    const auto written = co_await stream->write(pieces);
    if (!written) co_return;
  }
}

TEST(Stream, ReadsAndWritesPieces) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  std::string seen;
  NetError end = NetError::Other;
  ASSERT_EQ(::send(pair.theirs, "hello, reader", 13, 0), 13);
  ::shutdown(pair.theirs, SHUT_WR);
  thread.run([&] { stream = Stream::adopt(thread.loop, pair.ours); });
  thread.complete(echo(stream, seen, end));
  EXPECT_EQ(seen, "hello, reader");
  EXPECT_EQ(end, NetError::EndOfStream);
  char bytes[64];
  const ssize_t got = ::recv(pair.theirs, bytes, sizeof bytes, 0);
  EXPECT_EQ(std::string_view(bytes, static_cast<std::size_t>(got)), "<hello, r><eader>");
  EXPECT_EQ(stream->bytes_read(), 13U);
  EXPECT_EQ(stream->bytes_written(), 17U);
  thread.run([&] { stream.reset(); });
  ::close(pair.theirs);
}

Task<void> write_much(std::unique_ptr<Stream>& stream, const std::string& much, bool& ok) {
  const std::array<std::string_view, 4> pieces{much, "", "middle", much};
  const auto written = co_await stream->write(pieces);
  ok = written.has_value();
}

TEST(Stream, AWriteLargerThanTheSocketTakesEndsWhole) {
  LoopThread thread;
  const Pair pair;
  std::string much(3 << 20, 'a');
  for (std::size_t i = 0; i < much.size(); i += 1'021) much[i] = static_cast<char>('a' + i % 26);
  std::unique_ptr<Stream> stream;
  thread.run([&] { stream = Stream::adopt(thread.loop, pair.ours); });
  std::string got;
  std::thread reader([&] {
    char bytes[16'384];
    const std::size_t all = 2 * much.size() + 6;
    while (got.size() < all) {
      const ssize_t n = ::recv(pair.theirs, bytes, sizeof bytes, 0);
      if (n > 0) got.append(bytes, static_cast<std::size_t>(n));
      if (n == 0) break;
    }
  });
  bool ok = false;
  thread.complete(write_much(stream, much, ok));
  reader.join();
  EXPECT_TRUE(ok);
  EXPECT_TRUE(got == much + "middle" + much);
  thread.run([&] { stream.reset(); });
  ::close(pair.theirs);
}

Task<void> read_once(std::unique_ptr<Stream>& stream, Result<std::size_t, NetError>& result) {
  char byte;
  result = co_await stream->read_some({&byte, 1});
}

TEST(Stream, InterruptEndsAWaitAndCancelEndsTheStream) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  thread.run([&] { stream = Stream::adopt(thread.loop, pair.ours); });
  Result<std::size_t, NetError> result = Err(NetError::Other);

  thread.loop.post([&] { thread.loop.post([&] { stream->interrupt(NetError::TimedOut); }); });
  thread.complete(read_once(stream, result));
  EXPECT_EQ(result.error(), NetError::TimedOut);

  ASSERT_EQ(::send(pair.theirs, "x", 1, 0), 1);
  thread.complete(read_once(stream, result));
  EXPECT_EQ(result.value_or(0), 1U);

  thread.run([&] { stream->cancel(NetError::Cancelled); });
  ASSERT_EQ(::send(pair.theirs, "x", 1, 0), 1);
  thread.complete(read_once(stream, result));
  EXPECT_EQ(result.error(), NetError::Cancelled);
  thread.run([&] { stream.reset(); });
  ::close(pair.theirs);
}

TEST(Stream, AWatchTellsBytesAndEndsAndAnUnwatchedStreamIsKnownQuiet) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  std::promise<void> told;
  const auto event = [](void* promise) noexcept {
    static_cast<std::promise<void>*>(promise)->set_value();
  };
  thread.run([&] {
    stream = Stream::adopt(thread.loop, pair.ours);
    EXPECT_TRUE(stream->watch(event, &told));
    EXPECT_TRUE(stream->unwatch());
    EXPECT_TRUE(stream->watch(event, &told));
  });
  ASSERT_EQ(::send(pair.theirs, "x", 1, 0), 1);
  told.get_future().wait();
  thread.run([&] {
    EXPECT_FALSE(stream->unwatch());
    EXPECT_FALSE(stream->watch(event, &told)) << "the byte is still there";
    stream.reset();
  });
  ::close(pair.theirs);
}

TEST(Stream, BytesThatCameWhileNobodyWaitedAreFoundLater) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  Result<std::size_t, NetError> result = Err(NetError::Other);
  thread.run([&] {
    stream = Stream::adopt(thread.loop, pair.ours);
    EXPECT_TRUE(stream->watch([](void*) noexcept { ADD_FAILURE(); }, nullptr));
    EXPECT_TRUE(stream->unwatch());
  });
  ASSERT_EQ(::send(pair.theirs, "x", 1, 0), 1);
  thread.run([] {});
  thread.run([] {});
  thread.complete(read_once(stream, result));
  EXPECT_EQ(result.value_or(0), 1U);
  thread.run([&] { stream.reset(); });
  ::close(pair.theirs);
}

// The seam for TLS, with a layer that only flips bits.
class FlippingLayer final : public StreamLayer {
 public:
  IoStep read(int fd, std::span<char> into) noexcept override {
    const ssize_t got = ::recv(fd, into.data(), into.size(), MSG_DONTWAIT);
    if (got < 0) return {};
    if (got == 0) return {.what = IoStep::What::Failed, .error = NetError::EndOfStream};
    for (char& c : into.first(static_cast<std::size_t>(got))) c = static_cast<char>(c ^ 1);
    return {.what = IoStep::What::Done, .bytes = static_cast<std::size_t>(got)};
  }
  IoStep write(int fd, std::span<const iovec> pieces) noexcept override {
    std::string flipped(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
    for (char& c : flipped) c = static_cast<char>(c ^ 1);
    const ssize_t sent = ::send(fd, flipped.data(), flipped.size(), MSG_DONTWAIT);
    if (sent < 0) return {};
    return {.what = IoStep::What::Done, .bytes = static_cast<std::size_t>(sent)};
  }
  bool has_pending() const noexcept override { return false; }
  void finish(int fd) noexcept override { ::send(fd, "!", 1, MSG_DONTWAIT); }
};

TEST(Stream, ALayerSeesEveryByteAndHasTheLastWord) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  std::string seen;
  NetError end = NetError::Other;
  thread.run([&] {
    stream = Stream::adopt(thread.loop, pair.ours);
    stream->set_layer(std::make_unique<FlippingLayer>());
  });
  ASSERT_EQ(::send(pair.theirs, "bcd", 3, 0), 3);
  ::shutdown(pair.theirs, SHUT_WR);
  thread.complete(echo(stream, seen, end));
  EXPECT_EQ(seen, "cbe");
  thread.run([&] {
    stream->finish_sending();
    stream.reset();
  });
  char bytes[16];
  const ssize_t got = ::recv(pair.theirs, bytes, sizeof bytes, MSG_WAITALL);
  EXPECT_EQ(std::string_view(bytes, static_cast<std::size_t>(got)), "=bcd?!");
  ::close(pair.theirs);
}

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
  thread.loop.post([&] { thread.loop.post([&] { world.pool->stop(); }); });
  thread.complete(borrow(*world.pool, *upstream, connection, error));
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
