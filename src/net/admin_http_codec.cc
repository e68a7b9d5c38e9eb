#include "net/admin_http_codec.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <charconv>
#include <cstring>

namespace guarita::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

bool equal_fold(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// RFC 9110 §5.6.7.
std::string http_date(std::time_t now) {
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  const std::size_t n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, n};
}

std::optional<std::string_view> only_line(const AdminHeaders& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (!equal_fold(key, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

}  // namespace

std::optional<std::string_view> AdminRequest::header(std::string_view name) const {
  return only_line(headers, name);
}

std::size_t AdminRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [&](const auto& h) { return equal_fold(h.first, name); }));
}

std::optional<std::string_view> AdminResponse::header(std::string_view name) const {
  return only_line(headers, name);
}

void prepare(RequestParser& parser, std::size_t head_bytes_max, std::size_t body_bytes_max) {
  parser.eager(true);
  parser.header_limit(static_cast<std::uint32_t>(head_bytes_max));
  parser.body_limit(body_bytes_max);
}

bool wants_continue(const RequestParser& parser) {
  const auto& head = parser.get();
  return head.version() >= 11 && equal_fold(head[http::field::expect], "100-continue");
}

unsigned refusal_of(const error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  return 400;
}

AdminRequest request_of(RequestParser& parser, const AdminPeer& peer) {
  auto message = parser.release();
  AdminRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message.base()) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = peer;
  return request;
}

std::string serialise_response(const AdminResponse& response, const SendOptions& how,
                               std::time_t now) {
  http::response<http::string_body> message(static_cast<http::status>(response.status),
                                            how.version);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.set(http::field::date, http_date(now));
  message.keep_alive(how.keep_alive == KeepAlive::Yes);
  if (response.status != 204 && response.status != 304) {
    message.content_length(response.body.size());
  }
  if (how.body == BodyPart::Send) message.body() = response.body;
  std::string bytes;
  bytes.reserve(512 + message.body().size());
  http::response_serializer<http::string_body> serialiser(message);
  error_code error;
  while (!serialiser.is_done()) {
    serialiser.next(error, [&](error_code& ec, const auto& buffers) {
      ec = {};
      std::size_t n = 0;
      for (const asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
        n += buffer.size();
      }
      serialiser.consume(n);
    });
    if (error) break;
  }
  wipe(message.body());
  return bytes;
}

std::string event_stream_head(const AdminResponse& response, const SendOptions& how,
                              std::time_t now) {
  http::response<http::empty_body> message(static_cast<http::status>(response.status), how.version);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.set(http::field::date, http_date(now));
  message.set(http::field::content_type, "text/event-stream");
  message.set(http::field::cache_control, "no-store");
  message.set("X-Accel-Buffering", "no");
  message.keep_alive(false);
  if (how.version >= 11) message.set(http::field::transfer_encoding, "chunked");
  std::string head = how.version >= 11 ? "HTTP/1.1 " : "HTTP/1.0 ";
  head.append(std::to_string(response.status)).append(" ");
  head.append(message.reason()).append("\r\n");
  for (const auto& field : message) {
    head.append(field.name_string()).append(": ").append(field.value()).append("\r\n");
  }
  return head += "\r\n";
}

std::optional<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) return std::nullopt;
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty()) return std::nullopt;
  return std::pair{std::string(host), port};
}

void wipe(std::string& text) noexcept {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace guarita::net
