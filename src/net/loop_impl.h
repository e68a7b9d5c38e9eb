// For net's own .cc files: the Asio side of Loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/loop.h"

namespace guarita::net {

struct Loop::Impl {
  // One thread runs it: handlers need no strand. Locks stay, because other threads post.
  boost::asio::io_context context{1};
  boost::asio::steady_timer timer{context};
};

namespace detail {
struct LoopAccess {
  static boost::asio::io_context& context(Loop& loop) { return loop.impl_->context; }
};
}  // namespace detail

}  // namespace guarita::net
