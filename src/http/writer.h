// Appends to a string whose storage is reused, with one bounds check a piece. Internal to src/http.
#pragma once

#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

namespace guarita::http {

class Writer {
 public:
  // `expected_bytes`: a guess that saves growing; any guess is correct.
  Writer(std::string& out, std::size_t expected_bytes) : out_(out), used_(out.size()) {
    grow(expected_bytes);
  }
  ~Writer() { out_.resize(used_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& put(std::string_view text) {
    if (text.empty()) return *this;  // its pointer may be null, which memcpy must not get
    if (out_.size() - used_ < text.size()) grow(text.size());
    std::memcpy(out_.data() + used_, text.data(), text.size());
    used_ += text.size();
    return *this;
  }
  Writer& put_number(std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  Writer& put_line(std::string_view name, std::string_view value) {
    const std::size_t bytes = name.size() + value.size() + 4;
    if (out_.size() - used_ < bytes) grow(bytes);
    char* at = out_.data() + used_;
    const auto append = [&at](std::string_view text) {
      if (text.empty()) return;  // its pointer may be null, which memcpy must not get
      std::memcpy(at, text.data(), text.size());
      at += text.size();
    };
    append(name);
    append(": ");
    append(value);
    append("\r\n");
    used_ += bytes;
    return *this;
  }

 private:
  void grow(std::size_t more) {
    const std::size_t size = used_ + more + used_ / 2;
    out_.resize_and_overwrite(size, [](char*, std::size_t n) { return n; });
  }

  std::string& out_;
  std::size_t used_;
};

}  // namespace guarita::http
