#include "net/admin_http.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <set>
#include <thread>

#include "base/ip.h"
#include "base/log.h"
#include "net/admin_events_send.h"
#include "net/admin_http_codec.h"
#include "net/admin_session.h"

namespace guarita::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::use_awaitable;
using boost::system::error_code;
using Session = AdminSession;
using SessionPtr = AdminSessionPtr;

constexpr std::size_t kReadBytes = 8 * 1024;
constexpr Millis kLingerTimeout{2'000};
constexpr Millis kStopTimeout{5'000};
constexpr std::chrono::minutes kFullSaidEvery{1};

AdminPeer peer_of_unix(int fd) {
  AdminPeer peer{.unix_socket = true, .uid = std::nullopt, .address = "unix"};
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
      size == sizeof credentials) {
    peer.uid = credentials.uid;
  }
  return peer;
}

AdminPeer peer_of_tcp(const asio::ip::tcp::socket& socket) {
  error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  AdminPeer peer;
  if (ec) return peer;
  const auto address = parse_ip(endpoint.address().to_string());
  peer.address = address ? format_ip(*address) : endpoint.address().to_string();
  return peer;
}

}  // namespace

struct AdminServer::State {
  State(AdminServerOptions o, AdminHandler h)
      : options(std::move(o)), handler(std::move(h)), slot_free(io) {}

  AdminServerOptions options;
  AdminHandler handler;
  asio::io_context io{1};
  std::optional<asio::thread_pool> pool;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::optional<asio::local::stream_protocol::acceptor> unix_acceptor;
  std::optional<asio::ip::tcp::acceptor> tcp_acceptor;
  asio::steady_timer slot_free;  // cancelled when a connection ends or waits while accept pauses
  std::thread thread;
  std::set<SessionPtr> sessions;    // io thread
  Session::SteadyTime full_said{};  // io thread
  std::string bound;
  ino_t socket_inode = 0;
  bool stopping = false;  // io thread
  std::mutex ended_mutex;
  std::condition_variable ended_changed;
  bool all_ended = false;  // under ended_mutex

  std::optional<std::string> bind_unix();
  std::optional<std::string> bind_tcp();
  template <class Acceptor>
  static asio::awaitable<void> accept_loop(State* self, Acceptor* acceptor);
  static asio::awaitable<void> run(State* self, SessionPtr session);
  static asio::awaitable<bool> serve_one(State* self, SessionPtr session);
  static asio::awaitable<unsigned> read_request(State* self, Session& session,
                                                RequestParser& parser);
  static asio::awaitable<bool> send(State* self, Session& session, AdminResponse& response,
                                    const SendOptions& how);
  AdminResponse handle(const AdminRequest& request) noexcept;
  AdminResponse refuse(unsigned status) const;
  void make_room();
  void ended(const SessionPtr& session);
  void begin_stop();
};

AdminResponse AdminServer::State::handle(const AdminRequest& request) noexcept {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    log::error("admin_http", "handler failed", {{"what", error.what()}});
  } catch (...) {
    log::error("admin_http", "handler failed");
  }
  return {.status = 500, .headers = {}, .body = {}};
}

AdminResponse AdminServer::State::refuse(unsigned status) const {
  if (options.refuse) return options.refuse(status);
  return {.status = status,
          .headers = {{"Content-Type", "text/plain"}},
          .body = std::string(http::obsolete_reason(static_cast<http::status>(status)))};
}

// 0: a whole request is in the parser. 1: the peer left or was too slow. Else a status to refuse
// with.
asio::awaitable<unsigned> AdminServer::State::read_request(State* self, Session& session,
                                                           RequestParser& parser) {
  bool begun = session.buffer.size() > 0;
  bool continued = false;
  // A handshake has the time of a head.
  const bool shaking = session.layer && session.fresh;
  session.set_deadline(begun || shaking ? self->options.head_timeout : self->options.idle_timeout);
  for (;;) {
    error_code ec;
    const std::size_t used = parser.put(session.buffer.data(), ec);
    session.buffer.consume(used);
    if (ec && ec != http::error::need_more) co_return refusal_of(ec);
    if (parser.is_done()) co_return 0;
    if (parser.is_header_done() && !continued) {
      continued = true;
      session.set_deadline(self->options.body_timeout);
      if (wants_continue(parser)) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await write_all(session, kContinue)) co_return 1;
      }
    }
    if (used > 0 && session.buffer.size() > 0) continue;
    const auto room = session.buffer.prepare(kReadBytes);
    const std::size_t got =
        co_await read_some(session, {static_cast<char*>(room.data()), room.size()});
    if (got == 0) co_return 1;
    session.buffer.commit(got);
    session.idle = session.fresh = false;
    if (!begun) session.set_deadline(self->options.head_timeout);
    begun = true;
  }
}

