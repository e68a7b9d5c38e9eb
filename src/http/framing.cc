#include "http/framing.h"

#include <algorithm>
#include <optional>

#include "http/list.h"
#include "http/target.h"

namespace guarita::http {
namespace {

// A Connection list longer than this has no honest use, and each name costs a search.
constexpr unsigned kConnectionNamesMax = 32;

struct ConnectionList {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_other = false;
};

// RFC 9110 §5.6.1.2 asks for a reasonable number of empty elements: each is looked at once per
// header line of the message.
bool has_few_commas(const Fields& fields) {
  std::size_t commas = 0;
  if (!fields.present(HeaderId::Connection)) return true;
  for (const FieldEntry& entry : fields.entries()) {
    if (entry.id != HeaderId::Connection) continue;
    commas += static_cast<std::size_t>(std::ranges::count(fields.view(entry.value), ','));
  }
  return commas <= 2 * kConnectionNamesMax;
}

std::optional<ConnectionList> read_connection(const Fields& fields) {
  if (!has_few_commas(fields)) return std::nullopt;
  ConnectionList list;
  unsigned names = 0;
  const bool good = each_element(fields, HeaderId::Connection, [&](std::string_view name) {
    if (!is_token(name) || ++names > kConnectionNamesMax) return false;
    if (equal_ignoring_case(name, "close"))
      list.close = true;
    else if (equal_ignoring_case(name, "keep-alive"))
      list.keep_alive = true;
    else if (equal_ignoring_case(name, "upgrade"))
      list.upgrade = true;
    else if (!equal_ignoring_case(name, "te"))
      list.names_other = true;
    return true;
  });
  return good ? std::optional(list) : std::nullopt;
}

// Digits only, at most 19 (2^63-1 and every count of bytes that a disk holds has no more).
std::optional<std::uint64_t> read_length(std::string_view text) {
#if GUARITA_PLANTED_BUG == 1  // fuzz/CMakeLists.txt: the fuzzer must find it
  if (text.starts_with('+')) text.remove_prefix(1);
#endif
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > INT64_MAX) return std::nullopt;
  return value;
}

bool is_chunked_alone(const FieldLines& encoding, Version version) {
  return encoding.one() && version == Version::Http11 &&
         equal_ignoring_case(encoding.value, "chunked");
}

bool is_websocket(const Fields& fields) {
  const FieldLines lines = fields.lines(HeaderId::Upgrade);
  return lines.one() && equal_ignoring_case(lines.value, "websocket");
}

ErrorCode frame_request(const Limits& limits, RequestHead& head) {
  const FieldLines length = head.fields.lines(HeaderId::ContentLength);
  const FieldLines encoding = head.fields.lines(HeaderId::TransferEncoding);
  if (!encoding.none()) {
    if (!length.none()) return ErrorCode::LengthAndEncoding;
    if (!is_chunked_alone(encoding, head.version)) return ErrorCode::BadTransferEncoding;
    head.framing = Framing::Chunked;
    return ErrorCode::None;
  }
  if (length.none()) return ErrorCode::None;
  if (length.many()) return ErrorCode::ManyContentLengths;
  const auto bytes = read_length(length.value);
  if (!bytes) return ErrorCode::BadContentLength;
  if (limits.body_bytes_max != 0 && *bytes > limits.body_bytes_max) return ErrorCode::BodyTooLarge;
  head.framing = Framing::Length;
  head.content_length = *bytes;
  return ErrorCode::None;
}

ErrorCode check_host(RequestHead& head) {
  const FieldLines host = head.fields.lines(HeaderId::Host);
  if (host.many()) return ErrorCode::ManyHosts;
  if (host.none())
    return head.version == Version::Http11 ? ErrorCode::MissingHost : ErrorCode::None;
  if (!is_authority(host.value)) return ErrorCode::BadHost;
  for (const FieldEntry& entry : head.fields.entries())
    if (entry.id == HeaderId::Host) head.host_slice = entry.value;
  return ErrorCode::None;
}

// RFC 9110 §10.1.1: an HTTP/1.0 caller's expectation is ignored; without a body there is nothing
// to wait for.
ErrorCode check_expect(RequestHead& head) {
  const FieldLines expect = head.fields.lines(HeaderId::Expect);
  if (expect.none()) return ErrorCode::None;
  if (expect.many() || !equal_ignoring_case(expect.value, "100-continue"))
    return ErrorCode::BadExpect;
  const bool has_body = head.framing == Framing::Chunked || head.content_length > 0;
  head.expect_continue = head.version == Version::Http11 && has_body;
  return ErrorCode::None;
}

// Only a handshake for WebSocket counts; any other Upgrade is as if it were not there (RFC 9110
// §7.8 lets a server ignore it), and is not forwarded.
ErrorCode check_upgrade(const ConnectionList& connection, RequestHead& head) {
  if (!connection.upgrade || head.version != Version::Http11 || !is_websocket(head.fields))
    return ErrorCode::None;
  if (head.method != Method::Get || head.framing == Framing::Chunked || head.content_length > 0)
    return ErrorCode::BadUpgrade;
  head.upgrade = Upgrade::WebSocket;
  return ErrorCode::None;
}

// Content-Length lines of a response: one, or several that say the same (and then the connection
// is not used again).
ErrorCode read_response_length(ResponseHead& head) {
  const FieldLines lines = head.fields.lines(HeaderId::ContentLength);
  if (lines.none()) return ErrorCode::None;
  for (const FieldEntry& entry : head.fields.entries()) {
    if (entry.id != HeaderId::ContentLength) continue;
    const auto bytes = read_length(head.fields.view(entry.value));
    if (!bytes) return ErrorCode::BadContentLength;
    if (head.states_length && *bytes != head.content_length) return ErrorCode::ManyContentLengths;
    head.states_length = true;
    head.content_length = *bytes;
  }
  if (lines.many()) head.keep_alive = false;
  return ErrorCode::None;
}

ErrorCode frame_interim(const ResponseContext& context, const ConnectionList& connection,
                        ResponseHead& head) {
  if (!head.fields.lines(HeaderId::TransferEncoding).none()) return ErrorCode::BadTransferEncoding;
  if (head.content_length > 0) return ErrorCode::BadContentLength;
  if (head.status != 101) return ErrorCode::None;
  if (context.upgrade != Upgrade::WebSocket || !connection.upgrade || !is_websocket(head.fields) ||
      head.version != Version::Http11)
    return ErrorCode::UnaskedUpgrade;
  head.switched = true;
  head.keep_alive = false;
  return ErrorCode::None;
}

}  // namespace

