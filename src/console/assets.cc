#include "console/assets.h"

#include <algorithm>
#include <iterator>

namespace guarita::console {
namespace {

#include "assets_data.inc"

template <std::size_t N>
std::string_view text_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

}  // namespace

std::span<const Asset> assets() {
#define GUARITA_ASSET(path, type, etag, immutable, name)   \
  {path,                                                   \
   type,                                                   \
   etag,                                                   \
   (immutable) ? Caching::Immutable : Caching::Revalidate, \
   text_of(k_##name##_plain),                              \
   text_of(k_##name##_gzip),                               \
   text_of(k_##name##_brotli)},
  static const Asset kAssets[] = {
#include "assets.inc"
  };
#undef GUARITA_ASSET
  return kAssets;
}

const Asset* find_asset(std::string_view path) {
  const auto all = assets();
  const auto at = std::ranges::find(all, path, &Asset::path);
  return at == all.end() ? nullptr : &*at;
}

}  // namespace guarita::console
