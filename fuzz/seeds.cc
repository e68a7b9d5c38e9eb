#include "seeds.h"

#include "http/parser.h"
#include "support/http_corpus.h"

namespace guarita::fuzz {
namespace {

constexpr std::size_t kSeedBytesMax = 100'000;

void add(Target& target, std::string seed) {
  if (seed.size() <= kSeedBytesMax) target.seeds.push_back(std::move(seed));
}

// A frame (RFC 9113 §4.1). Headers below are HPACK's static table and plain literals.
std::string frame(char type, char flags, char stream, const std::string& payload) {
  const std::size_t size = payload.size();
  std::string made{static_cast<char>(size >> 16),
                   static_cast<char>(size >> 8 & 255),
                   static_cast<char>(size & 255),
                   type,
                   flags,
                   0,
                   0,
                   0,
                   stream};
  return made + payload;
}
std::string literal(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

std::vector<std::string> h2_seeds() {
  constexpr char kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7;
  constexpr char kEndStream = 1, kEndHeaders = 4;
  const std::string ok = "\x88";  // :status 200
  const std::string head_ended = frame(kHeaders, kEndHeaders | kEndStream, 3, ok);
  const std::string step = "\xff";
  return {
      step + frame(kHeaders, kEndHeaders, 1, ok) + frame(kData, kEndStream, 1, "hello") +
          head_ended,
      step + frame(kHeaders, kEndHeaders, 1, ok + literal("content-length", "5")) +
          frame(kData, 0, 1, "hel") + frame(kData, kEndStream, 1, "lo") + head_ended,
      step + frame(kHeaders, kEndHeaders, 1, literal(":status", "103") + literal("link", "</a>")) +
          frame(kHeaders, kEndHeaders, 1, ok) + frame(kData, 0, 1, "a") +
          frame(kHeaders, kEndHeaders | kEndStream, 1, literal("x-sum", "1")),
      step + frame(kReset, 0, 1, std::string("\0\0\0\7", 4)) + head_ended,
      step + frame(kGoAway, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8)) +
          frame(kHeaders, kEndHeaders | kEndStream, 1, "\x89"),
      "\x02" + frame(kPing, 0, 0, "12345678") + frame(kSettings, 1, 0, "") +
          frame(kHeaders, kEndHeaders, 1, ok + literal("connection", "close")) + head_ended,
  };
}

}  // namespace

std::vector<Target> load_targets(const std::string& corpus_folder, const std::string& kind) {
  std::vector<Target> targets = {{"request_fuzz", fuzz_request, {}},
                                 {"response_fuzz", fuzz_response, {}},
                                 {"chunked_fuzz", fuzz_chunked, {}},
                                 {"target_fuzz", fuzz_target, {}},
                                 {"h2_response_fuzz", fuzz_h2_response, h2_seeds()}};
  const test::CorpusWords words = {{"token", "gta_0123456789"},
                                   {"host", "gate.example:8080"},
                                   {"upstream", "127.0.0.1:9000"},
                                   {"via", "guarita-1"}};
  for (const auto& c : test::load_http_corpus(corpus_folder, words)) {
    if (!kind.empty() && c.kind != kind) continue;
    std::string all;
    for (const auto& exchange : c.exchanges) {
      all += exchange.request;
      add(targets[0], exchange.request);
      const bool head = exchange.request.starts_with("HEAD ");
      const bool websocket = exchange.request.find("Upgrade: websocket") != std::string::npos;
      add(targets[1], static_cast<char>((head ? 1 : 0) | (websocket ? 2 : 0)) + exchange.answer);
      const std::size_t body = exchange.request.find("\r\n\r\n");
      if (exchange.request.find("hunked") != std::string::npos && body != std::string::npos)
        add(targets[2], "\x03" + exchange.request.substr(body + 4));
      const std::size_t space = exchange.request.find(' ');
      if (space != std::string::npos)
        add(targets[3],
            std::string(c.setting("merge_slashes") == "on" ? "\x01" : "\x02") +
                exchange.request.substr(space + 1, exchange.request.find(" HTTP/") - space - 1));
    }
    if (c.exchanges.size() > 1) add(targets[0], all);
  }
  return targets;
}

}  // namespace guarita::fuzz
