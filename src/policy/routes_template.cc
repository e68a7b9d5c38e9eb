#include "policy/routes_template.h"

#include <algorithm>
#include <optional>

#include "policy/bytes.h"
#include "policy/routes_text.h"

namespace guarita::policy::detail {
namespace {

using Kind = Part::Kind;

bool starts(std::string_view text, std::string_view literal, CaseRule rule) {
  if (text.size() < literal.size()) return false;
  const std::string_view head = text.substr(0, literal.size());
  return rule == CaseRule::Exact ? head == literal : equal_fold(head, literal);
}
bool ends(std::string_view text, std::string_view literal, CaseRule rule) {
  return text.size() >= literal.size() &&
         starts(text.substr(text.size() - literal.size()), literal, rule);
}

void capture(Kind kind, std::string_view text, Captures& captures) {
  switch (kind) {
    case Kind::Instance: captures.instance = text; return;
    case Kind::InstanceToken: captures.instance_token = text; return;
    case Kind::Literal:
    case Kind::Any: return;
  }
}

// Every placeholder takes at least one character and as few as it can, the last one the rest.
// Leftmost search finds a split whenever there is one: a later start of a literal never helps.
bool split_from_left(const Segment& segment, std::string_view text, CaseRule rule,
                     Captures& captures) {
  const auto& parts = segment.parts;
  std::size_t i = 0;
  if (i < parts.size() && parts[i].kind == Kind::Literal) {
    if (!starts(text, parts[i].literal, rule)) return false;
    text.remove_prefix(parts[i++].literal.size());
  }
  for (; i < parts.size(); i += 2) {
    if (i + 1 == parts.size()) {
      if (text.empty()) return false;
      capture(parts[i].kind, text, captures);
      return true;
    }
    const std::string_view literal = parts[i + 1].literal;
    std::size_t at = 1;
    if (i + 2 == parts.size()) {
      if (text.size() < literal.size() + 1) return false;
      at = text.size() - literal.size();
      if (!ends(text, literal, rule)) return false;
    } else {
      while (at < text.size() && !starts(text.substr(at), literal, rule)) ++at;
      if (at >= text.size()) return false;
    }
    capture(parts[i].kind, text.substr(0, at), captures);
    text.remove_prefix(at + literal.size());
  }
  return text.empty();
}

// The same from the right: the first placeholder takes the rest. REQUIRES: a split exists.
void split_from_right(const Segment& segment, std::string_view text, CaseRule rule,
                      Captures& captures) {
  const auto& parts = segment.parts;
  std::size_t i = parts.size();
  if (parts[i - 1].kind == Kind::Literal) text.remove_suffix(parts[--i].literal.size());
  while (i > 0) {
    if (text.empty()) return;
    const Kind kind = parts[--i].kind;
    if (i == 0) {
      capture(kind, text, captures);
      return;
    }
    const std::string_view literal = parts[--i].literal;
    std::size_t at = text.size();  // where the placeholder begins
    if (i == 0) {
      at = literal.size();
    } else {
      for (--at; at > 0 && !ends(text.substr(0, at), literal, rule);) --at;
    }
    capture(kind, text.substr(at), captures);
    text.remove_suffix(text.size() - at + std::min(at, literal.size()));
  }
}

bool has_two_readings(std::string_view segment) {
  const bool plain = has_none(segment, [](std::uint8_t c) {
    return static_cast<unsigned>(c == '%') | static_cast<unsigned>(c == ';') |
           static_cast<unsigned>(c == '\\') | static_cast<unsigned>(c == '\0');
  });
  if (plain) return false;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const char c = segment[i];
    if (c == ';' || c == '\\' || c == '\0') return true;
    if (c != '%') continue;
    const auto byte = hex_byte(segment, i + 1);
    if (!byte || *byte == '/' || *byte == '\\' || *byte == '\0' || *byte == '%') return true;
  }
  return false;
}

Fit fit_segment(const Segment& segment, std::string_view text, CaseRule rule, Captures& captures) {
  if (segment.is_literal()) {
    const std::string_view literal =
        segment.parts.empty() ? std::string_view() : std::string_view(segment.parts[0].literal);
    return text.size() == literal.size() && starts(text, literal, rule) ? Fit::Yes : Fit::No;
  }
  const Captures before = captures;
  if (!split_from_left(segment, text, rule, captures)) return Fit::No;
  if (has_two_readings(text)) return Fit::TwoReadings;
  if (segment.parts.size() < 3) return Fit::Yes;
  Captures other = before;
  split_from_right(segment, text, rule, other);
  return other == captures && other.instance.data() == captures.instance.data() &&
                 other.instance_token.data() == captures.instance_token.data()
             ? Fit::Yes
             : Fit::TwoSplits;
}

// One placeholder and nothing else: an empty segment in its place is refused, not passed over,
// because an upstream that merges slashes would read the next one there.
bool is_whole_placeholder(const Segment& segment) {
  return segment.parts.size() == 1 && segment.parts[0].kind != Kind::Literal;
}

// "{name}" at the start of `text`; the name, or none.
std::optional<Kind> kind_of(std::string_view name) {
  if (name == "_") return Kind::Any;
  if (name == "instance") return Kind::Instance;
  if (name == "instance_token") return Kind::InstanceToken;
  return std::nullopt;
}

Result<Segment, std::string> parse_segment(std::string_view text, Template& whole) {
  using Out = Result<Segment, std::string>;
  Segment segment;
  while (!text.empty()) {
    if (text[0] != '{') {
      const std::string_view literal = text.substr(0, text.find('{'));
      segment.parts.push_back({.kind = Kind::Literal, .literal = std::string(literal)});
      text.remove_prefix(literal.size());
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return Out(std::unexpect, "\"{\" without \"}\"; close it");
    const std::string name(text.substr(1, end - 1));
    const auto kind = kind_of(name);
    if (!kind) {
      return Out(std::unexpect, "\"{" + name +
                                    "}\" is no placeholder; use {instance}, {instance_token}, "
                                    "or {_} for any other text");
    }
    if (!segment.parts.empty() && segment.parts.back().kind != Kind::Literal) {
      return Out(std::unexpect, "two placeholders stand side by side; part them by literal text");
    }
    bool* once = *kind == Kind::Instance        ? &whole.instance
                 : *kind == Kind::InstanceToken ? &whole.instance_token
                                                : nullptr;
    if (once != nullptr && *once) {
      return Out(std::unexpect, "{" + name + "} stands twice; use {_} for the other place");
    }
    if (once != nullptr) *once = true;
    segment.parts.push_back({.kind = *kind, .literal = {}});
    text.remove_prefix(end + 1);
  }
  return segment;
}

// What a canonical path may hold in a literal (RFC 3986 §3.3, less ";", and "[", "]" and "|",
// which callers send raw).
bool is_path_literal(char c) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
  return alphanumeric || std::string_view("-._~!$&'()+,=:@[]|").find(c) != std::string_view::npos;
}
bool is_host_literal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// The first literal character that may not stand there, as "\"x\"", or none.
template <class Allowed>
std::optional<std::string> bad_literal(const Segment& segment, Allowed allowed) {
  for (const Part& part : segment.parts) {
    const auto bad = std::ranges::find_if_not(part.literal, allowed);
    if (bad != part.literal.end()) return std::string("\"") + *bad + "\"";
  }
  return std::nullopt;
}

std::string_view next_piece(std::string_view& rest, char separator, bool& last) {
  const std::size_t end = rest.find(separator);
  last = end == std::string_view::npos;
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(last ? rest.size() : end + 1);
  return piece;
}

// `pattern` as text that only itself or a placeholder fits: \x01 stands for what a placeholder
// takes, and for each of `tail_segments` segments of the tail.
std::string symbolic_path(const Template& pattern, std::size_t tail_segments) {
  std::string path;
  for (const Segment& segment : pattern.segments) {
    path += '/';
    for (const Part& part : segment.parts) {
      path += part.kind == Kind::Literal ? std::string_view(part.literal) : "\x01";
    }
  }
  for (std::size_t i = 0; i < tail_segments; ++i) path += "/\x01";
  return path.empty() ? "/" : path;
}

}  // namespace

