// The client's side of one HTTP/2 connection (RFC 9113), sans I/O: bytes of the upstream in, bytes
// for it out, streams between. nghttp2 does the protocol, with the thread's recycled memory; heads
// are written by h2_head_block.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/h2_stream.h"

struct nghttp2_session;

namespace guarita::net {

// What a session asks of who drives it; called on the session's thread, at any time.
struct H2Hooks {
  void (*to_send)(void* context) noexcept = nullptr;  // produce() has something
  void (*freed)(void* context) noexcept = nullptr;    // a stream has gone
  void* context = nullptr;
};

class H2Session {
 public:
  // What a stream may hold unread. The connection's window is given back at once, so that a slow
  // caller stops its own stream and nobody else's.
  static constexpr std::size_t kStreamWindow = 256 * 1024;
  static constexpr std::size_t kConnectionWindow = 1024 * 1024;
  // Streams at a time, whatever the upstream allows.
  static constexpr std::size_t kStreamsMax = 256;

  explicit H2Session(const H2Hooks& hooks);
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  ~H2Session();  // as lose()

  // False: the connection cannot go on.
  bool receive(std::string_view bytes);
  // Copies what is to be sent; 0: nothing is.
  std::size_t produce(std::span<char> into);
  // Nothing is to be sent nor wanted any more.
  bool over() const;

  // The upstream's SETTINGS came: it speaks HTTP/2, and requests may go out.
  bool ready() const { return ready_; }
  bool has_room() const;
  // No new streams from now on; those under way go on.
  void retire() { retired_ = true; }
  bool retired() const;
  std::size_t streams() const { return streams_count_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

  // REQUIRES: has_room(). The stream belongs to this session until it ends.
  void attach(H2Stream& stream);
  // Tells the upstream in order that this was all.
  void finish();
  // The connection ended: every stream learns it.
  void lose(NetError error);

 private:
  friend class H2Stream;
  friend struct H2StreamReleaser;
  friend struct H2Callbacks;

  void submit(H2Stream& stream, const H2Request& request);
  std::string_view with_own_head(std::string_view frame);
  void body_is_there(H2Stream& stream);
  void consumed(H2Stream& stream, std::size_t bytes);
  // Nobody wants it any more: RST_STREAM(CANCEL) where it is open.
  void abandon(H2Stream& stream);
  void forget(H2Stream& stream);
  void closed(H2Stream& stream, std::uint32_t code);
  void ask_to_send() { hooks_.to_send(hooks_.context); }

  H2Hooks hooks_;
  nghttp2_session* session_ = nullptr;
  std::string_view unsent_;              // of the last frame
  const H2Stream* sent_head_ = nullptr;  // whose head nghttp2 is about to send
  std::string head_frame_;
  H2Stream* first_ = nullptr;
  std::size_t streams_count_ = 0;
  std::uint64_t bytes_received_ = 0;
  bool ready_ = false;
  bool retired_ = false;
  bool broken_ = false;
};

}  // namespace guarita::net
