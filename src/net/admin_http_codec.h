// Between Beast's parser and serialiser and the plain values of admin_http.h. Internal to net.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/admin_http.h"

namespace guarita::net {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

enum class KeepAlive : std::uint8_t { No, Yes };
enum class BodyPart : std::uint8_t { Send, HeadOnly };
struct SendOptions {
  KeepAlive keep_alive = KeepAlive::Yes;
  BodyPart body = BodyPart::Send;
  unsigned version = 11;
};

void prepare(RequestParser& parser, std::size_t head_bytes_max, std::size_t body_bytes_max);
bool wants_continue(const RequestParser& parser);
// The status that a parser's error is refused with: 400, 413 or 431.
unsigned refusal_of(const boost::system::error_code& error);
// Moves the body out of the parser.
AdminRequest request_of(RequestParser& parser, const AdminPeer& peer);
// The whole response. `now` becomes Date.
std::string serialise_response(const AdminResponse& response, const SendOptions& how,
                               std::time_t now);
// The head of an event stream: chunked for HTTP/1.1, without a length; the connection ends with it.
std::string event_stream_head(const AdminResponse& response, const SendOptions& how,
                              std::time_t now);
// "127.0.0.1:80", "[::1]:80", "localhost:80" (= 127.0.0.1).
std::optional<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view text);
void wipe(std::string& text) noexcept;

}  // namespace guarita::net
