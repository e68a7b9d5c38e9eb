// TLS over real sockets: the server's side is a Stream with a layer on a loop of its own, the
// caller's side OpenSSL in the test's thread.
#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "net/net_testing.h"
#include "net/tls_layer.h"
#include "net/tls_testing.h"

namespace guarita::net {
namespace {

using testing::LoopThread;
using testing::make_certificate;
using testing::NameIn;
using testing::Wanted;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "guarita-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return at(name);
  }
  std::string at(const std::string& name) const { return (path_ / name).string(); }
  TlsPair pair(const std::string& name, const Wanted& wanted = {}) const {
    const auto made = make_certificate(wanted);
    return {write(name + ".pem", made.certificate), write(name + ".key", made.key)};
  }

 private:
  std::filesystem::path path_;
};

// A caller on a blocking socket, 10 s patient.
class Caller {
 public:
  explicit Caller(int fd, const char* host = nullptr, int version_max = 0) : fd_(fd) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (version_max != 0) {
      SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
      SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context_.get(), version_max);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    if (host != nullptr) SSL_set_tlsext_host_name(ssl_.get(), host);
    constexpr unsigned char kOffered[] = "\2h2\10http/1.1";
    SSL_set_alpn_protos(ssl_.get(), kOffered, sizeof kOffered - 1);
  }
  ~Caller() { close(); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  SSL* ssl() const { return ssl_.get(); }
  bool connect() {
    ERR_clear_error();
    return SSL_connect(ssl_.get()) == 1;
  }
  std::string alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
  }
  // The first DNS name of the server's certificate.
  std::string server() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_.get());
    if (certificate == nullptr) return "none";
    char name[128] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }
  bool send(std::string_view bytes) {
    std::size_t sent = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1 && sent == bytes.size();
  }
  std::string receive(std::size_t bytes) {
    std::string out;
    char part[16 * 1024];
    while (out.size() < bytes) {
      std::size_t got = 0;
      if (SSL_read_ex(ssl_.get(), part, std::min(sizeof part, bytes - out.size()), &got) != 1) {
        break;
      }
      out.append(part, got);
    }
    return out;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  SslContextPtr context_;
  SslPtr ssl_;
};

// A stream over a layer of `context` on a loop, and the caller's end of its socket.
class Served {
 public:
  explicit Served(const TlsContext& context, int buffer_bytes = 0) {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    if (buffer_bytes > 0) {
      for (const int fd : both) {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
      }
    }
    theirs = both[1];
    thread.run([&] {
      stream = Stream::adopt(thread.loop, both[0]);
      stream->set_layer(context.make_layer());
    });
  }
  ~Served() {
    thread.run([&] { stream.reset(); });
  }
  // Starts a coroutine; wait() is for its end.
  void start(Task<void> task) {
    thread.loop.post([this, task = std::move(task)]() mutable {
      spawn(
          std::move(task), "test",
          [](void* promise) noexcept { static_cast<std::promise<void>*>(promise)->set_value(); },
          &ended_);
    });
  }
  void wait() { ended_.get_future().wait(); }

  LoopThread thread;
  std::unique_ptr<Stream> stream;
  int theirs = -1;

 private:
  std::promise<void> ended_;
};

struct Seen {
  std::string bytes;
  NetError end = NetError::Other;
};

Task<void> echo(Stream& stream, Seen& seen) {
  char bytes[32 * 1024];
  for (;;) {
    const auto got = co_await stream.read_some(bytes);
    if (!got) {
      seen.end = got.error();
      co_return;
    }
    seen.bytes.append(bytes, *got);
    const std::array<std::string_view, 3> pieces{"<", std::string_view(bytes, *got), ">"};
    if (!co_await stream.write(pieces)) co_return;
  }
}

std::shared_ptr<const TlsContext> context_of(const std::vector<TlsPair>& pairs) {
  auto loaded = TlsContext::load(pairs);
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().text);
  return loaded ? *loaded : nullptr;
}

