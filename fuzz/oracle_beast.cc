// Boost.Beast's parser as an oracle. Header-only in this one file.
#undef BOOST_BEAST_SEPARATE_COMPILATION
#undef BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "message.h"

namespace guarita::fuzz {
namespace {

namespace http = boost::beast::http;

std::string start_of(const http::request<http::string_body>& m) {
  return std::string(m.method_string()) + " " + std::string(m.target());
}
std::string start_of(const http::response<http::string_body>& m) {
  return std::to_string(m.result_int()) + " " + std::string(m.reason());
}

template <class Parser>
Message run(std::string_view bytes, bool skip_body) {
  Parser parser;
  parser.eager(true);
  parser.skip(skip_body);
  parser.body_limit(boost::none);
  parser.header_limit(UINT32_MAX);
  Message message;
  boost::beast::error_code error;
  while (message.consumed < bytes.size() && !parser.is_done()) {
    const std::size_t used = parser.put(
        boost::asio::buffer(bytes.data() + message.consumed, bytes.size() - message.consumed),
        error);
    message.consumed += used;
    if (error == http::error::need_more) {
      error = {};
      if (used == 0) break;
    }
    if (error) break;
  }
  if (!error && !parser.is_done()) parser.put_eof(error);
  message.ok = !error && parser.is_done();
  message.error = message.ok ? "" : error ? error.message() : "not complete";
  const auto& m = parser.get();
  const unsigned version = m.version();
  message.start = start_of(m) + " " + std::to_string(version);
  for (const auto& field : m)
    message.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  message.body = m.body();
  message.keep_alive = parser.keep_alive();  // m.keep_alive() sees one Connection line only
  normalise(message);
  return message;
}

}  // namespace

Message by_beast_request(std::string_view bytes) {
  return run<http::request_parser<http::string_body>>(bytes, false);
}
Message by_beast_response(std::string_view bytes, bool skip_body) {
  return run<http::response_parser<http::string_body>>(bytes, skip_body);
}

}  // namespace guarita::fuzz
