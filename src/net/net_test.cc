// Deadlines, idle shelf, URLs, addresses: the parts without I/O.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "net/deadlines.h"
#include "net/endpoint.h"
#include "net/idle_shelf.h"
#include "net/recycler.h"
#include "net/upstream_url.h"

namespace guarita::net {
namespace {

TEST(Recycler, EveryBlockHoldsWhatWasAskedForAndIsUsedAgain) {
  for (std::size_t bytes = 1; bytes <= 200'000; bytes += bytes < 2'100 ? 1 : 997) {
    void* first = recycled_new(bytes);
    std::memset(first, 0xa5, bytes);
    recycled_delete(first, bytes);
    void* second = recycled_new(bytes);
    std::memset(second, 0x5a, bytes);
    recycled_delete(second, bytes);
  }
}

struct Bell {
  explicit Bell(DeadlineWheel& w) : wheel(w), deadline(&Bell::ring, this) {}
  static void ring(void* self) { ++static_cast<Bell*>(self)->rings; }
  DeadlineWheel& wheel;
  Deadline deadline;
  int rings = 0;
};

TEST(Deadlines, ExpireOnceAtTheirTime) {
  DeadlineWheel wheel(1'000);
  Bell bell(wheel);
  wheel.arm(bell.deadline, 1'250);
  wheel.expire(1'249);
  EXPECT_EQ(bell.rings, 0);
  wheel.expire(1'250);
  EXPECT_EQ(bell.rings, 1);
  wheel.expire(9'999);
  EXPECT_EQ(bell.rings, 1);
}

TEST(Deadlines, MoveLaterAndEarlier) {
  DeadlineWheel wheel(0);
  Bell bell(wheel);
  wheel.arm(bell.deadline, 500);
  wheel.arm(bell.deadline, 5'000);
  wheel.expire(4'900);
  EXPECT_EQ(bell.rings, 0);
  wheel.arm(bell.deadline, 4'950);
  wheel.expire(4'960);
  EXPECT_EQ(bell.rings, 1);
  wheel.arm(bell.deadline, 4'000);  // in the past already
  wheel.expire(4'961);
  EXPECT_EQ(bell.rings, 2);
}

TEST(Deadlines, DisarmedAndDestroyedStaySilent) {
  DeadlineWheel wheel(0);
  Bell bell(wheel);
  {
    Bell gone(wheel);
    wheel.arm(gone.deadline, 100);
  }
  wheel.arm(bell.deadline, 100);
  wheel.disarm(bell.deadline);
  wheel.expire(1'000);
  EXPECT_EQ(bell.rings, 0);
  EXPECT_FALSE(bell.deadline.armed());
}

TEST(Deadlines, FartherThanOneTurnOfTheWheel) {
  DeadlineWheel wheel(0);
  Bell bell(wheel);
  wheel.arm(bell.deadline, 3'600'000);
  for (std::int64_t now = 0; now < 3'600'000; now += 250) wheel.expire(now);
  EXPECT_EQ(bell.rings, 0);
  wheel.expire(3'600'000);
  EXPECT_EQ(bell.rings, 1);
}

TEST(Deadlines, AWheelThatStoodStillMissesNothing) {
  DeadlineWheel wheel(0);
  Bell soon(wheel);
  Bell late(wheel);
  wheel.arm(soon.deadline, 50);
  wheel.arm(late.deadline, 90'000);
  wheel.expire(10'000'000);
  EXPECT_EQ(soon.rings, 1);
  EXPECT_EQ(late.rings, 1);
}

// Against the obvious: each bell rings at the first tick that has reached its last due time.
TEST(Deadlines, AgreeWithAModelOnRandomMoves) {
  const unsigned seed = 20261124;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::int64_t now = 77'777;
  DeadlineWheel wheel(now);
  constexpr std::size_t kBells = 50;
  std::vector<std::unique_ptr<Bell>> bells;
  for (std::size_t i = 0; i < kBells; ++i) bells.push_back(std::make_unique<Bell>(wheel));
  std::vector<std::int64_t> due(kBells, -1);
  std::vector<int> expected(kBells, 0);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % kBells;
    switch (random() % 4) {
      case 0:
      case 1: {
        const std::int64_t span = random() % 3 == 0 ? 400'000 : 900;
        due[i] = now + static_cast<std::int64_t>(random()) % span;
        wheel.arm(bells[i]->deadline, due[i]);
        break;
      }
      case 2:
        due[i] = -1;
        wheel.disarm(bells[i]->deadline);
        break;
      default:
        now += random() % 50 == 0 ? 30'000 : static_cast<int>(random() % 400);
        wheel.expire(now);
        for (std::size_t b = 0; b < kBells; ++b) {
          if (due[b] >= 0 && due[b] <= now) {
            ++expected[b];
            due[b] = -1;
          }
          ASSERT_EQ(bells[b]->rings, expected[b]) << "bell " << b << " step " << step;
        }
    }
  }
}

TEST(IdleShelf, IsLastInFirstOut) {
  IdleShelf shelf;
  IdleNode a, b, c;
  EXPECT_EQ(shelf.put(a, 0, 100, 8), nullptr);
  EXPECT_EQ(shelf.put(b, 0, 100, 8), nullptr);
  EXPECT_EQ(shelf.put(c, 0, 100, 8), nullptr);
  shelf.remove(b);
  EXPECT_EQ(shelf.take(1), &c);
  EXPECT_EQ(shelf.take(1), &a);
  EXPECT_EQ(shelf.take(1), nullptr);
  EXPECT_EQ(shelf.size(), 0u);
}

TEST(IdleShelf, OverTheCapTheOldestGoes) {
  IdleShelf shelf;
  IdleNode a, b, c;
  EXPECT_EQ(shelf.put(a, 0, 100, 2), nullptr);
  EXPECT_EQ(shelf.put(b, 0, 100, 2), nullptr);
  EXPECT_EQ(shelf.put(c, 0, 100, 2), &a);
  EXPECT_FALSE(a.shelved);
  EXPECT_EQ(shelf.size(), 2u);
}

TEST(IdleShelf, NeverHandsOutWhatIsOver) {
  IdleShelf shelf;
  IdleNode a, b;
  EXPECT_EQ(shelf.put(a, 0, 500, 8), nullptr);
  EXPECT_EQ(shelf.put(b, 0, 100, 8), nullptr);
  EXPECT_EQ(shelf.take(100), &a);  // the newer one is over
  EXPECT_EQ(shelf.take(100), nullptr);
  EXPECT_EQ(shelf.oldest(), &b);
}

TEST(IdleShelf, KeepsNothingWhenNothingMayBeKept) {
  IdleShelf shelf;
  IdleNode a;
  EXPECT_EQ(shelf.put(a, 0, 100, 0), &a);
  EXPECT_EQ(shelf.put(a, 100, 100, 8), &a);
  EXPECT_EQ(shelf.size(), 0u);
}

TEST(IdleShelf, KeepTimeIsTheShorterOfOursAndTheirsLessASecond) {
  struct Case {
    std::int64_t configured;
    int stated;
    std::int64_t keep;
  };
  for (const Case& c : {Case{4'000, -1, 4'000}, Case{4'000, 5, 4'000}, Case{4'000, 3, 2'000},
                        Case{4'000, 1, 0}, Case{4'000, 0, 0}, Case{4'000, 1'000'000'000, 4'000}}) {
    EXPECT_EQ(idle_keep_ms(c.configured, c.stated), c.keep) << c.stated;
  }
}

TEST(UpstreamUrl, TellsItsParts) {
  struct Case {
    std::string_view text, host, unix_path, prefix, authority;
    unsigned port;
  };
  for (const Case& c : {
           Case{"http://127.0.0.1:3000", "127.0.0.1", "", "", "127.0.0.1:3000", 3000},
           Case{"http://api.internal", "api.internal", "", "", "api.internal", 80},
           Case{"http://api.internal:80/", "api.internal", "", "", "api.internal", 80},
           Case{"http://api:8/v1/x/", "api", "", "/v1/x", "api:8", 8},
           Case{"http://[::1]:8080/p", "::1", "", "/p", "[::1]:8080", 8080},
           Case{"unix:/run/a.sock", "", "/run/a.sock", "", "localhost", 0},
           Case{"unix:/run/a.sock:/p", "", "/run/a.sock", "/p", "localhost", 0},
       }) {
    const auto url = parse_upstream_url(c.text);
    ASSERT_TRUE(url.has_value()) << c.text << ": " << url.error();
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->unix_path, c.unix_path) << c.text;
    EXPECT_EQ(url->prefix, c.prefix) << c.text;
    EXPECT_EQ(url->authority, c.authority) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
  }
}

TEST(UpstreamUrl, TheSchemeSaysTheProtocol) {
  for (const std::string_view text : {"http://a", "unix:/s"}) {
    EXPECT_EQ(parse_upstream_url(text)->protocol, UpstreamProtocol::Http1) << text;
  }
  const auto tcp = parse_upstream_url("h2c://host:8080/p/");
  ASSERT_TRUE(tcp.has_value()) << tcp.error();
  EXPECT_EQ(tcp->protocol, UpstreamProtocol::Http2);
  EXPECT_EQ(tcp->authority, "host:8080");
  EXPECT_EQ(tcp->prefix, "/p");
  EXPECT_EQ(parse_upstream_url("h2c://host")->port, 80);
  const auto local = parse_upstream_url("h2c+unix:/run/s:/p");
  ASSERT_TRUE(local.has_value()) << local.error();
  EXPECT_EQ(local->protocol, UpstreamProtocol::Http2);
  EXPECT_EQ(local->unix_path, "/run/s");
  for (const std::string_view text : {"h2://a", "h2c:a", "h2c+unix:s", "h2c://"}) {
    EXPECT_FALSE(parse_upstream_url(text).has_value()) << text;
  }
}

TEST(UpstreamUrl, RefusesWhatItCannotServe) {
  for (const std::string_view text :
       {"", "127.0.0.1:80", "https://a", "http://", "http://a:99999", "http://a:0", "http://u:p@a",
        "http://a/?q", "http://a/#f", "unix:run/a", "unix:", "unix:/a:b", "http://a/x/../y",
        "http://a b", "http://a/\r\nx", "ftp://a", "http://%61"}) {
    EXPECT_FALSE(parse_upstream_url(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_upstream_url("unix:/" + std::string(200, 'a')).has_value());
}

TEST(HostPort, IsParsedStrictly) {
  EXPECT_EQ(parse_host_port("0.0.0.0:8080")->port, 8080);
  EXPECT_EQ(parse_host_port("[::1]:1")->host, "::1");
  EXPECT_EQ(parse_host_port("localhost", 80)->port, 80);
  for (const std::string_view text : {"", ":80", "a", "a:", "a:+1", "a:70000", "a:1x", "[::1]",
                                      "[::1", "[a]:1", "a b:1", "::1:80"}) {
    EXPECT_FALSE(parse_host_port(text).has_value()) << text;
  }
}

TEST(Endpoint, KeepsAddressAndPort) {
  const Endpoint v4 = make_endpoint(*parse_ip("10.1.2.3"), 8080);
  EXPECT_EQ(format_endpoint(v4), "10.1.2.3:8080");
  EXPECT_EQ(v4.ip(), *parse_ip("10.1.2.3"));
  const Endpoint v6 = make_endpoint(*parse_ip("2001:db8::1"), 1);
  EXPECT_EQ(format_endpoint(v6), "[2001:db8::1]:1");
  EXPECT_EQ(v6.port(), 1);
  EXPECT_EQ(format_endpoint(*make_unix_endpoint("/run/x")), "unix:/run/x");
  EXPECT_FALSE(make_unix_endpoint(std::string(108, 'x')).has_value());
}

}  // namespace
}  // namespace guarita::net