TEST(Tls, CarriesBytesBothWaysAndTellsAnEndInOrder) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.alpn(), "http/1.1");
  EXPECT_EQ(std::string_view(SSL_get_version(caller.ssl())), "TLSv1.3");
  ASSERT_TRUE(caller.send("hello"));
  EXPECT_EQ(caller.receive(7), "<hello>");
  SSL_shutdown(caller.ssl());
  served.wait();
  EXPECT_EQ(seen.end, NetError::EndOfStream);
  served.thread.run([&] { served.stream->finish_sending(); });
  EXPECT_EQ(caller.receive(1), "");
  EXPECT_EQ(SSL_get_shutdown(caller.ssl()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST(Tls, AnEndWithoutCloseNotifyIsAReset) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  ASSERT_TRUE(caller.send("half"));
  EXPECT_EQ(caller.receive(6), "<half>");
  ::shutdown(caller.fd(), SHUT_WR);
  served.wait();
  EXPECT_EQ(seen.end, NetError::Reset);
}

TEST(Tls, VersionsBelow12AreRefusedAnd12IsNot) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  for (const int version : {TLS1_1_VERSION, TLS1_2_VERSION}) {
    Served served(*context);
    Seen seen;
    served.start(echo(*served.stream, seen));
    Caller caller(served.theirs, nullptr, version);
    EXPECT_EQ(caller.connect(), version == TLS1_2_VERSION);
    caller.close();
    served.wait();
  }
}

TEST(Tls, ACallerThatSpeaksOnlyHttp2IsToldSo) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs);
  constexpr unsigned char kOffered[] = "\2h2";
  SSL_set_alpn_protos(caller.ssl(), kOffered, sizeof kOffered - 1);
  EXPECT_FALSE(caller.connect());
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
  served.wait();
}

TEST(Tls, SniChoosesTheCertificate) {
  const Folder folder;
  const auto context =
      context_of({folder.pair("first", {.names = {"first.example"}, .where = NameIn::CommonName}),
                  folder.pair("wild", {.names = {"*.wild.example", "wild.example"}}),
                  folder.pair("other", {.names = {"other.example"}, .where = NameIn::CommonName})});
  struct Case {
    const char* host;
    const char* common_name;  // of the one that must be shown
  };
  for (const Case& c :
       {Case{nullptr, "first.example"}, Case{"first.example", "first.example"},
        Case{"unknown.example", "first.example"}, Case{"wild.example", "test"},
        Case{"A.Wild.Example", "test"}, Case{"a.b.wild.example", "first.example"},
        Case{".wild.example", "first.example"}, Case{"other.example", "other.example"}}) {
    Served served(*context);
    Seen seen;
    served.start(echo(*served.stream, seen));
    Caller caller(served.theirs, c.host);
    EXPECT_TRUE(caller.connect());
    EXPECT_EQ(caller.server(), c.common_name) << (c.host != nullptr ? c.host : "no name");
    EXPECT_EQ(caller.alpn(), "http/1.1");
    caller.close();
    served.wait();
  }
}

TEST(Tls, AReloadIsForNewConnectionsAndABadFileKeepsTheOld) {
  const Folder folder;
  const Wanted old{.names = {"old.example"}, .where = NameIn::CommonName};
  const Wanted renewed{.names = {"new.example"}, .where = NameIn::CommonName};
  const TlsPair pair = folder.pair("one", old);
  TlsStore store(context_of({pair}));
  const auto shown = [&store] {
    Served served(*store.context());
    Seen seen;
    served.start(echo(*served.stream, seen));
    Caller caller(served.theirs);
    EXPECT_TRUE(caller.connect());
    std::string name = caller.server();
    caller.close();
    served.wait();
    return name;
  };
  Served lasting(*store.context());
  Seen seen;
  lasting.start(echo(*lasting.stream, seen));
  Caller caller(lasting.theirs);
  ASSERT_TRUE(caller.connect());

  folder.pair("one", renewed);
  EXPECT_EQ(store.reload({pair}), std::nullopt);
  EXPECT_EQ(shown(), "new.example");
  folder.write("one.pem", "gone");
  const auto problem = store.reload({pair});
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->text.find("one.pem"), std::string::npos);
  EXPECT_EQ(shown(), "new.example");

  ASSERT_TRUE(caller.send("still here"));
  EXPECT_EQ(caller.receive(12), "<still here>");
  caller.close();
  lasting.wait();
}

TEST(Tls, AReloadDuringAHandshakeLeavesItsContextAlive) {
  const Folder folder;
  auto context = context_of({folder.pair("one"), folder.pair("two", {.names = {"two.example"}})});
  Served served(*context);
  context.reset();
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs, "two.example");
  EXPECT_TRUE(caller.connect());
  caller.close();
  served.wait();
}

