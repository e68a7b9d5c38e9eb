// One thread's HTTP/2 connections to upstreams and the streams on them: few connections, many
// callers; what became ready in one turn of the loop leaves in one write a connection.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/deadlines.h"
#include "net/h2_stream.h"
#include "net/loop.h"
#include "net/task.h"

namespace guarita::net {

class H2Connection;
class H2Pool;
class Upstream;
class UpstreamPool;

// HTTP/2's part of an upstream.
class H2Upstream {
 public:
  H2Upstream();
  ~H2Upstream();
  H2Upstream(const H2Upstream&) = delete;
  H2Upstream& operator=(const H2Upstream&) = delete;

 private:
  friend class H2Pool;
  struct Waiter;
  struct WaitAwaiter;
  std::vector<std::unique_ptr<H2Connection>> connections_;
  Waiter* first_waiter_ = nullptr;
  Waiter** last_waiter_ = &first_waiter_;
  bool opening_ = false;  // a connection is being made, or has not said its SETTINGS
  std::int64_t http1_until_ms_ = 0;
};

class H2Pool {
 public:
  // What is spoken with an upstream that answered HTTP/2's preface in HTTP/1.
  static constexpr std::int64_t kHttp1ForMs = 60'000;

  H2Pool(UpstreamPool& pool, Loop& loop, DeadlineWheel& wheel);
  ~H2Pool();  // REQUIRES: no stream is held
  H2Pool(const H2Pool&) = delete;
  H2Pool& operator=(const H2Pool&) = delete;

  // By its URL, and unless it has shown that it speaks HTTP/1 only.
  bool speaks(const Upstream& upstream) const;
  // A stream on a connection that is there, or null.
  H2StreamPtr try_stream(Upstream& upstream);
  // The same, on a new connection where need be, waiting for at most PoolOptions::connect_ms when
  // the upstream takes no more. Null: it does not speak HTTP/2. REQUIRES: `upstream` is held until
  // the end.
  Task<Result<H2StreamPtr, NetError>> stream(Upstream& upstream);

 private:
  friend class H2Connection;
  friend class H2Upstream;
  friend class UpstreamPool;

  // By UpstreamPool.
  void close_idle(Upstream& upstream);
  void stop(Upstream& upstream);

  // By H2Connection.
  void ready(H2Connection& connection);
  void dead(H2Connection& connection, NetError error);
  void is_http1(Upstream& upstream);
  void mark(H2Connection& connection);  // has something for the turn's end

  void serve_waiters(Upstream& upstream);
  void fail_waiters(H2Upstream& h2, NetError error);
  void let_try_again(H2Upstream& h2);
  static void unlist(H2Upstream& h2, H2Upstream::Waiter& waiter);
  void ask_for_turn();
  void flush_marked();
  void turn();

  UpstreamPool& pool_;
  Loop& loop_;
  DeadlineWheel& wheel_;
  H2Wakes wakes_;
  H2Streams streams_;
  H2Connection* marked_ = nullptr;
  std::vector<std::unique_ptr<H2Connection>> dead_;
  Deferred turn_;
  bool in_turn_ = false;
};

}  // namespace guarita::net
