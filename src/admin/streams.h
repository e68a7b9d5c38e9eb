// Who listens to which account, and what they are told: the panel's live events.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/caller.h"
#include "base/result.h"
#include "control/control.h"
#include "net/admin_events.h"

namespace guarita::admin {

// Thread-safe. publish() is called once a second; nothing is sent in between.
class Streams {
 public:
  static constexpr std::size_t kStreamsMax = 64;
  static constexpr std::size_t kPerCallerMax = 8;
  static constexpr Millis kRecheckEvery = std::chrono::seconds(10);

  // Who sent that request now, without counting as a use of its session.
  using Recheck = std::function<Result<Caller, Problem>(const net::AdminRequest&)>;
  Streams(control::Control& control, Recheck recheck)
      : control_(control), recheck_(std::move(recheck)) {}

  // REQUIRES: `caller` sent `request` and may read the account. Busy when there are too many.
  Result<std::shared_ptr<net::AdminEvents>, Problem> open(const std::string& account_id,
                                                          const Caller& caller,
                                                          const net::AdminRequest& request,
                                                          Time now);
  // The news of each stream's account; ends those whose caller may no longer read it.
  void publish(Time now);
  // `event: end` for everybody.
  void end_all(std::string_view reason);
  std::size_t size() const;

 private:
  struct Stream {
    std::shared_ptr<net::AdminEvents> events;
    control::LiveCursor cursor;
    std::string who;
    net::AdminRequest request;  // its head, to ask again who sent it
    Time next_check{};
  };
  // Why the stream must end; none: it goes on.
  std::optional<std::string_view> over(Stream& stream, Time now);
  void tell(Stream& stream, Time now);

  control::Control& control_;
  Recheck recheck_;
  mutable std::mutex mutex_;
  std::vector<Stream> streams_;
};

}  // namespace guarita::admin
