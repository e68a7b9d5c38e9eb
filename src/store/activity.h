// What is noted of traffic beside the hourly counters: sums of whole accounts, who called lately,
// when an instance was last called. Part of the Store; no revision, no audit row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "store/rows.h"

namespace guarita::store {

struct StoreError;

inline constexpr std::size_t kCallersPerAccountMax =
    1000;  // addresses in an hour, and in an answer

// Who called an account: an increment, or the sum of what is kept. The address is personal data.
struct CallerRow {
  std::string account_id{};
  IpAddress address{};
  Time first_seen{};
  Time last_seen{};
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;  // of them
};
struct InstanceCall {
  std::string instance_id{};
  Time at{};
};
struct InstanceActivity {
  std::optional<Time> last_call{};
  std::uint64_t requests = 0;
};

class ActivityBook {
 public:
  virtual ~ActivityBook() = default;

  // One transaction. What names an account or instance that the store does not know is dropped, as
  // are new addresses of an account with kCallersPerAccountMax of them in the hour. Times never go
  // backwards.
  virtual Result<void, StoreError> note_activity(std::span<const CallerRow> callers,
                                                 std::span<const InstanceCall> calls) = 0;
  // Sums over the account by address, of those seen at or after `since`, the latest first, at most
  // kCallersPerAccountMax. Counts begin with the hour that `since` is in.
  virtual Result<std::vector<CallerRow>, StoreError> callers(const AccountKey& account,
                                                             Time since) = 0;
  virtual Result<void, StoreError> forget_callers(Time before) = 0;  // whole hours

  // One for each of `instances`, in their order; `requests` counts from the hour of `since` on.
  virtual Result<std::vector<InstanceActivity>, StoreError> instance_activity(
      std::span<const InstanceRow> instances, Time since) = 0;

  // The counters by hour and word, instances summed up; no account: of all accounts together. Rows
  // name neither account nor instance. Ordered by hour.
  virtual Result<std::vector<CounterRow>, StoreError> account_traffic(
      const std::optional<AccountKey>& account, Time from, Time until) = 0;
  // The same of one instance, while it belonged to `account`. REQUIRES: at most a year.
  virtual Result<std::vector<CounterRow>, StoreError> instance_traffic(const AccountKey& account,
                                                                       const InstanceKey& instance,
                                                                       Time from, Time until) = 0;
  // Sums by instance and word from the hour of `from` on, most first, without the words `except`
  // (at most kExceptMax).
  static constexpr std::size_t kExceptMax = 4;
  virtual Result<std::vector<CounterRow>, StoreError> places(
      const AccountKey& account, Time from, std::span<const std::string_view> except,
      std::size_t limit) = 0;
};

}  // namespace guarita::store
