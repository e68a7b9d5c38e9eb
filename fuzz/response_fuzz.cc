#include <algorithm>

#include "compare.h"
#include "http/serialise.h"
#include "ours.h"
#include "targets.h"

namespace guarita::fuzz {
namespace {

struct Shown {
  std::string bytes;
  std::ptrdiff_t shift = 0;
  Message expected;
  bool skip_body = false;
};

// What the oracles are given. They refuse three things that WIRE.md lets pass in one reading: a
// status line without the space before its empty phrase (Beast, which also makes up a phrase where
// there is none: they are shown one), Content-Length beside chunked
// (dropped here as the gate drops it), and Content-Length repeated with the same value.
Shown show(std::string_view bytes, const OurResponse& ours, const Context& context) {
  Shown shown;
  std::string& head = shown.bytes;
  head = bytes.substr(0, 12);
  head += ' ';
  const std::string reason(ours.head.reason().empty() ? "-" : ours.head.reason());
  head += reason;
  head += "\r\n";
  const bool chunked = !ours.head.fields.lines(http::HeaderId::TransferEncoding).none();
  bool said = chunked;
  shown.expected = ours.message;
  shown.expected.start = std::to_string(ours.head.status) + " " + reason +
                         ours.message.start.substr(ours.message.start.size() - 3);
  auto& fields = shown.expected.fields;
  for (const http::FieldEntry& entry : ours.head.fields.entries()) {
    if (entry.id == http::HeaderId::ContentLength && said) {
      // The last of that name: equal names stand in their order, and the first one is kept.
      const auto last = std::find_if(fields.rbegin(), fields.rend(), [](const auto& field) {
        return field.first == "content-length";
      });
      fields.erase(std::next(last).base());
      continue;
    }
    said |= entry.id == http::HeaderId::ContentLength;
    const bool disguised = entry.id == http::HeaderId::ProxyConnection;
    head.append(disguised ? kDisguise : ours.head.fields.view(entry.name)).append(": ");
    head.append(ours.head.fields.view(entry.value)).append("\r\n");
  }
  head += "\r\n";
  shown.shift =
      static_cast<std::ptrdiff_t>(head.size()) - static_cast<std::ptrdiff_t>(ours.head_bytes);
  head += bytes.substr(ours.head_bytes);
  // llhttp reads a body after 204 and 304 when a length is stated; RFC 9112 §6.3 says there is
  // none.
  shown.skip_body = context.head || ours.head.status == 204 || ours.head.status == 304;
  return shown;
}

// What the caller gets: read back as strictly, nothing of the gate's own forged.
void check_relayed(const OurResponse& ours, const Context& context, std::string_view input) {
  http::OutgoingResponse to;
  to.method = context.head ? http::Method::Head : http::Method::Get;
  to.cache = http::CacheGuard::Private;
  to.token_header = "Client-Token";
  to.date = "Tue, 24 Nov 2026 11:00:00 GMT";
  to.via_name = "guarita-1";
  std::string sent;
  const http::SentBody body = http::append_response(sent, ours.head, to);
  if (body.framing == http::Framing::Chunked) {
    if (!ours.message.body.empty())
      sent.append(http::chunk_head(ours.message.body.size()).view())
          .append(ours.message.body)
          .append(http::kChunkEnd);
    sent += http::kLastChunk;
  } else if (body.framing == http::Framing::Length) {
    sent += ours.message.body;
  }
  const OurResponse again = read_response(sent, context, kSentLimits);
  if (!again.message.ok || again.message.consumed != sent.size() ||
      again.message.body != ours.message.body || !again.head.fields.present(http::HeaderId::Date) ||
      !again.head.fields.alias_lines("guarita-reason").none() ||
      again.head.fields.lines(http::HeaderId::CacheControl).count != 1)
    return disagree("what we relay is not what we read", again.message, ours.message, input);
  const Shown shown = show(sent, again, context);
  expect_same("llhttp of the relayed", shown.expected,
              by_llhttp_response(shown.bytes, shown.skip_body), shown.shift, input);
  expect_same("Beast of the relayed", shown.expected,
              by_beast_response(shown.bytes, shown.skip_body), shown.shift, input);
}

}  // namespace

void fuzz_response(std::string_view bytes) {
  if (bytes.empty()) return;
  const Context context{(bytes[0] & 1) != 0, (bytes[0] & 2) != 0};
  bytes.remove_prefix(1);
  const OurResponse ours = read_response(bytes, context);
  if (!ours.message.ok) return;
  const Shown shown = show(bytes, ours, context);
  if (!trailers_frame(ours.head.fields, ours.message)) {
    expect_same_llhttp(shown.expected, by_llhttp_response(shown.bytes, shown.skip_body),
                       shown.shift, bytes);
    expect_same("Beast", shown.expected, by_beast_response(shown.bytes, shown.skip_body),
                shown.shift, bytes);
  }
  if (!ours.head.interim()) check_relayed(ours, context, bytes);
}

}  // namespace guarita::fuzz
