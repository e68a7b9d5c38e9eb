// Callers and upstreams that misbehave at random, with a fixed seed, against two data-plane
// threads. Whatever happens to an exchange: an answer goes to the request that it answers, in
// order; what must be denied never reaches the upstream; in the end nothing is left.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "proxy/gate_testing.h"

namespace guarita::proxy::testing {
namespace {

// --gtest_random_seed=N rolls other dice.
const unsigned kSeed = GTEST_FLAG_GET(random_seed) != 0
                           ? static_cast<unsigned>(GTEST_FLAG_GET(random_seed))
                           : 20'261'124U;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

 private:
  std::mt19937 engine_;
};

std::string value_of(std::string_view head, std::string_view name) {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(line);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + line.size();
  return std::string(head.substr(from, head.find("\r\n", from) - from));
}

std::string repeated(const std::string& nonce, unsigned times) {
  std::string text;
  for (unsigned i = 0; i < times; ++i) text += nonce + ";";
  return text;
}

std::string chunk(std::string_view data) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}

std::string read_chunked(Peer& peer, bool& whole) {
  std::string body;
  whole = false;
  for (;;) {
    const std::string line = peer.read_until("\r\n");
    if (!line.ends_with("\r\n")) return body;
    const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
    const std::string data = peer.read_bytes(size + 2);
    if (data.size() != size + 2) return body;
    if (size == 0) break;
    body += data.substr(0, size);
  }
  whole = true;
  return body;
}