Result<Template, std::string> parse_path_template(std::string_view text) {
  using Out = Result<Template, std::string>;
  if (!text.starts_with('/')) return Out(std::unexpect, "must begin with \"/\"");
  Template pattern;
  std::string_view rest = text.substr(1);
  for (bool last = false; !last;) {
    const std::string_view piece = next_piece(rest, '/', last);
    if (piece == "*" && last) {
      pattern.tail = true;
      break;
    }
    if (piece.find('*') != std::string_view::npos) {
      return Out(std::unexpect, "\"*\" may stand only as a final \"/*\"; use {_} for one segment");
    }
    if (piece.empty() && !last) return Out(std::unexpect, "an empty segment; write one \"/\"");
    if (piece == "." || piece == "..") {
      return Out(std::unexpect, "a dot segment, which no request has; write the path without it");
    }
    auto segment = parse_segment(piece, pattern);
    if (!segment) return Out(std::unexpect, std::move(segment.error()));
    if (const auto bad = bad_literal(*segment, is_path_literal)) {
      return Out(std::unexpect, *bad +
                                    " may not stand in literal text; use {_} for a segment "
                                    "that holds it");
    }
    pattern.segments.push_back(std::move(*segment));
  }
  return pattern;
}

Result<Template, std::string> parse_host_template(std::string_view text) {
  using Out = Result<Template, std::string>;
  Template pattern;
  if (text.starts_with('[') && text.ends_with(']')) {  // an IPv6 literal
    Part literal{.kind = Kind::Literal, .literal = std::string(text)};
    std::ranges::transform(literal.literal, literal.literal.begin(), to_lower);
    pattern.segments.emplace_back().parts.push_back(std::move(literal));
    return pattern;
  }
  if (text.find(':') != std::string_view::npos) {
    return Out(std::unexpect, "\":\" in a host; write it without scheme and port");
  }
  for (bool last = false; !last;) {
    const std::string_view piece = next_piece(text, '.', last);
    auto segment = parse_segment(piece, pattern);
    if (!segment) return Out(std::unexpect, std::move(segment.error()));
    for (Part& part : segment->parts) {
      std::ranges::transform(part.literal, part.literal.begin(), to_lower);
    }
    if (segment->parts.empty()) return Out(std::unexpect, "an empty label; write one \".\"");
    if (const auto bad = bad_literal(*segment, is_host_literal)) {
      return Out(std::unexpect, *bad + " may not stand in a host; {_} stands for one label");
    }
    pattern.segments.push_back(std::move(*segment));
  }
  if (pattern.instance_token) {
    return Out(std::unexpect, "{instance_token} may stand only in `path`; take it out");
  }
  return pattern;
}

