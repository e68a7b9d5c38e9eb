// Tuning made ready for use: what each request would otherwise compute anew. Immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/admit.h"
#include "http/forwarded.h"
#include "http/serialise.h"
#include "proxy/answers.h"
#include "proxy/tuning.h"

namespace guarita::proxy {

struct Rules {
  Rules(std::shared_ptr<const Tuning> tuning_in, const std::string& node_id);
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  std::shared_ptr<const Tuning> tuning;
  std::string via_name;            // "guarita-<id>"
  std::string token_header_lower;  // for policy
  http::Name token_header;         // for http; into token_header_lower
  http::AdmitRules admit;
  http::RequestRules request;
  http::AddressSource address_source;
  http::SlashMerging merging;
  AnswerTable answers;

  const Limits& limits() const { return tuning->limits; }
  const Timeouts& timeouts() const { return tuning->timeouts; }
  bool lists_origin(std::string_view origin) const;
};

}  // namespace guarita::proxy
