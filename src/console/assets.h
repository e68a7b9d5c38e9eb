// The panel's files, as web/embed.mjs compressed them into the binary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace guarita::console {

enum class Caching : std::uint8_t {
  Revalidate,  // index.html: it names the others
  Immutable,   // the name holds the content's hash
};

// Views into the binary.
struct Asset {
  std::string_view path;  // "/", "/assets/index-3f2a.js"
  std::string_view type;
  std::string_view etag;  // of the content; the answer's ETag also names the coding
  Caching caching;
  std::string_view plain, gzip, brotli;
};

std::span<const Asset> assets();
const Asset* find_asset(std::string_view path);  // exactly; null when there is none

}  // namespace guarita::console
