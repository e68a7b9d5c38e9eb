// Bytes of a hostile upstream into our HTTP/2 session. Under the sanitizers this is a hunt for
// memory errors; beside them these hold:
// - what a stream holds unread is never more than its window;
// - a body that ends in order has the length its head states, and none where none may be;
// - a head that is given out is within the limits and names no connection;
// - when the session is given up, no stream still waits.
#include <array>
#include <string>

#include "compare.h"
#include "net/h2_session.h"
#include "targets.h"

namespace guarita::fuzz {
namespace {

using net::H2Session;
using net::H2Stream;
using net::H2StreamPtr;

void expect(bool holds, std::string_view what) {
  if (!holds) disagree(what, {});
}

struct Caller {
  H2StreamPtr stream;
  http::Method method = http::Method::Get;
  http::ResponseHead head;
  std::string text;
  bool has_head = false;
  std::uint64_t read = 0;

  void submit(H2Session& session, net::H2Streams& streams, const http::Limits& limits) {
    stream = streams.take();
    session.attach(*stream);
    const std::array<http::SetField, 4> fields{
        http::SetField{":method", method == http::Method::Head ? "HEAD" : "GET"},
        {":scheme", "http"},
        {":authority", "up"},
        {":path", "/"}};
    stream->submit({.fields = fields, .context = {.method = method}, .limits = &limits});
  }

  void take(const http::Limits& limits) {
    while (!has_head && stream->head().await_ready()) {
      if (!stream->head().await_resume()) return;
      stream->take_head(head, text);
      expect(head.status >= 100 && head.status <= 999 && head.status != 101, "status");
      expect(head.fields.size() <= limits.fields_max, "too many fields");
      expect(head.fields.lines(http::HeaderId::Connection).none(), "names the connection");
      expect(head.fields.lines(http::HeaderId::TransferEncoding).none(), "names an encoding");
      has_head = !head.interim();
    }
    if (!has_head) return;
    std::array<char, 700> space;
    read += stream->take(space);
    if (head.framing == http::Framing::Length) {
      expect(read <= head.content_length, "longer than stated");
      if (stream->at_end()) expect(read == head.content_length, "whole, yet not as long as stated");
    }
    if (head.framing == http::Framing::None) expect(read == 0, "a body where none may be");
  }
};

}  // namespace

// First byte: the size of the pieces.
void fuzz_h2_response(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t step = 1 + static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const http::Limits limits{.head_bytes_max = 2'000, .field_bytes_max = 500, .fields_max = 8};
  net::H2Wakes wakes([](void*) noexcept {}, nullptr);
  net::H2Streams streams(wakes);
  H2Session session({.to_send = [](void*) noexcept {}, .freed = [](void*) noexcept {}});
  std::array<char, 4096> out;
  const auto drain = [&] {
    while (session.produce(out) > 0) {
    }
  };
  constexpr std::string_view kSettings("\0\0\0\x04\0\0\0\0\0", 9);
  expect(session.receive(kSettings) && session.has_room(), "an honest beginning is refused");
  std::array<Caller, 2> callers;
  callers[1].method = http::Method::Head;
  for (Caller& caller : callers) caller.submit(session, streams, limits);
  drain();
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, step));  // of its own: reads beyond it are seen
    bytes.remove_prefix(piece.size());
    if (!session.receive(piece)) break;
    drain();
    for (Caller& caller : callers) {
      caller.take(limits);
      expect(caller.stream->bytes_read() - caller.read <= H2Session::kStreamWindow,
             "more than the window is held");
    }
    if (session.over()) break;
  }
  session.lose(net::NetError::Reset);
  for (Caller& caller : callers) {
    expect(caller.stream->outcome() != net::H2Outcome::Open, "a stream outlives its session");
  }
}

}  // namespace guarita::fuzz
