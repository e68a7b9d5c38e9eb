// Two small encoders: what gets hashed, and what gets read by people (JSON).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "crypto/crypto.h"

namespace guarita::store::sqlite {

// A row as bytes that can be read in one way only: numbers as 8 bytes big-endian, text and bytes
// with their length before them.
class RowEncoder {
 public:
  RowEncoder& put(std::uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>((n >> shift) & 0xff);
    return *this;
  }
  RowEncoder& put(std::string_view text) {
    put(static_cast<std::uint64_t>(text.size()));
    out_ += text;
    return *this;
  }
  RowEncoder& put(std::span<const std::uint8_t> bytes) {
    return put(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  crypto::Digest digest() const { return crypto::sha256(out_); }

 private:
  std::string out_;
};

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    open(name) += '"';
    log::append_json_escaped(out_, value);
    out_ += '"';
    return *this;
  }
  JsonObject& text_unless_empty(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  JsonObject& number(std::string_view name, std::uint64_t value) {
    open(name) += std::to_string(value);
    return *this;
  }
  JsonObject& flag(std::string_view name, bool value) {
    open(name) += value ? "true" : "false";
    return *this;
  }
  JsonObject& raw(std::string_view name, std::string_view json) {
    open(name) += json;
    return *this;
  }
  JsonObject& members_of(const JsonObject& other) {
    if (!out_.empty() && !other.out_.empty()) out_ += ',';
    out_ += other.out_;
    return *this;
  }
  bool empty() const { return out_.empty(); }
  std::string take() const { return "{" + out_ + "}"; }

 private:
  std::string& open(std::string_view name) {
    if (!out_.empty()) out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  std::string out_;
};

class JsonArray {
 public:
  void add_raw(std::string_view json) {
    if (!out_.empty()) out_ += ',';
    out_ += json;
  }
  void add_text(std::string_view text) {
    std::string quoted = "\"";
    log::append_json_escaped(quoted, text);
    add_raw(quoted += '"');
  }
  bool empty() const { return out_.empty(); }
  std::string take() const { return "[" + out_ + "]"; }

 private:
  std::string out_;
};

}  // namespace guarita::store::sqlite
