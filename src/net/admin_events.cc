#include "net/admin_events.h"

#include <boost/asio.hpp>
#include <memory>

#include "net/admin_events_send.h"

namespace guarita::net {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::string_view kKeepAlive = ": keep-alive\n\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string framed(std::string_view text, Chunking chunking) {
  if (chunking == Chunking::No) return std::string(text);
  char size[24];
  const int n = std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  std::string out(size, static_cast<std::size_t>(n));
  out.append(text).append("\r\n");
  return out;
}

// A client has nothing to say during a stream; that it leaves is heard by reading.
asio::awaitable<void> hear_the_end(AdminSessionPtr session, std::shared_ptr<AdminEvents> events,
                                   std::weak_ptr<asio::steady_timer> wake) {
  std::array<char, 512> dropped;
  while (co_await read_some(*session, dropped) > 0) {
  }
  events->abandon();
  if (const auto timer = wake.lock()) timer->cancel();
}

}  // namespace

void AdminEvents::wake_locked() {
  if (waker_) waker_();
}

void AdminEvents::push(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (closed_ || abandoned_ || text.empty()) return;
  if (queue_.size() + text.size() > kQueuedBytesMax) {
    queue_ = event_text("lagging", "{}");
  } else {
    queue_ += text;
  }
  wake_locked();
}

void AdminEvents::close(std::string_view last) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  closed_ = true;
  queue_ += last;
  wake_locked();
}

bool AdminEvents::ended() const {
  const std::scoped_lock lock(mutex_);
  return closed_ || abandoned_;
}

AdminEvents::Batch AdminEvents::take() {
  const std::scoped_lock lock(mutex_);
  return {.text = std::exchange(queue_, {}), .last = closed_ || abandoned_};
}

void AdminEvents::set_waker(std::function<void()> waker) {
  const std::scoped_lock lock(mutex_);
  if (!abandoned_) waker_ = std::move(waker);
}

void AdminEvents::abandon() {
  const std::scoped_lock lock(mutex_);
  abandoned_ = true;
  waker_ = nullptr;
  queue_.clear();
}

std::string event_text(std::string_view name, std::string_view data) {
  std::string text("event: ");
  text.append(name).append("\ndata: ").append(data).append("\n\n");
  return text;
}

asio::awaitable<void> send_events(AdminSessionPtr session, std::shared_ptr<AdminEvents> events,
                                  std::string head, EventSending how) {
  const auto executor = co_await asio::this_coro::executor;
  const auto wake = std::make_shared<asio::steady_timer>(executor);
  session->events = events;
  session->set_deadline(how.write_timeout);
  bool open = co_await write_all(*session, head);
  if (open) {
    events->set_waker([executor, weak = std::weak_ptr(wake)] {
      asio::post(executor, [weak] {
        if (const auto timer = weak.lock()) timer->cancel();
      });
    });
    asio::co_spawn(executor, hear_the_end(session, events, wake), asio::detached);
  }
  while (open) {
    AdminEvents::Batch batch = events->take();
    if (batch.text.empty() && !batch.last) {
      session->deadline = AdminSession::SteadyTime::max();
      wake->expires_after(how.keep_alive);
      error_code woken;
      co_await wake->async_wait(asio::redirect_error(use_awaitable, woken));
      if (woken) continue;
      batch.text = kKeepAlive;
    }
    session->set_deadline(how.write_timeout);
    std::string bytes = batch.text.empty() ? std::string() : framed(batch.text, how.chunking);
    if (batch.last && how.chunking == Chunking::Yes) bytes += kLastChunk;
    open = co_await write_all(*session, bytes) && !batch.last;
  }
  events->abandon();
  session->events.reset();
}

}  // namespace guarita::net
