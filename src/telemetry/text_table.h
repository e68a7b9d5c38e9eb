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

  std::uint64_t operator()(std::string_view text) const noexcept {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t state = seed_;
    for (; left > 8; left -= 8, at += 8) state = mix(state ^ load<8>(at), kFirst ^ seed_);
    return mix(state ^ last_word(at, left), (kSecond + text.size() * kFirst) ^ seed_);
  }
  // Of two things whose hashes are known.
  std::uint64_t both(std::uint64_t a, std::uint64_t b) const noexcept {
    return mix(a ^ kFirst, b ^ seed_ ^ kSecond);
  }

 private:
  static constexpr std::uint64_t kFirst = 0xa0761d6478bd642fU;
  static constexpr std::uint64_t kSecond = 0xe7037ed1a0b428dbU;

  // The 128-bit product folded, as wyhash does.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
  template <std::size_t N>
  static std::uint64_t load(const char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, N);
    return word;
  }
  // Of at most 8 bytes, without a loop: reads overlap; the length counts elsewhere.
  static std::uint64_t last_word(const char* at, std::size_t bytes) noexcept {
    if (bytes == 8) return load<8>(at);
    if (bytes >= 4) return load<4>(at) | load<4>(at + bytes - 4) << 32U;
    if (bytes == 0) return 0;
    return load<1>(at) | load<1>(at + bytes / 2) << 8U | load<1>(at + bytes - 1) << 16U;
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
  TextTable(std::size_t rows_max, std::size_t text_bytes_max)
      : text_bytes_max_(text_bytes_max), slots_(rows_max * 2, 0) {
    rows_.reserve(rows_max);
    text_.reserve(text_bytes_max);
  }

  // `hash`: of the two texts, whoever made it; a caller has the parts of it at hand for several
  // tables. Null: full.
  Value* find_or_add(std::uint64_t hash, std::string_view first, std::string_view second,
                     std::uint32_t tag) noexcept {
    Row* row = find_or_add_row(hash, first, second, tag);
    return row == nullptr ? nullptr : &row->value;
  }

  // The row stays where it is until clear().
  Row* find_or_add_row(std::uint64_t hash, std::string_view first, std::string_view second,
                       std::uint32_t tag) noexcept {
    hash += tag * 0x9e3779b97f4a7c15U;
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (hash ^ hash >> 32U) & mask;
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
  std::string_view first(const Row& row) const { return {text_.data() + row.text, row.first_size}; }
  std::string_view second(const Row& row) const {
    return {text_.data() + row.text + row.first_size, row.second_size};
  }

  void clear() {
    if (rows_.empty()) return;
    std::fill(slots_.begin(), slots_.end(), 0U);
    rows_.clear();
    text_.clear();
  }

 private:
  static constexpr std::size_t kTextMax = 512;

  std::size_t text_bytes_max_;
  std::vector<std::uint32_t> slots_;  // a row's number plus one; 0: free. At most half full.
  std::vector<Row> rows_;
  std::string text_;
};

}  // namespace guarita::telemetry
