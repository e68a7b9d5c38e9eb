// The fuzz targets: each takes any bytes and calls disagree() when a property does not hold.
#pragma once

#include <string_view>

namespace guarita::fuzz {

// What our parser accepts, Beast and llhttp accept too, and all three see the same method, target,
// lines, body and end; and what the serialiser makes of it, they read as we meant it.
void fuzz_request(std::string_view bytes);
// First byte: bit 0 the request was HEAD, bit 1 it asked for WebSocket.
void fuzz_response(std::string_view bytes);
// A chunked body: as above, and the same in any pieces (first byte: their size).
void fuzz_chunked(std::string_view bytes);
// A request target (first byte: bit 0 merges slashes): canonical form stable and harmless.
void fuzz_target(std::string_view bytes);
// An upstream's HTTP/2 bytes after its SETTINGS, for a GET on stream 1 and a HEAD on stream 3.
void fuzz_h2_response(std::string_view bytes);

}  // namespace guarita::fuzz