TEST(TlsFiles, ProblemsNameTheFileAndTheReason) {
  const Folder folder;
  const TlsPair good = folder.pair("good");
  const TlsPair other = folder.pair("other");
  const TlsPair locked = folder.pair("locked", {.passphrase = "secret"});
  struct Case {
    TlsPair pair;
    TlsProblem::At at;
    std::string text;
  };
  const auto kCertificate = TlsProblem::At::Certificate;
  const auto kKey = TlsProblem::At::Key;
  for (const Case& c :
       {Case{{folder.at("no.pem"), good.key}, kCertificate, "no.pem does not exist"},
        Case{{good.certificate, folder.at("no.key")}, kKey, "no.key does not exist"},
        Case{{folder.at(""), good.key}, kCertificate, "directory"},
        Case{{good.key, good.key}, kCertificate, "good.key holds no certificate"},
        Case{{good.certificate, good.certificate}, kKey, "good.pem holds no private key"},
        Case{{good.certificate, other.key}, kKey, "other.key does not belong to"},
        Case{{locked.certificate, locked.key}, kKey, "locked.key is encrypted"},
        Case{{folder.write("bad.pem",
                           "-----BEGIN CERTIFICATE-----\nAAAA\n"
                           "-----END CERTIFICATE-----\n"),
              good.key},
             kCertificate,
             "bad.pem is no PEM file"}}) {
    const auto loaded = TlsContext::load({good, c.pair});
    ASSERT_FALSE(loaded) << c.text;
    EXPECT_NE(loaded.error().text.find(c.text), std::string::npos) << loaded.error().text;
    EXPECT_EQ(loaded.error().at, c.at) << c.text;
    EXPECT_EQ(loaded.error().pair, 1U) << c.text;
  }
}

