// For http_corpus_test: the bytes of a case through parser, target, serialiser and back, without
// a socket, a route or a token. What the gate would do with bytes alone.
#pragma once

#include <string>
#include <vector>

#include "support/http_corpus.h"

namespace guarita::http {

// What one exchange came to.
struct Replayed {
  int status = 0;                            // an answer of the gate's own; 0: forwarded
  std::string error;                         // its text
  bool cut = false;                          // the caller's answer was begun and cannot be finished
  bool open = false;                         // the caller's connection lives on
  bool reusable = false;                     // the upstream's connection may be pooled
  std::string upstream_head, upstream_body;  // the body decoded
  std::string caller_head, caller_body;      // all heads, 1xx too; the body decoded, and trailers
  bool operator==(const Replayed&) const = default;
};

// How the bytes arrive: `first` of them, then `step` at a time.
struct Arrival {
  std::size_t first;
  std::size_t step;
};

// All requests of the case in one stream over one connection. Ends after the first exchange that
// closes it.
std::vector<Replayed> replay(const test::HttpCase& c, Arrival requests, Arrival answers);

extern const test::CorpusWords kCorpusWords;

}  // namespace guarita::http
