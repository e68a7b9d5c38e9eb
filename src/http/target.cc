#include "http/target.h"

#include <algorithm>

#include "http/scan.h"

namespace guarita::http {
namespace {

// What the path holds, found in one pass; a path with none of it is canonical as it stands.
struct PathTraits {
  bool escape = false;   // %
  bool doubled = false;  // two slashes in a row
  bool suspect = false;  // a segment that begins with a dot, `;`, `\`
};

// Without a branch a byte, so that the compiler takes 16 at once.
PathTraits traits_of(std::string_view path) {
  std::uint8_t escape = 0;
  std::uint8_t doubled = 0;
  std::uint8_t suspect = 0;
  const auto bit = [](bool is) { return static_cast<std::uint8_t>(is); };
  for (const char c : path) {
    escape |= bit(c == '%');
    suspect |= static_cast<std::uint8_t>(bit(c == ';') | bit(c == '\\'));
  }
  for (std::size_t i = 1; i < path.size(); ++i) {
    const std::uint8_t after_slash = bit(path[i - 1] == '/');
    doubled |= static_cast<std::uint8_t>(after_slash & bit(path[i] == '/'));
    suspect |= static_cast<std::uint8_t>(after_slash & bit(path[i] == '.'));
  }
  return {.escape = escape != 0, .doubled = doubled != 0, .suspect = suspect != 0};
}

// The byte of the escape at `i`; -1 when malformed.
int escape_at(std::string_view text, std::size_t i) {
  if (i + 2 >= text.size()) return -1;
  const int high = hex_value(text[i + 1]);
  const int low = hex_value(text[i + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Decodes every well-formed escape in place once; a malformed one stays as it is.
void decode_once(std::string& text) {
  std::size_t to = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? escape_at(text, i) : -1;
    if (byte < 0) {
      text[to++] = text[i];
    } else {
      text[to++] = static_cast<char>(byte);
      i += 2;
    }
  }
  text.resize(to);
}

// A `.` or `..` segment when `/` and `\` both part segments and `;`, `?`, `#` end what a segment
// says. Every other way to cut (`\` as a letter, parameters kept, slashes merged) finds a subset.
bool has_dot_segment(std::string_view text) {
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '/';
    if (c == '/' || c == '\\' || c == ';' || c == '?' || c == '#') {
      const std::string_view segment = text.substr(start, i - start);
      if (segment == "." || segment == "..") return true;
      while (i < text.size() && text[i] != '/' && text[i] != '\\') ++i;
      start = i + 1;
    }
  }
  return false;
}

// UTF-8 that spells a character longer than need be (RFC 3629 §3): C0, C1, E0 80–9F, F0 80–8F, and
// the five and six byte forms of old. Latin-1 text, which has no continuation bytes there, passes.
bool has_overlong(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead < 0xC0) continue;
    const auto next = static_cast<std::uint8_t>(text[i + 1]);
    if ((next & 0xC0) != 0x80) continue;
    if (lead <= 0xC1 || (lead == 0xE0 && next < 0xA0) || (lead == 0xF0 && next < 0x90) ||
        (lead == 0xF8 && next < 0x88) || (lead == 0xFC && next < 0x84))
      return true;
  }
  return false;
}

bool is_dangerous(std::string_view reading) {
  return reading.find('\0') != std::string_view::npos || has_dot_segment(reading) ||
         has_overlong(reading);
}

constexpr char kHex[] = "0123456789ABCDEF";

}  // namespace

bool has_dangerous_reading(std::string_view path, std::string& scratch) {
  if (is_dangerous(path)) return true;
  if (path.find('%') == std::string_view::npos) return false;
  scratch.assign(path);
  for (int depth = 1; depth <= 2; ++depth) {
    decode_once(scratch);
    if (is_dangerous(scratch)) return true;
  }
  return false;
}

