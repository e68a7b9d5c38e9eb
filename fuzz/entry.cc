// libFuzzer's entry: one executable a target, GUARITA_FUZZ_TARGET names it.
#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  guarita::fuzz::GUARITA_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
