// bench_load: requests to random instances of the population, on one thread, each with its
// account's token. Two ways:
//   closed loop (--rate=0): `inflight` requests are always under way; for throughput and CPU.
//   open loop (--rate=N): requests are due at times drawn beforehand (exponential gaps, the same
//     in every run), whatever the answers do; latency counts from the due time, so waiting for a
//     free connection is part of it (no coordinated omission).
// The CPU time of the processes in --watch is read where the measured window begins and ends.
// The result is one line of JSON.
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "histogram.h"
#include "load_connection.h"
#include "population.h"

namespace {

using bench::Connection;
using bench::Progress;

constexpr std::uint64_t kSecond = 1'000'000'000;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_load: %s\n", what.c_str());
  std::exit(1);
}

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

struct Options {
  std::map<std::string, std::string, std::less<>> given;

  std::string text(std::string_view name, std::string_view fallback) const {
    const auto found = given.find(name);
    return found == given.end() ? std::string(fallback) : found->second;
  }
  double number(std::string_view name, double fallback) const {
    const auto found = given.find(name);
    return found == given.end() ? fallback : std::strtod(found->second.c_str(), nullptr);
  }
};

constexpr const char* kUsage =
    "usage: bench_load --port=N [--connections=64] [--inflight=ALL] [--rate=0 (closed loop)]\n"
    "  [--seconds=3] [--warmup=1] [--instances=10] [--method=POST] [--body=120 (bytes)]\n"
    "  [--token=right|wrong|none] [--tls=0] [--sources=1] [--watch=PID,PID] [--hold=0]\n"
    "--hold=1: one request on every connection, then they stay open until standard input ends.\n";

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const std::size_t equals = arg.find('=');
    if (!arg.starts_with("--") || equals == std::string_view::npos) {
      std::fputs(kUsage, stderr);
      std::exit(2);
    }
    options.given.emplace(arg.substr(2, equals - 2), arg.substr(equals + 1));
  }
  return options;
}

// CPU time of all threads of the processes, ns.
std::uint64_t cpu_ns(const std::vector<std::string>& pids) {
  std::uint64_t sum = 0;
  for (const std::string& pid : pids) {
    const std::string tasks = "/proc/" + pid + "/task";
    DIR* folder = opendir(tasks.c_str());
    if (folder == nullptr) fail("process " + pid + " is gone");
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] == '.') continue;
      FILE* file = std::fopen((tasks + '/' + entry->d_name + "/schedstat").c_str(), "r");
      unsigned long long ns = 0;
      if (file != nullptr && std::fscanf(file, "%llu", &ns) == 1) sum += ns;
      if (file != nullptr) std::fclose(file);
    }
    closedir(folder);
  }
  return sum;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::uint64_t own_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

// Writes each request's head. All have the same length; only instance and token differ.
class Requests {
 public:
  explicit Requests(const Options& o)
      : instances_(static_cast<std::uint64_t>(o.number("instances", 10))),
        token_(o.text("token", "right")),
        body_(static_cast<std::size_t>(o.number("body", 120)), 'x') {
    const std::string method = o.text("method", "POST");
    head_ = method + " /instances/";
    instance_at_ = head_.size();
    head_ += std::string(bench::kIdBytes, '0') +
             "/send-text HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\n";
    if (token_ != "none") {
      head_ += "Client-Token: ";
      token_at_ = head_.size();
      head_ += std::string(bench::kTokenBytes, '0') + "\r\n";
    }
    if (method == "GET") body_.clear();
    if (method != "GET") {
      head_ += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body_.size()) +
               "\r\n";
    }
    head_ += "\r\n";
    if (body_.size() <= 4096) head_ += std::exchange(body_, {});
  }

  std::string_view next() {
    state_ = bench::mixed(state_);
    // The upper half of a product: uniform enough, and no division.
    const auto pick =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(state_) * instances_) >> 64);
    bench::write_instance(head_.data() + instance_at_, pick);
    if (token_at_ != 0) {
      const std::uint64_t account = pick / bench::kInstancesPerAccount;
      bench::write_token(head_.data() + token_at_, token_ == "wrong" ? account + 1 : account);
    }
    return head_;
  }
  std::string_view body() const { return body_; }

 private:
  std::uint64_t instances_;
  std::string token_;
  std::string body_;
  std::string head_;
  std::size_t instance_at_ = 0;
  std::size_t token_at_ = 0;
  std::uint64_t state_ = 42;
};

