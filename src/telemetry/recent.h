// The last hour, minute by minute, by account and instance. Fed from what the shards counted, so
// it costs a request nothing. Internal to telemetry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "telemetry/activity.h"

namespace guarita::telemetry {

inline constexpr unsigned kRecentMinutes = 60;
// Of instances, over all accounts; then an account's sums lack the split by instance. A cell is a
// word in a minute of an account or instance (24 bytes); what does not fit is counted as lost.
inline constexpr std::size_t kRecentInstancesMax = 50'000;
inline constexpr std::size_t kRecentAccountsMax = 50'000;
inline constexpr std::size_t kRecentCellsMax = 1'000'000;

class Recent {
 public:
  void add(std::string_view account_id, std::string_view instance_id, const MinuteCount& what);
  // The account's, or the one instance's, from `from` on, oldest first.
  std::vector<MinuteCount> series(std::string_view account_id,
                                  const std::optional<std::string>& instance_id, Time from) const;
  // Sums by instance and word from `from` on.
  std::vector<MinuteCount> places(std::string_view account_id, Time from) const;
  // Since the account was last silent for an hour.
  std::vector<WordCount> totals(std::string_view account_id) const;
  // Drops what is older than an hour. Cheap until the minute has changed.
  void prune(Time now);
  std::uint64_t lost() const { return lost_; }

 private:
  struct Cell {
    std::uint32_t minute;  // since 1970
    Word word;
    std::uint32_t count;
    std::uint32_t denied;
  };
  using Cells = std::vector<Cell>;  // oldest first
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  struct Account {
    Cells all;
    ByText<Cells> instances;
    std::vector<WordCount> totals;
  };
  bool count(Cells& cells, const MinuteCount& what);

  ByText<Account> accounts_;
  std::size_t instances_ = 0;
  std::size_t cells_ = 0;
  std::uint32_t pruned_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace guarita::telemetry
