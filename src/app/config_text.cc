// Keys and values as text, for people and for TOML.
#include <fmt/format.h>

#include <algorithm>

#include "app/config_key.h"
#include "base/log.h"

namespace guarita::app {

std::string bytes_text(std::uint64_t n) {
  constexpr std::pair<unsigned, std::string_view> kUnits[] = {
      {40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
  for (const auto& [bits, unit] : kUnits) {
    if (n != 0 && n % (1ULL << bits) == 0) return fmt::format("{}{}", n >> bits, unit);
  }
  return std::to_string(n);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  log::append_json_escaped(out, text);
  out += '"';
  return out;
}

std::string KeyInfo::variable() const {
  std::string out = "GUARITA__";
  for (const char c : section + "." + name) {
    if (c == '.') {
      out += "__";
    } else {
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}

std::string allowed_text(const KeyInfo& key) {
  switch (key.kind) {
    case Kind::Text: return "text";
    case Kind::Flag: return "true or false";
    case Kind::Choice: {
      std::string out;
      for (const std::string_view c : key.choices) out += (out.empty() ? "" : " or ") + quote(c);
      return out;
    }
    case Kind::Count:
      return fmt::format("{} to {}{}{}", key.min, key.max, key.unit.empty() ? "" : " ", key.unit);
    case Kind::Bytes:
      return fmt::format("bytes, {} to {}", bytes_text(key.min), bytes_text(key.max));
    case Kind::Duration:
      return fmt::format("a duration such as \"10s\", {} to {}", format_duration(Millis(key.min)),
                         format_duration(Millis(key.max)));
    case Kind::Texts: return "a list of texts";
    case Kind::Headers: return "a table of header name = \"env:NAME\" or \"file:PATH\"";
  }
  return {};
}

std::string toml_text(const Raw& raw) {
  struct Show {
    std::string operator()(const std::string& text) const { return quote(text); }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::vector<std::string>& texts) const {
      std::string out;
      for (const std::string& t : texts) out += (out.empty() ? "" : ", ") + quote(t);
      return "[" + out + "]";
    }
    std::string operator()(const TextPairs& pairs) const {
      std::string out;
      for (const auto& [name, text] : pairs) {
        out += (out.empty() ? " " : ", ") + quote(name) + " = " + quote(text);
      }
      return out.empty() ? "{}" : "{" + out + " }";
    }
  };
  return std::visit(Show{}, raw);
}

Raw raw_of_text(const KeyInfo& key, std::string_view text) {
  const auto split = [&] {
    std::vector<std::string> parts;
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      std::string_view part = text.substr(0, comma);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      if (!part.empty()) parts.emplace_back(part);
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
  };
  switch (key.kind) {
    case Kind::Flag:
      if (text == "true" || text == "false") return text == "true";
      return std::string(text);
    case Kind::Texts: return split();
    case Kind::Headers: {
      TextPairs pairs;
      for (const std::string& part : split()) {
        const std::size_t equals = std::min(part.find('='), part.size());
        pairs.emplace_back(part.substr(0, equals),
                           equals < part.size() ? part.substr(equals + 1) : std::string());
      }
      return pairs;
    }
    case Kind::Text:
    case Kind::Choice:
    case Kind::Count:
    case Kind::Bytes:
    case Kind::Duration: return std::string(text);
  }
  return std::string(text);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    // Levenshtein, one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t change = diagonal + (word[i] == candidate[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace guarita::app
