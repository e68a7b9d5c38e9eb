#include "net/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

namespace guarita::net {
namespace {

// After so many reads in a row that found bytes at once the reader goes through the loop, so that
// a fast sender does not keep other connections waiting.
constexpr unsigned kReadsInARowMax = 16;

IoStep socket_read(int fd, std::span<char> into) noexcept {
  for (;;) {
    const ssize_t got = ::recv(fd, into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) return {.what = IoStep::What::Done, .bytes = static_cast<std::size_t>(got)};
    if (got == 0) return {.what = IoStep::What::Failed, .error = NetError::EndOfStream};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    return {.what = IoStep::What::Failed, .error = from_errno(errno)};
  }
}

IoStep socket_write(int fd, std::span<const iovec> pieces) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return {.what = IoStep::What::Done, .bytes = static_cast<std::size_t>(sent)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    return {.what = IoStep::What::Failed, .error = from_errno(errno)};
  }
}

bool something_to_read(int fd) noexcept {
  char byte;
  for (;;) {
    const ssize_t got = ::recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    if (got >= 0) return true;
    if (errno == EINTR) continue;
    return errno != EAGAIN && errno != EWOULDBLOCK;
  }
}

void resume(std::coroutine_handle<>& slot) {
  std::exchange(slot, nullptr).resume();
}

}  // namespace

std::unique_ptr<Stream> Stream::adopt(Loop& loop, int fd) {
  Descriptor::Ptr descriptor = Descriptor::adopt(loop, fd);
  if (!descriptor) return nullptr;
  return std::unique_ptr<Stream>(new Stream(std::move(descriptor)));
}

Result<std::unique_ptr<Stream>, NetError> Stream::connect(Loop& loop, const Endpoint& to) {
  const auto fd = open_socket(to.family());
  if (!fd) return Err(fd.error());
  if (::connect(*fd, to.address(), to.size) != 0 && errno != EINPROGRESS) {
    // A Unix socket answers EAGAIN when its backlog is full: nobody takes us in there.
    const NetError error = errno == EAGAIN ? NetError::Refused : from_errno(errno);
    ::close(*fd);
    return Err(error);
  }
  std::unique_ptr<Stream> stream = adopt(loop, *fd);
  if (!stream) return Err(NetError::TooManyFiles);
  return stream;
}

IoStep Stream::noticed(Direction direction, const IoStep& step) noexcept {
  if (step.what == IoStep::What::WouldBlock) descriptor_->exhausted(direction);
  return step;
}

IoStep Stream::try_read(std::span<char> into) noexcept {
  if (cut_) return {.what = IoStep::What::Failed, .error = *cut_};
  const IoStep step =
      noticed(Direction::Read, layer_ ? layer_->read(fd(), into) : socket_read(fd(), into));
  if (step.what == IoStep::What::Done) {
    bytes_read_ += step.bytes;
    if (!layer_ && step.bytes < into.size()) descriptor_->read_short();
  }
  return step;
}

bool Stream::settle_read(const IoStep& step) noexcept {
  reading_.settled = step.what != IoStep::What::WouldBlock;
  if (!reading_.settled) return false;
  if (step.what == IoStep::What::Done) {
    reading_.result = step.bytes;
  } else {
    reading_.result = Err(step.error);
  }
  return true;
}

bool Stream::read_now() noexcept {
  if (reading_.lazy.take == nullptr) return settle_read(try_read(reading_.into));
  const IoStep step = try_read(reading_.lazy.take(reading_.lazy.context));
  if (step.what != IoStep::What::Done) reading_.lazy.give_back(reading_.lazy.context);
  return settle_read(step);
}

Stream::ReadAwaiter Stream::read_some(std::span<char> into) {
  reading_.into = into;
  reading_.lazy.take = nullptr;
  return ReadAwaiter(*this);
}
Stream::ReadAwaiter Stream::read_some(const LazyBuffer& into) {
  reading_.lazy = into;
  return ReadAwaiter(*this);
}

