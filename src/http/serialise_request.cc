#include <algorithm>

#include "http/list.h"
#include "http/serialise.h"
#include "http/writer.h"

namespace guarita::http {
namespace {

// Lines that belong to one connection or that the gate writes itself (RFC 9110 §7.6.1).
bool is_written_anew(HeaderId id, const OutgoingRequest& outgoing) {
  switch (id) {
    case HeaderId::Connection:
    case HeaderId::ContentLength:
    case HeaderId::Host:
    case HeaderId::Http2Settings:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyAuthenticate:
    case HeaderId::ProxyAuthorization:
    case HeaderId::ProxyConnection:
    case HeaderId::Te:
    case HeaderId::Trailer:  // request trailers are dropped
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade: return true;
    case HeaderId::Expect: return outgoing.expect == ExpectForwarding::Drop;
    case HeaderId::MaxForwards: return outgoing.max_forwards >= 0;
    case HeaderId::Other:
    case HeaderId::AltSvc:
    case HeaderId::CacheControl:
    case HeaderId::CdnCacheControl:
    case HeaderId::ContentType:
    case HeaderId::Date:
    case HeaderId::Forwarded:
    case HeaderId::SurrogateControl:
    case HeaderId::Vary:
    case HeaderId::Via:
    case HeaderId::XForwardedFor: return false;
  }
  return false;
}

void put_kept_lines(Writer& writer, const RequestHead& head, const RequestRules& rules,
                    const OutgoingRequest& outgoing) {
  for (const FieldEntry& entry : head.fields.entries()) {
    if (is_written_anew(entry.id, outgoing)) continue;
    const std::string_view name = head.fields.view(entry.name);
    // An exact Expect or Max-Forwards is kept on purpose; the rules hold them for their aliases.
    const bool decided = entry.id == HeaderId::Expect || entry.id == HeaderId::MaxForwards ||
                         entry.id == HeaderId::Via;
    if (!decided && rules.removed.contains(name, entry.print, entry.alias)) continue;
    if (rules.passed.is_alias(name, entry)) continue;
    if (head.connection_lists && connection_names(head.fields, name)) continue;
    writer.put_line(name, head.fields.view(entry.value));
  }
}

void put_framing(Writer& writer, const RequestHead& head) {
  switch (head.framing) {
    case Framing::Length:
      writer.put("Content-Length: ").put_number(head.content_length).put("\r\n");
      break;
    case Framing::Chunked: writer.put("Transfer-Encoding: chunked\r\n"); break;
    case Framing::None:
    case Framing::UntilClose: break;
  }
  if (head.upgrade == Upgrade::WebSocket)
    writer.put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  else if (head.te_trailers)
    writer.put("TE: trailers\r\nConnection: TE\r\n");
}

}  // namespace

bool is_field_value(std::string_view text) {
  const char* const end = text.data() + text.size();
  return scan_value(text.data(), end) == end && trim_ows(text).size() == text.size();
}

bool PassedNames::is_alias(std::string_view name, const FieldEntry& entry) const noexcept {
  return folded_.contains(name, entry.print, entry.alias) &&
         std::ranges::none_of(spelled_, [name](const std::string& spelled) {
           return equal_ignoring_case(name, spelled);
         });
}

NameSet make_removed_names(const std::vector<std::string>& configured) {
  NameSet names(
      {// What the gate says of the caller.
       "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
       "x-forwarded-prefix", "x-forwarded-server", "x-forwarded-scheme", "x-forwarded-ssl",
       "x-forwarded-by", "x-real-ip", "x-request-id", "x-account-id", "x-instance-id", "guarita-*",
       // Names by which frameworks read the target a second time.
       "x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri", "x-forwarded-path",
       "x-forwarded-method", "x-original-method", "x-original-host",
       // Aliases of what frames a message: Content_Length becomes CONTENT_LENGTH in CGI's words.
       "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
       "upgrade", "expect", "max-forwards", "via", "proxy-connection", "proxy-authorization",
       "http2-settings"});
  for (const std::string& name : configured) names.add(name);
  return names;
}

void append_request(std::string& out, const RequestHead& head, const Target& target,
                    const RequestRules& rules, const OutgoingRequest& outgoing) {
  Writer writer(out, head.cursor.line + 512);
  writer.put(head.method_text()).put(" ").put(outgoing.path_prefix).put(target.path());
  if (target.has_query()) writer.put("?").put(target.query());
  writer.put(" HTTP/1.1\r\n").put_line("Host", outgoing.host);
  put_kept_lines(writer, head, rules, outgoing);
  for (const SetField& field : outgoing.set) writer.put_line(field.name, field.value);
  for (const std::string& line : rules.constant_lines) writer.put(line);
  if (outgoing.max_forwards >= 0)
    writer.put("Max-Forwards: ")
        .put_number(static_cast<std::uint64_t>(outgoing.max_forwards))
        .put("\r\n");
  writer.put("Via: ").put(head.version == Version::Http11 ? "1.1 " : "1.0 ");
  writer.put(rules.via_name).put("\r\n");
  put_framing(writer, head);
  writer.put("\r\n");
}

}  // namespace guarita::http
