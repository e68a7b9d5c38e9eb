#include "net/h2_stream.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "net/h2_session.h"

namespace guarita::net {

// ---- request -----------------------------------------------------------------------------------

void H2Stream::submit(const H2Request& request) {
  limits_ = request.limits;
  context_ = request.context;
  if (session_ != nullptr) session_->submit(*this, request);
}

H2Stream::WriteAwaiter H2Stream::write(std::span<const std::string_view> pieces, Last last) {
  assert(!writing_.pending && pieces.size() <= Writing::kPiecesMax);
  std::ranges::copy(pieces, writing_.pieces.begin());
  writing_.first = 0;
  writing_.count = pieces.size();
  writing_.last = last == Last::Yes;
  writing_.pending =
      writing_.last || std::ranges::any_of(pieces, [](auto p) { return !p.empty(); });
  writing_.interrupted.reset();
  if (writing_.pending && session_ != nullptr && !cut_) session_->body_is_there(*this);
  return WriteAwaiter(*this);
}

bool H2Stream::WriteAwaiter::await_ready() const noexcept {
  return !stream_.writing_.pending || stream_.closed() || stream_.cut_;
}
void H2Stream::WriteAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.writing_.wake.waiting = waiting;
}
Result<void, NetError> H2Stream::WriteAwaiter::await_resume() noexcept {
  Writing& writing = stream_.writing_;
  const bool taken = !std::exchange(writing.pending, false);
  if (stream_.cut_) return Err(*stream_.cut_);
  if (writing.interrupted) return Err(*writing.interrupted);
  if (!taken) return Err(stream_.error());
  return {};
}

std::size_t H2Stream::give_body(std::span<char> into, bool& last) {
  last = false;
  if (!writing_.pending) return 0;
  std::size_t given = 0;
  while (writing_.first < writing_.count && given < into.size()) {
    std::string_view& piece = writing_.pieces[writing_.first];
    const std::size_t size = std::min(piece.size(), into.size() - given);
    if (size > 0) std::memcpy(into.data() + given, piece.data(), size);
    given += size;
    piece.remove_prefix(size);
    if (piece.empty()) ++writing_.first;
  }
  bytes_written_ += given;
  if (writing_.first < writing_.count) return given;
  last = writing_.last;
  writing_.pending = false;
  wake_writer();
  return given;
}

// ---- response ----------------------------------------------------------------------------------

void H2Stream::begin_section() {
  answered_ = true;
  if (final_head_) {
    trailers_.clear();
    return;
  }
  if (heads_count_ == kHeads) --heads_count_;
  newest().clear();
}

http::ErrorCode H2Stream::add(std::string_view name, std::string_view value) {
  if (final_head_) return http::add_trailer(trailers_, name, value, *limits_);
  return name == ":status" ? http::add_status(newest(), value)
                           : http::add_field(newest(), name, value, *limits_);
}

http::ErrorCode H2Stream::end_section(http::BodyAfter body) {
  if (final_head_) {
    http::seal(trailers_);
    return http::ErrorCode::None;
  }
  http::ReceivedHead& head = newest();
  if (const http::ErrorCode e = http::finish(head, context_, body); e != http::ErrorCode::None) {
    return e;
  }
  final_head_ = !head.head.interim();
  ++heads_count_;
  if (reading_.into.empty()) wake_reader();
  return http::ErrorCode::None;
}

H2Stream::HeadAwaiter H2Stream::head() {
  reading_.interrupted.reset();
  reading_.into = {};
  return HeadAwaiter(*this);
}
bool H2Stream::HeadAwaiter::await_ready() const noexcept {
  return stream_.heads_count_ > 0 || stream_.closed() || stream_.cut_;
}
void H2Stream::HeadAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.reading_.wake.waiting = waiting;
}
Result<void, NetError> H2Stream::HeadAwaiter::await_resume() noexcept {
  if (stream_.cut_) return Err(*stream_.cut_);
  // A stream that broke off is not trusted with what it had said.
  if (stream_.closed() && !stream_.got_end_) return Err(stream_.error_);
  if (stream_.heads_count_ > 0) return {};
  return Err(stream_.reading_.interrupted.value_or(NetError::Other));
}

void H2Stream::take_head(http::ResponseHead& head, std::string& text) {
  assert(heads_count_ > 0);
  http::ReceivedHead& first = heads_[first_head_];
  std::swap(head, first.head);
  std::swap(text, first.text);
  head.rebase(text.data());
  first_head_ = (first_head_ + 1) % kHeads;
  --heads_count_;
}

void H2Stream::received(std::string_view bytes) {
  bytes_read_ += bytes.size();
  if (blocks_ == nullptr && reading_.wake.waiting && !reading_.into.empty()) {
    const std::size_t size = std::min(bytes.size(), reading_.into.size() - reading_.filled);
    std::memcpy(reading_.into.data() + reading_.filled, bytes.data(), size);
    reading_.filled += size;
    bytes.remove_prefix(size);
    consumed(size);
    wake_reader();
  }
  keep(bytes);
}

