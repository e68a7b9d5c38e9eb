#include "cli/progress.h"

#include <ostream>

namespace guarita::cli {
namespace {

constexpr Millis kBarEvery{200};
constexpr Millis kLineEvery{5'000};
constexpr std::uint64_t kBarWidth = 24;

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

Progress::Progress(std::ostream& out, Shape shape, std::string what, std::function<Millis()> now)
    : out_(out),
      shape_(shape),
      what_(std::move(what)),
      now_(std::move(now)),
      began_(now_()),
      drawn_(began_) {}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  const Millis now = now_();
  if (now - drawn_ < (shape_ == Shape::Bar ? kBarEvery : kLineEvery)) return;
  drawn_ = now;
  const auto took = static_cast<std::uint64_t>((now - began_).count());
  const std::uint64_t rate = done * 1000 / took;  // took >= kBarEvery
  std::string line = what_;
  if (shape_ == Shape::Bar && total > 0) {
    const std::uint64_t filled = kBarWidth * done / total;
    line += " [" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]";
  }
  line += " " + with_commas(done);
  if (total > 0) line += " of " + with_commas(total);
  line += " rows, " + with_commas(rate) + "/s";
  if (total > 0 && rate > 0) line += ", " + with_commas((total - done) / rate) + " s left";
  out_ << (shape_ == Shape::Bar ? "\r\x1b[K" + line : line + "\n") << std::flush;
  on_screen_ = shape_ == Shape::Bar;
}

void Progress::finish() {
  if (on_screen_) out_ << "\r\x1b[K" << std::flush;
  on_screen_ = false;
}

}  // namespace guarita::cli
