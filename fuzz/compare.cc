#include "compare.h"

#include <algorithm>

namespace guarita::fuzz {

unsigned count_field(const Message& message, std::string_view name) {
  return static_cast<unsigned>(std::ranges::count_if(
      message.fields, [name](const auto& field) { return field.first == name; }));
}

void disguise_proxy_connection(Message& message) {
  for (auto& field : message.fields)
    if (field.first == kProxyConnection) field.first = kDisguise;
  normalise(message);
}

bool trailers_frame(const http::Fields& head, const Message& message) {
  for (const std::string_view name :
       {"content-length", "transfer-encoding", "connection", "upgrade", "proxy-connection"})
    if (count_field(message, name) != head.lines(name).count) return true;
  return false;
}

void expect_same(std::string_view who, const Message& ours, const Message& theirs,
                 std::ptrdiff_t shift, std::string_view input) {
  const auto complain = [&](std::string_view what) {
    disagree(std::string(who) + ": " + std::string(what), ours, theirs, input);
  };
  if (!theirs.ok) return complain("refuses what we accept");
  if (theirs.start != ours.start) return complain("another start line");
  if (theirs.fields != ours.fields) return complain("other header lines");
  if (theirs.body != ours.body) return complain("another body");
  if (theirs.consumed != ours.consumed + static_cast<std::size_t>(shift))
    return complain("another end of the message");
  // We may close where they would not; never the other way round.
  if (ours.keep_alive && !theirs.keep_alive) return complain("would close the connection");
}

void expect_same_llhttp(const Message& ours, const Message& theirs, std::ptrdiff_t shift,
                        std::string_view input) {
  if (!theirs.ok && theirs.error == "Invalid character in chunk size" &&
      std::ranges::count(input, ';') > 1)
    return;
  // It knows no quoted-pair (RFC 9110 §5.6.4) in a chunk extension, which nobody reads.
  if (!theirs.ok && theirs.error == "Invalid character in chunk extensions quoted value" &&
      input.contains('\\'))
    return;
  expect_same("llhttp", ours, theirs, shift, input);
}

}  // namespace guarita::fuzz
