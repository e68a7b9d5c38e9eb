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

// `put(name, value)` for each of the caller's lines that passes.
template <class Put>
void each_kept_line(const RequestHead& head, const RequestRules& rules,
                    const OutgoingRequest& outgoing, Put&& put) {
  for (const FieldEntry& entry : head.fields.entries()) {
    if (is_written_anew(entry.id, outgoing)) continue;
    const std::string_view name = head.fields.view(entry.name);
    // An exact Expect or Max-Forwards is kept on purpose; the rules hold them for their aliases.
    const bool decided = entry.id == HeaderId::Expect || entry.id == HeaderId::MaxForwards ||
                         entry.id == HeaderId::Via;
    if (!decided && rules.removed.contains(name, entry.print, entry.alias)) continue;
    if (rules.passed.is_alias(name, entry)) continue;
    if (head.connection_lists && connection_names(head.fields, name)) continue;
    put(name, head.fields.view(entry.value));
  }
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
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
  each_kept_line(head, rules, outgoing, [&writer](std::string_view name, std::string_view value) {
    writer.put_line(name, value);
  });
  for (const SetField& field : outgoing.set) writer.put_line(field.name, field.value);
  for (const std::string& line : rules.constant_lines) writer.put(line);
  if (outgoing.max_forwards >= 0)
    writer.put("Max-Forwards: ")
        .put_number(static_cast<std::uint64_t>(outgoing.max_forwards))
        .put("\r\n");
  writer.put("Via: ").put(via_version(head.version)).put(" ").put(rules.via_name).put("\r\n");
  put_framing(writer, head);
  writer.put("\r\n");
}

void list_request(FieldList& out, const RequestHead& head, const Target& target,
                  const RequestRules& rules, const OutgoingRequest& outgoing) {
  out.fields.clear();
  out.text.clear();
  {
    // Sized before the views are taken: they point into it.
    Writer writer(out.text, outgoing.path_prefix.size() + target.path().size() +
                                target.query().size() + rules.via_name.size() + 64);
    writer.put(outgoing.path_prefix).put(target.path());
    if (target.has_query()) writer.put("?").put(target.query());
  }
  const std::size_t path_end = out.text.size();
  out.text.append(via_version(head.version)).append(" ").append(rules.via_name);
  const std::size_t via_end = out.text.size();
  if (head.framing == Framing::Length) append_number(out.text, head.content_length);
  const std::size_t length_end = out.text.size();
  if (outgoing.max_forwards >= 0)
    append_number(out.text, static_cast<std::uint64_t>(outgoing.max_forwards));
  const std::string_view text = out.text;

  out.fields.push_back({":method", head.method_text()});
  out.fields.push_back({":scheme", "http"});
  out.fields.push_back({":authority", outgoing.host});
  out.fields.push_back({":path", text.substr(0, path_end)});
  const auto put = [&out](std::string_view name, std::string_view value) {
    out.fields.push_back({name, value});
  };
  each_kept_line(head, rules, outgoing, put);
  for (const SetField& field : outgoing.set) put(field.name, field.value);
  for (const std::string& line : rules.constant_lines) {
    const std::size_t colon = line.find(": ");
    put(std::string_view(line).substr(0, colon),
        std::string_view(line).substr(colon + 2, line.size() - colon - 4));
  }
  if (outgoing.max_forwards >= 0) put("max-forwards", text.substr(length_end));
  put("via", text.substr(path_end, via_end - path_end));
  if (head.framing == Framing::Length)
    put("content-length", text.substr(via_end, length_end - via_end));
  if (head.te_trailers) put("te", "trailers");
}

}  // namespace guarita::http
