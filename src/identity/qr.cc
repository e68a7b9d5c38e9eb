#include "identity/qr.h"

#include <qrencode.h>

#include <cstring>
#include <memory>

namespace guarita::identity {
namespace {

constexpr int kQuietModules = 4;
constexpr int kPixelsPerModule = 4;

// Holds a secret in its modules.
struct Wipe {
  void operator()(QRcode* code) const {
    explicit_bzero(code->data,
                   static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width));
    QRcode_free(code);
  }
};

}  // namespace

std::optional<std::string> qr_svg(std::string_view text) {
  const std::unique_ptr<QRcode, Wipe> code(
      QRcode_encodeData(static_cast<int>(text.size()),
                        reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M));
  if (code == nullptr) return std::nullopt;
  const int width = code->width;
  const int modules = width + 2 * kQuietModules;
  const std::string side = std::to_string(modules);
  const std::string pixels = std::to_string(modules * kPixelsPerModule);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + pixels + "\" height=\"" +
                    pixels + "\" viewBox=\"0 0 " + side + " " + side +
                    "\" shape-rendering=\"crispEdges\"><rect width=\"" + side + "\" height=\"" +
                    side + "\" fill=\"#fff\"/><path fill=\"#000\" d=\"";
  for (int y = 0; y < width; ++y) {
    for (int x = 0; x < width; ++x) {
      if ((code->data[y * width + x] & 1) == 0) continue;
      int run = 1;
      while (x + run < width && (code->data[y * width + x + run] & 1) != 0) ++run;
      svg += "M" + std::to_string(x + kQuietModules) + " " + std::to_string(y + kQuietModules) +
             "h" + std::to_string(run) + "v1h-" + std::to_string(run) + "z";
      x += run;
    }
  }
  svg += "\"/></svg>";
  return svg;
}

}  // namespace guarita::identity