ErrorCode Target::canonicalise(std::string_view raw, SlashMerging merging) {
  const PathTraits traits = traits_of(raw);
  const bool merge = traits.doubled && merging == SlashMerging::Merge;
  path_ = raw;
  if (traits.escape || merge) {
    path_storage_.clear();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const char c = raw[i];
      if (c == '/' && merge && !path_storage_.empty() && path_storage_.back() == '/') continue;
      if (c != '%') {
        path_storage_.push_back(c);
        continue;
      }
      const int byte = escape_at(raw, i);
      if (byte < 0) return ErrorCode::BadTarget;
      i += 2;
      if ((byte_class(static_cast<char>(byte)) & kUnreservedBit) != 0)
        path_storage_.push_back(static_cast<char>(byte));
      else
        path_storage_.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    path_ = path_storage_;
  }
  if (!traits.escape && !traits.suspect) return ErrorCode::None;
  return has_dangerous_reading(path_, scratch_) ? ErrorCode::PathNotCanonical : ErrorCode::None;
}

void Target::lower_host(std::string_view authority) {
  host_ = host_of(authority);
  if (std::ranges::none_of(host_, [](char c) { return lower(c) != c; })) return;
  host_storage_.assign(host_);
  for (char& c : host_storage_) c = lower(c);
  host_ = host_storage_;
}

// Absolute-form: scheme "://" authority path-abempty ["?" query] (RFC 9112 §3.2.2).
ErrorCode Target::split_absolute(std::string_view target, Method method, std::string_view host) {
  std::string_view default_port = "80";
  std::size_t scheme = 7;
  if (target.size() >= 8 && equal_ignoring_case(target.substr(0, 8), "https://")) {
    default_port = "443";
    scheme = 8;
  } else if (target.size() < 7 || !equal_ignoring_case(target.substr(0, 7), "http://")) {
    return ErrorCode::BadTarget;
  }
  const std::string_view rest = target.substr(scheme);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (!is_authority(authority)) return ErrorCode::BadTarget;
  const auto port = [default_port](std::string_view a) {
    const std::string_view given = port_of(a);
    return given.empty() ? default_port : given;
  };
  if (!equal_ignoring_case(host_of(authority), host_of(host)) || port(authority) != port(host))
    return ErrorCode::TargetNotHost;
  raw_path_ = rest.substr(end);
  if (raw_path_.empty() && method == Method::Options) raw_path_ = "*";  // RFC 9112 §3.2.4
  return ErrorCode::None;
}

ErrorCode Target::split(std::string_view target, Method method, std::string_view host) {
  raw_path_ = target;
  if (!target.starts_with('/') && target != "*") {
    if (const ErrorCode e = split_absolute(target, method, host); e != ErrorCode::None) return e;
  }
  if (raw_path_ == "*") {
    if (method != Method::Options) return ErrorCode::BadTarget;
    form_ = TargetForm::Asterisk;
    return ErrorCode::None;
  }
  form_ = TargetForm::Path;
  const std::size_t mark = raw_path_.find('?');
  has_query_ = mark != std::string_view::npos;
  query_ = has_query_ ? raw_path_.substr(mark + 1) : std::string_view();
  raw_path_ = raw_path_.substr(0, mark);
  if (raw_path_.empty()) raw_path_ = "/";
  return ErrorCode::None;
}

ErrorCode Target::assign(const RequestHead& head, SlashMerging merging) {
  return assign(head.target(), head.method, head.host(), merging);
}

ErrorCode Target::assign(std::string_view target, Method method, std::string_view host,
                         SlashMerging merging) {
  has_query_ = false;
  query_ = {};
  const char* const end = target.data() + target.size();
  if (target.empty() || scan_target(target.data(), end) != end) return ErrorCode::BadTarget;
  lower_host(host);
  if (const ErrorCode e = split(target, method, host); e != ErrorCode::None) return e;
  if (form_ == TargetForm::Asterisk) {
    path_ = raw_path_;
    return ErrorCode::None;
  }
  return canonicalise(raw_path_, merging);
}

}  // namespace guarita::http
