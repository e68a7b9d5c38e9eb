// Tasks and streams over real sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "net/net_testing.h"
#include "net/stream.h"

namespace guarita::net {
namespace {

using testing::LoopThread;

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

Task<void> note_new(std::unique_ptr<Stream>& stream, std::string& order) {
  char byte = 0;
  const LazyBuffer into{
      .take = [](void* at) noexcept { return std::span<char>(static_cast<char*>(at), 1); },
      .give_back = [](void*) noexcept {},
      .context = &byte,
      .is_new = true};
  if (co_await stream->read_some(into)) order += "new ";
}
Task<void> note_under_way(std::unique_ptr<Stream>& stream, std::string& order) {
  char byte = 0;
  if (co_await stream->read_some({&byte, 1})) order += "under way ";
}

TEST(Stream, NewWorkOfATurnComesAfterWorkUnderWay) {
  LoopThread thread;
  const Pair early;
  const Pair late;
  std::unique_ptr<Stream> streams[2];
  std::string order;
  thread.run([&] {
    streams[0] = Stream::adopt(thread.loop, early.ours);
    streams[1] = Stream::adopt(thread.loop, late.ours);
    spawn(note_new(streams[0], order), "new", nullptr, nullptr);
    spawn(note_under_way(streams[1], order), "under way", nullptr, nullptr);
  });
  thread.run([&] {  // both are events of the next turn, in this order
    for (const Pair* pair : {&early, &late}) EXPECT_EQ(::send(pair->theirs, "x", 1, 0), 1);
  });
  thread.run([] {});
  thread.run([&] {
    EXPECT_EQ(order, "under way new ");
    for (std::unique_ptr<Stream>& stream : streams) stream.reset();
  });
  ::close(early.theirs);
  ::close(late.theirs);
}

Task<void> read_then_watch(std::unique_ptr<Stream>& stream, std::string& seen, bool& watched,
                           NetError& end) {
  char bytes[64];
  const auto got = co_await stream->read_some(bytes);
  if (got) seen.append(bytes, *got);
  watched = stream->watch([](void*) noexcept {}, nullptr);
  if (watched) {  // wrong: a read would wait for an event that has been
    stream->unwatch();
    co_return;
  }
  const auto none = co_await stream->read_some(bytes);
  if (!none) end = none.error();
}

// The peer's bytes and its end come as one event: a short read is not all there is.
TEST(Stream, AnEndThatCameWithTheLastBytesIsSeen) {
  LoopThread thread;
  const Pair pair;
  std::unique_ptr<Stream> stream;
  std::string seen;
  bool watched = true;
  NetError end = NetError::Other;
  thread.run([&] { stream = Stream::adopt(thread.loop, pair.ours); });
  thread.complete(read_then_watch(stream, seen, watched, end), [&] {
    EXPECT_EQ(::send(pair.theirs, "last", 4, 0), 4);
    ::shutdown(pair.theirs, SHUT_WR);
  });
  EXPECT_EQ(seen, "last");
  EXPECT_FALSE(watched) << "not to be kept as an idle connection";
  EXPECT_EQ(end, NetError::EndOfStream);
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

  thread.complete(read_once(stream, result), [&] { stream->interrupt(NetError::TimedOut); });
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
  IoStep peek(int) noexcept override { return {}; }
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

}  // namespace
}  // namespace guarita::net
