// Keeps a shared cache from handing one caller's answer to another (RFC 9111 §3.5 protects
// Authorization alone, not a token in a header of our own). Internal to src/http.
#pragma once

#include <string_view>

#include "http/head.h"
#include "http/writer.h"

namespace guarita::http {

// Lines that steer caches other than the browser's: CDN-Cache-Control and its kin,
// Surrogate-Control, Edge-Control, X-Accel-Expires.
bool steers_shared_cache(std::string_view name, const FieldEntry& entry);

// "Cache-Control: private, …": the directives of all lines but public, s-maxage and private.
void append_private_cache_control(Writer& writer, const Fields& fields);

}  // namespace guarita::http
