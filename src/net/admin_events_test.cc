// Event streams over real sockets.
#include "net/admin_events.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/admin_http.h"

namespace guarita::net {
namespace {

class Client {
 public:
  explicit Client(const std::string& bound, std::string_view version = "1.1") {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::string request = "GET /events HTTP/" + std::string(version) + "\r\nHost: x\r\n\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
  }
  ~Client() { leave(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void leave() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // "" as `until`: to the end.
  const std::string& read_until(std::string_view until) {
    while (until.empty() || !seen_.contains(until)) {
      char buffer[4096];
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      seen_.append(buffer, static_cast<std::size_t>(n));
    }
    return seen_;
  }

 private:
  int fd_ = -1;
  std::string seen_;
};

struct StreamServer {
  explicit StreamServer(AdminServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.threads = 1;
    server.emplace(std::move(options), [this](const AdminRequest&) {
      AdminResponse response;
      response.headers.emplace_back("X-Request-Id", "r-1");
      response.events = std::make_shared<AdminEvents>();
      const std::scoped_lock lock(mutex);
      streams.push_back(response.events);
      changed.notify_all();
      return response;
    });
    const auto error = server->start();
    EXPECT_FALSE(error) << *error;
  }
  std::shared_ptr<AdminEvents> stream(std::size_t number) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return streams.size() > number; });
    return streams[number];
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<AdminEvents>> streams;
  std::optional<AdminServer> server;
};

void await_end(const AdminEvents& stream) {
  while (!stream.ended()) std::this_thread::yield();
}

TEST(AdminEvents, SendsTheHeadAtOnceAndEachPushAsAChunk) {
  StreamServer serving;
  Client client(serving.server->bound());
  const std::string head = client.read_until("\r\n\r\n");
  for (const char* line :
       {"HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n", "Cache-Control: no-store\r\n",
        "X-Accel-Buffering: no\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
        "X-Request-Id: r-1\r\n", "Date: "}) {
    EXPECT_NE(head.find(line), std::string::npos) << line << head;
  }
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  const auto stream = serving.stream(0);
  stream->push(event_text("denial", R"({"a":1})"));
  EXPECT_NE(
      client.read_until("{\"a\":1}\n\n\r\n").find("1d\r\nevent: denial\ndata: {\"a\":1}\n\n\r\n"),
      std::string::npos);
  stream->close(event_text("end", "{}"));
  stream->close(event_text("end", "never"));
  const std::string all = client.read_until("");
  EXPECT_TRUE(all.ends_with("event: end\ndata: {}\n\n\r\n0\r\n\r\n")) << all;
  EXPECT_EQ(all.find("never"), std::string::npos);
}

TEST(AdminEvents, StreamsTakeNoPoolThreadAndOldClientsNoChunks) {
  StreamServer serving;  // one thread runs handlers
  Client one(serving.server->bound());
  Client two(serving.server->bound(), "1.0");
  one.read_until("\r\n\r\n");
  EXPECT_EQ(two.read_until("\r\n\r\n").find("chunked"), std::string::npos);
  serving.stream(1)->push("event: x\ndata: 1\n\n");
  serving.stream(0)->push("event: x\ndata: 1\n\n");
  one.read_until("data: 1");
  two.read_until("data: 1");
  serving.stream(0)->close();
  serving.stream(1)->close();
  two.read_until("");
  one.read_until("");
}

TEST(AdminEvents, SilenceIsFilledWithComments) {
  AdminServerOptions options;
  options.events_keep_alive = Millis(5);
  StreamServer serving(options);
  Client client(serving.server->bound());
  const std::string& seen = client.read_until(": keep-alive\n\n\r\n");
  EXPECT_NE(seen.find("e\r\n: keep-alive\n\n\r\n"), std::string::npos) << seen;
}

TEST(AdminEvents, ClientThatLeavesEndsItsStream) {
  StreamServer serving;
  Client client(serving.server->bound());
  client.read_until("\r\n\r\n");
  const auto stream = serving.stream(0);
  EXPECT_FALSE(stream->ended());
  client.leave();
  await_end(*stream);
  stream->push("event: x\ndata: nobody reads it\n\n");
  Client next(serving.server->bound());
  next.read_until("\r\n\r\n");
}

TEST(AdminEvents, StopEndsStreamsInOrder) {
  StreamServer serving;
  Client client(serving.server->bound());
  client.read_until("\r\n\r\n");
  const auto stream = serving.stream(0);
  serving.server->stop();
  EXPECT_TRUE(client.read_until("").ends_with("0\r\n\r\n"));
  EXPECT_TRUE(stream->ended());
  stream->push("event: x\ndata: late\n\n");
}

TEST(AdminEvents, ReaderThatDoesNotReadIsToldWhatItLost) {
  AdminEvents stream;
  const std::string event = event_text("denial", std::string(1000, 'x'));
  for (std::size_t i = 0; i < 2 * AdminEvents::kQueuedBytesMax / event.size(); ++i) {
    stream.push(event);
  }
  AdminEvents::Batch batch = stream.take();
  EXPECT_LE(batch.text.size(), AdminEvents::kQueuedBytesMax);
  EXPECT_TRUE(batch.text.starts_with("event: lagging\n")) << batch.text.substr(0, 40);
  EXPECT_TRUE(batch.text.ends_with("x\n\n"));
  EXPECT_FALSE(batch.last);
  stream.close("event: end\ndata: {}\n\n");
  batch = stream.take();
  EXPECT_EQ(batch.text, "event: end\ndata: {}\n\n");
  EXPECT_TRUE(batch.last);
}

}  // namespace
}  // namespace guarita::net
