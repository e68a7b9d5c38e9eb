// How far a long command has come: a bar that is drawn over on a terminal, else a line now and
// then, on standard error.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "base/time.h"

namespace guarita::cli {

class Progress {
 public:
  enum class Shape : std::uint8_t { Bar, Lines };
  // `now`: a clock that only goes forward.
  Progress(std::ostream& out, Shape shape, std::string what, std::function<Millis()> now);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `total` 0: not known. Draws when it is time to.
  void show(std::uint64_t done, std::uint64_t total);
  // Clears the bar.
  void finish();

 private:
  std::ostream& out_;
  const Shape shape_;
  const std::string what_;
  const std::function<Millis()> now_;
  const Millis began_;
  Millis drawn_;
  bool on_screen_ = false;
};

std::string with_commas(std::uint64_t number);  // 1,234,567

}  // namespace guarita::cli
