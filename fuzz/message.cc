#include "message.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <tuple>

namespace guarita::fuzz {
namespace {

DisagreementHandler handler = nullptr;

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    } else {
      out += c;
    }
  }
  return out;
}

void print(const char* who, const Message& message) {
  std::fprintf(stderr, "%s: %s%s\n", who, message.ok ? "" : "refused: ", message.error.c_str());
  std::fprintf(stderr, "  start %s\n", printable(message.start).c_str());
  for (const auto& [name, value] : message.fields)
    std::fprintf(stderr, "  %s = %s\n", printable(name).c_str(), printable(value).c_str());
  std::fprintf(stderr, "  body %s\n  consumed %zu keep %d\n", printable(message.body).c_str(),
               message.consumed, message.keep_alive);
}

void end(std::string_view what) {
  if (handler == nullptr) std::abort();
  handler(what);
}

}  // namespace

void set_disagreement_handler(DisagreementHandler h) {
  handler = h;
}

void normalise(Message& message) {
  for (auto& [name, value] : message.fields) {
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
  }
  // Not stable_sort: libstdc++ 12 calls a deprecated function in it.
  std::vector<std::size_t> order(message.fields.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&fields = message.fields](std::size_t a, std::size_t b) {
    return std::tie(fields[a].first, a) < std::tie(fields[b].first, b);
  });
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const std::size_t i : order) sorted.push_back(std::move(message.fields[i]));
  message.fields = std::move(sorted);
}

void disagree(std::string_view what, const Message& ours, const Message& theirs,
              std::string_view input) {
  std::fprintf(stderr, "DISAGREEMENT: %.*s\n", static_cast<int>(what.size()), what.data());
  print("ours", ours);
  print("theirs", theirs);
  std::fprintf(stderr, "input:\n%s\n", printable(input).c_str());
  end(what);
}

void disagree(std::string_view what, std::string_view input) {
  std::fprintf(stderr, "DISAGREEMENT: %.*s\ninput:\n%s\n", static_cast<int>(what.size()),
               what.data(), printable(input).c_str());
  end(what);
}

}  // namespace guarita::fuzz