bool Stream::ReadAwaiter::await_ready() noexcept {
  Reading& reading = stream_.reading_;
  const bool at_hand = stream_.layer_ && stream_.layer_->has_pending();
  if (!stream_.cut_ && !at_hand && !stream_.descriptor_->ready(Direction::Read)) return false;
  if (reading.in_a_row >= kReadsInARowMax && !at_hand) return false;  // at the turn's end
  if (!stream_.read_now()) return false;
  ++reading.in_a_row;
  return true;
}

void Stream::ReadAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.reading_.waiting = waiting;
  stream_.reading_.in_a_row = 0;
  stream_.flush_later();
  stream_.wait_to_read();
}

void Stream::wait_to_read() noexcept {
  descriptor_->wait(Direction::Read,
                    {.attempt =
                         [](void* self) noexcept {
                           auto* stream = static_cast<Stream*>(self);
                           return stream->read_now() || stream->must_flush();
                         },
                     .completed =
                         [](void* self, Wake wake) noexcept {
                           auto* stream = static_cast<Stream*>(self);
                           if (wake == Wake::Cancelled) {
                             stream->reading_.result =
                                 Err(stream->cut_.value_or(stream->interrupted_));
                           } else if (!stream->reading_.settled) {  // the layer has to send first
                             stream->flush_later();
                             stream->wait_to_read();
                             return;
                           }
                           resume(stream->reading_.waiting);
                         },
                     .context = this,
                     .is_new = reading_.lazy.take != nullptr && reading_.lazy.is_new});
}

Stream::WriteAwaiter::WriteAwaiter(Stream& stream, std::span<const std::string_view> pieces)
    : stream_(stream) {
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    assert(count_ < kPiecesMax);
    pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
  }
}

Stream::WriteAwaiter Stream::write(std::span<const std::string_view> pieces) {
  return {*this, pieces};
}
Stream::WriteAwaiter Stream::write(std::string_view piece) {
  return {*this, std::span<const std::string_view>(&piece, 1)};
}

IoStep Stream::try_write() noexcept {
  if (cut_) return {.what = IoStep::What::Failed, .error = *cut_};
  return noticed(Direction::Write,
                 layer_ ? layer_->write(fd(), writing_.left) : socket_write(fd(), writing_.left));
}

bool Stream::write_now() noexcept {
  std::span<iovec>& left = writing_.left;
  while (!left.empty()) {
    const IoStep step = try_write();
    if (step.what == IoStep::What::WouldBlock) return false;
    if (step.what == IoStep::What::Failed) {
      writing_.result = Err(step.error);
      return true;
    }
    bytes_written_ += step.bytes;
    std::size_t sent = step.bytes;
    while (!left.empty() && sent >= left.front().iov_len) {
      sent -= left.front().iov_len;
      left = left.subspan(1);
    }
    if (sent > 0) {
      iovec& piece = left.front();
      piece.iov_base = static_cast<char*>(piece.iov_base) + sent;
      piece.iov_len -= sent;
    }
  }
  if (!layer_ || !layer_->has_unsent()) return true;
  const IoStep rest = noticed(Direction::Write, layer_->flush(fd()));
  if (rest.what == IoStep::What::Failed) writing_.result = Err(rest.error);
  return rest.what != IoStep::What::WouldBlock;
}

bool Stream::WriteAwaiter::await_ready() noexcept {
  stream_.writing_.result = {};
  stream_.writing_.left = {pieces_.data(), count_};
  return count_ == 0;
}

void Stream::WriteAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.writing_.waiting = waiting;
  if (std::exchange(stream_.flushing_, false)) stream_.descriptor_->detach(Direction::Write);
  stream_.wait_to_write(
      [](void* self) noexcept { return static_cast<Stream*>(self)->write_now(); });
}

