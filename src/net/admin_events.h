// An answer that does not end: server-sent events (HTML Living Standard §9.2). A handler puts one
// into its AdminResponse and keeps a reference; the server sends what is pushed.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace guarita::net {

// Thread-safe. push() never blocks: a client that does not read loses what it has not got, is told
// so by `event: lagging`, and goes on from there.
class AdminEvents {
 public:
  static constexpr std::size_t kQueuedBytesMax = 256 * 1024;

  // Whole events, each with its empty line at the end. Nothing happens after the end.
  void push(std::string_view text);
  // The last word; what is queued is sent before it. Idempotent.
  void close(std::string_view last = {});
  // Closed, or the client has left.
  bool ended() const;

  // ---- by the server --------------------------------------------------------------------------
  struct Batch {
    std::string text;
    bool last = false;  // nothing comes after it
  };
  Batch take();
  // Called at every push and at the end, by whoever causes it, under the lock: it only wakes.
  void set_waker(std::function<void()> waker);
  // The client has left, or the server goes: the waker is never called again.
  void abandon();

 private:
  void wake_locked();

  mutable std::mutex mutex_;
  std::string queue_;
  std::function<void()> waker_;
  bool closed_ = false;     // no more pushes
  bool abandoned_ = false;  // no reader
};

// "event: NAME\ndata: DATA\n\n". REQUIRES: no line ends in either (JSON has none).
std::string event_text(std::string_view name, std::string_view data);

}  // namespace guarita::net
