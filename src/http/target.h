// The request target, made canonical once: what is matched is what is forwarded (RFC 3986 §6.2.2,
// RFC 9112 §3.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/error.h"
#include "http/head.h"

namespace guarita::http {

enum class SlashMerging : std::uint8_t { Keep, Merge };
enum class TargetForm : std::uint8_t { Path, Asterisk };

// Views are into the head's buffer or into this object; they live until either changes.
// Reused between requests: no allocation once warm.
class Target {
 public:
  // Origin-form, absolute-form whose authority equals Host, or `*` for OPTIONS.
  // Unreserved escapes are decoded, the others upper-cased, slashes merged when asked.
  // Errors: BadTarget, TargetNotHost, PathNotCanonical.
  ErrorCode assign(const RequestHead& head, SlashMerging merging);

  // The same on texts; `host` may be empty. For tests and the fuzz target.
  ErrorCode assign(std::string_view target, Method method, std::string_view host,
                   SlashMerging merging);

  TargetForm form() const { return form_; }
  std::string_view path() const { return path_; }    // begins with `/`; "*" for Asterisk
  std::string_view query() const { return query_; }  // raw, without `?`
  bool has_query() const { return has_query_; }      // "/a?" is not "/a"
  // Lower case, without port, brackets kept; empty without Host (HTTP/1.0).
  std::string_view host() const { return host_; }

 private:
  ErrorCode split(std::string_view target, Method method, std::string_view host);
  ErrorCode split_absolute(std::string_view target, Method method, std::string_view host);
  ErrorCode canonicalise(std::string_view raw, SlashMerging merging);
  void lower_host(std::string_view authority);

  TargetForm form_ = TargetForm::Path;
  bool has_query_ = false;
  std::string_view raw_path_, path_, query_, host_;
  std::string path_storage_, host_storage_, scratch_;
};

// The rules for the whole path: true when a reading of it (decoded up to twice, `\` as `/`, `;…`
// cut off, slashes merged) holds a `.` or `..` segment, a NUL or an overlong UTF-8 form.
// `scratch` holds the decoded text and is reused.
bool has_dangerous_reading(std::string_view path, std::string& scratch);

// host [":" port]: a name of letters, digits, `-._~`, an IPv4 address or an IPv6 one in brackets;
// port 0–65535 without sign. Not empty (RFC 9110 §7.2 cut to what callers send).
bool is_authority(std::string_view text);
// Without port; brackets kept.
std::string_view host_of(std::string_view authority);
// Empty when there is none.
std::string_view port_of(std::string_view authority);

}  // namespace guarita::http
