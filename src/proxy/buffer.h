// A byte buffer that is filled at its end and consumed at its beginning. It grows to a limit and
// keeps its storage.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "net/recycler.h"

namespace guarita::proxy {

class Buffer {
 public:
  explicit Buffer(std::size_t bytes)
      : storage_(static_cast<char*>(net::recycled_new(bytes))), size_(bytes) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { net::recycled_delete(storage_, size_); }

  std::string_view view() const { return {storage_ + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return size_; }

  std::span<char> space() { return {storage_ + end_, size_ - end_}; }
  void filled(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  void clear() { begin_ = end_ = 0; }

  // Moves what is left to the front. Views into it end.
  void compact() {
    if (begin_ == 0) return;
    std::memmove(storage_, storage_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }

  // Room for at least one byte more, growing to at most `bytes_max`. Views into it end. False: at
  // the limit.
  bool make_room(std::size_t bytes_max) {
    if (end_ < size_) return true;
    compact();
    if (end_ < size_) return true;
    if (size_ >= bytes_max) return false;
    reserve(std::min(size_ * 2, bytes_max));
    return true;
  }

  // REQUIRES: empty.
  void resize(std::size_t bytes) {
    if (bytes == size_) return;
    clear();
    reserve(bytes);
  }

  // Views into it end.
  void append(std::string_view bytes) {
    if (size_ - end_ < bytes.size()) {
      compact();
      if (size_ - end_ < bytes.size()) reserve(end_ + bytes.size());
    }
    std::memcpy(storage_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }

 private:
  void reserve(std::size_t bytes) {
    auto* const larger = static_cast<char*>(net::recycled_new(bytes));
    std::memcpy(larger, storage_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    net::recycled_delete(storage_, size_);
    storage_ = larger;
    size_ = bytes;
  }

  char* storage_;
  std::size_t size_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Large buffers for the rest of large responses: fewer turns and system calls. So many a thread,
// that many slow readers take little; whoever gets none goes on as it is.
class BulkBuffers {
 public:
  static constexpr std::size_t kBytes = 256 * 1024;
  static constexpr std::size_t kMost = 256;  // 64 MiB

  // REQUIRES: empty. True: it is large now, and must be given back.
  bool enlarge(Buffer& buffer) {
    if (out_ == kMost) return false;
    buffer.resize(kBytes);
    ++out_;
    return true;
  }
  // What it holds is gone.
  void give_back(Buffer& buffer, std::size_t bytes) {
    buffer.clear();
    buffer.resize(bytes);
    --out_;
  }

 private:
  std::size_t out_ = 0;
};

}  // namespace guarita::proxy