class Load {
 public:
  explicit Load(const Options& o)
      : options_(o),
        requests_(o),
        connections_(static_cast<std::size_t>(o.number("connections", 64))),
        watched_(split(o.text("watch", ""))),
        rate_(o.number("rate", 0)) {
    if (o.number("tls", 0) != 0) {
      tls_ = SSL_CTX_new(TLS_client_method());
      SSL_CTX_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    for (std::size_t i = 0; i < connections_.size(); ++i) connect(i);
  }

  void hold() {
    window_ends_ = 0;  // nothing goes on by itself
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      dispatch(now_ns());
      while (under_way_ != 0) poll(kSecond);
    }
    std::puts("held");
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
  }

  void run() {
    const std::uint64_t begin = now_ns();
    window_begins_ = begin + static_cast<std::uint64_t>(options_.number("warmup", 1) * 1e9);
    window_ends_ = window_begins_ + static_cast<std::uint64_t>(options_.number("seconds", 3) * 1e9);
    const double inflight = options_.number("inflight", 0);
    next_due_ = begin;
    const auto target = inflight != 0 ? static_cast<std::size_t>(inflight) : connections_.size();
    while (rate_ == 0 && under_way_ < target && !idle_.empty()) dispatch(now_ns());
    for (std::uint64_t now = now_ns(); now < window_ends_; now = now_ns()) {
      if (!measuring_ && now >= window_begins_) begin_window(now);
      if (rate_ != 0) release_due(now);
      poll(std::min(window_ends_ - now, rate_ == 0 ? kSecond / 100 : wait_for_due(now)));
    }
    end_window();
    print();
  }

 private:
  void connect(std::size_t i) {
    const auto sources = static_cast<unsigned>(options_.number("sources", 1));
    const auto port = static_cast<std::uint16_t>(options_.number("port", 0));
    Connection& c = connections_[i];
    if (!c.open(port, 1 + static_cast<unsigned>(i) % sources, tls_)) {
      fail("connection " + std::to_string(i + 1) + ": " + std::strerror(errno));
    }
    epoll_event add{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, c.fd(), &add);
    writers_[i] = false;
    idle_.push_back(i);
  }

  void begin_window(std::uint64_t now) {
    measuring_ = true;
    window_begins_ = now;
    cpu_before_ = cpu_ns(watched_);
    own_before_ = own_cpu_ns();
  }

  void end_window() {
    window_ends_ = now_ns();
    cpu_ = cpu_ns(watched_) - cpu_before_;
    own_ = own_cpu_ns() - own_before_;
    completed_ = finished_;
    // Late answers belong to the latencies of an open loop.
    const std::uint64_t give_up = window_ends_ + 5 * kSecond;
    while (rate_ != 0 && (outstanding_ != 0 || !due_.empty())) {
      const std::uint64_t now = now_ns();
      if (now > give_up) break;
      while (!due_.empty() && !idle_.empty()) dispatch_due();
      poll(kSecond / 100);
    }
    lost_ = rate_ == 0 ? 0 : outstanding_ + due_.size();
  }

  void release_due(std::uint64_t now) {
    while (next_due_ <= now) {
      due_.push_back(next_due_);
      clock_state_ = bench::mixed(clock_state_);
      const double uniform = (static_cast<double>(clock_state_ >> 11) + 0.5) * 0x1p-53;
      next_due_ += static_cast<std::uint64_t>(-std::log(uniform) / rate_ * 1e9);
    }
    while (!due_.empty() && !idle_.empty()) dispatch_due();
  }

  std::uint64_t wait_for_due(std::uint64_t now) const {
    return next_due_ > now ? std::min(next_due_ - now, kSecond / 10) : 0;
  }

  void dispatch_due() {
    const std::uint64_t due = due_.front();
    due_.pop_front();
    dispatch(due);
  }

  // REQUIRES: an idle connection. Takes the one that has been idle for longest.
  void dispatch(std::uint64_t due) {
    const std::size_t i = idle_.front();
    idle_.pop_front();
    Connection& c = connections_[i];
    c.intended_ns = due;
    c.measured = measuring_ && due >= window_begins_ && (rate_ == 0 || due < window_ends_);
    outstanding_ += c.measured ? 1 : 0;
    ++under_way_;
    c.start(requests_.next(), requests_.body());
    turn(i);
  }

