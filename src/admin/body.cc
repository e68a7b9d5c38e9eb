#include "admin/body.h"

#include <boost/json/parse.hpp>

namespace guarita::admin {
bool is_json(std::string_view type) {
  constexpr std::string_view kJson = "application/json";
  if (type.size() < kJson.size()) return false;
  for (std::size_t i = 0; i < kJson.size(); ++i) {
    const char c = type[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kJson[i]) return false;
  }
  return type.size() == kJson.size() || type[kJson.size()] == ';' || type[kJson.size()] == ' ';
}

bool is_dry_run(const net::AdminRequest& request) {
  Body body(request);
  return body.flag("dry_run");
}

Body::Body(const net::AdminRequest& request) {
  if (request.body.empty()) return;
  const auto type = request.header("Content-Type");
  if (!type || !is_json(*type)) {
    wrong_ = problem(Code::UnsupportedMediaType, "the body's Content-Type is not application/json");
    return;
  }
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(request.body, error);
  if (error) {
    wrong_ = bad_member("body", "the body is not JSON: " + error.message());
  } else if (!value.is_object()) {
    wrong_ = bad_member("body", "the body must be a JSON object");
  } else {
    object_ = std::move(value.get_object());
  }
}

const boost::json::value* Body::find(std::string_view name) {
  known_.emplace(name);
  return object_.if_contains(name);
}

void Body::fail(std::string_view name, std::string detail) {
  if (!wrong_) wrong_ = bad_member(std::string(name), std::move(detail));
}

std::optional<std::string> Body::text(std::string_view name, std::size_t bytes_max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    fail(name, "'" + std::string(name) + "' must be a string");
    return std::nullopt;
  }
  if (value->get_string().size() > bytes_max) {
    fail(name, "'" + std::string(name) + "' has over " + std::to_string(bytes_max) + " bytes");
    return std::nullopt;
  }
  return std::string(value->get_string());
}

std::string Body::required_text(std::string_view name, std::size_t bytes_max) {
  if (auto found = text(name, bytes_max)) return std::move(*found);
  fail(name, "'" + std::string(name) + "' is missing");
  return {};
}

std::optional<Secret> Body::secret(std::string_view name, std::size_t bytes_max) {
  if (auto found = text(name, bytes_max)) return Secret(std::move(*found));
  return std::nullopt;
}

Secret Body::required_secret(std::string_view name, std::size_t bytes_max) {
  return Secret(required_text(name, bytes_max));
}

std::optional<std::optional<std::string>> Body::nullable_text(std::string_view name,
                                                              std::size_t bytes_max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_null()) return std::optional<std::string>();
  return text(name, bytes_max);
}

bool Body::flag(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) fail(name, "'" + std::string(name) + "' must be true or false");
  return value->is_bool() && value->get_bool();
}

std::optional<Time> Body::time(std::string_view name) {
  const auto found = text(name, 64);
  if (!found) return std::nullopt;
  const auto parsed = parse_rfc3339(*found);
  if (!parsed) fail(name, "'" + std::string(name) + "' is not an RFC 3339 time");
  return parsed;
}

std::vector<std::string> Body::required_texts(std::string_view name, std::size_t count_max,
                                              std::size_t bytes_max) {
  std::vector<std::string> texts;
  const auto* value = find(name);
  if (value == nullptr || !value->is_array()) {
    fail(name, "'" + std::string(name) + "' must be a list of strings");
    return texts;
  }
  if (value->get_array().size() > count_max) {
    fail(name, "'" + std::string(name) + "' has over " + std::to_string(count_max) + " entries");
    return texts;
  }
  for (const auto& entry : value->get_array()) {
    if (!entry.is_string() || entry.get_string().size() > bytes_max) {
      fail(name, "every entry of '" + std::string(name) + "' is a string of at most " +
                     std::to_string(bytes_max) + " bytes");
      return texts;
    }
    texts.emplace_back(entry.get_string());
  }
  return texts;
}

std::vector<Body> Body::objects(std::string_view name, std::size_t count_max) {
  std::vector<Body> entries;
  const auto* value = find(name);
  if (value == nullptr) return entries;
  if (!value->is_array() || value->get_array().size() > count_max) {
    fail(name, "'" + std::string(name) + "' must be a list of at most " +
                   std::to_string(count_max) + " objects");
    return entries;
  }
  for (const auto& entry : value->get_array()) {
    if (!entry.is_object()) {
      fail(name, "every entry of '" + std::string(name) + "' is an object");
      return {};
    }
    entries.push_back(Body(entry.get_object()));
  }
  return entries;
}

void Body::take_over(Body& entry) {
  auto wrong = entry.wrong();
  if (wrong && !wrong_) wrong_ = std::move(wrong);
}

std::optional<Problem> Body::wrong() {
  if (wrong_) return wrong_;
  for (const auto& member : object_) {
    if (!known_.contains(member.key())) {
      fail(std::string_view(member.key()).substr(0, 64), "this request has no such member");
      break;
    }
  }
  return wrong_;
}

}  // namespace guarita::admin