TEST(TlsFiles, DatesAreToldWithTheFile) {
  const Folder folder;
  const auto context = context_of({folder.pair("one", {.from_s = -100, .until_s = 1'000})});
  ASSERT_TRUE(context);
  const TlsCertificate& certificate = context->certificates().front();
  EXPECT_EQ(certificate.names, std::vector<std::string>{"localhost"});
  const Time end = certificate.not_after;
  const Millis soon{10'000};
  const auto told = [&](Time now) { return tls_date_problem(certificate, now, soon); };
  EXPECT_EQ(told(end - soon - Millis(1)), "");
  EXPECT_EQ(told(end - Millis(1)),
            "the certificate " + certificate.file + " expires at " + format_rfc3339(end));
  EXPECT_EQ(told(end),
            "the certificate " + certificate.file + " expired at " + format_rfc3339(end));
  EXPECT_NE(told(certificate.not_before - Millis(1)).find("is not valid before"),
            std::string::npos);
}

// ---- waits -------------------------------------------------------------------------------------

// A certificate so large that the server's flight does not fit into the socket.
Wanted large() {
  Wanted wanted{.names = {}};
  for (int i = 0; i < 600; ++i) wanted.names.push_back("host-" + std::to_string(i) + ".example");
  return wanted;
}

TEST(Tls, AFlightLargerThanTheSocketLeavesWhileTheServerReads) {
  const Folder folder;
  const auto context = context_of({folder.pair("large", large())});
  Served served(*context, 1);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  ASSERT_TRUE(caller.send("x"));
  EXPECT_EQ(caller.receive(3), "<x>");
  caller.close();
  served.wait();
}

Task<void> write_all_of(Stream& stream, const std::string& bytes, bool& ok) {
  const std::array<std::string_view, 3> pieces{"head", bytes, "tail"};
  const auto written = co_await stream.write(pieces);
  ok = written.has_value();
}
Task<void> read_all_of(Stream& stream, std::size_t bytes, std::string& into) {
  std::array<char, 7'000> part;
  while (into.size() < bytes) {
    const auto got = co_await stream.read_some(part);
    if (!got) co_return;
    into.append(part.data(), *got);
  }
}

// Both ways at once through tiny sockets, with key updates among the data: each makes OpenSSL
// write while it reads, and one that is asked for does so on our side.
TEST(Tls, ReadsAndWritesAtOnceThroughTinySocketsEndWhole) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context, 1);
  std::string much(1 << 20, 'a');
  for (std::size_t i = 0; i < much.size(); i += 977) much[i] = static_cast<char>('a' + i % 26);
  std::string read;
  bool written = false;
  const auto both = [&]() {
    return [](Stream& stream, const std::string& bytes, std::string& into, bool& ok) -> Task<void> {
      char first = 0;  // the handshake
      if (!co_await stream.read_some({&first, 1})) co_return;
      Joinable writing(write_all_of(stream, bytes, ok));
      co_await read_all_of(stream, bytes.size(), into);
      co_await writing.join();
    }(*served.stream, much, read, written);
  };
  served.start(both());
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  ASSERT_TRUE(caller.send("!"));
  // The caller writes all before it reads anything: the server's write is stuck meanwhile.
  std::size_t sent = 0;
  for (unsigned turn = 0; sent < much.size(); ++turn) {
    const std::size_t part = std::min<std::size_t>(much.size() - sent, 50'000);
    if (turn % 4 == 1) SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_REQUESTED);
    ASSERT_TRUE(caller.send(std::string_view(much).substr(sent, part)));
    sent += part;
  }
  EXPECT_TRUE(caller.receive(much.size() + 8) == "head" + much + "tail");
  served.wait();
  EXPECT_TRUE(read == much);
  EXPECT_TRUE(written);
  caller.close();
}

TEST(Tls, KeyUpdatesWithoutDataEndTheConnection) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  for (int i = 0; i < 8; ++i) {
    SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(caller.ssl());
  }
  ASSERT_TRUE(caller.send("fine"));
  EXPECT_EQ(caller.receive(6), "<fine>");
  for (int i = 0; i < 100; ++i) {
    SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    if (SSL_do_handshake(caller.ssl()) != 1) break;
  }
  served.wait();
  EXPECT_EQ(seen.end, NetError::OverLimit);
}

TEST(Tls, AWatchIsWokenByDataAndEndsButNotByAKeyUpdate) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start([](Stream& stream, Seen& into) -> Task<void> {
    char byte = 0;
    const auto got = co_await stream.read_some({&byte, 1});
    if (got) into.bytes.assign(1, byte);
  }(*served.stream, seen));
  Caller caller(served.theirs);
  ASSERT_TRUE(caller.connect());
  ASSERT_TRUE(caller.send("x"));
  served.wait();
  ASSERT_EQ(seen.bytes, "x");

  std::promise<void> told;
  const auto event = [](void* promise) noexcept {
    static_cast<std::promise<void>*>(promise)->set_value();
  };
  served.thread.run([&] { EXPECT_TRUE(served.stream->watch(event, &told)); });
  SSL_key_update(caller.ssl(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(caller.ssl());
  served.thread.run([&] {
    EXPECT_TRUE(served.stream->unwatch());
    EXPECT_FALSE(served.stream->peer_ended());
    EXPECT_TRUE(served.stream->watch(event, &told));
  });
  SSL_shutdown(caller.ssl());
  told.get_future().wait();
  served.thread.run([&] { EXPECT_TRUE(served.stream->peer_ended()); });
}

TEST(Tls, PlainHttpIsToldThatThisPortSpeaksHttps) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /a HTTP/1.1\r\n",
        "PATCH /abc HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    Served served(*context);
    Seen seen;
    served.start(echo(*served.stream, seen));
    ASSERT_GT(::send(served.theirs, request.data(), request.size(), 0), 0);
    served.wait();
    std::string answer(1'024, '\0');
    const ssize_t got = ::recv(served.theirs, answer.data(), answer.size(), MSG_WAITALL);
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n{\"error\":\"This port speaks https\"}")) << answer;
    EXPECT_NE(answer.find("Content-Length: 34\r\n"), std::string::npos);
    ::close(served.theirs);
  }
}

TEST(Tls, NonsenseIsNotAnsweredInHttp) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  ASSERT_EQ(::send(served.theirs, "\0\0\0\0\0\0\0\0\0\0\0\0", 12, 0), 12);
  served.wait();
  ::shutdown(served.theirs, SHUT_WR);
  served.thread.run([&] { served.stream.reset(); });
  std::array<char, 256> answer;
  const ssize_t got = ::recv(served.theirs, answer.data(), answer.size(), MSG_WAITALL);
  EXPECT_LT(got, 20) << "an alert at most";
  ::close(served.theirs);
}

TEST(Tls, RenegotiationIsRefused) {
  const Folder folder;
  const auto context = context_of({folder.pair("one")});
  Served served(*context);
  Seen seen;
  served.start(echo(*served.stream, seen));
  Caller caller(served.theirs, nullptr, TLS1_2_VERSION);
  ASSERT_TRUE(caller.connect());
  SSL_renegotiate(caller.ssl());
  EXPECT_NE(SSL_do_handshake(caller.ssl()), 1);
  caller.close();
  served.wait();
}

}  // namespace
}  // namespace guarita::net
