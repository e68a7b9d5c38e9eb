#include "net/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "net/h2_head_block.h"
#include "net/recycler.h"

namespace guarita::net {
namespace {

// nghttp2 frees without a size: it stands in front.
constexpr std::size_t kSizeBytes = 16;

void* memory_new(std::size_t size, void*) noexcept {
  if (size == 0) size = 1;
  try {
    auto* memory = static_cast<char*>(recycled_new(size + kSizeBytes));
    std::memcpy(memory, &size, sizeof size);
    return memory + kSizeBytes;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
std::size_t memory_size(const void* memory) {
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const char*>(memory) - kSizeBytes, sizeof size);
  return size;
}
void memory_delete(void* memory, void*) noexcept {
  if (memory == nullptr) return;
  const std::size_t size = memory_size(memory);
  recycled_delete(static_cast<char*>(memory) - kSizeBytes, size + kSizeBytes);
}
void* memory_zeroed(std::size_t count, std::size_t size, void* context) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* memory = memory_new(count * size, context);
  if (memory != nullptr) std::memset(memory, 0, count * size);
  return memory;
}
void* memory_resized(void* memory, std::size_t size, void* context) noexcept {
  void* made = memory_new(size, context);
  if (made == nullptr || memory == nullptr) return made;
  std::memcpy(made, memory, std::min(size, memory_size(memory)));
  memory_delete(memory, context);
  return made;
}

// Room for a caller's whole head and what the gate adds; nghttp2's own limit is 64 KiB.
constexpr std::size_t kSentHeadBytesMax = 256 * 1024;
// What every peer takes as one frame (RFC 9113 §4.2); a longer head is nghttp2's to cut.
constexpr std::size_t kFrameBytesMax = 16 * 1024;
constexpr std::size_t kFrameHeadBytes = 9;
// Ids are used up at 2^31; a connection retires before.
constexpr std::uint32_t kLastStreamId = 0x7fff'ff00;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct H2Callbacks {
  static H2Session& session_of(void* context) { return *static_cast<H2Session*>(context); }
  static H2Stream* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static bool ends_stream(const nghttp2_frame& frame) {
    return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (H2Stream* stream = stream_of(session, frame->hd.stream_id)) stream->begin_section();
    return 0;
  }
  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void*) {
    H2Stream* stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->add(view(name, name_size), view(value, value_size)) == http::ErrorCode::None) {
      return 0;
    }
    stream->malformed_ = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  // What nghttp2 would pass over in silence.
  static int invalid_header(nghttp2_session* session, const nghttp2_frame* frame,
                            const std::uint8_t*, std::size_t, const std::uint8_t*, std::size_t,
                            std::uint8_t, void*) {
    if (H2Stream* stream = stream_of(session, frame->hd.stream_id)) stream->malformed_ = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* context) {
    H2Session& self = session_of(context);
    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      self.ready_ = true;
      return 0;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) self.retired_ = true;
    H2Stream* stream = frame->hd.stream_id == 0 ? nullptr : stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) stream->peer_reset_ = stream->answered_ = true;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      const auto body = ends_stream(*frame) ? http::BodyAfter::No : http::BodyAfter::Yes;
      if (stream->end_section(body) != http::ErrorCode::None) {
        stream->malformed_ = true;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_PROTOCOL_ERROR);
        return 0;
      }
    }
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        ends_stream(*frame)) {
      stream->got_end_ = true;
      stream->wake_reader();
    }
    return 0;
  }
  static int before_send(nghttp2_session* session, const nghttp2_frame* frame, void* context) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      session_of(context).sent_head_ = stream_of(session, frame->hd.stream_id);
    }
    return 0;
  }
  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                  const std::uint8_t* bytes, std::size_t size, void*) {
    nghttp2_session_consume_connection(session, size);
    H2Stream* stream = stream_of(session, id);
    if (stream != nullptr && !stream->malformed_) {
      stream->received(view(bytes, size));
    } else {
      nghttp2_session_consume_stream(session, id, size);
    }
    return 0;
  }
  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                           void* context) {
    if (H2Stream* stream = stream_of(session, id)) session_of(context).closed(*stream, code);
    return 0;
  }
  static ssize_t body(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                      std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void*) {
    H2Stream* stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;
    bool last = false;
    const std::size_t given = stream->give_body({reinterpret_cast<char*>(into), size}, last);
    if (last) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (given == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(given);
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
      nghttp2_session_callbacks_set_before_frame_send_callback(callbacks, before_send);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
      return callbacks;
    }();
    return made;
  }
  static nghttp2_option* options() {
    static nghttp2_option* const made = [] {
      nghttp2_option* option = nullptr;
      if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
      nghttp2_option_set_no_auto_window_update(option, 1);
      nghttp2_option_set_no_closed_streams(option, 1);
      nghttp2_option_set_max_send_header_block_length(option, kSentHeadBytesMax);
      return option;
    }();
    return made;
  }
};

