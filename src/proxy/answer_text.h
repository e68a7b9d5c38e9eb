// The gate's own answers as they go out: the one place that puts their heads together, so that
// what the panel's test shows is what a caller gets.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "http/serialise.h"
#include "proxy/exchange.h"
#include "proxy/rules.h"

namespace guarita::proxy {

struct OwnAnswer {
  std::uint16_t status = 0;
  std::string_view body;
  std::string_view reason;  // Guarita-Reason; empty: left out
  std::string_view request_id;
  std::span<const http::SetField> more;  // at most kMoreFieldsMax
};
inline constexpr std::size_t kMoreFieldsMax = 6;

void append_own_answer(std::string& out, const OwnAnswer& answer,
                       const http::OutgoingResponse& outgoing);

// What a denial says. `token`: of the one line of the token header, or empty.
void set_denial(LocalAnswer& local, const Rules& rules, policy::Reason reason,
                const IpAddress& address, std::string_view token);

}  // namespace guarita::proxy
