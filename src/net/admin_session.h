// One connection of an AdminServer: its socket, plain or TLS, and its deadline. Internal to net.
#pragma once

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "base/time.h"
#include "net/admin_crowd.h"
#include "net/admin_events.h"
#include "net/admin_http.h"
#include "net/stream.h"

namespace guarita::net {

// On the server's io thread only.
struct AdminSession {
  using Socket = boost::asio::generic::stream_protocol::socket;
  using SteadyTime = std::chrono::steady_clock::time_point;

  AdminSession(Socket s, AdminPeer p)
      : socket(std::move(s)), watchdog(socket.get_executor()), peer(std::move(p)) {
    guest.block = block_of(peer.address);
  }

  Socket socket;
  std::unique_ptr<StreamLayer> layer;  // TLS; null: plain
  boost::asio::steady_timer watchdog;
  AdminPeer peer;
  boost::beast::flat_buffer buffer;
  SteadyTime deadline = SteadyTime::max();
  AdminGuest guest;
  bool fresh = true;                    // nothing has been read yet
  bool idle = true;                     // between requests: may be closed at any time
  bool ended = false;                   // the coroutine is over
  std::shared_ptr<AdminEvents> events;  // while it sends a stream

  void set_deadline(Millis from_now) { deadline = std::chrono::steady_clock::now() + from_now; }
  void enter(AdminPhase phase) {
    guest.phase = phase;
    guest.since = std::chrono::steady_clock::now();
  }
  void close();
};
using AdminSessionPtr = std::shared_ptr<AdminSession>;

// Closes the socket when the deadline of the moment is over; ends with the session. It wakes at
// most once per second of idle life instead of being re-armed for each read.
boost::asio::awaitable<void> watch(AdminSessionPtr session);

// The only doors to the socket's bytes. One read and one write at a time; both may be under way.
// Bytes read; 0: the peer left, the deadline has closed the socket, or TLS failed.
boost::asio::awaitable<std::size_t> read_some(AdminSession& session, std::span<char> into);
// All of them are with the kernel: true. False: the connection is of no more use.
boost::asio::awaitable<bool> write_all(AdminSession& session, std::string_view bytes);

// Half-closes, then reads and drops what the peer still sends, so that it reads our answer instead
// of a reset.
boost::asio::awaitable<void> linger(AdminSession& session, Millis at_most);

}  // namespace guarita::net
