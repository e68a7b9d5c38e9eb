#include "proxy/data_plane.h"

#include <algorithm>
#include <thread>

#include "net/thread_group.h"
#include "proxy/answer_text.h"
#include "proxy/barrier.h"
#include "proxy/worker.h"
#include "telemetry/hub.h"

namespace guarita::proxy {
namespace {

// How long cut connections may take to end before the threads are stopped all the same.
constexpr Millis kCutGrace{5'000};

Result<net::Endpoint, std::string> listen_address(const std::string& text) {
  const auto parsed = net::parse_host_port(text);
  if (!parsed) {
    return Err("cannot listen on '" + text + "': expected host:port or [v6]:port");
  }
  if (const auto ip = parse_ip(parsed->host)) return net::make_endpoint(*ip, parsed->port);
  const net::Resolved resolved = net::Resolver::ask_system(parsed->host, parsed->port);
  if (!resolved) return Err("cannot listen on '" + text + "': the name does not resolve");
  return (*resolved)->front();
}

}  // namespace

struct DataPlane::Impl {
  Impl(Options options_in, const policy::Snapshot& snapshot_in, telemetry::Hub& hub_in,
       const Clock& clock_in)
      : options(std::move(options_in)),
        snapshot(snapshot_in),
        hub(hub_in),
        clock(clock_in),
        threads(options.threads != 0 ? options.threads
                                     : std::max(1U, std::thread::hardware_concurrency())) {}

  Options options;
  const policy::Snapshot& snapshot;
  telemetry::Hub& hub;
  const Clock& clock;
  unsigned threads;

  // Start, drain and stop exclude each other for as long as they take; what they change is read
  // under `mutex`, which nobody holds while waiting.
  std::mutex lifecycle;
  mutable std::mutex mutex;
  // In the order of construction; destroyed in reverse.
  EmptySignal empty;
  std::unique_ptr<net::ThreadGroup> group;
  std::unique_ptr<net::Resolver> resolver;
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<bool> draining{false};

  std::shared_ptr<const Rules> rules() const {
    return std::make_shared<const Rules>(options.tuning, options.node_id);
  }
  std::size_t connections() const {
    std::size_t sum = 0;
    for (const auto& worker : workers) sum += worker->connections();
    return sum;
  }
  Result<std::vector<std::string>, std::string> bind_all();
  void post_to_all(void (*what)(Worker&));
  void tear_down();
};

Result<std::vector<std::string>, std::string> DataPlane::Impl::bind_all() {
  std::vector<std::string> bound;
  for (const std::string& text : options.listen) {
    auto address = listen_address(text);
    if (!address) return Err(std::move(address.error()));
    net::Endpoint at = *address;
    if (std::string problem = net::check_free(at); !problem.empty()) {
      return Err(std::move(problem));
    }
    for (std::size_t i = 0; i < workers.size(); ++i) {
      auto listener = net::Listener::open(group->loop(i), at);
      if (!listener) return Err(std::move(listener.error()));
      at = (*listener)->bound();  // port 0 becomes a number, the same for all threads
      workers[i]->add_listener(std::move(*listener));
    }
    bound.push_back(net::format_endpoint(at));
  }
  return bound;
}

void DataPlane::Impl::post_to_all(void (*what)(Worker&)) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    group->loop(i).post([what, worker = workers[i].get()] { what(*worker); });
  }
}

void DataPlane::Impl::tear_down() {
  group->stop();
  const std::scoped_lock lock(mutex);
  workers.clear();
  resolver.reset();
  group.reset();
}

DataPlane::DataPlane(Options options, const policy::Snapshot& snapshot, telemetry::Hub& hub,
                     const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), snapshot, hub, clock)) {}

DataPlane::~DataPlane() {
  stop();
}

Result<std::vector<std::string>, std::string> DataPlane::start() {
  Impl& impl = *impl_;
  const std::scoped_lock one_at_a_time(impl.lifecycle);
  std::unique_lock lock(impl.mutex);
  impl.group = std::make_unique<net::ThreadGroup>(impl.threads);
  impl.resolver = std::make_unique<net::Resolver>();
  const std::shared_ptr<const Rules> rules = impl.rules();
  for (unsigned i = 0; i < impl.threads; ++i) {
    impl.workers.push_back(std::make_unique<Worker>(WorkerParts{.loop = impl.group->loop(i),
                                                                .snapshot = impl.snapshot,
                                                                .shard = impl.hub.add_shard(),
                                                                .clock = impl.clock,
                                                                .resolver = *impl.resolver,
                                                                .rules = rules,
                                                                .tls = impl.options.tls,
                                                                .threads = impl.threads,
                                                                .empty = &impl.empty}));
  }
  auto bound = impl.bind_all();
  if (!bound) {
    lock.unlock();
    impl.tear_down();
    return bound;
  }
  impl.post_to_all([](Worker& worker) { worker.start(); });
  impl.group->start("gate-");
  return bound;
}

