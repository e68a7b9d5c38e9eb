#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guarita::identity {

// A QR code as an SVG document: black modules as one path on a white square, four modules of quiet
// zone (ISO/IEC 18004), error correction M, no script, style or link. None: the text is too long.
std::optional<std::string> qr_svg(std::string_view text);

}  // namespace guarita::identity
