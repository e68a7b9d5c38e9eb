// The CLI's side of admin_http.h: one request, one answer, then the connection ends.
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/admin_http.h"
#include "net/admin_http_codec.h"

namespace guarita::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;
using boost::system::error_code;
using Socket = asio::local::stream_protocol::socket;

constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

struct Call {
  Socket socket;
  std::string path;
  std::string bytes;
  std::optional<Result<AdminResponse, std::string>> outcome;
};

std::string request_bytes(const AdminRequest& request) {
  std::string out = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : request.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out += "Connection: close\r\n";
  if (!request.body.empty() || request.method != "GET") {
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return out + "\r\n" + request.body;
}

std::string why(const error_code& error, const std::string& path) {
  if (error == boost::system::errc::no_such_file_or_directory) {
    return "there is no socket '" + path + "'";
  }
  if (error == asio::error::connection_refused) return "no server listens on '" + path + "'";
  return "'" + path + "': " + error.message();
}

AdminResponse response_of(http::response_parser<http::string_body>& parser) {
  auto message = parser.release();
  AdminResponse response{.status = message.result_int(), .headers = {}, .body = {}};
  for (const auto& field : message.base()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  return response;
}

asio::awaitable<void> run_call(Call* call) {
  using Outcome = Result<AdminResponse, std::string>;
  error_code ec;
  co_await call->socket.async_connect(asio::local::stream_protocol::endpoint(call->path),
                                      asio::redirect_error(use_awaitable, ec));
  if (ec) {
    call->outcome = Outcome(std::unexpect, why(ec, call->path));
    co_return;
  }
  // A server that refuses early (413) may close its side while we still send: read all the same.
  co_await asio::async_write(call->socket, asio::buffer(call->bytes),
                             asio::redirect_error(use_awaitable, ec));
  wipe(call->bytes);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(kAnswerBytesMax);
  while (!parser.is_done()) {
    const std::size_t got = co_await call->socket.async_read_some(
        buffer.prepare(16 * 1024), asio::redirect_error(use_awaitable, ec));
    if (ec == asio::error::eof) {
      ec = {};
      if (parser.got_some()) parser.put_eof(ec);
      if (ec || !parser.is_done()) {
        call->outcome = Outcome(std::unexpect, "the server closed before its answer was whole");
        co_return;
      }
      break;
    }
    if (!ec) {
      buffer.commit(got);
      buffer.consume(parser.put(buffer.data(), ec));
      if (ec == http::error::need_more) ec = {};
    }
    if (ec) {
      call->outcome = Outcome(std::unexpect, why(ec, call->path));
      co_return;
    }
  }
  call->outcome = Outcome(response_of(parser));
}

}  // namespace

Result<AdminResponse, std::string> admin_call(const std::string& unix_path,
                                              const AdminRequest& request, Millis timeout) {
  using Outcome = Result<AdminResponse, std::string>;
  if (unix_path.empty() || unix_path.size() > 107) {
    return Outcome(std::unexpect, "'" + unix_path + "' cannot be a socket's path");
  }
  asio::io_context io;
  Call call{Socket(io), unix_path, request_bytes(request), std::nullopt};
  asio::co_spawn(io, run_call(&call), asio::detached);
  io.run_for(timeout);
  if (!call.outcome) {
    return Outcome(std::unexpect, "no answer within " + format_duration(timeout));
  }
  return std::move(*call.outcome);
}

}  // namespace guarita::net
