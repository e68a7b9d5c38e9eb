// Certificates made in the test's own process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace guarita::net::testing {

struct MadeCertificate {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

enum class NameIn : std::uint8_t { San, CommonName };
struct Wanted {
  std::vector<std::string> names{"localhost"};
  NameIn where = NameIn::San;
  std::int64_t from_s = -3600;  // relative to now
  std::int64_t until_s = 90 * 86'400;
  std::string passphrase{};  // of the key
};
// Self-signed, P-256.
MadeCertificate make_certificate(const Wanted& wanted = {});

}  // namespace guarita::net::testing
