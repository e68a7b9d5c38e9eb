// The two languages of the benchmarks' upstream: bytes in, the one prepared answer out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

// One connection's side of a conversation. Knows nothing of sockets.
class Conversation {
 public:
  virtual ~Conversation() = default;
  // False: what came is no HTTP, close.
  virtual bool take(std::string_view bytes) = 0;
  // The next bytes to send; empty: nothing to say now. They stay valid until sent() or take().
  virtual std::string_view output() = 0;
  virtual void sent(std::size_t bytes) = 0;
};

// `response` is a whole HTTP/1.1 message; `body` is what HTTP/2 sends as DATA. Both are borrowed.
std::unique_ptr<Conversation> make_http1(const std::string& response);
std::unique_ptr<Conversation> make_http2(const std::string& body);

}  // namespace bench
