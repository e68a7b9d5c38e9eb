#include "net/admin_session.h"

#include <sys/uio.h>

namespace guarita::net {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;
using Socket = AdminSession::Socket;

constexpr std::size_t kLingerBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;

asio::awaitable<bool> ready(AdminSession& session, Socket::wait_type what) {
  error_code ec;
  co_await session.socket.async_wait(what, asio::redirect_error(use_awaitable, ec));
  co_return !ec;
}

void note_progress(AdminSession& session) {
  if (session.guest.phase == AdminPhase::Answered) session.enter(AdminPhase::Answered);
}

// What the layer itself had to say while it read: a handshake's flight, an alert.
asio::awaitable<bool> flush(AdminSession& session) {
  while (session.layer->has_unsent()) {
    const IoStep step = session.layer->flush(session.socket.native_handle());
    if (step.what == IoStep::What::Failed) co_return false;
    if (step.what == IoStep::What::Done) break;
    if (!co_await ready(session, Socket::wait_write)) co_return false;
  }
  co_return true;
}

}  // namespace

void AdminSession::close() {
  // Every answer has its length or its chunks: an end in order hides no lost part of one.
  if (layer && socket.is_open()) layer->finish(socket.native_handle());
  error_code ignored;
  socket.close(ignored);
}

asio::awaitable<void> watch(AdminSessionPtr session) {
  constexpr auto kStep = std::chrono::seconds(1);
  while (!session->ended) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= session->deadline) {
      session->close();
      co_return;
    }
    session->watchdog.expires_at(std::min(session->deadline, now + kStep));
    error_code ignored;
    co_await session->watchdog.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

asio::awaitable<std::size_t> read_some(AdminSession& session, std::span<char> into) {
  if (!session.layer) {
    error_code ec;
    const std::size_t got = co_await session.socket.async_read_some(
        asio::buffer(into.data(), into.size()), asio::redirect_error(use_awaitable, ec));
    co_return ec ? 0 : got;
  }
  for (;;) {
    const IoStep step = session.layer->read(session.socket.native_handle(), into);
    if (step.what == IoStep::What::Done) co_return step.bytes;
    if (step.what == IoStep::What::Failed) co_return 0;
    if (!co_await flush(session)) co_return 0;
    if (!co_await ready(session, Socket::wait_read)) co_return 0;
  }
}

asio::awaitable<bool> write_all(AdminSession& session, std::string_view bytes) {
  if (!session.layer) {
    error_code ec;
    // Asked before each write to the socket how much it may take.
    const auto step = [&session](const error_code& failed, std::size_t) {
      note_progress(session);
      return failed ? std::size_t{0} : kWriteBytes;
    };
    co_await asio::async_write(session.socket, asio::buffer(bytes), step,
                               asio::redirect_error(use_awaitable, ec));
    co_return !ec;
  }
  while (!bytes.empty()) {
    const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    const IoStep step = session.layer->write(session.socket.native_handle(), {&piece, 1});
    if (step.what == IoStep::What::Failed) co_return false;
    if (step.what == IoStep::What::Done) {
      note_progress(session);
      bytes.remove_prefix(step.bytes);
    } else if (!co_await ready(session, Socket::wait_write)) {
      co_return false;
    }
  }
  co_return co_await flush(session);
}

asio::awaitable<void> linger(AdminSession& session, Millis at_most) {
  error_code ec;
  session.set_deadline(at_most);
  if (session.layer) {
    session.layer->finish(session.socket.native_handle());
    if (!co_await flush(session)) co_return;
  }
  session.socket.shutdown(asio::socket_base::shutdown_send, ec);
  std::size_t dropped = 0;
  while (!ec && dropped < kLingerBytesMax) {
    session.buffer.clear();
    const auto room = session.buffer.prepare(16 * 1024);
    const std::size_t got =
        co_await read_some(session, {static_cast<char*>(room.data()), room.size()});
    if (got == 0) break;
    dropped += got;
  }
}

}  // namespace guarita::net
