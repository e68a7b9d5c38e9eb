#include "policy/snapshot_dump.h"

#include <algorithm>

#include "policy/snapshot_layout.h"

namespace guarita::policy {

class SnapshotDump {
 public:
  explicit SnapshotDump(const Snapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<std::string> lines() {
    snapshot_.account_table_.for_each([&](const auto&, std::uint32_t number) { account(number); });
    snapshot_.instance_table_.for_each(
        [&](const auto& hash, std::uint32_t held) { instance(hash, held); });
    snapshot_.token_table_.for_each([&](const auto& hash, std::uint32_t packed) {
      const auto owner = snapshot_.find_account(account_of(packed));
      if (!owner) return;
      add("token " + text(hash) + ' ' + owner->key.text() + ' ' +
          std::string(text_of(state_of(packed))));
    });
    snapshot_.folded_table_.for_each([&](const auto& hash, std::uint32_t count) {
      add("folded " + text(hash) + ' ' + std::to_string(count));
    });
    snapshot_.upstream_table_.for_each([&](const auto&, Offset offset) {
      const auto* const record = snapshot_.arena_.template as<const UpstreamRecord>(offset);
      add("upstream " + std::string(record->text()) + ' ' + std::to_string(record->references));
    });
    add("revision " + std::to_string(snapshot_.revision()));
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  static std::string text(const crypto::Hash128& hash) {
    return std::to_string(hash.high) + '.' + std::to_string(hash.low);
  }

  void account(std::uint32_t number) {
    const auto view = snapshot_.find_account(number);
    if (!view) return add("account without record " + std::to_string(number));
    std::string line = "account " + view->key.text() + ' ' + std::string(view->id) +
                       (view->enforce ? " enforce" : " -");
    if (view->number != number) line += " wrong number";
    for (std::size_t i = 0; i < view->tokens.size(); ++i) {
      line += ' ' + std::string(text_of(view->token_states[i])) + ':' +
              crypto::hex(view->tokens[i].digest) + ':' +
              std::to_string(view->tokens[i].deadline_ms);
    }
    for (const Cidr& cidr : view->ip_list) line += ' ' + format_cidr(cidr);
    add(std::move(line));
  }

  std::string owned(const crypto::Hash128& hash, std::uint32_t account) {
    const auto owner = snapshot_.find_account(account);
    return "instance " + text(hash) + ' ' + (owner ? owner->key.text() : "orphan");
  }

  void instance(const crypto::Hash128& hash, std::uint32_t held) {
    if ((held & kDirect) != 0) return add(owned(hash, held & ~kDirect));
    const auto* const record = snapshot_.arena_.as<const InstanceRecord>(held);
    std::string line = owned(hash, record->account & ~InstanceRecord::kHasToken);
    if (record->upstream != 0) {
      line += ' ';
      line += snapshot_.arena_.as<const UpstreamRecord>(record->upstream)->text();
    }
    if ((record->account & InstanceRecord::kHasToken) != 0) {
      line += " token " + crypto::hex(record->token);
    }
    add(std::move(line));
  }

  const Snapshot& snapshot_;
  std::vector<std::string> lines_;
};

std::vector<std::string> canonical_dump(const Snapshot& snapshot) {
  return SnapshotDump(snapshot).lines();
}

}  // namespace guarita::policy
