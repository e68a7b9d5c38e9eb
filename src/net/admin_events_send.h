// The server's side of an event stream. Internal to net.
#pragma once

#include <boost/asio.hpp>
#include <memory>
#include <string>

#include "net/admin_events.h"
#include "net/admin_session.h"

namespace guarita::net {

enum class Chunking : std::uint8_t { No, Yes };  // HTTP/1.0, HTTP/1.1
struct EventSending {
  Chunking chunking = Chunking::Yes;
  Millis keep_alive{15'000};
  Millis write_timeout{30'000};
};

// Sends `head` and then what is pushed, until the stream is closed, the client leaves, or it does
// not read for write_timeout. The connection ends after it. Takes no pool thread.
boost::asio::awaitable<void> send_events(AdminSessionPtr session,
                                         std::shared_ptr<AdminEvents> events, std::string head,
                                         EventSending how);

}  // namespace guarita::net
