#include "cli/api.h"

#include <boost/json.hpp>

namespace guarita::cli {
namespace json = boost::json;
namespace {

const json::value kNull;

std::string joined(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return {};
  if (!value.is_array()) return json::serialize(value);
  std::string out;
  for (const json::value& element : value.get_array()) {
    if (!out.empty()) out += ", ";
    out += joined(element);
  }
  return out;
}

// Problem details (RFC 9457); an answer in another form is shown as it is.
Failure failure_of(const Reply& reply) {
  Failure failure;
  failure.json = reply.text;
  failure.message = text_at(reply.json, "detail");
  if (failure.message.empty()) failure.message = text_at(reply.json, "title");
  if (failure.message.empty()) {
    failure.message = "the server answered " + std::to_string(reply.status);
    if (!reply.text.empty()) failure.message += ": " + reply.text.substr(0, 200);
  }
  const std::string code = text_at(reply.json, "code");
  if (!code.empty()) failure.message += " (" + code + ")";
  failure.remedy = text_at(reply.json, "remedy");
  if (failure.remedy.empty() && reply.status == 412) {
    failure.remedy = "somebody changed it meanwhile: look at its state, then run this again";
  }
  return failure;
}

}  // namespace

Outcome<Reply> Api::send(std::string_view method, std::string_view target, const json::value& body,
                         std::string_view if_match) const {
  return call(method, target, body.is_null() ? std::string() : json::serialize(body), if_match);
}

Outcome<Reply> Api::call(std::string_view method, std::string_view target, std::string body,
                         std::string_view if_match) const {
  const RawCall raw{std::string(method), std::string(target), std::string(if_match),
                    std::move(body)};
  auto answer = transport_(raw);
  if (!answer) {
    return Err<Failure>(
        Failure{ExitCode::Unreachable,
                "no answer from a server: " + answer.error(),
                "start it: guarita serve --config FILE; or name its socket: --socket PATH or "
                "GUARITA_SOCKET",
                {}});
  }
  Reply reply{answer->status,
              std::move(answer->etag),
              std::move(answer->location),
              std::move(answer->body),
              {}};
  if (!reply.text.empty()) {
    boost::system::error_code error;
    reply.json = json::parse(reply.text, error);
    if (error) reply.json = nullptr;
  }
  if (reply.status < 200 || reply.status > 299) return Err<Failure>(failure_of(reply));
  return reply;
}

std::string escape(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (alphanumeric || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15u];
    }
  }
  return out;
}

const json::value& at(const json::value& object, std::string_view name) {
  if (!object.is_object()) return kNull;
  const json::value* found = object.get_object().if_contains(name);
  return found == nullptr ? kNull : *found;
}

std::string text_at(const json::value& object, std::string_view name) {
  return joined(at(object, name));
}

bool is_true(const json::value& value) {
  return value.is_bool() && value.get_bool();
}

}  // namespace guarita::cli
