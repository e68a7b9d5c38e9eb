#include "http/cache_guard.h"

#include "http/list.h"

namespace guarita::http {
namespace {

// The next directive of a Cache-Control value, commas within quotes kept. `rest` shrinks. With a
// quote left open the rest of the line is one directive.
std::string_view take_directive(std::string_view& rest) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\' && i + 1 < rest.size()) {
      ++i;
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (rest[i] == ',' && !quoted) {
      break;
    }
  }
  const std::string_view directive = quoted ? std::string_view() : trim_ows(rest.substr(0, i));
  rest.remove_prefix(i < rest.size() ? i + 1 : rest.size());
  return directive;
}

bool is_for_shared_caches(std::string_view directive) {
  const std::string_view name = trim_ows(directive.substr(0, directive.find('=')));
  return equal_ignoring_case(name, "public") || equal_ignoring_case(name, "s-maxage") ||
         equal_ignoring_case(name, "private");
}

}  // namespace

bool steers_shared_cache(std::string_view name, const FieldEntry& entry) {
  static const NameSet names({"surrogate-control", "edge-control", "x-accel-expires",
                              "cdn-cache-control", "*-cdn-cache-control"});
  return names.contains(name, entry.print, entry.alias);
}

void append_private_cache_control(Writer& writer, const Fields& fields) {
  writer.put("Cache-Control: private");
  if (fields.present(HeaderId::CacheControl)) {
    for (const FieldEntry& entry : fields.entries()) {
      if (entry.id != HeaderId::CacheControl) continue;
      std::string_view rest = fields.view(entry.value);
      while (!rest.empty()) {
        const std::string_view directive = take_directive(rest);
        if (!directive.empty() && !is_for_shared_caches(directive)) writer.put(", ").put(directive);
      }
    }
  }
  writer.put("\r\n");
}

}  // namespace guarita::http
