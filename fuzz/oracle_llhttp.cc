// llhttp 8.1 (Node's parser) as an oracle, in its default, non-lenient mode.
#include <llhttp.h>

#include "message.h"

namespace guarita::fuzz {
namespace {

struct State {
  Message message;
  std::string method, target, reason;
  std::string name, value;
  bool skip_body = false;
  bool complete = false;
};

State& state_of(llhttp_t* parser) {
  return *static_cast<State*>(parser->data);
}

template <std::string State::* member>
int append(llhttp_t* parser, const char* at, size_t size) {
  (state_of(parser).*member).append(at, size);
  return 0;
}

int on_body(llhttp_t* parser, const char* at, size_t size) {
  state_of(parser).message.body.append(at, size);
  return 0;
}

int on_value_complete(llhttp_t* parser) {
  State& state = state_of(parser);
  state.message.fields.emplace_back(std::move(state.name), std::move(state.value));
  state.name.clear();
  state.value.clear();
  return 0;
}

int on_headers_complete(llhttp_t* parser) {
  return state_of(parser).skip_body ? 1 : 0;
}

int on_message_complete(llhttp_t* parser) {
  state_of(parser).complete = true;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = append<&State::method>;
  settings.on_url = append<&State::target>;
  settings.on_status = append<&State::reason>;
  settings.on_header_field = append<&State::name>;
  settings.on_header_value = append<&State::value>;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_headers_complete;
  settings.on_body = on_body;
  settings.on_message_complete = on_message_complete;
  return settings;
}

Message run(std::string_view bytes, llhttp_type_t type, bool skip_body) {
  static const llhttp_settings_t settings = make_settings();
  State state;
  state.skip_body = skip_body;
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  parser.data = &state;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  Message& message = state.message;
  if (state.complete && (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE)) {
    message.ok = true;
    message.consumed = static_cast<size_t>(llhttp_get_error_pos(&parser) - bytes.data());
  } else if (error == HPE_OK) {
    // Only a body that lasts until the connection closes is whole now.
    message.ok = llhttp_finish(&parser) == HPE_PAUSED && state.complete;
    message.consumed = bytes.size();
    message.error = message.ok ? "" : "not complete";
  } else {
    message.error = llhttp_get_error_reason(&parser) ? llhttp_get_error_reason(&parser)
                                                     : llhttp_errno_name(error);
  }
  const std::string version = std::to_string(parser.http_major) + std::to_string(parser.http_minor);
  message.start = type == HTTP_REQUEST
                      ? state.method + " " + state.target + " " + version
                      : std::to_string(parser.status_code) + " " + state.reason + " " + version;
  message.keep_alive = llhttp_should_keep_alive(&parser) != 0;
  normalise(message);
  return std::move(message);
}

}  // namespace

Message by_llhttp_request(std::string_view bytes) {
  return run(bytes, HTTP_REQUEST, false);
}
Message by_llhttp_response(std::string_view bytes, bool skip_body) {
  return run(bytes, HTTP_RESPONSE, skip_body);
}

}  // namespace guarita::fuzz
