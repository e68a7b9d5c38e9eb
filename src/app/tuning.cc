#include "app/tuning.h"

namespace guarita::app {
namespace {

std::vector<proxy::AnswerOverride> overrides(const Settings& settings) {
  std::vector<proxy::AnswerOverride> out;
  for (std::size_t i = 0; i < settings.answers.by_reason.size(); ++i) {
    const AnswerSetting& answer = settings.answers.by_reason[i];
    if (answer.status == 0 && answer.body.empty()) continue;
    out.push_back(
        {static_cast<policy::Reason>(i), static_cast<unsigned>(answer.status), answer.body});
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const proxy::Tuning>, std::string> make_tuning(
    const Settings& settings, policy::UnknownInstance unknown_instance) {
  auto routes = policy::RouteTable::parse(settings.routes);
  if (!routes) return Err<std::string>(routes.error().message);
  std::vector<proxy::UpstreamHeader> headers;
  headers.reserve(settings.upstream.set_header.size());
  for (const HeaderSetting& header : settings.upstream.set_header) {
    headers.push_back({header.name, Secret(std::string(header.value->reveal()))});
  }
  auto tuning = std::make_shared<proxy::Tuning>(proxy::Tuning{
      .routes = std::move(*routes),
      .decide = {unknown_instance},
      .token_header = settings.token.header,
      .token_forwarding = settings.token.forward,
      .token_format = settings.token.format,
      .client_address = settings.gate.client_address,
      .trusted_proxies = settings.gate.trusted_proxies,
      .merge_slashes = settings.gate.merge_slashes,
      .conceal_instances = settings.answers.conceal_instances,
      .answers = overrides(settings),
      .preflight = settings.cors.preflight,
      .cors_origins = settings.cors.origins,
      .default_upstream = settings.upstream.default_url,
      .upstream_headers = std::move(headers),
      .host_header = settings.upstream.preserve_host,
      .head_limits = settings.head_limits,
      .limits = settings.limits,
      .timeouts = settings.timeouts,
  });
  return std::shared_ptr<const proxy::Tuning>(std::move(tuning));
}

}  // namespace guarita::app
