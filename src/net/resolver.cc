#include "net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace guarita::net {

namespace {
constexpr unsigned kThreads = 2;  // so that one dead name server does not hold all names
}

struct Resolver::State {
  struct Asker {
    Loop* loop;
    std::move_only_function<void(Resolved)> answer;
  };
  struct Name {
    bool asked = false;  // queued or under way
    std::vector<Asker> askers;
    Addresses last;
    std::chrono::steady_clock::time_point last_at{};
  };
  using Key = std::pair<std::string, std::uint16_t>;

  Lookup lookup;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::map<Key, Name> names;
  std::deque<Key> queue;
  std::vector<std::thread> threads;

  void work();
  void forget_old_names();
};

void Resolver::State::forget_old_names() {
  constexpr std::size_t kNamesMax = 10'000;
  if (names.size() <= kNamesMax) return;
  std::erase_if(names, [](const auto& entry) { return !entry.second.asked; });
}

void Resolver::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !queue.empty(); });
    if (stopping) return;
    const Key key = queue.front();
    queue.pop_front();
    lock.unlock();
    const Resolved resolved = lookup(key.first, key.second);
    lock.lock();
    Name& name = names[key];
    name.asked = false;
    if (resolved) {
      name.last = *resolved;
      name.last_at = std::chrono::steady_clock::now();
    }
    std::vector<Asker> askers = std::move(name.askers);
    name.askers.clear();
    forget_old_names();
    if (stopping) return;
    for (Asker& asker : askers) {
      asker.loop->post(
          [answer = std::move(asker.answer), resolved]() mutable { answer(resolved); });
    }
  }
}

Resolver::Resolver(Lookup lookup) : state_(std::make_shared<State>()) {
  state_->lookup = std::move(lookup);
}

Resolver::~Resolver() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

void Resolver::resolve(const std::string& host, std::uint16_t port, Loop& loop,
                       std::move_only_function<void(Resolved)> answer) {
  State& state = *state_;
  const std::scoped_lock lock(state.mutex);
  const State::Key key(host, port);
  State::Name& name = state.names[key];
  if (name.last && std::chrono::steady_clock::now() - name.last_at < kRefresh / 2) {
    loop.post([answer = std::move(answer), addresses = name.last]() mutable {
      answer(std::move(addresses));
    });
    return;
  }
  name.askers.push_back({&loop, std::move(answer)});
  if (name.asked) return;
  name.asked = true;
  state.queue.push_back(key);
  while (state.threads.size() < kThreads) {
    // Signals are the main thread's: a new thread inherits the mask that stands at its making.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    state.threads.emplace_back([held = state_.get()] { held->work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  state.changed.notify_one();
}

Resolved Resolver::ask_system(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string service = std::to_string(port);
  if (::getaddrinfo(host.c_str(), service.c_str(), &hints, &list) != 0) {
    return Err(NetError::NotFound);
  }
  auto addresses = std::make_shared<std::vector<Endpoint>>();
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Endpoint endpoint;
    std::memcpy(&endpoint.storage, each->ai_addr, each->ai_addrlen);
    endpoint.size = each->ai_addrlen;
    addresses->push_back(endpoint);
  }
  ::freeaddrinfo(list);
  if (addresses->empty()) return Err(NetError::NotFound);
  return Addresses(std::move(addresses));
}

}  // namespace guarita::net
