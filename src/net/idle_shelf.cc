#include "net/idle_shelf.h"

#include <algorithm>

namespace guarita::net {

IdleNode* IdleShelf::put(IdleNode& node, std::int64_t now_ms, std::int64_t until_ms,
                         std::size_t max) {
  if (max == 0 || until_ms <= now_ms) return &node;
  node.until_ms = until_ms;
  node.shelved = true;
  node.newer = nullptr;
  node.older = newest_;
  if (newest_ != nullptr) newest_->newer = &node;
  newest_ = &node;
  if (oldest_ == nullptr) oldest_ = &node;
  ++size_;
  if (size_ <= max) return nullptr;
  IdleNode* out = oldest_;
  remove(*out);
  return out;
}

IdleNode* IdleShelf::take(std::int64_t now_ms) {
  for (IdleNode* node = newest_; node != nullptr; node = node->older) {
    if (node->until_ms <= now_ms) continue;
    remove(*node);
    return node;
  }
  return nullptr;
}

void IdleShelf::remove(IdleNode& node) {
  if (!node.shelved) return;
  (node.newer != nullptr ? node.newer->older : newest_) = node.older;
  (node.older != nullptr ? node.older->newer : oldest_) = node.newer;
  node.newer = node.older = nullptr;
  node.shelved = false;
  --size_;
}

std::int64_t idle_keep_ms(std::int64_t configured_ms, int stated_timeout_s) {
  if (stated_timeout_s < 0) return configured_ms;
  return std::clamp<std::int64_t>((std::int64_t{stated_timeout_s} - 1) * 1000, 0, configured_ms);
}

}  // namespace guarita::net
