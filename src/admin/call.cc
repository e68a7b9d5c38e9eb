#include "admin/call.h"

#include <algorithm>
#include <charconv>

namespace guarita::admin {
namespace {

constexpr std::size_t kPageMax = 500;
constexpr std::size_t kCursorBytesMax = 512;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

const std::string* find(const NameValues& values, std::string_view name) {
  const auto at = std::ranges::find(values, name, &NameValues::value_type::first);
  return at == values.end() ? nullptr : &at->second;
}

}  // namespace

Problem bad_member(std::string_view member, std::string detail) {
  Problem result = problem(Code::InvalidRequest, std::move(detail));
  result.more["member"] = member;
  return result;
}

const std::string& Call::in_path(std::string_view name) const {
  static const std::string none;
  const std::string* value = find(path, name);
  return value == nullptr ? none : *value;
}

std::optional<std::string> Call::in_query(std::string_view name) const {
  const std::string* value = find(query, name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

control::Request Call::asked() const {
  control::Request asked{.actor = caller.actor, .if_revision = if_match};
  asked.actor.request_id = client.request_id;
  return asked;
}

store::Actor Call::actor() const {
  return asked().actor;
}

Result<store::PageRequest, Problem> Call::page() const {
  store::PageRequest page;
  if (const auto cursor = in_query("cursor")) {
    if (cursor->size() > kCursorBytesMax) {
      return Err<Problem>(bad_member("cursor", "that is no cursor of this list"));
    }
    page.cursor = *cursor;
  }
  if (const auto limit = in_query("limit")) {
    const auto number = read_number<std::size_t>(*limit);
    if (!number || *number == 0 || *number > kPageMax) {
      return Err<Problem>(bad_member("limit", "limit is a number from 1 to 500"));
    }
    page.limit = *number;
  }
  return page;
}

std::optional<Uuid> id_in_path(const Call& call) {
  return parse_uuid(call.in_path("id"));
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

Result<std::optional<store::Revision>, Problem> read_if_match(const net::AdminRequest& request) {
  if (request.count("If-Match") == 0) return std::optional<store::Revision>();
  const auto header = request.header("If-Match");
  if (header && header->size() >= 3 && header->front() == '"' && header->back() == '"') {
    const auto number = read_number<store::Revision>(header->substr(1, header->size() - 2));
    if (number) return number;
  }
  return Err<Problem>(
      bad_member("If-Match", "If-Match is one ETag as it was sent, such as \"17\""));
}

Result<NameValues, Problem> read_query(std::string_view query,
                                       const std::vector<std::string_view>& known) {
  NameValues values;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto name = percent_decode(pair.substr(0, equals));
    const auto value = percent_decode(equals == std::string_view::npos ? std::string_view()
                                                                       : pair.substr(equals + 1));
    if (!name || !value) return Err<Problem>(bad_member("query", "a percent escape is broken"));
    if (std::ranges::find(known, *name) == known.end()) {
      return Err<Problem>(bad_member(*name, "this resource has no such query parameter"));
    }
    if (find(values, *name) != nullptr) {
      return Err<Problem>(bad_member(*name, "the query parameter came twice"));
    }
    values.emplace_back(*name, *value);
  }
  return values;
}

}  // namespace guarita::admin
