// Idle connections of one upstream: last in first out, at most so many, each kept until a time.
// Sans I/O: times in, nodes out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guarita::net {

// Lives in the connection. On at most one shelf.
struct IdleNode {
  IdleNode* newer = nullptr;
  IdleNode* older = nullptr;
  std::int64_t until_ms = 0;
  bool shelved = false;
};

class IdleShelf {
 public:
  // REQUIRES: not shelved. Returns what has to go in its place: the oldest when the shelf is over
  // `max`, the node itself when nothing may be kept (max 0, or `until` not after `now`); else null.
  IdleNode* put(IdleNode& node, std::int64_t now_ms, std::int64_t until_ms, std::size_t max);

  // The newest whose time has not come; null when there is none. Those that are over stay: their
  // own deadlines, or oldest(), take them away.
  IdleNode* take(std::int64_t now_ms);

  void remove(IdleNode& node);
  IdleNode* oldest() const { return oldest_; }
  std::size_t size() const { return size_; }

 private:
  IdleNode* newest_ = nullptr;
  IdleNode* oldest_ = nullptr;
  std::size_t size_ = 0;
};

// How long a connection may idle: the configured time, or the response's `Keep-Alive: timeout`
// less a second where that is shorter. -1 s: the response states none. 0: not to be kept.
std::int64_t idle_keep_ms(std::int64_t configured_ms, int stated_timeout_s);

}  // namespace guarita::net
