// A message as one parser understood it, in a form in which three parsers can be compared.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guarita::fuzz {

struct Message {
  bool ok = false;
  std::string error;                                        // when not ok
  std::string start;                                        // "GET /a 11" or "200 OK 11"
  std::vector<std::pair<std::string, std::string>> fields;  // trailers included, see normalise()
  std::string body;
  std::size_t consumed = 0;
  bool keep_alive = false;
};

// What a response answers.
struct Context {
  bool head = false;       // the request's method was HEAD
  bool websocket = false;  // the request asked for it
};

// Names in lower case, lines sorted by name and for one name in their order: Beast keeps equal
// names together.
void normalise(Message& message);

Message by_llhttp_request(std::string_view bytes);
Message by_llhttp_response(std::string_view bytes, bool skip_body);
Message by_beast_request(std::string_view bytes);
Message by_beast_response(std::string_view bytes, bool skip_body);

// Prints both readings and the input, then aborts, or does what set_disagreement_handler() says.
void disagree(std::string_view what, const Message& ours, const Message& theirs,
              std::string_view input);
void disagree(std::string_view what, std::string_view input);
using DisagreementHandler = void (*)(std::string_view what);
void set_disagreement_handler(DisagreementHandler handler);

}  // namespace guarita::fuzz
