// bench_micro [--instances=N] [Google Benchmark's options]: time per request of every item.
// bench_micro --count=NAME: runs the one item kCounted times inside counted(), for callgrind, whose
// instruction counts do not wobble: bench/instructions.mjs.
// bench_micro --list: the items' names and how many requests a call stands for.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "crypto/crypto.h"
#include "micro/items.h"

namespace guarita::bench {
namespace {

constexpr unsigned kCounted = 1000;
constexpr std::uint64_t kSmallWorld = 1000;
constexpr std::size_t kPicks = 1U << 20U;  // 80 MiB, read in order
constexpr std::size_t kPicksFew = 1U << 10U;

}  // namespace
}  // namespace guarita::bench

// Named for callgrind's --toggle-collect.
extern "C" [[gnu::noinline]] void counted(void (*run)(guarita::bench::Bench&),
                                          guarita::bench::Bench& bench) {
  for (unsigned i = 0; i < guarita::bench::kCounted; ++i) run(bench);
}

namespace guarita::bench {
namespace {

int count(std::string_view name) {
  for (const Item& item : items()) {
    if (item.name != name) continue;
    const World world(kSmallWorld, kPicksFew);
    const auto bench = make_bench(world, kSmallWorld);
    counted(item.run, *bench);  // warm: tables have their rows, buffers their size
    std::puts("warm");
    counted(item.run, *bench);
    return 0;
  }
  std::fprintf(stderr, "no such item\n");
  return 2;
}

int list() {
  for (const Item& item : items()) {
    std::printf("%.*s %u\n", static_cast<int>(item.name.size()), item.name.data(), item.requests);
  }
  return 0;
}

// One world at a time: the items of one size stand together.
class Worlds {
 public:
  Bench& of(std::uint64_t instances) {
    if (instances_ != instances) {
      bench_.reset();
      world_.emplace(instances, instances > kSmallWorld ? kPicks : kPicksFew);
      bench_ = make_bench(*world_, instances);
      instances_ = instances;
    }
    return *bench_;
  }

 private:
  std::uint64_t instances_ = 0;
  std::optional<World> world_;
  std::unique_ptr<Bench, FreeBench> bench_;
};

void register_items(Worlds& worlds, std::uint64_t largest) {
  for (const std::uint64_t instances : {1'000ULL, 100'000ULL, 1'000'000ULL, 10'000'000ULL}) {
    if (instances > largest) continue;
    for (const Item& item : items()) {
      if (item.scale == Scale::Fixed && instances != kSmallWorld) continue;
      const std::string name = std::string(item.name) + "/" + std::to_string(instances);
      benchmark::RegisterBenchmark(
          name.c_str(), [&worlds, &item, instances](benchmark::State& state) {
            Bench& bench = worlds.of(instances);
            for (auto _ : state) item.run(bench);
            state.counters["per_request"] = benchmark::Counter(
                static_cast<double>(item.requests),
                benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
          });
    }
  }
}

}  // namespace
}  // namespace guarita::bench

int main(int argc, char** argv) {
  using namespace guarita::bench;
  if (!guarita::crypto::init()) return 1;
  std::uint64_t largest = 1'000'000;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--list") return list();
    if (arg.starts_with("--count=")) return count(arg.substr(8));
    if (arg.starts_with("--instances=")) {
      largest = std::stoull(std::string(arg.substr(12)));
      std::copy(argv + i + 1, argv + argc, argv + i);
      --argc;
      --i;
    }
  }
  Worlds worlds;
  register_items(worlds, largest);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
