#include "control/proxy_barrier.h"

#include <algorithm>

namespace guarita::control {
namespace {

BarrierReport report_of(const proxy::BarrierReport& report);

class Ticket final : public PendingBarrier {
 public:
  explicit Ticket(std::shared_ptr<proxy::BarrierTicket> ticket) : ticket_(std::move(ticket)) {}
  BarrierReport look() override { return report_of(proxy::DataPlane::query(ticket_)); }

 private:
  std::shared_ptr<proxy::BarrierTicket> ticket_;
};

BarrierReport report_of(const proxy::BarrierReport& report) {
  BarrierReport result{.complete = report.complete,
                       .at = report.at,
                       .passed = report.passed,
                       .streams_closed = report.streams_closed,
                       .pending = nullptr};
  if (!report.complete) result.pending = std::make_shared<Ticket>(report.ticket);
  return result;
}

}  // namespace

BarrierReport ProxyBarrier::pass(const Redecide& scope, Millis timeout) {
  proxy::Redecide which{.account_number = scope.account_number, .instance = scope.instance};
  if (!scope.accounts.empty() || !scope.instances.empty()) {
    proxy::RedecideMany many{scope.accounts, scope.instances};
    std::ranges::sort(many.accounts);
    std::ranges::sort(many.instances, proxy::RedecideMany::less);
    which.many = std::make_shared<const proxy::RedecideMany>(std::move(many));
  }
  return report_of(plane_.barrier(which, timeout));
}

}  // namespace guarita::control
