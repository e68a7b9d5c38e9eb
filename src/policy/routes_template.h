// Path and host templates, compiled: DESIGN §3 "Routes". Internal to policy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace guarita::policy::detail {

// One segment of a path, or one label of a host: literals and placeholders in turn.
struct Part {
  enum class Kind : std::uint8_t { Literal, Any, Instance, InstanceToken } kind = Kind::Literal;
  std::string literal;
};
struct Segment {
  std::vector<Part> parts;  // none: the empty segment after a final slash
  bool is_literal() const {
    return parts.empty() || (parts.size() == 1 && parts[0].kind == Part::Kind::Literal);
  }
};
struct Template {
  std::vector<Segment> segments;
  bool tail = false;  // a final "/*"
  bool instance = false;
  bool instance_token = false;
};

// An error is a sentence about the template: what is wrong, then the remedy.
Result<Template, std::string> parse_path_template(std::string_view text);
Result<Template, std::string> parse_host_template(std::string_view text);

enum class CaseRule : std::uint8_t { Exact, Fold };

// Views into what was matched.
struct Captures {
  std::string_view instance;
  std::string_view instance_token;
  bool operator==(const Captures&) const = default;
};
enum class Fit : std::uint8_t {
  No,
  Yes,
  TwoReadings,  // WIRE "Target": an empty segment, ";", "\", or an escape of / \ NUL % in a
                // segment that holds a placeholder; or a malformed escape there
  TwoSplits,    // "{instance}:{instance_token}" and more than one ":"
};

// `path` begins with "/". One walk, no backtracking: O(path × longest literal).
Fit fit_path(const Template& pattern, std::string_view path, CaseRule rule, Captures& captures);
// Label by label, without case; `host` may end in one dot. TwoReadings: an escape in the host.
Fit fit_host(const Template& pattern, std::string_view host, Captures& captures);

// Compared without case: true when, for some number of tail segments, `wide` takes every path
// that `narrow` takes.
bool covers(const Template& wide, const Template& narrow);
// True when some host may fit both. Errs towards true.
bool hosts_overlap(const Template& a, const Template& b);

}  // namespace guarita::policy::detail
