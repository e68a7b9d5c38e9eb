#include "seeds.h"

#include "http/parser.h"
#include "support/http_corpus.h"

namespace guarita::fuzz {
namespace {

constexpr std::size_t kSeedBytesMax = 100'000;

void add(Target& target, std::string seed) {
  if (seed.size() <= kSeedBytesMax) target.seeds.push_back(std::move(seed));
}

}  // namespace

std::vector<Target> load_targets(const std::string& corpus_folder, const std::string& kind) {
  std::vector<Target> targets = {{"request_fuzz", fuzz_request, {}},
                                 {"response_fuzz", fuzz_response, {}},
                                 {"chunked_fuzz", fuzz_chunked, {}},
                                 {"target_fuzz", fuzz_target, {}}};
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
