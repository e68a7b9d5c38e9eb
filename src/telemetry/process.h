// What the kernel says of this process (/proc/self). Internal to telemetry.
#pragma once

#include <cstdint>

namespace guarita::telemetry {

struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

// Zeros for what cannot be read.
ProcessFigures read_process_figures();

}  // namespace guarita::telemetry
