#include "app/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "admin/api.h"
#include "app/sealing_key.h"
#include "app/status_page.h"
#include "app/tls_files.h"
#include "app/tuning.h"
#include "base/log.h"
#include "console/console.h"
#include "control/proxy_barrier.h"
#include "control/snapshot_file.h"
#include "identity/identity.h"
#include "policy/snapshot.h"
#include "proxy/data_plane.h"
#include "store/sqlite_store.h"

namespace guarita::app {
namespace {

using Failure = std::optional<StartError>;

constexpr std::chrono::seconds kTick{1};
constexpr int kTickNice = 10;  // where the gate's threads need every CPU, the books wait

control::UnknownInstance for_control(policy::UnknownInstance u) {
  return u == policy::UnknownInstance::Allow ? control::UnknownInstance::Allow
                                             : control::UnknownInstance::Deny;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

StartError of_store(const store::StoreError& error) {
  if (!error.internal.empty()) log::error("store", error.internal);
  return {error.text, error.remedy, "store.sqlite"};
}

StartError of_tls(const net::TlsProblem& problem, const std::string& section) {
  const bool key = problem.at == net::TlsProblem::At::Key;
  return {problem.text, "mend the file, or name another",
          section + (key ? ".tls_keys" : ".tls_certificates")};
}

// Runs `work` every second on a thread of its own until it goes.
class Ticker {
 public:
  explicit Ticker(std::function<void()> work)
      : thread_([this, work = std::move(work)](const std::stop_token& stop) {
          ::setpriority(PRIO_PROCESS, 0, kTickNice);  // on Linux: of this thread alone
          std::unique_lock lock(mutex_);
          while (!stop.stop_requested()) {
            wake_.wait_for(lock, stop, kTick, [] { return false; });
            if (!stop.stop_requested()) work();
          }
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: ends before what it uses goes
};

// The path that the panel's examples are made of: of the first gated route with the instance in it.
std::string example_path(const std::vector<policy::RouteConfig>& routes) {
  for (const policy::RouteConfig& route : routes) {
    if (route.access != "public" && route.path.contains("{instance}")) return route.path;
  }
  return {};
}

}  // namespace

// In the order of construction; torn down backwards.
struct Server::Parts {
  Parts(Settings s, Purpose p) : settings(std::move(s)), purpose(p) {}

  Settings settings;
  const Purpose purpose;
  SystemClock clock;
  std::atomic<bool> ready{false};
  std::atomic<bool> draining{false};
  std::vector<std::string> gate_bound;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<policy::Snapshot> snapshot;
  std::optional<control::CatchUp> catch_up;  // where the snapshot came from a file
  telemetry::Hub hub;
  TlsListener gate_tls;
  TlsListener console_tls;
  std::unique_ptr<proxy::DataPlane> plane;
  std::unique_ptr<control::ProxyBarrier> barrier;
  std::unique_ptr<control::Control> control;
  std::unique_ptr<identity::Identity> identity;
  std::unique_ptr<admin::Api> api;
  std::unique_ptr<console::Console> panel;
  std::unique_ptr<net::AdminServer> socket;
  std::unique_ptr<net::AdminServer> console;
  std::unique_ptr<net::AdminServer> status;
  std::unique_ptr<Ticker> ticker;

  Failure open_store();
  void make_snapshot();
  void save_snapshot() const;
  Failure make_plane();
  Failure make_control();
  Failure serve_gate();
  Failure serve_admin();
  admin::ConsoleOptions console_options() const;
  Failure serve_status();
  policy::UnknownInstance unknown_instance(const Settings& wanted) const;
  Result<control::SealingKey, std::string> sealing_key_text() const;
  std::string state_json() const;
  void stop();
};

Failure Server::Parts::open_store() {
  auto opened = store::open_sqlite({.file = settings.store.sqlite,
                                    .mode = store::OpenMode::Serve,
                                    .audit_sink = settings.store.audit_sink});
  if (!opened) return of_store(opened.error());
  store = std::move(*opened);
  return {};
}

// From the file, where there is a good one; else an empty one, for control to fill.
void Server::Parts::make_snapshot() {
  policy::SnapshotOptions shape;
  if (settings.routing.unknown_instance == policy::UnknownInstance::Allow) {
    shape.folded = policy::FoldedIndex::On;
  }
  if (settings.store.snapshot == SnapshotFile::On) {
    const auto file = control::snapshot_file_of(settings.store.sqlite);
    auto loaded = control::load_snapshot_file(file, *store, shape.folded);
    if (loaded) {
      snapshot = std::move(loaded->snapshot);
      catch_up = std::move(loaded->catch_up);
      return;
    }
    if (loaded.error().kind == control::SnapshotFileProblem::Kind::Unusable) {
      log::warn("server", "the snapshot file is ignored: the snapshot is built from the store",
                {{"file", file.string()}, {"why", loaded.error().why}});
    }
  }
  crypto::random_bytes(shape.hash_key);
  const auto instances = store->count_instances({});
  const auto accounts = store->count_accounts();
  shape.expected_instances = instances ? *instances : 0;
  shape.expected_accounts = accounts ? *accounts : 0;
  snapshot = std::make_unique<policy::Snapshot>(shape);
}

// For the next start. What it would be written for is not worth failing a stop.
void Server::Parts::save_snapshot() const {
  if (settings.store.snapshot == SnapshotFile::Off) return;
  if (catch_up && catch_up->changes == 0 && catch_up->revision == snapshot->revision()) return;
  const auto file = control::snapshot_file_of(settings.store.sqlite);
  if (const auto saved = control->save_snapshot(file); !saved) {
    log::warn("server", "the snapshot file is not written",
              {{"file", file.string()}, {"why", saved.error()}});
  }
}

Failure Server::Parts::make_plane() {
  const auto info = store->info();
  if (!info) return of_store(info.error());
  clock.raise_floor(info->newest);

  make_snapshot();
  auto tuning = make_tuning(settings, settings.routing.unknown_instance);
  if (!tuning) return StartError{tuning.error(), "guarita check-config FILE", "route"};
  proxy::Options options;
  options.listen = settings.gate.listen;
  options.threads = static_cast<unsigned>(settings.gate.threads);
  // Two gates in a row must not take each other for a loop: each store has its own id.
  options.node_id =
      settings.gate.id.empty() ? format_uuid(info->store_id).substr(24) : settings.gate.id;
  options.tuning = std::move(*tuning);
  if (const auto problem = gate_tls.start(settings.gate.tls)) return of_tls(*problem, "gate");
  options.tls = gate_tls.store();
  hub.set_access_log(settings.log.access);
  plane = std::make_unique<proxy::DataPlane>(std::move(options), *snapshot, hub, clock);
  return {};
}

Failure Server::Parts::make_control() {
  control::Options options;
  options.token_format = settings.token.format;
  options.check_upstream = &proxy::check_upstream;
  options.unknown_instance = for_control(settings.routing.unknown_instance);
  options.gate.denial = [this](policy::Reason reason, const IpAddress& address,
                               std::string_view token) {
    return plane->answer_text({.reason = reason, .address = address, .token = token});
  };
  options.gate.default_upstream = [this] { return plane->default_upstream(); };
  if (settings.token.storage == TokenStorage::Encrypted) {
    auto key = load_sealing_key(settings.secrets.key);
    if (!key) return std::move(key.error());
    options.sealing = std::move(*key);
  }
  barrier = std::make_unique<control::ProxyBarrier>(*plane);
  control = std::make_unique<control::Control>(
      std::move(options), control::Ports{*store, *snapshot, *barrier, clock, &hub});
  if (catch_up) {
    control->catch_up(*catch_up);
    return {};
  }
  const auto loaded = control->load();
  if (!loaded) {
    return StartError{"the store cannot be loaded: " + loaded.error().detail, "guarita doctor",
                      "store.sqlite"};
  }
  return {};
}

Failure Server::Parts::serve_gate() {
  auto bound = plane->start();
  if (!bound) return StartError{bound.error(), "free the address, or change it", "gate.listen"};
  gate_bound = std::move(*bound);
  return {};
}

admin::ConsoleOptions Server::Parts::console_options() const {
  const auto scheme = [](const Settings::Tls& tls) {
    return std::string(tls.certificates.empty() ? "http://" : "https://");
  };
  using Demo = admin::ConsoleOptions::Demo;
  using Storage = admin::ConsoleOptions::TokenStorage;
  return {.public_url = settings.console.public_url,
          .gate_url = settings.gate.public_url,
          .frame_origins = settings.console.frame_origins,
          .token_header = settings.token.header,
          .example_path = example_path(settings.routes),
          .token_storage = settings.token.storage == TokenStorage::Encrypted ? Storage::Encrypted
                                                                             : Storage::Digest,
          .demo = purpose == Purpose::Demo ? Demo::Yes : Demo::No,
          .console_bound =
              [this, of = scheme(settings.console.tls)] {
                return console ? of + console->bound() : std::string();
              },
          .gate_bound =
              [this, of = scheme(settings.gate.tls)] {
                return gate_bound.empty() ? std::string() : of + gate_bound.front();
              }};
}

Failure Server::Parts::serve_admin() {
  identity = std::make_unique<identity::Identity>(
      identity::Options{.public_url = settings.console.public_url,
                        .sealing_key = [this] { return sealing_key_text(); }},
      *control, *store, clock);
  admin::ApiOptions api_options{.own_uid = ::geteuid()};
  api_options.console = console_options();
  api = std::make_unique<admin::Api>(std::move(api_options), *control, *identity, clock);
  const net::AdminHandler by_api = [this](const net::AdminRequest& request) {
    return api->handle(request);
  };
  panel = std::make_unique<console::Console>(
      console::Options{.public_url = settings.console.public_url,
                       .frame_origins = settings.console.frame_origins,
                       .api = by_api});
  const auto start = [&](std::unique_ptr<net::AdminServer>& server, net::AdminServerOptions options,
                         net::AdminHandler handler, const char* key) -> Failure {
    options.refuse = [this](unsigned status_code) { return api->refuse(status_code); };
    server = std::make_unique<net::AdminServer>(std::move(options), std::move(handler));
    if (auto wrong = server->start()) {
      return StartError{*wrong, "free the address, or change it", key};
    }
    return {};
  };
  // The console first: links that are asked for over the socket hold its address.
  if (!settings.console.listen.empty()) {
    net::AdminServerOptions by_tcp;
    by_tcp.listen = settings.console.listen;
    if (const auto problem = console_tls.start(settings.console.tls)) {
      return of_tls(*problem, "console");
    }
    by_tcp.tls = console_tls.store();
    const auto by_panel = [this](const net::AdminRequest& request) {
      return panel->handle(request);
    };
    if (auto failed = start(console, std::move(by_tcp), by_panel, "console.listen")) return failed;
  }
  net::AdminServerOptions by_socket;
  by_socket.unix_path = settings.admin.socket;
  return start(socket, std::move(by_socket), by_api, "admin.socket");
}

Failure Server::Parts::serve_status() {
  if (settings.status.listen.empty()) return {};
  net::AdminServerOptions options;
  options.listen = settings.status.listen;
  options.threads = 1;
  StatusSources sources{[this] { return ready.load() && !draining.load(); },
                        [this] { return state_json(); }, [this] { return hub.prometheus(); }};
  status = std::make_unique<net::AdminServer>(
      std::move(options), [sources = std::move(sources)](const net::AdminRequest& request) {
        return answer_status(sources, request);
      });
  if (auto wrong = status->start()) {
    return StartError{*wrong, "free the address, or change it", "status.listen"};
  }
  return {};
}

// Made when two-factor is first switched on: a server without users needs none.
Result<control::SealingKey, std::string> Server::Parts::sealing_key_text() const {
  auto key = load_sealing_key(settings.secrets.key);
  if (!key) return Err<std::string>(key.error().text);
  return std::move(*key);
}

// "allow" needs an index that is built at the start only.
policy::UnknownInstance Server::Parts::unknown_instance(const Settings& wanted) const {
  return snapshot->tracks_folded() ? wanted.routing.unknown_instance
                                   : policy::UnknownInstance::Deny;
}

std::string Server::Parts::state_json() const {
  const char* state = draining ? "draining" : ready ? "ready" : "starting";
  std::string out = R"({"status":")";
  out += state;
  out += R"(","revision":)";
  out += std::to_string(snapshot ? snapshot->revision() : 0);
  return out + "}";
}

void Server::Parts::stop() {
  const bool served = ready;
  draining = true;
  if (plane && served) {
    log::info("server", "draining", {{"at_most_ms", settings.timeouts.drain.count()}});
    const bool finished = plane->drain(settings.timeouts.drain);
    log::info("server", "drained", {{"all_finished", finished}});
  }
  if (api) api->end_streams();
  if (console) console->stop();
  if (socket) socket->stop();
  ticker.reset();
  if (plane) plane->stop();
  if (control && served) control->keep_counters();
  if (status) status->stop();
  if (control && served) save_snapshot();
  ready = false;
  status.reset();
  console.reset();
  socket.reset();
  panel.reset();
  api.reset();
  identity.reset();
  control.reset();
  barrier.reset();
  plane.reset();
  snapshot.reset();
  store.reset();
}

Server::Server(Settings settings, Purpose purpose)
    : parts_(std::make_unique<Parts>(std::move(settings), purpose)) {}
Server::~Server() {
  stop();
}

std::optional<StartError> Server::start() {
  using Step = Failure (Parts::*)();
  // Bound last to first would answer before the snapshot is there: status comes early, so that
  // /readyz says "starting", the gate before the faces that change what it decides by.
  constexpr Step kSteps[] = {&Parts::open_store,   &Parts::make_plane, &Parts::make_control,
                             &Parts::serve_status, &Parts::serve_gate, &Parts::serve_admin};
  for (const Step step : kSteps) {
    Failure failed = (parts_.get()->*step)();
    if (!failed) continue;
    parts_->stop();
    return failed;
  }
  parts_->ticker = std::make_unique<Ticker>([parts = parts_.get()] {
    parts->control->tick();
    parts->api->publish();
  });
  parts_->ready = true;
  log::info("server", "serving",
            {{"gate", joined(parts_->gate_bound)},
             {"console", console_address()},
             {"status", status_address()},
             {"socket", socket_path()},
             {"version", GUARITA_VERSION}});
  return {};
}

std::vector<std::string> Server::reload(Settings wanted) {
  Parts& parts = *parts_;
  std::vector<std::string> restart = needs_restart(parts.settings, wanted);
  // New tokens are made by control, which keeps what it was started with.
  wanted.token.format = parts.settings.token.format;
  const policy::UnknownInstance unknown = parts.unknown_instance(wanted);
  if (unknown != wanted.routing.unknown_instance) restart.push_back("routing.unknown_instance");
  auto tuning = make_tuning(wanted, unknown);
  if (!tuning) {
    log::error("server", "reload refused", {{"why", tuning.error()}});
    return restart;
  }
  parts.plane->apply_tuning(std::move(*tuning));
  parts.control->set_unknown_instance(for_control(unknown));
  parts.hub.set_access_log(wanted.log.access);
  if (!parts.gate_tls.reload(wanted.gate.tls, "gate")) restart.push_back("gate.tls_certificates");
  if (parts.console && !parts.console_tls.reload(wanted.console.tls, "console")) {
    restart.push_back("console.tls_certificates");
  }
  if (std::string wrong = log::start(wanted.log.level, wanted.log.file); !wrong.empty()) {
    log::error("log", "cannot be opened", {{"file", wanted.log.file}, {"why", wrong}});
  }
  // What cannot change keeps its old value, so that the next reload names it again.
  parts.settings.timeouts = wanted.timeouts;
  parts.settings.log = wanted.log;
  return restart;
}

void Server::stop() {
  parts_->stop();
}

const std::vector<std::string>& Server::gate_addresses() const {
  return parts_->gate_bound;
}
std::string Server::console_address() const {
  return parts_->console ? parts_->console->bound() : std::string();
}
std::string Server::status_address() const {
  return parts_->status ? parts_->status->bound() : std::string();
}
const std::string& Server::socket_path() const {
  return parts_->settings.admin.socket;
}
control::Control& Server::control() {
  return *parts_->control;
}
identity::Identity& Server::identity() {
  return *parts_->identity;
}

}  // namespace guarita::app