Fit fit_path(const Template& pattern, std::string_view path, CaseRule rule, Captures& captures) {
  if (!path.starts_with('/')) return Fit::No;
  std::string_view rest = path.substr(1);
  bool last = false;
  Fit worst = Fit::Yes;
  for (const Segment& segment : pattern.segments) {
    if (last) return Fit::No;
    const std::string_view piece = next_piece(rest, '/', last);
    if (piece.empty() && !last && is_whole_placeholder(segment)) {
      worst = Fit::TwoReadings;
      continue;
    }
    const Fit fit = fit_segment(segment, piece, rule, captures);
    if (fit == Fit::No) return Fit::No;
    if (worst == Fit::Yes || fit == Fit::TwoReadings) worst = fit;
  }
  return last || pattern.tail ? worst : Fit::No;
}

Fit fit_host(const Template& pattern, std::string_view host, Captures& captures) {
  const std::string_view whole = host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.starts_with('[')) {
    return pattern.segments.size() == 1
               ? fit_segment(pattern.segments[0], host, CaseRule::Fold, captures)
               : Fit::No;
  }
  bool last = false;
  Fit worst = Fit::Yes;
  for (const Segment& segment : pattern.segments) {
    if (last) return Fit::No;
    const std::string_view piece = next_piece(host, '.', last);
    const Fit fit = fit_segment(segment, piece, CaseRule::Fold, captures);
    if (fit == Fit::No) return Fit::No;
    if (worst == Fit::Yes || fit == Fit::TwoReadings) worst = fit;
  }
  if (!last) return Fit::No;
  return whole.find('%') == std::string_view::npos ? worst : Fit::TwoReadings;
}

bool covers(const Template& wide, const Template& narrow) {
  const std::size_t more = wide.segments.size() > narrow.segments.size()
                               ? wide.segments.size() - narrow.segments.size()
                               : 0;
  if (more > 0 && !narrow.tail) return false;
  Captures ignored;
  return fit_path(wide, symbolic_path(narrow, more), CaseRule::Fold, ignored) != Fit::No;
}

bool hosts_overlap(const Template& a, const Template& b) {
  if (a.segments.size() != b.segments.size()) return false;
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    const Segment& x = a.segments[i];
    const Segment& y = b.segments[i];
    if (!x.is_literal() || !y.is_literal()) continue;
    if (!equal_fold(x.parts[0].literal, y.parts[0].literal)) return false;
  }
  return true;
}

}  // namespace guarita::policy::detail