  void turn(std::size_t i) {
    Connection& c = connections_[i];
    const bool before = c.wants_to_write();
    const Progress progress = c.advance(room_);
    if (progress == Progress::Waiting) {
      if (c.wants_to_write() || before) watch(i, c);
      return;
    }
    --under_way_;
    outstanding_ -= c.measured ? 1 : 0;
    if (progress == Progress::Failed) {
      errors_ += measuring_ ? 1 : 0;
    } else if (measuring_) {
      ++finished_;
      ++statuses_[c.status()];
      if (c.measured) latencies_.add(now_ns() - c.intended_ns);
    }
    if (progress == Progress::Done) {
      idle_.push_back(i);
    } else {
      reconnects_ += measuring_ ? 1 : 0;
      c.close();
      connect(i);
    }
  }

  void watch(std::size_t i, Connection& c) {
    const std::uint32_t wanted = c.wants_to_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (writers_[i] == c.wants_to_write()) return;
    writers_[i] = c.wants_to_write();
    epoll_event change{.events = wanted, .data = {.u64 = i}};
    epoll_ctl(poll_, EPOLL_CTL_MOD, c.fd(), &change);
  }

  void poll(std::uint64_t timeout_ns) {
    const timespec timeout{.tv_sec = static_cast<time_t>(timeout_ns / kSecond),
                           .tv_nsec = static_cast<long>(timeout_ns % kSecond)};
    const int count = epoll_pwait2(poll_, events_, 512, &timeout, nullptr);
    for (int k = 0; k < count; ++k) {
      const std::size_t before = idle_.size();
      turn(events_[k].data.u64);
      if (rate_ == 0 && idle_.size() > before && now_ns() < window_ends_) dispatch(now_ns());
    }
  }

  void print() const {
    const double seconds = static_cast<double>(window_ends_ - window_begins_) / 1e9;
    std::printf("{\"requests\":%llu,\"seconds\":%.6f,\"cpu_ns\":%llu,\"load_cpu_ns\":%llu",
                static_cast<unsigned long long>(completed_), seconds,
                static_cast<unsigned long long>(cpu_), static_cast<unsigned long long>(own_));
    std::printf(",\"errors\":%llu,\"lost\":%llu,\"reconnects\":%llu,\"statuses\":{",
                static_cast<unsigned long long>(errors_), static_cast<unsigned long long>(lost_),
                static_cast<unsigned long long>(reconnects_));
    const char* comma = "";
    for (const auto& [status, count] : statuses_) {
      std::printf("%s\"%d\":%llu", comma, status, static_cast<unsigned long long>(count));
      comma = ",";
    }
    std::printf("},\"latency_us\":{");
    comma = "";
    for (const char* q : {"50", "75", "90", "95", "99", "99.5", "99.9", "99.95", "99.99"}) {
      std::printf("%s\"%s\":%.1f", comma, q,
                  static_cast<double>(latencies_.quantile(std::strtod(q, nullptr) / 100)) / 1e3);
      comma = ",";
    }
    std::printf(",\"100\":%.1f}}\n", static_cast<double>(latencies_.max()) / 1e3);
  }

  const Options& options_;
  Requests requests_;
  std::vector<Connection> connections_;
  const std::vector<std::string> watched_;
  const double rate_;
  SSL_CTX* tls_ = nullptr;
  const int poll_ = epoll_create1(0);
  epoll_event events_[512];
  std::string room_ = std::string(256 * 1024, '\0');
  std::deque<std::size_t> idle_;
  std::vector<bool> writers_ = std::vector<bool>(connections_.size());  // wait for room to write
  std::deque<std::uint64_t> due_;
  std::uint64_t next_due_ = 0;
  std::uint64_t clock_state_ = 7;
  std::size_t under_way_ = 0;
  std::size_t outstanding_ = 0;  // of under_way_, those that are measured
  bool measuring_ = false;
  std::uint64_t window_begins_ = 0;
  std::uint64_t window_ends_ = ~0ULL;
  std::uint64_t cpu_before_ = 0;
  std::uint64_t own_before_ = 0;
  std::uint64_t cpu_ = 0;
  std::uint64_t own_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t completed_ = 0;  // in the window
  std::uint64_t errors_ = 0;
  std::uint64_t lost_ = 0;  // no answer 5 s after the window
  std::uint64_t reconnects_ = 0;
  std::map<int, std::uint64_t> statuses_;
  bench::Histogram latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  prctl(PR_SET_TIMERSLACK, 1UL);
  auto load = std::make_unique<Load>(options);
  if (options.number("hold", 0) != 0) {
    load->hold();
  } else {
    load->run();
  }
}