ErrorCode finish(const Limits& limits, RequestHead& head) {
  if (const ErrorCode e = check_host(head); e != ErrorCode::None) return e;
  const auto connection = read_connection(head.fields);
  if (!connection) return ErrorCode::BadConnection;
  head.connection_lists = connection->names_other;
  head.keep_alive = head.version == Version::Http11 && !connection->close;
  if (const ErrorCode e = frame_request(limits, head); e != ErrorCode::None) return e;
  if (const ErrorCode e = check_expect(head); e != ErrorCode::None) return e;
  if (const ErrorCode e = check_upgrade(*connection, head); e != ErrorCode::None) return e;
  head.te_trailers = !each_element(head.fields, HeaderId::Te, [](std::string_view coding) {
    return !equal_ignoring_case(coding, "trailers");
  });
  return ErrorCode::None;
}

ErrorCode finish(const ResponseContext& context, ResponseHead& head) {
  const auto connection = read_connection(head.fields);
  if (!connection) return ErrorCode::BadConnection;
  head.connection_lists = connection->names_other;
  head.keep_alive =
      !connection->close && (head.version == Version::Http11 || connection->keep_alive);
  if (const ErrorCode e = read_response_length(head); e != ErrorCode::None) return e;
  if (head.status < 200) return frame_interim(context, *connection, head);

  const FieldLines encoding = head.fields.lines(HeaderId::TransferEncoding);
  if (!encoding.none()) {
    if (!is_chunked_alone(encoding, head.version)) return ErrorCode::BadTransferEncoding;
    if (head.states_length) head.keep_alive = false;
    head.states_length = false;
    head.content_length = 0;
  }
  if (head.status == 204 && (head.content_length > 0 || !encoding.none())) head.keep_alive = false;
  if (context.method == Method::Head || head.status == 204 || head.status == 304) {
    head.framing = Framing::None;
  } else if (!encoding.none()) {
    head.framing = Framing::Chunked;
  } else if (head.states_length) {
    head.framing = Framing::Length;
  } else {
    head.framing = Framing::UntilClose;
    head.keep_alive = false;
  }
  return ErrorCode::None;
}

ErrorCode finish_received(const ResponseContext& context, BodyAfter body, ResponseHead& head) {
  head.version = Version::Http2;
  head.keep_alive = true;
  if (const ErrorCode e = read_response_length(head); e != ErrorCode::None) return e;
  if (head.status < 200) {
    if (head.status == 101) return ErrorCode::UnaskedUpgrade;
    return head.content_length > 0 || body == BodyAfter::No ? ErrorCode::BadContentLength
                                                            : ErrorCode::None;
  }
  if (context.method == Method::Head || head.status == 204 || head.status == 304) {
    head.framing = Framing::None;
  } else if (body == BodyAfter::No) {
    if (head.content_length > 0) return ErrorCode::BadContentLength;
    head.framing = Framing::Length;
    head.states_length = true;
  } else {
    head.framing = head.states_length ? Framing::Length : Framing::UntilClose;
  }
  return ErrorCode::None;
}

}  // namespace guarita::http
