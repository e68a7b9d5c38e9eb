// The writer's bookkeeping as bytes, and back. For snapshot*.cc alone.
//
// Values as they stand in memory, one after the other: the file that holds them says which machine
// they are of. A reader takes nothing on trust that it uses as a size or an offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace guarita::policy {

class BookWriter {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void put(const T& value) {
    const auto* const from = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof value);
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class BookReader {
 public:
  explicit BookReader(std::span<const std::byte> bytes) : left_(bytes) {}

  // False, and for ever from then on: no bytes are left.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  bool get(T& value) {
    if (left_.size() < sizeof value) {
      left_ = {};
      return false;
    }
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return true;
  }
  std::size_t left() const { return left_.size(); }

 private:
  std::span<const std::byte> left_;
};

}  // namespace guarita::policy
