// What can go wrong on a socket, as a value.
#pragma once

#include <cstdint>
#include <string_view>

namespace guarita::net {

enum class NetError : std::uint8_t {
  EndOfStream,   // the peer closed its sending side in order
  Reset,         // the peer reset the connection, or wrote into a closed one
  Refused,       // nobody listens there
  Unreachable,   // no route, or the network is down
  TimedOut,      // a deadline of ours or of the kernel
  Cancelled,     // cut from this side: drain, re-decision, shutdown
  TooManyFiles,  // EMFILE, ENFILE, ENOBUFS: try later
  NotFound,      // the name does not resolve, or the Unix socket does not exist
  OverLimit,     // a limit of ours is reached
  Other,
};

std::string_view text_of(NetError error);

// errno of a failed system call. EAGAIN and EINTR are not errors and must not be passed.
NetError from_errno(int error);

}  // namespace guarita::net
