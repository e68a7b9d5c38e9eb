#include "http/cache_guard.h"
#include "http/chunked.h"
#include "http/list.h"
#include "http/serialise.h"
#include "http/writer.h"

namespace guarita::http {
namespace {

// Lines that belong to one connection, that the gate writes itself, or that no caller of a gate
// may get (Alt-Svc would lead around it).
bool is_written_anew(HeaderId id, const OutgoingResponse& outgoing) {
  switch (id) {
    case HeaderId::AltSvc:
    case HeaderId::Connection:
    case HeaderId::ContentLength:
    case HeaderId::Http2Settings:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyAuthenticate:
    case HeaderId::ProxyAuthorization:
    case HeaderId::ProxyConnection:
    case HeaderId::Te:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade: return true;
    case HeaderId::Trailer: return !outgoing.te_trailers;
    case HeaderId::CacheControl:
    case HeaderId::CdnCacheControl:
    case HeaderId::SurrogateControl: return outgoing.cache == CacheGuard::Private;
    case HeaderId::Other:
    case HeaderId::ContentType:
    case HeaderId::Date:
    case HeaderId::Expect:
    case HeaderId::Forwarded:
    case HeaderId::Host:
    case HeaderId::MaxForwards:
    case HeaderId::Vary:
    case HeaderId::Via:
    case HeaderId::XForwardedFor: return false;
  }
  return false;
}

// Names that only the gate may say: its own, and framing under an alias.
bool is_ours(std::string_view name, const FieldEntry& entry, std::span<const SetField> set) {
  static const NameSet names({"guarita-*", "content-length", "transfer-encoding", "connection",
                              "keep-alive", "upgrade", "alt-svc"});
  if (names.contains(name, entry.print, entry.alias)) return true;
  for (const SetField& field : set)
    if (equal_ignoring_case(name, field.name)) return true;
  return false;
}

void put_kept_lines(Writer& writer, const ResponseHead& head, const OutgoingResponse& outgoing) {
  for (const FieldEntry& entry : head.fields.entries()) {
    if (is_written_anew(entry.id, outgoing)) continue;
    const std::string_view name = head.fields.view(entry.name);
    if (is_ours(name, entry, outgoing.set)) continue;
    if (outgoing.cache == CacheGuard::Private && steers_shared_cache(name, entry)) continue;
    // Date stays whatever Connection says: every answer has one.
    if (head.connection_lists && entry.id != HeaderId::Date && connection_names(head.fields, name))
      continue;
    writer.put_line(name, head.fields.view(entry.value));
  }
}

void put_status_line(Writer& writer, std::uint16_t status, std::string_view reason) {
  writer.put("HTTP/1.1 ").put_number(status).put(" ").put(reason).put("\r\n");
}

// HTTP/2 has no phrases.
std::string_view phrase_of(const ResponseHead& head) {
  return head.version == Version::Http2 ? reason_phrase(head.status) : head.reason();
}

bool varies_on_all(const Fields& fields) {
  return !each_element(fields, HeaderId::Vary, [](std::string_view name) { return name != "*"; });
}

void put_cache_guard(Writer& writer, const Fields& fields, const OutgoingResponse& outgoing) {
  if (outgoing.cache == CacheGuard::Off) return;
  append_private_cache_control(writer, fields);
  if (!varies_on_all(fields)) writer.put_line("Vary", outgoing.token_header);
}

bool may_say_length(const ResponseHead& head) {
  return head.states_length && head.status != 204 && head.status >= 200;
}

SentBody put_framing(Writer& writer, const ResponseHead& head, const OutgoingResponse& outgoing) {
  SentBody sent{head.framing,
                outgoing.keep_alive && outgoing.caller == Version::Http11 && !head.switched};
  switch (head.framing) {
    case Framing::None:
      if (may_say_length(head))
        writer.put("Content-Length: ").put_number(head.content_length).put("\r\n");
      break;
    case Framing::Length:
      writer.put("Content-Length: ").put_number(head.content_length).put("\r\n");
      break;
    case Framing::Chunked:
    case Framing::UntilClose:
      if (outgoing.caller == Version::Http11) {
        sent.framing = Framing::Chunked;
        writer.put("Transfer-Encoding: chunked\r\n");
      } else {
        sent.framing = Framing::UntilClose;
      }
      break;
  }
  if (head.switched)
    writer.put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  else if (!sent.keep_alive)
    writer.put("Connection: close\r\n");
  return sent;
}

bool may_be_trailer(std::string_view name, const FieldEntry& entry) {
  static const NameSet forbidden({"age",
                                  "alt-svc",
                                  "authorization",
                                  "cache-control",
                                  "*cdn-cache-control",
                                  "connection",
                                  "content-encoding",
                                  "content-length",
                                  "content-range",
                                  "content-type",
                                  "date",
                                  "edge-control",
                                  "expires",
                                  "guarita-*",
                                  "host",
                                  "keep-alive",
                                  "location",
                                  "max-forwards",
                                  "pragma",
                                  "proxy-*",
                                  "retry-after",
                                  "set-cookie",
                                  "surrogate-control",
                                  "te",
                                  "trailer",
                                  "transfer-encoding",
                                  "upgrade",
                                  "vary",
                                  "via",
                                  "warning",
                                  "www-authenticate",
                                  "x-accel-*"});
  return !forbidden.contains(name, entry.print, entry.alias);
}

}  // namespace

SentBody append_response(std::string& out, const ResponseHead& head,
                         const OutgoingResponse& outgoing) {
  Writer writer(out, head.cursor.line + 512);
  put_status_line(writer, head.status, phrase_of(head));
  put_kept_lines(writer, head, outgoing);
  if (!head.fields.present(HeaderId::Date)) writer.put_line("Date", outgoing.date);
  put_cache_guard(writer, head.fields, outgoing);
  writer.put("Via: ").put(via_version(head.version)).put(" ").put(outgoing.via_name).put("\r\n");
  for (const SetField& field : outgoing.set) writer.put_line(field.name, field.value);
  const SentBody sent = put_framing(writer, head, outgoing);
  writer.put("\r\n");
  return sent;
}

void append_interim(std::string& out, const ResponseHead& head) {
  Writer writer(out, head.cursor.line + 64);
  put_status_line(writer, head.status, phrase_of(head));
  put_kept_lines(writer, head, OutgoingResponse{});
  writer.put("\r\n");
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  Writer writer(out, 512);
  writer.put(kLastChunkBeforeTrailers);
  for (const FieldEntry& entry : trailers.entries())
    if (const std::string_view name = trailers.view(entry.name); may_be_trailer(name, entry))
      writer.put_line(name, trailers.view(entry.value));
  writer.put("\r\n");
}

void append_answer(std::string& out, const LocalAnswer& answer, const OutgoingResponse& outgoing) {
  Writer writer(out, answer.body.size() + 512);
  put_status_line(writer, answer.status, reason_phrase(answer.status));
  writer.put_line("Date", outgoing.date);
  if (!answer.content_type.empty()) writer.put_line("Content-Type", answer.content_type);
  for (const SetField& field : answer.set) writer.put_line(field.name, field.value);
  const bool bodiless = answer.status == 204 || answer.status == 304;
  if (!bodiless) writer.put("Content-Length: ").put_number(answer.body.size()).put("\r\n");
  if (!outgoing.keep_alive || outgoing.caller == Version::Http10)
    writer.put("Connection: close\r\n");
  writer.put("\r\n");
  if (!bodiless && outgoing.method != Method::Head) writer.put(answer.body);
}

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 100: return "Continue";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 508: return "Loop Detected";
    default: return "";
  }
}

}  // namespace guarita::http
