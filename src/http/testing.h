// For the tests of this folder: a message parsed whole, and at every split.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/parser.h"

namespace guarita::http::testing {

// What a parse came to, as text, so that two parses can be compared and printed.
inline std::string text_of(const Fields& fields) {
  std::string text;
  for (const FieldEntry& entry : fields.entries())
    text.append(fields.view(entry.name)).append("=").append(fields.view(entry.value)).append("|");
  return text;
}
inline std::string text_of(const Progress& progress, const RequestHead& head) {
  if (progress.state == Progress::State::NeedMore) return "more";
  if (progress.failed()) return std::string(name_of(progress.error));
  return std::string(head.method_text()) + " " + std::string(head.target()) + " 1." +
         (head.version == Version::Http11 ? "1 " : "0 ") + text_of(head.fields) + " framing " +
         std::to_string(static_cast<int>(head.framing)) + " " +
         std::to_string(head.content_length) + (head.keep_alive ? " keep" : " close") +
         (head.expect_continue ? " continue" : "") +
         (head.upgrade == Upgrade::WebSocket ? " websocket" : "") +
         (head.te_trailers ? " trailers" : "") + " host " + std::string(head.host()) + " at " +
         std::to_string(progress.consumed);
}
inline std::string text_of(const Progress& progress, const ResponseHead& head) {
  if (progress.state == Progress::State::NeedMore) return "more";
  if (progress.failed()) return std::string(name_of(progress.error));
  return std::to_string(head.status) + " " + std::string(head.reason()) + " 1." +
         (head.version == Version::Http11 ? "1 " : "0 ") + text_of(head.fields) + " framing " +
         std::to_string(static_cast<int>(head.framing)) + " " +
         std::to_string(head.content_length) + (head.keep_alive ? " keep" : " close") +
         (head.switched ? " switched" : "") + " at " + std::to_string(progress.consumed);
}

// Parses `text` given in growing pieces, each in a buffer of its own at its own address, so that a
// view kept from an earlier call would be caught by AddressSanitizer.
template <class Head, class Parse>
std::string parse_in_pieces(std::string_view text, std::size_t first, std::size_t step,
                            Parse&& parse_one) {
  Head head;
  std::string held;
  for (std::size_t size = first;; size = std::min(size + step, text.size())) {
    std::string moved(text.substr(0, size));
    held.swap(moved);
    held.shrink_to_fit();
    const Progress progress = parse_one(std::string_view(held), head);
    if (progress.state != Progress::State::NeedMore || size == text.size())
      return text_of(progress, head);
  }
}

// The outcome, which is the same whole, at each split in two, and byte by byte.
template <class Head, class Parse>
std::string parse_at_every_split(std::string_view text, Parse&& parse_one) {
  const std::string whole = parse_in_pieces<Head>(text, text.size(), 1, parse_one);
  for (std::size_t split = 0; split < text.size(); ++split)
    EXPECT_EQ(whole, (parse_in_pieces<Head>(text, split, text.size(), parse_one)))
        << "split at " << split << " of " << text;
  EXPECT_EQ(whole, (parse_in_pieces<Head>(text, 0, 1, parse_one))) << "byte by byte: " << text;
  return whole;
}

inline std::string parse_request(std::string_view text, const Limits& limits = {}) {
  return parse_at_every_split<RequestHead>(
      text, [&limits](std::string_view b, RequestHead& head) { return parse(b, limits, head); });
}
inline std::string parse_response(std::string_view text, ResponseContext context = {},
                                  const Limits& limits = {}) {
  return parse_at_every_split<ResponseHead>(text, [&](std::string_view b, ResponseHead& head) {
    return parse(b, limits, context, head);
  });
}

// Parses a request that must be good; the head refers to `text`.
inline RequestHead good_request(std::string_view text) {
  RequestHead head;
  const Progress progress = parse(text, Limits{}, head);
  EXPECT_TRUE(progress.done()) << name_of(progress.error) << ": " << text;
  return head;
}
inline ResponseHead good_response(std::string_view text, ResponseContext context = {}) {
  ResponseHead head;
  const Progress progress = parse(text, Limits{}, context, head);
  EXPECT_TRUE(progress.done()) << name_of(progress.error) << ": " << text;
  return head;
}

}  // namespace guarita::http::testing