void H2Stream::keep(std::string_view bytes) {
  while (!bytes.empty()) {
    if (last_block_ == nullptr || last_block_->end == sizeof last_block_->bytes) {
      static_assert(sizeof(Block) == kBlockBytes);
      auto* made = static_cast<Block*>(recycled_new(sizeof(Block)));
      made->next = nullptr;
      made->begin = made->end = 0;
      (last_block_ != nullptr ? last_block_->next : blocks_) = made;
      last_block_ = made;
    }
    const std::size_t size = std::min(bytes.size(), sizeof last_block_->bytes - last_block_->end);
    std::memcpy(last_block_->bytes + last_block_->end, bytes.data(), size);
    last_block_->end += static_cast<std::uint32_t>(size);
    bytes.remove_prefix(size);
  }
}

std::size_t H2Stream::take(std::span<char> into) {
  std::size_t taken = 0;
  if (cut_) return 0;
  while (blocks_ != nullptr && taken < into.size()) {
    const std::size_t size =
        std::min<std::size_t>(blocks_->end - blocks_->begin, into.size() - taken);
    std::memcpy(into.data() + taken, blocks_->bytes + blocks_->begin, size);
    taken += size;
    blocks_->begin += static_cast<std::uint32_t>(size);
    if (blocks_->begin < blocks_->end) break;
    Block* empty = std::exchange(blocks_, blocks_->next);
    recycled_delete(empty, sizeof(Block));
    if (blocks_ == nullptr) last_block_ = nullptr;
  }
  if (taken > 0) consumed(taken);
  return taken;
}

void H2Stream::drop_blocks() {
  while (blocks_ != nullptr) recycled_delete(std::exchange(blocks_, blocks_->next), sizeof(Block));
  last_block_ = nullptr;
}

void H2Stream::consumed(std::size_t bytes) {
  if (session_ != nullptr && bytes > 0) session_->consumed(*this, bytes);
}

H2Stream::ReadAwaiter H2Stream::read_some(std::span<char> into) {
  reading_.interrupted.reset();
  reading_.filled = 0;
  return {*this, into};
}
bool H2Stream::ReadAwaiter::await_ready() noexcept {
  taken_ = stream_.take(into_);
  return taken_ > 0 || stream_.got_end_ || stream_.closed() || stream_.cut_;
}
void H2Stream::ReadAwaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  stream_.reading_.into = into_;
  stream_.reading_.wake.waiting = waiting;
}
Result<std::size_t, NetError> H2Stream::ReadAwaiter::await_resume() noexcept {
  Reading& reading = stream_.reading_;
  reading.into = {};
  if (taken_ > 0) return taken_;
  if (stream_.cut_) return Err(*stream_.cut_);
  if (reading.filled > 0) return std::exchange(reading.filled, 0);
  if (stream_.got_end_) return Err(NetError::EndOfStream);
  if (stream_.closed()) return Err(stream_.error_);
  return Err(reading.interrupted.value_or(NetError::Other));
}

// ---- ends --------------------------------------------------------------------------------------

void H2Stream::wake_reader() {
  home_.wakes().add(reading_.wake);
}
void H2Stream::wake_writer() {
  home_.wakes().add(writing_.wake);
}

void H2Stream::ended(H2Outcome outcome, NetError error) {
  if (closed()) return;
  outcome_ = outcome;
  error_ = error;
  wake_reader();
  wake_writer();
}

void H2Stream::cancel(NetError why) {
  if (cut_) return;
  cut_ = why;
  if (session_ != nullptr) session_->abandon(*this);
  ended(H2Outcome::Cancelled, why);
  wake_reader();
  wake_writer();
}

void H2Stream::interrupt(NetError why) {
  reading_.interrupted = writing_.interrupted = why;
  wake_reader();
  wake_writer();
}

void H2Stream::time_out() {
  if (session_ != nullptr && session_->bytes_received() == session_bytes_before_) {
    session_->retire();
  }
  cancel(NetError::TimedOut);
}

void H2Stream::reset() {
  assert(session_ == nullptr);
  drop_blocks();
  id_ = 0;
  head_block_.clear();
  limits_ = nullptr;
  first_head_ = heads_count_ = 0;
  trailers_.clear();
  final_head_ = answered_ = got_end_ = malformed_ = peer_reset_ = false;
  outcome_ = H2Outcome::Open;
  error_ = NetError::Other;
  cut_.reset();
  reading_.wake.unlink();
  reading_.wake.waiting = nullptr;
  reading_.into = {};
  reading_.filled = 0;
  writing_.wake.unlink();
  writing_.wake.waiting = nullptr;
  writing_.pending = false;
  bytes_read_ = bytes_written_ = 0;
}

H2StreamPtr H2Streams::take() {
  if (spare_.empty()) return H2StreamPtr(new H2Stream(*this));
  H2StreamPtr stream(spare_.back().release());
  spare_.pop_back();
  return stream;
}

void H2StreamReleaser::operator()(H2Stream* stream) const noexcept {
  std::unique_ptr<H2Stream> owned(stream);
  if (owned->session_ != nullptr) owned->session_->abandon(*owned);
  owned->reset();
  H2Streams& home = owned->home_;
  if (home.spare_.size() < H2Streams::kSpareMax) home.spare_.push_back(std::move(owned));
}

}  // namespace guarita::net
