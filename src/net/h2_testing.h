// An HTTP/2 server for tests, sans I/O: bytes in, bytes out, and the test says what each stream
// answers.
#pragma once

#include <nghttp2/nghttp2.h>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guarita::net::testing {

using FieldPairs = std::vector<std::pair<std::string, std::string>>;

struct ServedStream {
  std::int32_t id = 0;
  FieldPairs fields;
  std::string body;
  bool ended = false;
  bool closed = false;
  std::uint32_t code = 0;  // when closed
  std::string answer;      // what is left to send of the body
  bool answer_ends = true;
  FieldPairs trailers;
  std::string field(std::string_view name) const {
    for (const auto& [n, v] : fields)
      if (n == name) return v;
    return "";
  }
};

class H2Server {
 public:
  explicit H2Server(std::vector<nghttp2_settings_entry> settings = {}) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closed);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  H2Server(const H2Server&) = delete;
  H2Server& operator=(const H2Server&) = delete;
  ~H2Server() { nghttp2_session_del(session_); }

  bool feed(std::string_view bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  std::string output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n));
    }
    return out;
  }

  ServedStream& stream(std::int32_t id) { return streams[id]; }
  ServedStream& newest() { return streams.rbegin()->second; }

  // A head; with a body to follow unless `last`.
  void head(std::int32_t id, const FieldPairs& fields, std::string body, FieldPairs trailers = {}) {
    ServedStream& s = streams[id];
    s.answer = std::move(body);
    s.trailers = std::move(trailers);
    const auto nv = pairs(fields);
    nghttp2_data_provider provider{.source = {}, .read_callback = give};
    nghttp2_submit_response(session_, id, nv.data(), nv.size(), &provider);
  }
  void interim(std::int32_t id, const FieldPairs& fields) {
    const auto nv = pairs(fields);
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, nv.data(), nv.size(), nullptr);
  }
  void head_alone(std::int32_t id, const FieldPairs& fields) {
    const auto nv = pairs(fields);
    nghttp2_submit_response(session_, id, nv.data(), nv.size(), nullptr);
  }
  void more(std::int32_t id, std::string_view bytes) {
    streams[id].answer.append(bytes);
    nghttp2_session_resume_data(session_, id);
  }
  void reset(std::int32_t id, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  }
  void go_away(std::int32_t last) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  nghttp2_session* raw() { return session_; }

  std::map<std::int32_t, ServedStream> streams;

 private:
  static H2Server& self(void* context) { return *static_cast<H2Server*>(context); }
  static std::vector<nghttp2_nv> pairs(const FieldPairs& fields) {
    std::vector<nghttp2_nv> nv;
    for (const auto& [name, value] : fields) {
      nv.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                    value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return nv;
  }
  static int header(nghttp2_session*, const nghttp2_frame* f, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* context) {
    ServedStream& s = self(context).streams[f->hd.stream_id];
    s.id = f->hd.stream_id;
    s.fields.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                          std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* f, void* context) {
    if (f->hd.stream_id != 0 && (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        (f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS)) {
      self(context).streams[f->hd.stream_id].ended = true;
    }
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* context) {
    self(context).streams[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t code, void* context) {
    self(context).streams[id].closed = true;
    self(context).streams[id].code = code;
    return 0;
  }
  static ssize_t give(nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                      std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void* context) {
    ServedStream& s = self(context).streams[id];
    const std::size_t given = std::min(size, s.answer.size());
    std::memcpy(into, s.answer.data(), given);
    s.answer.erase(0, given);
    if (s.answer.empty()) {
      if (!s.answer_ends) return given > 0 ? static_cast<ssize_t>(given) : NGHTTP2_ERR_DEFERRED;
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!s.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto nv = pairs(s.trailers);
        nghttp2_submit_trailer(session, id, nv.data(), nv.size());
      }
    }
    return static_cast<ssize_t>(given);
  }

  nghttp2_session* session_ = nullptr;
};

}  // namespace guarita::net::testing
