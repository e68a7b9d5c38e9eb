#include "proxy/rules.h"

#include <algorithm>

namespace guarita::proxy {
namespace {

http::AddressSource source_of(ClientAddress address) {
  switch (address) {
    case ClientAddress::Socket: return http::AddressSource::Socket;
    case ClientAddress::XForwardedFor: return http::AddressSource::XForwardedFor;
    case ClientAddress::Forwarded: return http::AddressSource::Forwarded;
  }
  return http::AddressSource::Socket;
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

http::AdmitRules admit_rules(const Tuning& tuning, const std::string& via_name) {
  std::vector<std::string> read = tuning.routes.header_names();
  read.push_back(tuning.token_header);
  read.emplace_back("x-forwarded-for");
  read.emplace_back("forwarded");
  return {.read_names = http::make_read_names(read), .via_name = via_name};
}

http::RequestRules request_rules(const Tuning& tuning, const std::string& via_name) {
  std::vector<std::string> removed;
  std::vector<std::string> passed = tuning.routes.header_names();
  (tuning.token_forwarding == TokenForwarding::Remove ? removed : passed)
      .push_back(tuning.token_header);
  if (tuning.routes.reads_methods()) {  // frameworks take these for the method decided by
    removed.insert(removed.end(), {"x-http-method-override", "x-http-method", "x-method-override"});
  }
  http::RequestRules rules;
  rules.via_name = via_name;
  for (const UpstreamHeader& header : tuning.upstream_headers) {
    removed.push_back(header.name);
    std::string line = header.name;
    line.append(": ").append(header.value.reveal()).append("\r\n");
    rules.constant_lines.push_back(std::move(line));
  }
  rules.removed = http::make_removed_names(removed);
  rules.passed = http::PassedNames(passed);
  return rules;
}

}  // namespace

Rules::Rules(std::shared_ptr<const Tuning> tuning_in, const std::string& node_id)
    : tuning(std::move(tuning_in)),
      via_name("guarita-" + node_id),
      token_header_lower(lower(tuning->token_header)),
      token_header(token_header_lower),
      admit(admit_rules(*tuning, via_name)),
      request(request_rules(*tuning, via_name)),
      address_source(source_of(tuning->client_address)),
      merging(tuning->merge_slashes == MergeSlashes::Yes ? http::SlashMerging::Merge
                                                         : http::SlashMerging::Keep),
      answers(*tuning) {}

bool Rules::lists_origin(std::string_view origin) const {
  return std::ranges::any_of(tuning->cors_origins, [origin](const std::string& listed) {
    return listed == "*" || listed == origin;
  });
}

}  // namespace guarita::proxy
