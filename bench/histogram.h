// A log-linear histogram of nanoseconds (as HdrHistogram's): 64 steps an octave, so a value is
// told to 1.6 %, whatever its size.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[index_of(ns)];
    ++total_;
    if (ns > max_) max_ = ns;
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t max() const { return max_; }

  // The smallest value that at least `share` (0 … 1) of all are not above; 0 when there are none.
  std::uint64_t quantile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen != 0 && static_cast<double>(seen) >= wanted) {
        const std::uint64_t upper = value_of(i);
        return upper < max_ ? upper : max_;
      }
    }
    return max_;
  }

 private:
  static constexpr unsigned kStepBits = 6;
  static constexpr std::uint64_t kSteps = 1U << kStepBits;

  static std::size_t index_of(std::uint64_t ns) {
    if (ns < kSteps) return ns;
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - kStepBits - 1;
    return (shift + 1) * kSteps + ((ns >> shift) - kSteps);
  }
  // The largest value that falls into index i.
  static std::uint64_t value_of(std::size_t i) {
    if (i < kSteps) return i;
    const std::uint64_t shift = i / kSteps - 1;
    return ((i % kSteps + kSteps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 59 * kSteps> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench
