#include "admin/routes.h"
#include "admin/streams.h"

namespace guarita::admin {

Answer account_events(const Call& call) {
  const std::string& id = call.in_path("account");
  if (const auto account = call.control.account(id); !account) {
    return Err<Problem>(problem_of(account.error()));
  }
  auto events = call.streams.open(id, call.caller, call.request, call.now);
  if (!events) return Err<Problem>(events.error());
  return Reply{.body = boost::json::string(),
               .content_type = "text/event-stream",
               .events = std::move(*events)};
}

}  // namespace guarita::admin
