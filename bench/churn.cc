// bench_churn: changes through the admin socket at a fixed rate (open loop), each to a random
// account of the population, in turn switched off and on; with --what=batch to its ten instances in
// one call; with --what=read as many reads.
//   bench_churn --socket=PATH [--what=change|batch|read] [--rate=1000] [--seconds=3]
//   [--connections=16]
//   [--accounts=100]
// --rate=0: one after the other. Prints one line of JSON: how long calls took, and how long each
// change took from its commit until every thread decided by it, as its receipt says.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.h"
#include "population.h"

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_churn: %s\n", what.c_str());
  std::exit(1);
}

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail("path too long");
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail(path + ": " + std::strerror(errno));
  }
  return fd;
}

// The number behind `"name":` in an answer, or -1.
double number_in(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? -1 : std::strtod(text.data() + at + name.size(), nullptr);
}

struct Call {
  std::uint64_t account = 0;
  bool changed = false;  // and not yet put back
  std::uint64_t due_ns = 0;
  std::string in;
};

class Churn {
 public:
  explicit Churn(std::map<std::string, std::string> given) : given_(std::move(given)) {
    what_ = text("what", "change");
    const auto connections = static_cast<std::size_t>(number("connections", 16));
    for (std::size_t i = 0; i < connections; ++i) {
      polled_.push_back({.fd = connect_to(text("socket", "")), .events = POLLIN, .revents = 0});
      idle_.push_back(i);
    }
    calls_.resize(connections);
  }

  void run() {
    const double rate = number("rate", 1000);
    const auto gap = rate == 0 ? 0 : static_cast<std::uint64_t>(1e9 / rate);
    const std::uint64_t begin = now_ns();
    const std::uint64_t end = begin + static_cast<std::uint64_t>(number("seconds", 3) * 1e9);
    std::uint64_t due = begin;
    for (std::uint64_t now = begin; now < end || under_way_ != 0; now = now_ns()) {
      if (now > end + 10 * kSecond) fail("no answer for 10 s");
      while (now < end && due <= now && !idle_.empty()) {
        send_next(rate == 0 ? now : due);
        due = rate == 0 ? end : due + gap;
      }
      const std::uint64_t wait = due > now && now < end ? due - now : kSecond / 100;
      const timespec timeout{.tv_sec = 0,
                             .tv_nsec = static_cast<long>(std::min(wait, kSecond / 10))};
      const int ready = ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
      for (std::size_t i = 0; ready > 0 && i < polled_.size(); ++i) {
        if (polled_[i].revents != 0 && receive(i) && rate == 0) due = 0;
      }
    }
    const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
    put_back();
    print(seconds);
  }

