#include "net/error.h"

#include <cerrno>

namespace guarita::net {

std::string_view text_of(NetError error) {
  switch (error) {
    case NetError::EndOfStream: return "closed by peer";
    case NetError::Reset: return "reset by peer";
    case NetError::Refused: return "connection refused";
    case NetError::Unreachable: return "unreachable";
    case NetError::TimedOut: return "timed out";
    case NetError::Cancelled: return "cancelled";
    case NetError::TooManyFiles: return "out of file descriptors";
    case NetError::NotFound: return "not found";
    case NetError::OverLimit: return "over limit";
    case NetError::Other: return "error";
  }
  return "error";
}

NetError from_errno(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return NetError::Reset;
    case ECONNREFUSED: return NetError::Refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case ENETDOWN: return NetError::Unreachable;
    case ETIMEDOUT: return NetError::TimedOut;
    case ECANCELED: return NetError::Cancelled;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return NetError::TooManyFiles;
    case ENOENT: return NetError::NotFound;
    default: return NetError::Other;
  }
}

}  // namespace guarita::net
