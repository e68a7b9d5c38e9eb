// Heads written anew: nothing of a message is copied but header lines that were parsed and that no
// rule removes. Appends to `out`, whose storage the caller reuses: no allocation once warm.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/head.h"
#include "http/names.h"
#include "http/target.h"

namespace guarita::http {

// A header line that the gate adds. Name and value must be clean (is_field_value): the caller's
// duty for what comes from the configuration, checked for what comes from a request.
struct SetField {
  std::string_view name;
  std::string_view value;
};

// No control bytes, no white space at the ends.
bool is_field_value(std::string_view text);

// Names that pass as they are spelled, in any case, and under no alias.
class PassedNames {
 public:
  PassedNames() = default;
  explicit PassedNames(const std::vector<std::string>& names) : folded_(names), spelled_(names) {}
  bool is_alias(std::string_view name, const FieldEntry& entry) const noexcept;

 private:
  NameSet folded_;
  std::vector<std::string> spelled_;
};

// ---- request, to the upstream -------------------------------------------------------------------

// Built once from the configuration.
struct RequestRules {
  // Inbound lines under any of these names (aliases folded) are dropped: the token header, what
  // the gate sets, the address headers: make_removed_names().
  NameSet removed;
  // Names that the gate decides by and lets pass. A line under an alias of one is dropped: a
  // framework that folds names would read it in place of the one that was decided by.
  PassedNames passed;
  std::string via_name;                     // "guarita-<id>"
  std::vector<std::string> constant_lines;  // "Name: value\r\n": the upstream credential and such
};

// `configured`: token header (unless forwarded), names of set_header, of per-request SetFields.
// Adds X-Forwarded-*, Forwarded, X-Real-Ip, X-Request-Id, X-Account-Id, X-Instance-Id, Guarita-*
// and the names by which frameworks read the target again (X-Original-URL, X-Rewrite-URL …).
NameSet make_removed_names(const std::vector<std::string>& configured);

enum class ExpectForwarding : std::uint8_t { Drop, Forward };

struct OutgoingRequest {
  std::string_view path_prefix;    // of the upstream, "" or "/prefix" without a slash at the end
  std::string_view host;           // authority for Host: the upstream's, or head.host()
  std::span<const SetField> set;   // X-Account-Id …, in this order
  std::int64_t max_forwards = -1;  // from admit()
  ExpectForwarding expect = ExpectForwarding::Drop;
};

// Request line, Host, kept lines, set lines, Via, framing, Connection. The framing is the head's:
// Content-Length with its number, or chunked. HTTP/1.1 always.
void append_request(std::string& out, const RequestHead& head, const Target& target,
                    const RequestRules& rules, const OutgoingRequest& outgoing);

// The same request as fields for HTTP/2 (RFC 9113 §8.3): pseudo-headers, then what append_request()
// would write, less what frames or names the connection. Names in any case: HPACK's writer lowers
// them. The views live as long as `head`, `rules`, what `outgoing` names, and `out` untouched.
struct FieldList {
  std::vector<SetField> fields;
  std::string text;  // storage of what had to be made
};
void list_request(FieldList& out, const RequestHead& head, const Target& target,
                  const RequestRules& rules, const OutgoingRequest& outgoing);

// ---- response, to the caller --------------------------------------------------------------------

enum class CacheGuard : std::uint8_t {
  Off,
  Private,  // while the account enforces: no shared cache may hand this answer on
};

struct OutgoingResponse {
  Method method = Method::Get;  // of the request
  Version caller = Version::Http11;
  bool keep_alive = true;  // what the gate wants; UntilClose turns it off
  bool te_trailers = false;
  CacheGuard cache = CacheGuard::Off;
  std::string_view token_header;  // for Vary, as configured: "Client-Token"
  std::string_view date;          // HttpDate's text; used when the response has none
  std::string_view via_name;
  std::span<const SetField> set;  // X-Request-Id …
};

struct SentBody {
  Framing framing = Framing::None;  // how the body must be written
  bool keep_alive = false;          // whether the caller's connection lives on after it
};

// Status line, kept lines, Date, Via, set lines, framing, Connection. Length stays Length;
// Chunked and UntilClose become chunked for HTTP/1.1 and UntilClose for HTTP/1.0.
SentBody append_response(std::string& out, const ResponseHead& head,
                         const OutgoingResponse& outgoing);

// A 1xx (103, 102; 100 too): status line and kept lines. Not for HTTP/1.0 callers.
void append_interim(std::string& out, const ResponseHead& head);
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// kLastChunkBeforeTrailers, the trailers that may pass (none that frames, routes, authenticates or
// steers caches), CR LF.
void append_last_chunk(std::string& out, const Fields& trailers);

// An answer of the gate's own. The body is left out for HEAD, its length stated.
struct LocalAnswer {
  std::uint16_t status = 200;
  std::string_view content_type;  // none when empty
  std::string_view body;
  std::span<const SetField> set;
};
void append_answer(std::string& out, const LocalAnswer& answer, const OutgoingResponse& outgoing);

// "Forbidden"; "" for a number without a registered phrase.
std::string_view reason_phrase(std::uint16_t status);

// IMF-fixdate (RFC 9110 §5.6.7), made anew once a second. One per thread.
class HttpDate {
 public:
  std::string_view text(Time now);

 private:
  std::int64_t second_ = -1;
  char text_[30] = {};
};

}  // namespace guarita::http