// False: the connection must end.
asio::awaitable<bool> AdminServer::State::send(State* self, Session& session,
                                               AdminResponse& response, const SendOptions& how) {
  std::string bytes = serialise_response(response, how, std::time(nullptr));
  wipe(response.body);
  session.enter(AdminPhase::Answered);
  session.set_deadline(self->options.write_timeout);
  const bool sent = co_await write_all(session, bytes);
  wipe(bytes);
  co_return sent&& how.keep_alive == KeepAlive::Yes;
}

asio::awaitable<bool> AdminServer::State::serve_one(State* self, SessionPtr session) {
  RequestParser parser;
  prepare(parser, self->options.head_bytes_max, self->options.body_bytes_max);
  const unsigned refusal = co_await read_request(self, *session, parser);
  if (refusal == 1) co_return false;
  if (refusal != 0) {
    AdminResponse response = self->refuse(refusal);
    co_await send(self, *session, response, {KeepAlive::No, BodyPart::Send, 11});
    session->enter(AdminPhase::Awaited);
    co_await linger(*session, kLingerTimeout);
    co_return false;
  }
  SendOptions how{parser.keep_alive() ? KeepAlive::Yes : KeepAlive::No, BodyPart::Send,
                  parser.get().version()};
  if (parser.get().method() == http::verb::head) how.body = BodyPart::HeadOnly;
  const AdminRequest request = request_of(parser, session->peer);
  session->enter(AdminPhase::Handled);
  session->deadline = Session::SteadyTime::max();
  co_await asio::post(asio::bind_executor(self->pool->get_executor(), use_awaitable));
  AdminResponse response = self->handle(request);
  co_await asio::post(asio::bind_executor(self->io.get_executor(), use_awaitable));
  if (self->stopping) how.keep_alive = KeepAlive::No;
  if (!response.events) co_return co_await send(self, *session, response, how);
  if (self->stopping || how.body == BodyPart::HeadOnly) response.events->close();
  session->enter(AdminPhase::Streaming);
  co_await send_events(session, response.events,
                       event_stream_head(response, how, std::time(nullptr)),
                       {.chunking = how.version >= 11 ? Chunking::Yes : Chunking::No,
                        .keep_alive = self->options.events_keep_alive,
                        .write_timeout = self->options.write_timeout});
  co_return false;
}

asio::awaitable<void> AdminServer::State::run(State* self, SessionPtr session) {
  asio::co_spawn(self->io, watch(session), asio::detached);
  while (!self->stopping) {
    session->idle = session->buffer.size() == 0;
    session->enter(AdminPhase::Awaited);
    self->slot_free.cancel();
    if (!co_await serve_one(self, session)) break;
  }
  self->ended(session);
}

void AdminServer::State::ended(const SessionPtr& session) {
  session->ended = true;
  session->watchdog.cancel();
  session->close();
  sessions.erase(session);
  slot_free.cancel();
  if (stopping && sessions.empty()) {
    const std::scoped_lock lock(ended_mutex);
    all_ended = true;
    ended_changed.notify_all();
  }
}

// One that waits is closed for a newcomer; its place is free when its coroutine has ended.
void AdminServer::State::make_room() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<AdminGuest> guests;
  guests.reserve(sessions.size());
  for (const auto& session : sessions) guests.push_back(session->guest);
  const auto chosen = who_leaves(guests, now);
  if (!chosen) return;
  const SessionPtr& session = *std::next(sessions.begin(), static_cast<std::ptrdiff_t>(*chosen));
  if (full_said == Session::SteadyTime{} || now - full_said >= kFullSaidEvery) {
    full_said = now;
    log::warn("admin_http", "full: the connection that waited the longest is closed",
              {{"listener", bound}, {"of", session->peer.address}});
  }
  session->close();
}

template <class Acceptor>
asio::awaitable<void> AdminServer::State::accept_loop(State* self, Acceptor* acceptor) {
  while (!self->stopping) {
    error_code ec;
    if (self->sessions.size() >= self->options.connections_max) {
      co_await acceptor->async_wait(Acceptor::wait_read, asio::redirect_error(use_awaitable, ec));
      if (ec == asio::error::operation_aborted) co_return;
      if (self->sessions.size() < self->options.connections_max) continue;
      self->make_room();
      self->slot_free.expires_after(std::chrono::seconds(1));
      co_await self->slot_free.async_wait(asio::redirect_error(use_awaitable, ec));
      continue;
    }
    auto accepted = co_await acceptor->async_accept(asio::redirect_error(use_awaitable, ec));
    if (ec == asio::error::operation_aborted) co_return;
    if (ec) {  // no descriptors, a peer that left already: not worth a busy loop
      self->slot_free.expires_after(std::chrono::milliseconds(100));
      co_await self->slot_free.async_wait(asio::redirect_error(use_awaitable, ec));
      continue;
    }
    AdminPeer peer;
    if constexpr (std::is_same_v<Acceptor, asio::ip::tcp::acceptor>) {
      peer = peer_of_tcp(accepted);
      accepted.set_option(asio::ip::tcp::no_delay(true), ec);
    } else {
      peer = peer_of_unix(accepted.native_handle());
    }
    std::unique_ptr<StreamLayer> layer;
    if (self->options.tls) {
      layer = self->options.tls->make_layer();
      if (!layer) continue;  // out of memory: closed
      peer.tls = true;
    }
    auto session = std::make_shared<Session>(Session::Socket(std::move(accepted)), std::move(peer));
    session->layer = std::move(layer);
    self->sessions.insert(session);
    asio::co_spawn(self->io, run(self, std::move(session)), asio::detached);
  }
}

