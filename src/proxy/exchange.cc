#include "proxy/exchange.h"

namespace guarita::proxy {

void Exchange::reset() {
  if (body) body->clear();
  out.clear();
  request.clear();
  used = 0;
  malformed = http::ErrorCode::None;
  max_forwards = -1;
  decided = classified = false;
  token_class = policy::TokenClass::None;
  public_reason = policy::Reason::None;
  account_id.clear();
  local.answer = {};
  local.value.clear();
  local.close = local.preflight_granted = false;
  request_body.begin(http::Framing::None, 0);
  response_body.begin(http::Framing::None, 0);
  attempts = 0;
  up_out.clear();
  up.clear();
  response.clear();
  upload = Upload::None;
  stop_upload = body_taken = response_begun = timed_out = keep_alive = false;
  tunnel = event_stream = marked = cut = false;
  request_id = {};
  address = {};
  status = 0;
  bytes_out = 0;
  outcome = telemetry::UpstreamOutcome::NotTried;
}

}  // namespace guarita::proxy
