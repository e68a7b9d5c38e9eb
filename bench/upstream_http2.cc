// h2c with prior knowledge, by libnghttp2. Windows are large, so that they are never the limit.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "upstream.h"

namespace bench {
namespace {

constexpr std::size_t kOutputBytes = 256 * 1024;  // made at once
constexpr std::uint32_t kWindowBytes = 16 * 1024 * 1024;
constexpr std::uint32_t kStreams = 1024;

class Http2 final : public Conversation {
 public:
  explicit Http2(const std::string& body) : body_(body), length_(std::to_string(body.size())) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Http2::on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Http2::on_close);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const std::array settings = {
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreams},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
  }
  ~Http2() override { nghttp2_session_del(session_); }
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  bool take(std::string_view bytes) override {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  std::string_view output() override {
    if (sent_ == out_.size()) {
      out_.clear();
      sent_ = 0;
      const std::uint8_t* data = nullptr;
      while (out_.size() < kOutputBytes) {
        const ssize_t n = nghttp2_session_mem_send(session_, &data);
        if (n <= 0) break;
        out_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(n));
      }
    }
    return std::string_view(out_).substr(sent_);
  }

  void sent(std::size_t bytes) override { sent_ += bytes; }

 private:
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      static_cast<Http2*>(self)->answer(frame->hd.stream_id);
    }
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    static_cast<Http2*>(self)->offsets_.erase(stream);
    return 0;
  }

  static nghttp2_nv field(std::string_view name, std::string_view value) {
    return {const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data())),
            const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data())),
            name.size(), value.size(),
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  }

  void answer(std::int32_t stream) {
    const std::array fields = {field(":status", "200"), field("content-type", "application/json"),
                               field("content-length", length_)};
    nghttp2_data_provider provider{.source = {.ptr = this}, .read_callback = &Http2::read_body};
    nghttp2_submit_response(session_, stream, fields.data(), fields.size(), &provider);
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* to,
                           std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                           void*) {
    auto* self = static_cast<Http2*>(source->ptr);
    std::size_t& offset = self->offsets_[stream];
    const std::size_t n = std::min(room, self->body_.size() - offset);
    self->body_.copy(reinterpret_cast<char*>(to), n, offset);
    offset += n;
    if (offset == self->body_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  const std::string& body_;
  const std::string length_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, std::size_t> offsets_;  // bytes of the body sent, by stream
  std::string out_;
  std::size_t sent_ = 0;
};

}  // namespace

std::unique_ptr<Conversation> make_http2(const std::string& body) {
  return std::make_unique<Http2>(body);
}

}  // namespace bench
