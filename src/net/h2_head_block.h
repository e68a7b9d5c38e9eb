// A request's header block for HTTP/2 (RFC 7541), written without a table and without Huffman's
// code: nghttp2's encoder takes longer for that than the gate for all the rest of a request, to
// save some bytes on a way that mostly does not leave the machine.
#pragma once

#include <span>
#include <string>

#include "http/serialise.h"

namespace guarita::net {

// Appends the block: every field but a few pseudo-header fields literal, its name in lower case,
// none indexed; what commonly holds credentials is marked never to be indexed on its further way.
void append_head_block(std::string& out, std::span<const http::SetField> fields);

// The dynamic table size updates at the beginning of a block (RFC 7541 §4.2, §6.3).
std::string_view table_size_updates(std::string_view block);

}  // namespace guarita::net