BarrierReport DataPlane::barrier(const Redecide& redecide, Millis timeout) {
  Impl& impl = *impl_;
  std::shared_ptr<BarrierTicket> ticket;
  {
    const std::scoped_lock lock(impl.mutex);
    ticket =
        std::make_shared<BarrierTicket>(static_cast<unsigned>(impl.workers.size()), impl.clock);
    for (std::size_t i = 0; i < impl.workers.size(); ++i) {
      impl.group->loop(i).post([redecide, ticket, worker = impl.workers[i].get()] {
        const RedecideCounts counts = worker->redecide(redecide);
        ticket->passed(counts.streams_closed, counts.left_to_finish);
      });
    }
  }
  ticket->wait(timeout);
  return query(ticket);
}

BarrierReport DataPlane::query(const std::shared_ptr<BarrierTicket>& ticket) {
  BarrierReport report = ticket->report();
  if (!report.complete) report.ticket = ticket;
  return report;
}

void DataPlane::apply_tuning(std::shared_ptr<const Tuning> tuning) {
  Impl& impl = *impl_;
  std::shared_ptr<BarrierTicket> ticket;
  {
    const std::scoped_lock lock(impl.mutex);
    impl.options.tuning = std::move(tuning);
    const std::shared_ptr<const Rules> rules = impl.rules();
    ticket =
        std::make_shared<BarrierTicket>(static_cast<unsigned>(impl.workers.size()), impl.clock);
    for (std::size_t i = 0; i < impl.workers.size(); ++i) {
      impl.group->loop(i).post([rules, ticket, worker = impl.workers[i].get()] {
        worker->set_rules(rules);
        ticket->passed(0, 0);
      });
    }
  }
  ticket->wait(kCutGrace);
}

bool DataPlane::drain(Millis deadline) {
  Impl& impl = *impl_;
  const std::scoped_lock one_at_a_time(impl.lifecycle);
  impl.draining = true;
  impl.post_to_all([](Worker& worker) { worker.begin_drain(); });
  return impl.empty.wait_for(deadline, [&impl] { return impl.connections() == 0; });
}

void DataPlane::stop() {
  Impl& impl = *impl_;
  const std::scoped_lock one_at_a_time(impl.lifecycle);
  if (!impl.group) return;
  impl.draining = true;
  impl.post_to_all([](Worker& worker) {
    worker.begin_drain();
    worker.cut_all();
  });
  impl.empty.wait_for(kCutGrace, [&impl] { return impl.connections() == 0; });
  impl.tear_down();
}

DataPlaneStatus DataPlane::status() const {
  Impl& impl = *impl_;
  const std::scoped_lock lock(impl.mutex);
  DataPlaneStatus status;
  for (const auto& worker : impl.workers) {
    status.connections += worker->connections();
    status.open_exchanges += worker->open_exchanges();
  }
  status.draining = impl.draining;
  return status;
}

std::string DataPlane::answer_text(const DeniedCall& denied) const {
  const Impl& impl = *impl_;
  std::shared_ptr<const Rules> rules;
  {
    const std::scoped_lock lock(impl.mutex);
    rules = impl.rules();
  }
  LocalAnswer local;
  set_denial(local, *rules, denied.reason, denied.address, denied.token);
  std::string body;
  append_body(body, local.answer.body, local.value);
  RequestIds ids;
  const RequestIds::Text id = ids.next();
  http::HttpDate date;
  std::string out;
  append_own_answer(out,
                    {.status = local.answer.status,
                     .body = body,
                     .reason = local.answer.reason_text,
                     .request_id = {id.data(), id.size()},
                     .more = {}},
                    {.method = http::Method::Get,
                     .caller = http::Version::Http11,
                     .keep_alive = !local.close,
                     .token_header = {},
                     .date = date.text(impl.clock.now()),
                     .via_name = {},
                     .set = {}});
  return out;
}

std::string DataPlane::default_upstream() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->options.tuning->default_upstream;
}

std::string check_upstream(std::string_view url) {
  const auto parsed = net::parse_upstream_url(url);
  return parsed ? std::string() : parsed.error();
}

}  // namespace guarita::proxy