std::optional<std::string> AdminServer::State::bind_unix() {
  const std::string& path = options.unix_path;
  if (path.size() > 107)
    return "the socket path '" + path + "' is over 107 bytes; choose a shorter";
  const asio::local::stream_protocol::endpoint endpoint(path);
  error_code ec;
  unix_acceptor.emplace(io);
  unix_acceptor->open(endpoint.protocol(), ec);
  unix_acceptor->bind(endpoint, ec);
  if (ec == asio::error::address_in_use) {
    asio::local::stream_protocol::socket probe(io);
    error_code refused;
    probe.connect(endpoint, refused);
    if (!refused) return "another server already listens on '" + path + "'";
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
      return "'" + path + "' exists and is no socket; move it away";
    }
    ::unlink(path.c_str());
    ec.clear();
    unix_acceptor->bind(endpoint, ec);
  }
  if (ec) return "cannot bind '" + path + "': " + ec.message();
  // Before listen: until then nobody can connect, whatever the mode is.
  if (::chmod(path.c_str(), 0600) != 0) return "cannot set the mode of '" + path + "'";
  unix_acceptor->listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return "cannot listen on '" + path + "': " + ec.message();
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) socket_inode = info.st_ino;
  bound = path;
  return std::nullopt;
}

std::optional<std::string> AdminServer::State::bind_tcp() {
  const auto parsed = parse_listen(options.listen);
  if (!parsed) return "'" + options.listen + "' is not ADDRESS:PORT";
  error_code ec;
  const auto address = asio::ip::make_address(parsed->first, ec);
  if (ec) return "'" + options.listen + "' is not ADDRESS:PORT";
  const asio::ip::tcp::endpoint endpoint(address, parsed->second);
  tcp_acceptor.emplace(io);
  tcp_acceptor->open(endpoint.protocol(), ec);
  if (!ec) tcp_acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) tcp_acceptor->bind(endpoint, ec);
  if (!ec) {
    tcp_acceptor->listen(asio::socket_base::max_listen_connections, ec);
  }
  if (ec) return "cannot listen on " + options.listen + ": " + ec.message();
  const auto real = tcp_acceptor->local_endpoint(ec);
  const std::string host = address.is_v6() ? "[" + parsed->first + "]" : parsed->first;
  bound = host + ":" + std::to_string(real.port());
  return std::nullopt;
}

void AdminServer::State::begin_stop() {
  stopping = true;
  error_code ignored;
  if (unix_acceptor) unix_acceptor->close(ignored);
  if (tcp_acceptor) tcp_acceptor->close(ignored);
  slot_free.cancel();
  for (const auto& session : sessions) {
    if (session->idle) session->close();
    if (session->events) session->events->close();
  }
  const std::scoped_lock lock(ended_mutex);
  all_ended = sessions.empty();
  ended_changed.notify_all();
}

AdminServer::AdminServer(AdminServerOptions options, AdminHandler handler)
    : state_(std::make_unique<State>(std::move(options), std::move(handler))) {}

AdminServer::~AdminServer() {
  stop();
}

std::optional<std::string> AdminServer::start() {
  State& state = *state_;
  auto error = state.options.unix_path.empty() ? state.bind_tcp() : state.bind_unix();
  if (error) return error;
  state.pool.emplace(state.options.threads);
  state.work.emplace(state.io.get_executor());
  if (state.unix_acceptor) {
    asio::co_spawn(state.io, State::accept_loop(&state, &*state.unix_acceptor), asio::detached);
  } else {
    asio::co_spawn(state.io, State::accept_loop(&state, &*state.tcp_acceptor), asio::detached);
  }
  state.thread = std::thread([&state] { state.io.run(); });
  return std::nullopt;
}

std::string AdminServer::bound() const {
  return state_->bound;
}

void AdminServer::stop() {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  asio::post(state.io, [&state] { state.begin_stop(); });
  {
    std::unique_lock lock(state.ended_mutex);
    state.ended_changed.wait_for(lock, kStopTimeout, [&state] { return state.all_ended; });
  }
  state.pool->join();  // a handler that still runs is waited for
  state.work.reset();
  state.io.stop();
  state.thread.join();
  for (const auto& session : state.sessions) {  // a stream whose client did not read
    if (session->events) session->events->abandon();
  }
  struct stat info{};
  const std::string& path = state.options.unix_path;
  if (!path.empty() && ::lstat(path.c_str(), &info) == 0 && info.st_ino == state.socket_inode) {
    ::unlink(path.c_str());
  }
}

}  // namespace guarita::net
