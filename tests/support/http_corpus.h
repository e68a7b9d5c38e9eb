// Reads tests/corpora/http/: one file a case, its format is in the README.md there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace guarita::test {

// What stands for \{token}, \{host}, \{upstream} and \{via} in a case.
using CorpusWords = std::map<std::string, std::string>;

// What must and must not be in a head (whole lines, any case), and the decoded body.
struct Sight {
  std::vector<std::string> has;
  std::vector<std::string> lacks;  // pieces of text
  std::optional<std::string> body;
  int status = 0;  // 0: not said
};

struct HttpExchange {
  int line = 0;  // of `request:` in the file
  std::string request;
  enum class Expect { Forward, Status, Cut } expect = Expect::Forward;
  int status = 0;    // Expect::Status
  std::string text;  // of {"error":"…"}; empty: not said
  std::string then;  // of the caller's connection: "open", "close" or not said
  Sight upstream;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  std::string upstream_then;  // "reuse", "discard" or not said
  Sight caller;
};

struct HttpCase {
  std::string file;  // "host-one.attack.two_lines"
  std::string rule, kind, why;
  std::map<std::string, std::string> gate;  // settings that differ from the default
  bool needs_gate = false;                  // decided by more than bytes: routes, tokens, sockets
  std::vector<HttpExchange> exchanges;

  bool attack() const { return kind == "attack"; }
  std::string setting(const std::string& name) const;
};

// All cases of `folder`, by file name. Throws std::runtime_error that names file and line.
std::vector<HttpCase> load_http_corpus(const std::string& folder, const CorpusWords& words);

// Rule ids of rules.txt, with the WIRE.md sentence of each.
std::map<std::string, std::string> load_http_rules(const std::string& folder);

}  // namespace guarita::test