// One thread a connection; each answer names the request's nonce in its head and all of its body.
class ChaoticUpstream {
 public:
  explicit ChaoticUpstream(RawUpstream& listener) : listener_(listener) {
    accepting_ = std::thread([this] {
      for (;;) {
        Peer peer = listener_.accept();
        if (ending_) return;
        connections_.emplace_back([this, seed = kSeed + ++count_,
                                   held = std::move(peer)]() mutable { speak(held, Dice(seed)); });
      }
    });
  }
  ~ChaoticUpstream() {
    ending_ = true;
    Peer last = connect_to(listener_.port());
    accepting_.join();
    for (std::thread& each : connections_) each.join();
  }
  std::set<std::string> seen() {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  static bool read_body(Peer& peer, const std::string& head) {
    if (value_of(head, "Transfer-Encoding") == "chunked") {
      bool whole = false;
      read_chunked(peer, whole);
      return whole;
    }
    const std::size_t length = Peer::length_of(head);
    return peer.read_bytes(length).size() == length;
  }

  void speak(Peer& peer, Dice dice) {
    for (;;) {
      const std::string head = peer.read_head();
      if (!head.ends_with("\r\n\r\n")) return;
      const std::string nonce = value_of(head, "X-Nonce");
      {
        const std::scoped_lock lock(mutex_);
        seen_.insert(nonce);
      }
      if (!one(peer, dice, head, nonce)) break;
    }
    if (dice.one_in(2)) peer.reset();
  }

  bool one(Peer& peer, Dice& dice, const std::string& head, const std::string& nonce) {
    const bool bodiless = head.starts_with("HEAD ");
    const std::string body = repeated(nonce, 1 + dice.below(dice.one_in(4) ? 20'000 : 30));
    const std::string echo = "X-Echo: " + nonce + "\r\n";
    const std::string plain = "HTTP/1.1 200 OK\r\n" + echo +
                              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                              (bodiless ? "" : body);
    const std::string evil = "HTTP/1.1 200 OK\r\nX-Echo: evil\r\nContent-Length: 5\r\n\r\nevil;";
    const unsigned kind = dice.below(13);
    if (kind == 0) return peer.send(plain) && read_body(peer, head);  // early, connection kept
    if (kind == 1) return peer.send(plain), false;                    // early, closed
    if (!read_body(peer, head)) return false;
    switch (kind) {
      case 2: return false;
      case 3: return peer.send("HTTP/1.1 103 Early Hints\r\n" + echo + "\r\n" + plain);
      case 4: return peer.send(plain + evil);
      case 5: return peer.send(plain.substr(0, plain.size() - 1)), false;
      case 6: {
        const std::string chunks = bodiless ? "" : chunk(body.substr(0, 3)) + chunk(body.substr(3));
        return peer.send("HTTP/1.1 200 OK\r\n" + echo + "Transfer-Encoding: chunked\r\n\r\n" +
                         (bodiless ? "" : chunks + "0\r\n\r\n"));
      }
      case 7:
        return peer.send("HTTP/1.1 200 OK\r\n" + echo +
                         "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" +
                         (bodiless ? "" : chunk(body) + "0\r\n\r\n"));
      case 8: return peer.send("HTTP/1.1 204 No Content\r\n" + echo + "\r\n" + evil);
      case 9:
        return peer.send("HTTP/1.1 304 Not Modified\r\n" + echo + "Content-Length: 5\r\n\r\n");
      case 10:
        return peer.send("HTTP/1.1 200 OK\r\n" + echo + "\r\n" + (bodiless ? "" : body)), false;
      case 11: return peer.send("HTTP/1.1 200 OK\r\n" + echo + "Content-Length: x\r\n\r\n" + evil);
      default: return peer.send(plain);
    }
  }

  RawUpstream& listener_;
  std::thread accepting_;
  std::vector<std::thread> connections_;
  std::atomic<bool> ending_{false};
  unsigned count_ = 0;
  std::mutex mutex_;
  std::set<std::string> seen_;
};

struct Sent {
  std::string nonce;
  bool head = false;
  bool denied = false;  // must be
  std::string text;
};

Sent make_request(Dice& dice, const std::string& nonce) {
  Sent sent{.nonce = nonce, .text = {}};
  static constexpr std::array<std::string_view, 5> kMethods = {"GET", "HEAD", "POST", "PUT",
                                                               "DELETE"};
  const std::string_view method = kMethods[dice.below(kMethods.size())];
  sent.head = method == "HEAD";
  const bool acme = dice.one_in(2);
  std::string_view token;
  if (acme) token = dice.one_in(3) ? kOther : kToken;
  sent.denied = token == kOther;
  std::string more = "X-Nonce: " + nonce + "\r\n";
  std::string body;
  if (method == "POST" || method == "PUT") {
    body = repeated(nonce, 1 + dice.below(dice.one_in(4) ? 20'000 : 20));
    if (dice.one_in(2)) {
      more += "Transfer-Encoding: chunked\r\n";
      body = chunk(body.substr(0, 2)) + chunk(body.substr(2)) + "0\r\n\r\n";
    } else {
      more += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    if (dice.one_in(5)) more += "Expect: 100-continue\r\n";
  }
  sent.text = Gate::request(method, acme ? "i1" : "m1", token, more) + body;
  return sent;
}

// Reads one final answer and checks whose it is. False: the connection is over.
bool check_answer(Peer& peer, const Sent& sent) {
  std::string head = peer.read_head();
  while (head.starts_with("HTTP/1.1 1")) head = peer.read_head();
  if (!head.ends_with("\r\n\r\n")) return false;
  const std::string echo = value_of(head, "X-Echo");
  const bool close = value_of(head, "Connection") == "close";
  if (echo.empty()) {
    EXPECT_TRUE(has(head, "Guarita-Reason: ")) << head;
  } else {
    EXPECT_EQ(echo, sent.nonce) << head;
  }
  EXPECT_EQ(sent.denied, has(head, "HTTP/1.1 403 ") && has(head, "token_not_accepted")) << head;
  const bool bodiless =
      sent.head || head.starts_with("HTTP/1.1 204") || head.starts_with("HTTP/1.1 304");
  if (bodiless) return !close;
  bool whole = false;
  std::string body;
  if (value_of(head, "Transfer-Encoding") == "chunked") {
    body = read_chunked(peer, whole);
  } else {
    body = peer.read_bytes(Peer::length_of(head));
    whole = body.size() == Peer::length_of(head);
  }
  if (!echo.empty()) {
    const std::string expected =
        repeated(sent.nonce, 1 + static_cast<unsigned>(body.size() / (sent.nonce.size() + 1)));
    EXPECT_EQ(body, expected.substr(0, body.size()));
    if (whole) {
      EXPECT_TRUE(body.ends_with(';'));
    }
  }
  return whole && !close;
}

void call_once(const Gate& gate, Dice& dice, const std::string& name,
               std::set<std::string>& denied) {
  Peer peer = gate.call();
  std::vector<Sent> all;
  std::string bytes;
  for (unsigned i = 0; i <= dice.below(4); ++i) {
    all.push_back(make_request(dice, name + "." + std::to_string(i)));
    bytes += all.back().text;
    if (all.back().denied) denied.insert(all.back().nonce);
  }
  const unsigned manner = dice.below(6);
  if (manner == 0) bytes.resize(1 + dice.below(static_cast<unsigned>(bytes.size())));
  std::thread sender([&, step = manner == 1 ? 700U : static_cast<unsigned>(bytes.size())] {
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      if (!peer.send(std::string_view(bytes).substr(at, step))) return;
    }
    if (manner == 0) peer.finish_sending();
  });
  if (manner == 2) {  // gone before the answer
    sender.join();
    peer.reset();
    return;
  }
  for (const Sent& sent : all) {
    if (!check_answer(peer, sent)) break;
  }
  sender.join();
}

TEST(Chaos, AnswersGoToTheRequestsTheyAnswer) {
  constexpr unsigned kCallers = 3;
  constexpr unsigned kCalls = 120;
  Gate gate({.threads = 2, .tune = [](Tuning& tuning) {
               tuning.timeouts.stall = Millis(1'000);
               tuning.timeouts.response_head = Millis(1'000);
               tuning.timeouts.lingering_silence = Millis(200);
               tuning.limits.lingering = 2;
               tuning.limits.upstream_idle_connections = 3;
             }});
  std::set<std::string> denied;
  std::mutex mutex;
  std::set<std::string> seen;
  {
    ChaoticUpstream upstream(gate.upstream);
    std::vector<std::thread> callers;
    std::atomic<unsigned> running{kCallers};
    for (unsigned c = 0; c < kCallers; ++c) {
      callers.emplace_back([&, c] {
        Dice dice(kSeed + 1'000 * c);
        std::set<std::string> own;
        for (unsigned i = 0; i < kCalls; ++i) {
          call_once(gate, dice, "n" + std::to_string(c) + "x" + std::to_string(i), own);
        }
        const std::scoped_lock lock(mutex);
        denied.merge(own);
        --running;
      });
    }
    Dice dice(kSeed);
    while (running > 0) {  // changes that refuse some, while all this goes on
      gate.mona.enforce = dice.one_in(2);
      EXPECT_TRUE(gate.change(gate.mona).complete);
    }
    for (std::thread& each : callers) each.join();
    gate.plane->drain(Millis(5'000));
    EXPECT_EQ(gate.plane->status().open_exchanges, 0U) << "seed " << kSeed;
    EXPECT_EQ(gate.plane->status().connections, 0U) << "seed " << kSeed;
    gate.plane->stop();
    seen = upstream.seen();
  }
  EXPECT_GT(denied.size(), 20U);
  EXPECT_GT(seen.size(), 100U);
  for (const std::string& nonce : denied) EXPECT_FALSE(seen.contains(nonce)) << nonce;
}

}  // namespace
}  // namespace guarita::proxy::testing