H2Session::H2Session(const H2Hooks& hooks) : hooks_(hooks) {
  nghttp2_mem memory{nullptr, memory_new, memory_delete, memory_zeroed, memory_resized};
  if (nghttp2_session_client_new3(&session_, H2Callbacks::all(), this, H2Callbacks::options(),
                                  &memory) != 0) {
    throw std::bad_alloc();
  }
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 64 * 1024}};
  broken_ =
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0 ||
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) != 0;
}

H2Session::~H2Session() {
  lose(NetError::Cancelled);
  nghttp2_session_del(session_);
}

bool H2Session::receive(std::string_view bytes) {
  if (broken_) return false;
  bytes_received_ += bytes.size();
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  broken_ = taken < 0;
  return !broken_;
}

std::size_t H2Session::produce(std::span<char> into) {
  std::size_t made = 0;
  while (made < into.size() && !broken_) {
    if (unsent_.empty()) {
      const std::uint8_t* bytes = nullptr;
      sent_head_ = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      broken_ = size < 0;
      if (size <= 0) break;
      unsent_ = with_own_head(view(bytes, static_cast<std::size_t>(size)));
    }
    const std::size_t size = std::min(unsent_.size(), into.size() - made);
    std::memcpy(into.data() + made, unsent_.data(), size);
    made += size;
    unsent_.remove_prefix(size);
  }
  return made;
}

// `frame`, or the same with the stream's own block in the place of nghttp2's, which touched no
// table but for what stands at its beginning.
std::string_view H2Session::with_own_head(std::string_view frame) {
  if (sent_head_ == nullptr || sent_head_->head_block_.empty()) return frame;
  const std::string_view updates = table_size_updates(frame.substr(kFrameHeadBytes));
  const std::size_t size = updates.size() + sent_head_->head_block_.size();
  head_frame_.clear();
  for (const unsigned shift : {16U, 8U, 0U}) head_frame_ += static_cast<char>(size >> shift);
  head_frame_.append(frame.substr(3, kFrameHeadBytes - 3));
  head_frame_.append(updates).append(sent_head_->head_block_);
  return head_frame_;
}

bool H2Session::over() const {
  return broken_ || (unsent_.empty() && nghttp2_session_want_read(session_) == 0 &&
                     nghttp2_session_want_write(session_) == 0);
}

bool H2Session::retired() const {
  return retired_ || broken_ || nghttp2_session_check_request_allowed(session_) == 0;
}

bool H2Session::has_room() const {
  if (!ready_ || retired()) return false;
  const std::size_t allowed =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return streams_count_ < std::min(allowed, kStreamsMax) &&
         nghttp2_session_get_next_stream_id(session_) < kLastStreamId;
}

