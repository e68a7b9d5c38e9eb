#include <algorithm>

#include "compare.h"
#include "http/admit.h"
#include "http/serialise.h"
#include "http/target.h"
#include "ours.h"
#include "targets.h"

namespace guarita::fuzz {
namespace {

// llhttp knows a list of methods, some of other protocols; the rest are shown to it as POST.
constexpr std::string_view kCommon[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

struct Shown {
  std::string bytes;
  std::ptrdiff_t shift = 0;
  Message expected;
};

// llhttp takes no tabs around a value that frames; RFC 9110 §5.6.3 does. They are shown as spaces.
void spell_white_space(std::string& bytes, const http::FieldEntry& entry) {
  if (entry.id != http::HeaderId::ContentLength && entry.id != http::HeaderId::TransferEncoding) {
    return;
  }
  for (std::size_t i = entry.name.offset + entry.name.size; bytes[i] != '\r'; ++i)
    if (bytes[i] == '\t') bytes[i] = ' ';
}

// What the oracles are given: without the empty line that we skip (Beast refuses it), with a
// method that llhttp knows.
Shown show(std::string_view bytes, const OurRequest& ours) {
  Shown shown;
  const std::string_view method = ours.head.method_text();
  const std::size_t before = ours.head.method_slice.offset;
  const bool common = std::ranges::find(kCommon, method) != std::end(kCommon);
  const std::string_view as = common ? method : "POST";
  shown.bytes = bytes;
  for (const http::FieldEntry& entry : ours.head.fields.entries())
    if (entry.id == http::HeaderId::ProxyConnection)
      shown.bytes.replace(entry.name.offset, kDisguise.size(), kDisguise);
    else
      spell_white_space(shown.bytes, entry);
  shown.bytes.replace(0, before + method.size(), as);
  shown.shift =
      static_cast<std::ptrdiff_t>(shown.bytes.size()) - static_cast<std::ptrdiff_t>(bytes.size());
  shown.expected = ours.message;
  disguise_proxy_connection(shown.expected);
  shown.expected.start = std::string(as) + ours.message.start.substr(method.size());
  return shown;
}

// The head that the upstream gets, and the body framed anew, through the same three parsers.
void check_forwarded(const OurRequest& ours, const http::Target& target, std::string_view input) {
  static const http::RequestRules rules = [] {
    http::RequestRules made;
    made.removed = http::make_removed_names({"Client-Token"});
    made.via_name = "guarita-1";
    return made;
  }();
  http::OutgoingRequest outgoing;
  outgoing.host = "upstream:80";
  std::string sent;
  http::append_request(sent, ours.head, target, rules, outgoing);
  if (ours.head.framing == http::Framing::Chunked) {
    if (!ours.message.body.empty())
      sent.append(http::chunk_head(ours.message.body.size()).view())
          .append(ours.message.body)
          .append(http::kChunkEnd);
    sent += http::kLastChunk;
  } else {
    sent += ours.message.body;
  }
  const OurRequest again = read_request(sent, kSentLimits);
  if (!again.message.ok || again.message.consumed != sent.size() ||
      again.message.body != ours.message.body || again.head.host() != "upstream:80" ||
      !again.head.fields.alias_lines("client-token").none())
    return disagree("what we forward is not what we read", again.message, ours.message, input);
  http::Target second;
  if (second.assign(again.head, http::SlashMerging::Keep) != http::ErrorCode::None ||
      second.path() != target.path() || second.query() != target.query())
    return disagree("the forwarded target is not canonical", again.message, ours.message, input);
  const Shown shown = show(sent, again);
  expect_same("llhttp of the forwarded", shown.expected, by_llhttp_request(shown.bytes),
              shown.shift, input);
  expect_same("Beast of the forwarded", shown.expected, by_beast_request(shown.bytes), shown.shift,
              input);
}

}  // namespace

void fuzz_request(std::string_view bytes) {
  static const http::AdmitRules rules = [] {
    http::AdmitRules made;
    made.read_names = http::make_read_names({"Client-Token"});
    made.via_name = "guarita-1";
    return made;
  }();
  const OurRequest ours = read_request(bytes);
  if (!ours.message.ok || http::admit(ours.head, rules).error != http::ErrorCode::None) return;
  http::Target target;
  if (target.assign(ours.head, http::SlashMerging::Keep) != http::ErrorCode::None) return;
  const Shown shown = show(bytes, ours);
  if (!trailers_frame(ours.head.fields, ours.message)) {
    expect_same_llhttp(shown.expected, by_llhttp_request(shown.bytes), shown.shift, bytes);
    expect_same("Beast", shown.expected, by_beast_request(shown.bytes), shown.shift, bytes);
  }
  if (target.form() == http::TargetForm::Path) check_forwarded(ours, target, bytes);
}

}  // namespace guarita::fuzz
