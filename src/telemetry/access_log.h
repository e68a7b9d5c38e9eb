// One JSON line a request. Internal to telemetry.
#pragma once

#include <string>

#include "telemetry/exchange.h"

namespace guarita::telemetry {

// Without newline. The route's template and the instance's id stand for the path; a user agent is
// cut at 256 bytes.
std::string access_line(const Exchange& exchange);

std::string_view text_of(UpstreamOutcome outcome);

}  // namespace guarita::telemetry
