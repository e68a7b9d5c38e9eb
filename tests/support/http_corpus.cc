#include "support/http_corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace guarita::test {
namespace {

// Escapes: \r \n \t \0 \\ \} \xHH, \{word}, \*N{text} = text N times.
class Unescape {
 public:
  explicit Unescape(const CorpusWords& words) : words_(words) {}

  std::string run(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out += text[i];
        continue;
      }
      if (++i == text.size()) throw std::runtime_error("a backslash at the end");
      escape(text, i, out);
    }
    return out;
  }

 private:
  void escape(std::string_view text, std::size_t& i, std::string& out) {
    switch (text[i]) {
      case 'r': out += '\r'; return;
      case 'n': out += '\n'; return;
      case 't': out += '\t'; return;
      case '0': out += '\0'; return;
      case '\\': out += '\\'; return;
      case '}': out += '}'; return;
      case 'x':
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        return;
      case '{': {
        const std::string word(braced(text, i));
        const auto found = words_.find(word);
        if (found == words_.end()) throw std::runtime_error("no word \\{" + word + "}");
        out += found->second;
        return;
      }
      case '*': {
        std::size_t digits = 0;
        const int times = std::stoi(std::string(text.substr(i + 1)), &digits);
        i += 1 + digits;
        if (i >= text.size() || text[i] != '{') throw std::runtime_error("\\*N without {text}");
        const std::string piece = run(braced(text, i));
        out.reserve(out.size() + piece.size() * static_cast<std::size_t>(times));
        for (int n = 0; n < times; ++n) out += piece;
        return;
      }
      default: throw std::runtime_error(std::string("unknown escape \\") + text[i]);
    }
  }

  // From `{` at i to the next `}` not escaped; i ends on it.
  static std::string_view braced(std::string_view text, std::size_t& i) {
    std::size_t end = i + 1;
    while (end < text.size() && text[end] != '}') end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) throw std::runtime_error("no closing brace");
    const std::string_view inside = text.substr(i + 1, end - i - 1);
    i = end;
    return inside;
  }

  const CorpusWords& words_;
};

std::string_view after(std::string_view text, std::string_view prefix) {
  text.remove_prefix(prefix.size());
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

class Reader {
 public:
  Reader(HttpCase& into, const CorpusWords& words) : case_(into), unescape_(words) {}

  void line(std::string_view text, int number) {
    if (text.starts_with("  ")) {
      block_line(text.substr(2));
    } else if (text.starts_with("#")) {
      if (case_.exchanges.empty()) case_.why += std::string(after(text, "#")) + " ";
    } else if (!text.empty()) {
      keyword(text, number);
    }
  }

 private:
  enum class Block { None, Request, Upstream, Answer, Caller };

  HttpExchange& last() {
    if (case_.exchanges.empty()) throw std::runtime_error("before the first request:");
    return case_.exchanges.back();
  }

  void block_line(std::string_view text) {
    switch (block_) {
      case Block::None: throw std::runtime_error("an indented line outside a block");
      case Block::Request: last().request += unescape_.run(text); return;
      case Block::Answer: last().answer += unescape_.run(text); return;
      case Block::Upstream: sight(last().upstream, text); return;
      case Block::Caller: sight(last().caller, text); return;
    }
  }

  void sight(Sight& into, std::string_view text) {
    if (text.starts_with("has "))
      into.has.push_back(unescape_.run(after(text, "has")));
    else if (text.starts_with("lacks "))
      into.lacks.push_back(unescape_.run(after(text, "lacks")));
    else if (text.starts_with("status "))
      into.status = std::stoi(std::string(after(text, "status")));
    else if (text == "body" || text.starts_with("body "))
      into.body = unescape_.run(text == "body" ? std::string_view() : text.substr(5));
    else
      throw std::runtime_error("has, lacks, status or body");
  }

  void keyword(std::string_view text, int number) {
    block_ = Block::None;
    if (text == "request:") {
      case_.exchanges.emplace_back().line = number;
      block_ = Block::Request;
    } else if (text == "upstream sees:") {
      block_ = Block::Upstream;
    } else if (text == "upstream answers:") {
      last().answer.clear();
      block_ = Block::Answer;
    } else if (text == "caller sees:") {
      block_ = Block::Caller;
    } else if (text.starts_with("expect:")) {
      expect(std::string(after(text, "expect:")));
    } else if (text.starts_with("then:")) {
      last().then = after(text, "then:");
    } else if (text.starts_with("upstream then:")) {
      last().upstream_then = after(text, "upstream then:");
    } else if (text == "needs: gate") {
      case_.needs_gate = true;
    } else if (text.starts_with("gate:")) {
      settings(std::string(after(text, "gate:")));
    } else {
      throw std::runtime_error("unknown keyword");
    }
  }

  void expect(const std::string& text) {
    HttpExchange& exchange = last();
    if (text == "forward") return;
    if (text == "cut") {
      exchange.expect = HttpExchange::Expect::Cut;
      return;
    }
    exchange.expect = HttpExchange::Expect::Status;
    exchange.status = std::stoi(text);
    if (text.size() > 4) exchange.text = text.substr(4);
  }

  void settings(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw std::runtime_error("gate: name=value");
    case_.gate[text.substr(0, equals)] = unescape_.run(text.substr(equals + 1));
  }

  HttpCase& case_;
  Unescape unescape_;
  Block block_ = Block::None;
};

HttpCase load_case(const std::filesystem::path& path, const CorpusWords& words) {
  HttpCase loaded;
  loaded.file = path.stem().string();
  const std::size_t one = loaded.file.find('.');
  const std::size_t two = loaded.file.find('.', one + 1);
  if (two == std::string::npos) throw std::runtime_error(path.string() + ": RULE.KIND.slug.case");
  loaded.rule = loaded.file.substr(0, one);
  loaded.kind = loaded.file.substr(one + 1, two - one - 1);
  if (loaded.kind != "attack" && loaded.kind != "honest")
    throw std::runtime_error(path.string() + ": the kind is attack or honest");
  std::ifstream file(path);
  Reader reader(loaded, words);
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    try {
      reader.line(text, number);
    } catch (const std::exception& e) {
      throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": " + e.what());
    }
  }
  if (loaded.exchanges.empty()) throw std::runtime_error(path.string() + ": no request:");
  return loaded;
}

}  // namespace

std::string HttpCase::setting(const std::string& name) const {
  const auto found = gate.find(name);
  return found == gate.end() ? std::string() : found->second;
}

std::vector<HttpCase> load_http_corpus(const std::string& folder, const CorpusWords& words) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<HttpCase> cases;
  for (const auto& path : paths) cases.push_back(load_case(path, words));
  return cases;
}

std::map<std::string, std::string> load_http_rules(const std::string& folder) {
  std::ifstream file(folder + "/rules.txt");
  if (!file) throw std::runtime_error(folder + "/rules.txt: cannot be read");
  std::map<std::string, std::string> rules;
  std::string text;
  while (std::getline(file, text)) {
    if (text.empty() || text.front() == '#') continue;
    const std::size_t space = text.find_first_of(" \t");
    const std::size_t sentence = text.find_first_not_of(" \t", space);
    if (sentence == std::string::npos) throw std::runtime_error("rules.txt: " + text);
    rules[text.substr(0, space)] = text.substr(sentence);
  }
  return rules;
}

}  // namespace guarita::test
