// The fuzz targets without libFuzzer.
//   replay CORPUS [ROUNDS]       every seed, then ROUNDS mutations of each, seed printed
//   replay CORPUS --planted      honest seeds and mutations until a disagreement is found; exit 0
//                                when it is found within a minute, 1 when it is not
//   replay CORPUS --write DIR    the seeds as files DIR/TARGET/N for libFuzzer
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "message.h"
#include "seeds.h"

namespace {

using guarita::fuzz::Target;

// Bytes and words that framing hangs on.
constexpr std::string_view kPieces[] = {"\r",
                                        "\n",
                                        "\r\n",
                                        "\r\n\r\n",
                                        " ",
                                        "\t",
                                        ":",
                                        ",",
                                        ";",
                                        "+",
                                        "-",
                                        "0",
                                        "5",
                                        "a",
                                        "%2e",
                                        "..",
                                        "/",
                                        "\\",
                                        "\"",
                                        "chunked",
                                        "Content-Length: 5\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Connection: close\r\n",
                                        "0\r\n\r\n",
                                        "5\r\nhello\r\n",
                                        "HTTP/1.0",
                                        "\x7f",
                                        "\xc3\xa9"};

std::string mutate(const std::string& seed, std::mt19937_64& random) {
  std::string text = seed;
  const auto below = [&random](std::size_t n) { return n == 0 ? 0 : random() % n; };
  for (auto times = 1 + below(3); times != 0; --times) {
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0: text.insert(at, kPieces[below(std::size(kPieces))]); break;
      case 1: text.erase(at, 1 + below(4)); break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 3: text.insert(at, text.substr(below(text.size()), 1 + below(20))); break;
      default: {
        const std::string_view piece = kPieces[below(std::size(kPieces))];
        if (at < text.size()) text.replace(at, std::min(piece.size(), text.size() - at), piece);
      }
    }
  }
  return text;
}

[[noreturn]] void found(std::string_view what) {
  std::printf("planted bug found: %.*s\n", static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
  std::_Exit(0);
}

int look_for_planted_bug(const std::string& corpus) {
  guarita::fuzz::set_disagreement_handler(found);
  const auto targets = guarita::fuzz::load_targets(corpus, "honest");
  std::mt19937_64 random(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end)
    for (const Target& target : targets)
      for (const std::string& seed : target.seeds)
        if (seed.size() < 2000) target.run(mutate(seed, random));
  std::printf("planted bug NOT found\n");
  return 1;
}

int write_seeds(const std::string& corpus, const std::filesystem::path& folder) {
  for (const Target& target : guarita::fuzz::load_targets(corpus, "")) {
    std::filesystem::create_directories(folder / target.name);
    int number = 0;
    for (const std::string& seed : target.seeds)
      if (seed.size() < 4096)
        std::ofstream(folder / target.name / std::to_string(number++), std::ios::binary) << seed;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: replay CORPUS [ROUNDS | --planted | --write DIR]\n");
    return 2;
  }
  const std::string corpus = argv[1];
  if (argc > 2 && std::strcmp(argv[2], "--planted") == 0) return look_for_planted_bug(corpus);
  if (argc > 3 && std::strcmp(argv[2], "--write") == 0) return write_seeds(corpus, argv[3]);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  constexpr unsigned kSeed = 20261124;
  std::mt19937_64 random(kSeed);
  std::printf("seed %u\n", kSeed);
  for (const Target& target : guarita::fuzz::load_targets(corpus, "")) {
    std::size_t inputs = 0;
    for (const std::string& seed : target.seeds) {
      target.run(seed);
      ++inputs;
      if (seed.size() > 4096) continue;
      for (int i = 0; i < rounds; ++i, ++inputs) target.run(mutate(seed, random));
    }
    std::printf("%s: %zu seeds, %zu inputs\n", target.name, target.seeds.size(), inputs);
  }
  return 0;
}
