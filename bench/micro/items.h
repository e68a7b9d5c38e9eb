// The items that are measured: each a piece of one request's life in user space.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "micro/world.h"

namespace guarita::bench {

struct Bench;  // what an item needs at hand, warm: heads, rules, a shard, the yardstick's table

struct FreeBench {
  void operator()(Bench* bench) const;
};
std::unique_ptr<Bench, FreeBench> make_bench(const World& world, std::uint64_t instances);

enum class Scale : std::uint8_t {
  Fixed,       // does not depend on how many instances there are
  Population,  // does: measured at 1 k … 10 M
};

struct Item {
  std::string_view name;
  Scale scale;
  unsigned requests;  // that one call stands for
  void (*run)(Bench&);
};
std::span<const Item> items();

}  // namespace guarita::bench
