#include "net/upstream_pool.h"

#include <algorithm>

#include "base/log.h"

namespace guarita::net {
namespace {

constexpr std::int64_t kSweepEveryMs = 30'000;
constexpr std::int64_t kForgetAfterMs = 300'000;

}  // namespace

UpstreamConnection::UpstreamConnection(UpstreamPool& pool, Upstream& upstream)
    : pool_(pool), upstream_(upstream), idle_deadline_([](void* self) { over(self); }, this) {
  ++upstream_.open_;
}

UpstreamConnection::~UpstreamConnection() {
  --upstream_.open_;
  if (was_open_ && pool_.hooks_.closed != nullptr) pool_.hooks_.closed(pool_.hooks_.context);
}

void UpstreamConnection::over(void* self) noexcept {
  auto* connection = static_cast<UpstreamConnection*>(self);
  connection->pool_.discard_idle(*connection);
}

UpstreamPool::UpstreamPool(Loop& loop, DeadlineWheel& wheel, Resolver& resolver, PoolHooks hooks)
    : loop_(loop),
      wheel_(wheel),
      resolver_(resolver),
      hooks_(hooks),
      h2_(*this, loop, wheel),
      self_(std::make_shared<UpstreamPool*>(this)) {}

UpstreamPool::~UpstreamPool() {
  stopped_ = true;
  close_idle();
  for (auto& [text, upstream] : by_text_) h2_.stop(*upstream);
}

Upstream* UpstreamPool::make(std::string_view text) {
  auto url = parse_upstream_url(text);
  if (!url) {
    log::warn("upstream", "unusable URL", {{"problem", url.error()}});
    return nullptr;
  }
  std::unique_ptr<Upstream> made(new Upstream(std::move(*url)));
  made->text_ = text;
  const UpstreamUrl& parsed = made->url_;
  if (parsed.is_unix()) {
    made->addresses_ =
        std::make_shared<const std::vector<Endpoint>>(1, *make_unix_endpoint(parsed.unix_path));
    made->fixed_ = true;
  } else if (const auto ip = parse_ip(parsed.host)) {
    made->addresses_ =
        std::make_shared<const std::vector<Endpoint>>(1, make_endpoint(*ip, parsed.port));
    made->fixed_ = true;
  }
  return by_text_.emplace(std::string(text), std::move(made)).first->second.get();
}

Upstream* UpstreamPool::find(std::uint32_t id, std::string_view text) {
  if (id != 0) {
    if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  }
  const auto found = by_text_.find(text);
  Upstream* upstream = found != by_text_.end() ? found->second.get() : make(text);
  if (id != 0 && upstream != nullptr) by_id_.emplace(id, upstream);
  return upstream;
}

Upstream* UpstreamPool::hold(std::uint32_t id, std::string_view text) {
  Upstream* upstream = find(id, text);
  if (upstream == nullptr) return nullptr;
  ++upstream->holders_;
  upstream->last_held_ms_ = loop_.now_ms();
  return upstream;
}

UpstreamConnectionPtr UpstreamPool::take_idle(Upstream& upstream) {
  while (IdleNode* node = upstream.idle_.take(loop_.now_ms())) {
    --idle_total_;
    UpstreamConnectionPtr connection(static_cast<UpstreamConnection*>(node));
    wheel_.disarm(connection->idle_deadline_);
    if (!connection->stream_->unwatch()) continue;  // an event came in this turn of the loop
    connection->reused_ = true;
    return connection;
  }
  return nullptr;
}

void UpstreamPool::give_back(UpstreamConnectionPtr connection, std::int64_t keep_ms) {
  Upstream& upstream = connection->upstream_;
  if (stopped_ || keep_ms <= 0 || options_.idle_max == 0) return;
  if (!connection->stream_->watch(&UpstreamConnection::over, connection.get())) return;
  UpstreamConnection* kept = connection.release();
  const std::int64_t now = loop_.now_ms();
  wheel_.arm(kept->idle_deadline_, now + keep_ms);
  ++idle_total_;
  if (IdleNode* out = upstream.idle_.put(*kept, now, now + keep_ms, options_.idle_max)) {
    discard_idle(*static_cast<UpstreamConnection*>(out));
  }
}

void UpstreamPool::discard_idle(UpstreamConnection& connection) {
  connection.upstream_.idle_.remove(connection);
  --idle_total_;
  connection.stream_->unwatch();
  delete &connection;
}

void UpstreamPool::close_idle() {
  for (auto& [text, upstream] : by_text_) {
    h2_.close_idle(*upstream);
    while (IdleNode* node = upstream->idle_.oldest()) {
      discard_idle(*static_cast<UpstreamConnection*>(node));
    }
  }
}

void UpstreamPool::sweep() {
  const std::int64_t now = loop_.now_ms();
  if (now < next_sweep_ms_) return;
  next_sweep_ms_ = now + kSweepEveryMs;
  const auto forgotten = [now](const Upstream& upstream) {
    return upstream.holders_ == 0 && upstream.open_ == 0 && !upstream.resolving_ &&
           now - upstream.last_held_ms_ > kForgetAfterMs;
  };
  std::erase_if(by_id_, [&](const auto& entry) { return forgotten(*entry.second); });
  std::erase_if(by_text_, [&](const auto& entry) { return forgotten(*entry.second); });
}

}  // namespace guarita::net