 private:
  void put_back() {
    idle_.clear();
    const auto calls = calls_took_;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!calls_[i].changed) continue;
      send_on(i, now_ns());
      while (!receive(i)) continue;
    }
    calls_took_ = calls;
  }

  std::string text(const std::string& name, const std::string& fallback) const {
    const auto found = given_.find(name);
    return found == given_.end() ? fallback : found->second;
  }
  double number(const std::string& name, double fallback) const {
    const auto found = given_.find(name);
    return found == given_.end() ? fallback : std::strtod(found->second.c_str(), nullptr);
  }

  void send_next(std::uint64_t due) {
    const std::size_t i = idle_.front();
    idle_.pop_front();
    send_on(i, due);
  }

  void send_on(std::size_t i, std::uint64_t due) {
    // Each connection puts back what it changed before it changes another: the population stays.
    Call& call = calls_[i];
    const bool back = call.changed;
    if (!back) {
      state_ = bench::mixed(state_);
      call.account = state_ % static_cast<std::uint64_t>(number("accounts", 100));
    }
    call.changed = !back && what_ != "read";
    const std::string request =
        what_ == "batch" ? batch(call.account, back) : one(call.account, back);
    calls_[i].due_ns = due;
    calls_[i].in.clear();
    ++under_way_;
    if (send(polled_[i].fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("the admin socket takes no more");
    }
  }

  std::string one(std::uint64_t account, bool back) const {
    const std::string path = "/v1/accounts/" + bench::account_text(account);
    if (what_ == "read") return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    return post(path + (back ? ":activate" : ":deactivate"), "{}");
  }

  // The account's instances get the default upstream by name, and lose it again.
  std::string batch(std::uint64_t account, bool back) const {
    std::string rows;
    for (std::uint64_t k = 0; k < bench::kInstancesPerAccount; ++k) {
      rows += rows.empty() ? R"({"items":[)" : ",";
      rows += R"({"instance":")" + bench::instance_text(account * bench::kInstancesPerAccount + k);
      rows += R"(","account":")" + bench::account_text(account) + R"(","upstream":")";
      rows += (back ? "" : text("upstream", "http://127.0.0.1:18080")) + "\"}";
    }
    return post("/v1/batch", rows + "]}");
  }

  static std::string post(const std::string& path, const std::string& body) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // True: an answer is complete.
  bool receive(std::size_t i) {
    char room[16 * 1024];
    const ssize_t n = recv(polled_[i].fd, room, sizeof room, 0);
    if (n <= 0) fail("the admin socket was closed");
    std::string& in = calls_[i].in;
    in.append(room, static_cast<std::size_t>(n));
    const std::size_t end = in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const double length =
        std::max(number_in(in, "Content-Length: "), number_in(in, "content-length: "));
    if (in.size() < end + 4 + static_cast<std::size_t>(std::max(length, 0.0))) return false;
    calls_took_.add(now_ns() - calls_[i].due_ns);
    --under_way_;
    idle_.push_back(i);
    if (std::atoi(in.c_str() + 9) != 200) {
      if (failed_++ == 0) first_failure_ = in.substr(0, 300);
      return true;
    }
    const bool changed = in.find("\"changed\":true") != std::string::npos;
    if (what_ != "read" && !changed && unchanged_++ == 0) first_failure_ = in.substr(end, 400);
    const double us = number_in(in, "\"us\":");
    if (us >= 0) in_force_.add(static_cast<std::uint64_t>(us * 1e3));
    return true;
  }

  static void print_latency(const char* name, const bench::Histogram& of) {
    std::printf(",\"%s\":{", name);
    for (const char* q : {"50", "90", "99", "99.9"}) {
      std::printf("\"%s\":%.1f,", q,
                  static_cast<double>(of.quantile(std::strtod(q, nullptr) / 100)) / 1e3);
    }
    std::printf("\"100\":%.1f}", static_cast<double>(of.max()) / 1e3);
  }

  void print(double seconds) const {
    if (failed_ != 0) {
      fail(std::to_string(failed_) + " calls failed, the first with: " + first_failure_);
    }
    if (unchanged_ > calls_took_.total() / 5) {
      fail(std::to_string(unchanged_) + " calls changed nothing, the first: " + first_failure_);
    }
    std::printf("{\"calls\":%llu,\"seconds\":%.3f",
                static_cast<unsigned long long>(calls_took_.total()), seconds);
    print_latency("call_us", calls_took_);
    print_latency("in_force_us", in_force_);
    std::puts("}");
  }

  const std::map<std::string, std::string> given_;
  std::string what_;
  std::vector<pollfd> polled_;
  std::vector<Call> calls_;
  std::deque<std::size_t> idle_;
  std::size_t under_way_ = 0;
  std::uint64_t state_ = 11;
  std::uint64_t failed_ = 0;
  std::uint64_t unchanged_ = 0;  // two connections that met at one account
  std::string first_failure_;
  bench::Histogram calls_took_;
  bench::Histogram in_force_;
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const std::size_t equals = arg.find('=');
    if (!arg.starts_with("--") || equals == std::string::npos) fail("arguments are --name=value");
    given.emplace(arg.substr(2, equals - 2), arg.substr(equals + 1));
  }
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::make_unique<Churn>(std::move(given))->run();
}