void H2Session::attach(H2Stream& stream) {
  stream.session_ = this;
  stream.next_ = first_;
  if (first_ != nullptr) first_->at_ = &stream.next_;
  stream.at_ = &first_;
  first_ = &stream;
  ++streams_count_;
}

void H2Session::forget(H2Stream& stream) {
  *stream.at_ = stream.next_;
  if (stream.next_ != nullptr) stream.next_->at_ = stream.at_;
  stream.next_ = nullptr;
  stream.at_ = nullptr;
  stream.session_ = nullptr;
  --streams_count_;
}

// Of a head that the stream writes itself nghttp2 knows the method, by which it judges the answer.
void H2Session::submit(H2Stream& stream, const H2Request& request) {
  append_head_block(stream.head_block_, request.fields);
  constexpr std::size_t kUpdatesMax = 32;
  const bool own = stream.head_block_.size() + kUpdatesMax <= kFrameBytesMax;
  if (!own) stream.head_block_.clear();
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  const auto field_of = [&bytes](const http::SetField& field, std::uint8_t flags) {
    return nghttp2_nv{bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
                      flags};
  };
  nghttp2_nv method = field_of(request.fields.front(), NGHTTP2_NV_FLAG_NO_INDEX);
  std::vector<nghttp2_nv> all;
  std::span<nghttp2_nv> fields(&method, 1);
  if (!own) {
    for (const http::SetField& field : request.fields) {
      all.push_back(field_of(field, NGHTTP2_NV_FLAG_NONE));
    }
    fields = all;
  }
  const nghttp2_data_provider body{.source = {}, .read_callback = H2Callbacks::body};
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                             request.body == H2Request::Body::Follows ? &body : nullptr, &stream);
  if (id < 0) {
    retired_ = true;
    forget(stream);
    stream.ended(H2Outcome::Unprocessed, NetError::Refused);
    hooks_.freed(hooks_.context);
    return;
  }
  stream.id_ = id;
  stream.session_bytes_before_ = bytes_received_;
  ask_to_send();
}

void H2Session::body_is_there(H2Stream& stream) {
  nghttp2_session_resume_data(session_, stream.id_);
  ask_to_send();
}

void H2Session::consumed(H2Stream& stream, std::size_t bytes) {
  if (nghttp2_session_consume_stream(session_, stream.id_, bytes) == 0 &&
      nghttp2_session_want_write(session_) != 0) {
    ask_to_send();
  }
}

void H2Session::abandon(H2Stream& stream) {
  if (stream.id_ != 0) {
    nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, NGHTTP2_CANCEL);
    ask_to_send();
  }
  forget(stream);
  hooks_.freed(hooks_.context);
}

void H2Session::closed(H2Stream& stream, std::uint32_t code) {
  forget(stream);
  if (stream.malformed_) {
    stream.ended(H2Outcome::Malformed, NetError::Other);
  } else if (stream.got_end_) {
    stream.ended(H2Outcome::Whole, NetError::EndOfStream);
  } else if (code == NGHTTP2_REFUSED_STREAM && !stream.final_head_) {
    retired_ = true;  // a retry goes to another connection
    stream.ended(H2Outcome::Unprocessed, NetError::Refused);
  } else if (stream.peer_reset_) {
    stream.ended(H2Outcome::Reset, NetError::Reset);
  } else {  // nghttp2 found it at fault
    stream.ended(H2Outcome::Malformed, NetError::Other);
  }
  hooks_.freed(hooks_.context);
}

void H2Session::finish() {
  retired_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  ask_to_send();
}

void H2Session::lose(NetError error) {
  retired_ = true;
  while (first_ != nullptr) {
    H2Stream& stream = *first_;
    if (stream.id_ != 0) nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
    forget(stream);
    if (stream.id_ == 0) {
      stream.ended(H2Outcome::Unprocessed, error);
    } else {
      stream.ended(stream.got_end_ ? H2Outcome::Whole : H2Outcome::Lost, error);
    }
  }
}

}  // namespace guarita::net