void Stream::wait_to_write(bool (*attempt)(void* stream) noexcept) noexcept {
  descriptor_->wait(Direction::Write, {.attempt = attempt,
                                       .completed =
                                           [](void* self, Wake wake) noexcept {
                                             auto* stream = static_cast<Stream*>(self);
                                             if (wake == Wake::Cancelled) {
                                               stream->writing_.result =
                                                   Err(stream->cut_.value_or(stream->interrupted_));
                                             }
                                             resume(stream->writing_.waiting);
                                           },
                                       .context = this});
}

// Kept bytes that no write takes along.
bool Stream::must_flush() const noexcept {
  return layer_ && layer_->has_unsent() && !writing_.waiting && !flushing_;
}

bool Stream::flush_now() noexcept {
  return cut_ || noticed(Direction::Write, layer_->flush(fd())).what != IoStep::What::WouldBlock;
}

// Nobody awaits what a layer has to say while it reads; a write that comes meanwhile takes over.
void Stream::flush_later() {
  if (!must_flush()) return;
  flushing_ = true;
  descriptor_->wait(
      Direction::Write,
      {.attempt = [](void* self) noexcept { return static_cast<Stream*>(self)->flush_now(); },
       .completed = [](void* self,
                       Wake) noexcept { static_cast<Stream*>(self)->flushing_ = false; },
       .context = this});
}

Stream::ConnectAwaiter Stream::connected() {
  writing_.result = {};
  return ConnectAwaiter(*this);
}

bool Stream::connect_now() noexcept {
  if (cut_) {
    writing_.result = Err(*cut_);
    return true;
  }
  pollfd ready{.fd = fd(), .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) == 0) {
    descriptor_->exhausted(Direction::Write);
    return false;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) writing_.result = Err(from_errno(error));
  return true;
}

bool Stream::ConnectAwaiter::await_ready() noexcept {
  return stream_.connect_now();
}

void Stream::ConnectAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.writing_.waiting = waiting;
  stream_.wait_to_write(
      [](void* self) noexcept { return static_cast<Stream*>(self)->connect_now(); });
}

bool Stream::readable() noexcept {
  if (!descriptor_->ready(Direction::Read) && !(layer_ && layer_->has_pending())) return false;
  const bool found =
      layer_ ? layer_->peek(fd()).what != IoStep::What::WouldBlock : something_to_read(fd());
  if (!found) descriptor_->exhausted(Direction::Read);
  return found;
}

bool Stream::watch(void (*event)(void*) noexcept, void* context) {
  if (cut_ || readable()) return false;
  event_ = event;
  event_context_ = context;
  descriptor_->wait(
      Direction::Read,
      {.attempt = [](void* self) noexcept { return static_cast<Stream*>(self)->readable(); },
       .completed =
           [](void* self, Wake) noexcept {
             auto* stream = static_cast<Stream*>(self);
             std::exchange(stream->event_, nullptr)(stream->event_context_);
           },
       .context = this});
  return true;
}

bool Stream::unwatch() {
  if (event_ == nullptr) return false;
  event_ = nullptr;
  descriptor_->detach(Direction::Read);
  return !descriptor_->ready(Direction::Read);
}

bool Stream::peer_ended() const {
  if (layer_) return layer_->peek(fd()).what == IoStep::What::Failed;
  char byte;
  const ssize_t got = ::recv(fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void Stream::cancel(NetError why) {
  if (cut_) return;
  cut_ = why;
  descriptor_->cancel();
}

void Stream::interrupt(NetError why) {
  interrupted_ = why;
  descriptor_->cancel();
}

void Stream::finish_sending() {
  if (layer_) layer_->finish(fd());
  if (must_flush()) {  // its last words are an end in order; ours comes with the close
    flush_later();
    return;
  }
  ::shutdown(fd(), SHUT_WR);
}

void Stream::reset_on_close() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace guarita::net
