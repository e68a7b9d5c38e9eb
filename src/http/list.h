// Comma lists in header values (RFC 9110 §5.6.1). Internal to src/http.
#pragma once

#include <string_view>

#include "http/head.h"
#include "http/scan.h"

namespace guarita::http {

inline std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

// `f(element)` for each non-empty element; no quoted strings. Stops when f answers false, and
// answers false then.
template <class F>
bool each_element(std::string_view list, F&& f) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim_ows(list.substr(0, comma));
    if (!element.empty() && !f(element)) return false;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

// The same over all lines of one header, in order.
template <class F>
bool each_element(const Fields& fields, HeaderId id, F&& f) {
  if (!fields.present(id)) return true;
  for (const FieldEntry& entry : fields.entries())
    if (entry.id == id && !each_element(fields.view(entry.value), f)) return false;
  return true;
}

// Whether a Connection line names this header (exact name, any case).
inline bool connection_names(const Fields& fields, std::string_view name) {
  return !each_element(fields, HeaderId::Connection, [name](std::string_view element) {
    return !equal_ignoring_case(element, name);
  });
}

}  // namespace guarita::http
