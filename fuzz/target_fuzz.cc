#include "http/target.h"

#include <cctype>

#include "message.h"
#include "targets.h"

namespace guarita::fuzz {
namespace {

// A decoder of its own, so that a fault in ours is seen.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto hex = [&](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (text[i] == '%' && hex(i + 1) && hex(i + 2)) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool leaves_its_folder(std::string text, bool cut_parameters) {
  for (char& c : text)
    if (c == '\\') c = '/';
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t to = std::min(text.find('/', from), text.size());
    std::string segment = text.substr(from, to - from);
    if (cut_parameters) segment = segment.substr(0, segment.find(';'));
    if (segment == "." || segment == "..") return true;
    from = to + 1;
  }
  return false;
}

}  // namespace

void fuzz_target(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto merging = (bytes[0] & 1) != 0 ? http::SlashMerging::Merge : http::SlashMerging::Keep;
  bytes.remove_prefix(1);
  http::Target target;
  if (target.assign(bytes, http::Method::Get, "h", merging) != http::ErrorCode::None) return;
  const std::string path(target.path());
  if (!path.starts_with('/')) return disagree("a path without its slash", bytes);
  const std::string whole = path + (target.has_query() ? "?" : "") + std::string(target.query());
  http::Target again;
  if (again.assign(whole, http::Method::Get, "h", merging) != http::ErrorCode::None ||
      again.path() != path || again.query() != target.query())
    return disagree("the canonical form is not stable", bytes);
  if (merging == http::SlashMerging::Merge && path.find("//") != std::string::npos)
    return disagree("two slashes after merging", bytes);
  std::string reading = path;
  for (int depth = 0; depth <= 2; ++depth) {
    if (reading.find('\0') != std::string::npos) return disagree("a NUL", bytes);
    if (leaves_its_folder(reading, false) || leaves_its_folder(reading, true))
      return disagree("a dot segment", bytes);
    reading = decode(reading);
  }
}

}  // namespace guarita::fuzz
