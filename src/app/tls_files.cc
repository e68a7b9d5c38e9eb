#include "app/tls_files.h"

#include <fmt/format.h>

#include "base/log.h"

namespace guarita::app {
namespace {

std::string key_of(const char* section, net::TlsProblem::At at) {
  return std::string(section) +
         (at == net::TlsProblem::At::Key ? ".tls_keys" : ".tls_certificates");
}

void check_one(const char* section, const Settings::Tls& tls, Time now, Findings& out) {
  if (tls.certificates.size() != tls.keys.size()) {
    // Where the file says something.
    const auto at = tls.keys.empty() ? net::TlsProblem::At::Certificate : net::TlsProblem::At::Key;
    out.errors.push_back(
        {key_of(section, at),
         fmt::format("{} certificates, but {} keys", tls.certificates.size(), tls.keys.size()),
         "name one key for each certificate, in the same order"});
    return;
  }
  if (tls.certificates.empty()) return;
  const auto loaded = net::TlsContext::load(tls_pairs(tls));
  if (!loaded) {
    out.errors.push_back({key_of(section, loaded.error().at), loaded.error().text, ""});
    return;
  }
  for (const net::TlsCertificate& certificate : (*loaded)->certificates()) {
    std::string problem = net::tls_date_problem(certificate, now, kCertificateEndsSoon);
    if (problem.empty()) continue;
    out.warnings.push_back({key_of(section, net::TlsProblem::At::Certificate), std::move(problem),
                            "renew it, then send SIGHUP: no connection is lost"});
  }
}

}  // namespace

std::vector<net::TlsPair> tls_pairs(const Settings::Tls& tls) {
  std::vector<net::TlsPair> pairs;
  pairs.reserve(tls.certificates.size());
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    pairs.push_back({tls.certificates[i], tls.keys[i]});
  }
  return pairs;
}

void check_tls(const Settings& settings, Findings& out) {
  const Time now = SystemClock().now();
  check_one("gate", settings.gate.tls, now, out);
  check_one("console", settings.console.tls, now, out);
}

std::optional<net::TlsProblem> TlsListener::start(const Settings::Tls& tls) {
  if (tls.certificates.empty()) return {};
  auto loaded = net::TlsContext::load(tls_pairs(tls));
  if (!loaded) return std::move(loaded.error());
  store_ = std::make_shared<net::TlsStore>(std::move(*loaded));
  return {};
}

bool TlsListener::reload(const Settings::Tls& tls, const char* section) {
  if (tls.certificates.empty() != (store_ == nullptr)) return false;
  if (!store_) return true;
  if (const auto problem = store_->reload(tls_pairs(tls))) {
    log::error("tls", "the certificates are not taken over; the old ones stay",
               {{"key", key_of(section, problem->at)}, {"why", problem->text}});
    return true;
  }
  for (const net::TlsCertificate& certificate : store_->context()->certificates()) {
    log::info("tls", "certificate in use",
              {{"listener", section},
               {"file", certificate.file},
               {"until", format_rfc3339(certificate.not_after)}});
  }
  return true;
}

}  // namespace guarita::app
