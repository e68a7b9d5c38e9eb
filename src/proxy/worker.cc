#include "proxy/worker.h"

#include <algorithm>

#include "proxy/connection.h"

namespace guarita::proxy {

Worker::Worker(WorkerParts parts)
    : parts_(std::move(parts)),
      wheel_(parts_.loop.now_ms()),
      pool_(parts_.loop, wheel_, parts_.resolver,
            {.opened =
                 [](void* self) noexcept {
                   static_cast<Worker*>(self)->shard().count(telemetry::Event::UpstreamOpened);
                 },
             .closed =
                 [](void* self) noexcept {
                   static_cast<Worker*>(self)->shard().count(telemetry::Event::UpstreamClosed);
                 },
             .context = this}),
      sink_(std::make_unique_for_overwrite<char[]>(kSinkBytes)) {
  set_rules(parts_.rules);
}

Worker::~Worker() = default;

void Worker::add_listener(std::unique_ptr<net::Listener> listener) {
  listeners_.push_back(std::move(listener));
}

void Worker::start() {
  parts_.loop.set_tick([](void* self) { static_cast<Worker*>(self)->tick(); }, this);
  for (const auto& listener : listeners_) {
    listener->start(
        [](void* self, int fd, const net::Endpoint& peer) {
          return static_cast<Worker*>(self)->accepted(fd, peer);
        },
        this);
  }
}

// ---- rules -------------------------------------------------------------------------------------

void Worker::set_rules(std::shared_ptr<const Rules> rules) {
  all_rules_.push_back(std::make_unique<PinnedRules>(PinnedRules{.rules = std::move(rules)}));
  pinned_ = all_rules_.back().get();
  drop_unpinned();
  apply_options();
}

void Worker::apply_options() {
  const Limits& limits = rules().limits();
  pool_.set_options({.connect_ms = rules().timeouts().connect.count(),
                     .connections_max = limits.upstream_connections,
                     .idle_max = limits.upstream_idle_connections,
                     .idle_ms = rules().timeouts().upstream_idle.count()});
}

void Worker::drop_unpinned() {
  if (all_rules_.size() == 1) return;
  std::erase_if(all_rules_,
                [this](const auto& each) { return each.get() != pinned_ && each->pins == 0; });
}

void Worker::pin(Exchange& exchange) {
  if (exchange.pinned != nullptr) return;
  exchange.pinned = pinned_;
  ++pinned_->pins;
}

void Worker::unpin(Exchange& exchange) {
  if (exchange.pinned == nullptr) return;
  --exchange.pinned->pins;
  exchange.pinned = nullptr;
}

// ---- exchanges ---------------------------------------------------------------------------------

Exchange* Worker::take_exchange(Connection& connection) {
  Exchange* exchange = nullptr;
  if (spare_exchanges_.empty()) {
    exchange = new Exchange;
  } else {
    exchange = spare_exchanges_.back().release();
    spare_exchanges_.pop_back();
    spares_unneeded_ = std::min(spares_unneeded_, spare_exchanges_.size());
  }
  exchange->connection = &connection;
  return exchange;
}

void Worker::give_back(Exchange* exchange) {
  std::unique_ptr<Exchange> owned(exchange);
  unpin(*owned);
  owned->connection = nullptr;
  owned->in.clear();
  spare_exchanges_.push_back(std::move(owned));
}

// As many as were under way at once are kept; of more than a few, half of those without a use go.
void Worker::trim_spares() {
  const std::size_t gone = (spares_unneeded_ - std::min(spares_unneeded_, kSpareExchangesMin)) / 2;
  spare_exchanges_.erase(spare_exchanges_.begin(),
                         spare_exchanges_.begin() + static_cast<std::ptrdiff_t>(gone));
  spares_unneeded_ = spare_exchanges_.size();
}

void Worker::enter_open(Exchange& exchange) {
  exchange.forwarded_ms = loop().now_ms();
  exchange.next_open = first_open_;
  if (first_open_ != nullptr) first_open_->at_open = &exchange.next_open;
  exchange.at_open = &first_open_;
  first_open_ = &exchange;
  open_count_.store(open_count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Worker::leave_open(Exchange& exchange) {
  if (exchange.at_open == nullptr) return;
  *exchange.at_open = exchange.next_open;
  if (exchange.next_open != nullptr) exchange.next_open->at_open = exchange.at_open;
  exchange.at_open = nullptr;
  exchange.next_open = nullptr;
  if (exchange.marked) --marked_;
  open_count_.store(open_count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

// ---- connections -------------------------------------------------------------------------------

bool Worker::at_limit() const {
  const std::uint64_t share = rules().limits().connections / std::max(1U, parts_.threads);
  return connections_.load(std::memory_order_relaxed) >= std::max<std::uint64_t>(share, 1);
}

bool Worker::accepted(int fd, const net::Endpoint& peer) {
  std::unique_ptr<net::Stream> stream = net::Stream::adopt(loop(), fd);
  if (!stream) return false;
  if (parts_.tls) {
    std::unique_ptr<net::StreamLayer> layer = parts_.tls->make_layer();
    if (!layer) return false;
    stream->set_layer(std::move(layer));
  }
  auto* connection = new Connection(*this, std::move(stream), peer.ip());
  connection->next = first_connection_;
  if (first_connection_ != nullptr) first_connection_->at = &connection->next;
  connection->at = &first_connection_;
  first_connection_ = connection;
  connections_.store(connections_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  shard().count(telemetry::Event::ConnectionOpened);
  net::spawn(
      serve(*connection), "connection",
      [](void* self) noexcept {
        auto* ended = static_cast<Connection*>(self);
        ended->worker.connection_ended(*ended);
      },
      connection);
  if (!at_limit()) return true;
  shard().count(telemetry::Event::AcceptPaused);
  return false;
}

void Worker::connection_ended(Connection& connection) noexcept {
  leave_lingering(connection);
  if (connection.x != nullptr) {  // an exception came out of a phase
    const std::unique_ptr<Exchange> broken(std::exchange(connection.x, nullptr));
    leave_open(*broken);
    unpin(*broken);
    broken->to.reset();
    if (broken->upstream != nullptr) pool_.release(*broken->upstream);
  }
  *connection.at = connection.next;
  if (connection.next != nullptr) connection.next->at = connection.at;
  delete &connection;
  shard().count(telemetry::Event::ConnectionClosed);
  const std::size_t left = connections_.load(std::memory_order_relaxed) - 1;
  connections_.store(left, std::memory_order_release);
  if (draining_ && left == 0 && parts_.empty != nullptr) parts_.empty->notify();
}

void Worker::enter_lingering(Connection& connection) {
  connection.lingering = true;
  connection.older_lingering = newest_lingering_;
  connection.newer_lingering = nullptr;
  (newest_lingering_ != nullptr ? newest_lingering_->newer_lingering : oldest_lingering_) =
      &connection;
  newest_lingering_ = &connection;
  if (++lingering_ <= rules().limits().lingering) return;
  shard().count(telemetry::Event::LingerDropped);
  Connection& oldest = *oldest_lingering_;
  leave_lingering(oldest);
  oldest.down->cancel(net::NetError::OverLimit);
}

void Worker::leave_lingering(Connection& connection) {
  if (!connection.lingering) return;
  connection.lingering = false;
  (connection.newer_lingering != nullptr ? connection.newer_lingering->older_lingering
                                         : newest_lingering_) = connection.older_lingering;
  (connection.older_lingering != nullptr ? connection.older_lingering->newer_lingering
                                         : oldest_lingering_) = connection.newer_lingering;
  --lingering_;
}

void Worker::tick() {
  wheel_.expire(loop().now_ms());
  pool_.sweep();
  if (marked_ > 0) cut_ripe();
  drop_unpinned();
  trim_spares();
  for (const auto& listener : listeners_) {
    if (listener->paused() && !at_limit()) listener->resume();
  }
}

void Worker::begin_drain() {
  draining_ = true;
  for (const auto& listener : listeners_) listener->close();
  listeners_.clear();
  pool_.close_idle();
  for (Connection* each = first_connection_; each != nullptr; each = each->next) {
    if (each->idle() && !each->lingering) each->down->cancel(net::NetError::Cancelled);
  }
  if (first_connection_ == nullptr && parts_.empty != nullptr) parts_.empty->notify();
}

void Worker::cut_all() {
  pool_.stop();
  for (Connection* each = first_connection_; each != nullptr; each = each->next) each->cut();
}

}  // namespace guarita::proxy
