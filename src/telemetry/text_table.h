// A bounded hash table keyed by short texts, made for being filled by one thread without ever
// allocating, then read and emptied by another.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace guarita::telemetry {

// Keys come from callers (unknown instance ids): the seed is random, so that nobody can choose
// colliding ones. Not for anything that leaves the process.
class TextHash {
 public:
  explicit TextHash(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t operator()(std::string_view text, std::uint64_t tag) const noexcept {
    std::uint64_t state = mix(seed_ ^ text.size(), tag ^ 0x9e3779b97f4a7c15U);
    while (text.size() >= 8) {
      state = mix(state ^ word(text.substr(0, 8)), seed_ ^ 0xa0761d6478bd642fU);
      text.remove_prefix(8);
    }
    return mix(state ^ word(text), seed_ ^ 0xe7037ed1a0b428dbU);
  }

 private:
  // The 128-bit product folded, as wyhash does.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  // REQUIRES: at most 8 bytes.
  static std::uint64_t word(std::string_view bytes) noexcept {
    std::uint64_t out = 0;
    if (!bytes.empty()) std::memcpy(&out, bytes.data(), bytes.size());
    return out;
  }

  std::uint64_t seed_;
};

// A key is two texts and a number. All memory is reserved by the constructor (untouched pages
// cost nothing); find_or_add never allocates and answers null when the table is full.
template <class Value>
class TextTable {
 public:
  struct Row {
    std::uint64_t hash;
    std::uint32_t text;  // where `first` begins; `second` follows it
    std::uint16_t first_size, second_size;
    std::uint32_t tag;
    Value value;
  };

  // REQUIRES: rows_max is a power of two.
  TextTable(std::size_t rows_max, std::size_t text_bytes_max, TextHash hash)
      : hash_(hash), text_bytes_max_(text_bytes_max), slots_(rows_max * 2, 0) {
    rows_.reserve(rows_max);
    text_.reserve(text_bytes_max);
  }

  Value* find_or_add(std::string_view first, std::string_view second, std::uint32_t tag) noexcept {
    Row* row = find_or_add_row(first, second, tag);
    return row == nullptr ? nullptr : &row->value;
  }

  // The row stays where it is until clear().
  Row* find_or_add_row(std::string_view first, std::string_view second,
                       std::uint32_t tag) noexcept {
    const std::uint64_t hash = hash_(first, tag) ^ (hash_(second, first.size()) << 1U);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    for (; slots_[at] != 0; at = (at + 1) & mask) {
      Row& row = rows_[slots_[at] - 1];
      if (row.hash == hash && row.tag == tag && this->first(row) == first &&
          this->second(row) == second) {
        return &row;
      }
    }
    const std::size_t text_bytes = first.size() + second.size();
    if (rows_.size() == rows_.capacity() || text_.size() + text_bytes > text_bytes_max_ ||
        first.size() > kTextMax || second.size() > kTextMax) {
      return nullptr;
    }
    rows_.push_back({hash, static_cast<std::uint32_t>(text_.size()),
                     static_cast<std::uint16_t>(first.size()),
                     static_cast<std::uint16_t>(second.size()), tag, Value{}});
    text_.append(first).append(second);
    slots_[at] = static_cast<std::uint32_t>(rows_.size());
    return &rows_.back();
  }

  const std::vector<Row>& rows() const { return rows_; }
  std::string_view first(const Row& row) const {
    return std::string_view(text_).substr(row.text, row.first_size);
  }
  std::string_view second(const Row& row) const {
    return std::string_view(text_).substr(row.text + row.first_size, row.second_size);
  }

  void clear() {
    if (rows_.empty()) return;
    std::fill(slots_.begin(), slots_.end(), 0U);
    rows_.clear();
    text_.clear();
  }

 private:
  static constexpr std::size_t kTextMax = 512;

  TextHash hash_;
  std::size_t text_bytes_max_;
  std::vector<std::uint32_t> slots_;  // a row's number plus one; 0: free. At most half full.
  std::vector<Row> rows_;
  std::string text_;
};

}  // namespace guarita::telemetry
