// The admin HTTP server and client over real sockets: ports 0, a Unix socket in a temp folder.
#include "net/admin_http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "net/admin_crowd.h"
#include "net/admin_events.h"

namespace guarita::net {
namespace {

struct TempFolder {
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "guarita-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

AdminResponse echo(const AdminRequest& request) {
  AdminResponse response;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.headers.emplace_back("ETag", "\"7\"");
  response.body = request.method + " " + request.target + " " +
                  std::string(request.header("X-One").value_or("-")) + " " + request.body;
  return response;
}

// A raw TCP connection: sends bytes, reads until the peer closes or `until` was seen.
class Raw {
 public:
  explicit Raw(const std::string& bound, const char* from = "127.0.0.1") {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &own.sin_addr);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Raw() { ::close(fd_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string read_until(std::string_view until) {
    while (until.empty() || !seen_.contains(until)) {
      char buffer[4096];
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      seen_.append(buffer, static_cast<std::size_t>(n));
    }
    return seen_;
  }
  std::string read_to_end() { return read_until({}); }
  void forget() { seen_.clear(); }

 private:
  int fd_ = -1;
  std::string seen_;
};

struct TcpServer {
  explicit TcpServer(AdminHandler handler, AdminServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    server.emplace(std::move(options), std::move(handler));
    const auto error = server->start();
    EXPECT_FALSE(error) << *error;
  }
  std::optional<AdminServer> server;
};

TEST(AdminHttp, ClientAndServerOverAUnixSocketWithPeerCredentials) {
  TempFolder folder;
  const std::string path = folder.path / "s.sock";
  AdminPeer peer;
  AdminServer server({.unix_path = path}, [&](const AdminRequest& request) {
    peer = request.peer;
    return echo(request);
  });
  ASSERT_FALSE(server.start());
  EXPECT_EQ(server.bound(), path);
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const AdminRequest request{
      .method = "POST", .target = "/x?y", .headers = {{"X-One", "1"}}, .body = "abc", .peer = {}};
  const auto response = admin_call(path, request, Millis(10'000));
  ASSERT_TRUE(response) << response.error();
  EXPECT_EQ(response->status, 200U);
  EXPECT_EQ(response->body, "POST /x?y 1 abc");
  EXPECT_EQ(response->header("etag"), "\"7\"");
  EXPECT_TRUE(response->header("Date"));
  EXPECT_TRUE(peer.unix_socket);
  EXPECT_EQ(peer.uid, ::getuid());
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto gone = admin_call(path, request, Millis(1'000));
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().find(path), std::string::npos);
}

TEST(AdminHttp, StaleSocketIsReplacedALiveOneAndAFileAreNot) {
  TempFolder folder;
  const std::string path = folder.path / "s.sock";
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ::close(dead);  // the file stays, as after kill -9
  AdminServer server({.unix_path = path}, &echo);
  ASSERT_FALSE(server.start());
  AdminServer second({.unix_path = path}, &echo);
  const auto error = second.start();
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("another server"), std::string::npos);
  EXPECT_TRUE(admin_call(path, {.method = "GET", .target = "/"}, Millis(10'000)));

  const std::string file = folder.path / "file";
  ::close(::creat(file.c_str(), 0600));
  AdminServer third({.unix_path = file}, &echo);
  EXPECT_TRUE(third.start());
  EXPECT_TRUE(std::filesystem::exists(file));
  AdminServer fourth({.unix_path = std::string(200, 'x')}, &echo);
  EXPECT_TRUE(fourth.start());
}

TEST(AdminHttp, KeepAliveAndPipelining) {
  TcpServer tcp(&echo);
  Raw raw(tcp.server->bound());
  raw.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string both = raw.read_until("GET /2");
  EXPECT_NE(both.find("GET /1"), std::string::npos);
  raw.forget();
  raw.send("GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string last = raw.read_to_end();
  EXPECT_NE(last.find("GET /3"), std::string::npos);
  EXPECT_NE(last.find("Connection: close"), std::string::npos);
}

TEST(AdminHttp, HeadHasTheLengthAndNoBody) {
  TcpServer tcp(&echo);
  Raw raw(tcp.server->bound());
  raw.send("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = raw.read_to_end();
  EXPECT_NE(answer.find("Content-Length: 12"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(AdminHttp, BodyOverTheLimitIsRefusedReadablyWhileItIsStillSent) {
  AdminServerOptions options{.body_bytes_max = 1000};
  options.refuse = [](unsigned status) {
    return AdminResponse{.status = status, .headers = {}, .body = "refused"};
  };
  TcpServer tcp(&echo, options);
  Raw raw(tcp.server->bound());
  const std::string body(1'000'000, 'x');
  raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  raw.send(body);
  const std::string answer = raw.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer.substr(0, 200);
  EXPECT_TRUE(answer.ends_with("refused"));
  // The limit itself passes, chunked or not.
  Raw good(tcp.server->bound());
  good.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" +
            std::string(1000, 'y'));
  EXPECT_TRUE(good.read_to_end().starts_with("HTTP/1.1 200 "));
  Raw chunked(tcp.server->bound());
  chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, 'z') + "\r\n");
  EXPECT_TRUE(chunked.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST(AdminHttp, WhatIsNotHttpIsRefusedAndTheServerServesOn) {
  TcpServer tcp(&echo);
  for (const std::string_view bytes :
       {"\x16\x03\x01\x02 hello\r\n\r\n", "GET\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"}) {
    Raw raw(tcp.server->bound());
    raw.send(bytes);
    EXPECT_TRUE(raw.read_to_end().starts_with("HTTP/1.1 400 ")) << bytes;
  }
  Raw big(tcp.server->bound());
  big.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_TRUE(big.read_to_end().starts_with("HTTP/1.1 431 "));
  Raw raw(tcp.server->bound());
  raw.send("GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(raw.read_to_end().find("/alive"), std::string::npos);
}

TEST(AdminHttp, ExpectContinueIsAnsweredBeforeTheBodyComes) {
  TcpServer tcp(&echo);
  Raw raw(tcp.server->bound());
  raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(raw.read_until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
  raw.send("ok");
  EXPECT_NE(raw.read_until("- ok").find("HTTP/1.1 200"), std::string::npos);
}

TEST(AdminHttp, SlowHeadIsCutAndAnExceptionIsABare500) {
  AdminServerOptions options;
  options.head_timeout = Millis(50);
  TcpServer tcp(
      [](const AdminRequest&) -> AdminResponse { throw std::runtime_error("gta_secret"); },
      options);
  Raw slow(tcp.server->bound());
  slow.send("GET / HT");
  EXPECT_EQ(slow.read_to_end(), "");
  Raw raw(tcp.server->bound());
  raw.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = raw.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(answer.find("gta_secret"), std::string::npos);
}

// Requests to /wait are answered when opened; all others at once, /events by a stream.
struct GatedServer {
  explicit GatedServer(std::size_t connections_max) {
    AdminServerOptions options;
    options.connections_max = connections_max;
    tcp.emplace(
        [this](const AdminRequest& request) {
          std::unique_lock lock(mutex);
          if (request.target == "/wait") {
            ++waiting;
            changed.notify_all();
            changed.wait(lock, [this] { return open; });
          }
          if (request.target != "/events") return echo(request);
          AdminResponse response;
          response.events = stream = std::make_shared<AdminEvents>();
          return response;
        },
        options);
  }
  ~GatedServer() { let_go(); }
  void await_waiting() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return waiting > 0; });
  }
  void let_go() {
    const std::scoped_lock lock(mutex);
    open = true;
    changed.notify_all();
  }
  std::string bound() { return tcp->server->bound(); }

  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool open = false;
  std::shared_ptr<AdminEvents> stream;
  std::optional<TcpServer> tcp;
};

constexpr std::string_view kGetWait = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kGet = "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(AdminHttp, FullItClosesASlowHeadForANewcomerNeverAnAnswerOrAStream) {
  GatedServer gated(3);
  Raw answered(gated.bound());
  answered.send(kGetWait);
  gated.await_waiting();
  Raw streamed(gated.bound());
  streamed.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  streamed.read_until("\r\n\r\n");
  Raw slow(gated.bound());
  slow.send("GET / HT");
  for (int i = 0; i < 3; ++i) {  // each but the first in the place of the one before
    Raw newcomer(gated.bound());
    newcomer.send(kGet);
    EXPECT_NE(newcomer.read_until("GET /2").find("200"), std::string::npos) << i;
    if (i == 0) EXPECT_EQ(slow.read_to_end(), "");
  }
  gated.stream->push(event_text("alive", "1"));
  EXPECT_NE(streamed.read_until("data: 1").find("event: alive"), std::string::npos);
  gated.let_go();
  EXPECT_NE(answered.read_until("GET /wait").find("200"), std::string::npos);
}

TEST(AdminHttp, FullOfAnswersItAcceptsWhenOneIsThrough) {
  GatedServer gated(1);
  Raw first(gated.bound());
  first.send(kGetWait);
  gated.await_waiting();
  Raw second(gated.bound());  // in the backlog
  second.send(kGet);
  gated.let_go();
  EXPECT_NE(first.read_until("GET /wait").find("200"), std::string::npos);
  EXPECT_NE(second.read_until("GET /2").find("200"), std::string::npos);
}

TEST(AdminHttp, CrowdOfOneAddressPaysForItselfNotForAnIdleNeighbour) {
  GatedServer gated(kWaitingShare + 2);
  Raw neighbour(gated.bound());
  neighbour.send(kGet);
  neighbour.read_until("GET /2");
  std::vector<std::unique_ptr<Raw>> crowd;
  for (std::size_t i = 0; i < 3 * kWaitingShare; ++i) {
    crowd.push_back(std::make_unique<Raw>(gated.bound(), "127.0.0.2"));
    crowd.back()->send("GET / HT");
  }
  Raw newcomer(gated.bound(), "127.0.0.3");
  newcomer.send(kGet);
  EXPECT_NE(newcomer.read_until("GET /2").find("200"), std::string::npos);
  EXPECT_EQ(crowd.front()->read_to_end(), "");
  neighbour.forget();
  neighbour.send(kGet);
  EXPECT_NE(neighbour.read_until("GET /2").find("200"), std::string::npos);
}

TEST(AdminHttp, StopLetsARunningHandlerAnswer) {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  bool go_on = false;
  TcpServer tcp([&](const AdminRequest& request) {
    std::unique_lock lock(mutex);
    running = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    return echo(request);
  });
  Raw raw(tcp.server->bound());
  raw.send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
  Raw idle(tcp.server->bound());
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running; });
  }
  std::thread stopper([&] { tcp.server->stop(); });
  EXPECT_EQ(idle.read_to_end(), "") << "closed at once";
  {
    const std::scoped_lock lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  const std::string answer = raw.read_to_end();
  EXPECT_NE(answer.find("GET /last"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  stopper.join();
}

TEST(AdminHttp, SlowServerIsNotWaitedForLongerThanAsked) {
  std::mutex mutex;
  std::condition_variable changed;
  bool go_on = false;
  TempFolder folder;
  const std::string path = folder.path / "s.sock";
  AdminServer server({.unix_path = path}, [&](const AdminRequest& request) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return go_on; });
    return echo(request);
  });
  ASSERT_FALSE(server.start());
  const auto late = admin_call(path, {.method = "GET", .target = "/"}, Millis(30));
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().find("30ms"), std::string::npos);
  {
    const std::scoped_lock lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  server.stop();
}

TEST(AdminHttp, HeaderLookupGivesNoneForARepeatedLine) {
  const AdminRequest request{.method = "GET",
                             .target = "/",
                             .headers = {{"Host", "a"}, {"HOST", "b"}, {"X", "1"}},
                             .body = {},
                             .peer = {}};
  EXPECT_FALSE(request.header("host"));
  EXPECT_EQ(request.count("host"), 2U);
  EXPECT_EQ(request.header("x"), "1");
}

}  // namespace
}  // namespace guarita::net
