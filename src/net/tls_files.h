// A certificate chain and its key from PEM files. Internal to net.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "net/tls.h"

namespace guarita::net {

struct X509Free {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, X509Free>;

struct TlsFiles {
  std::vector<X509Ptr> chain;  // the server's own first; not empty
  KeyPtr key;
  TlsCertificate certificate;
};

// TlsProblem::pair is left 0. Checks that the key belongs to the certificate.
Result<TlsFiles, TlsProblem> read_tls_files(const TlsPair& pair);

// The newest of OpenSSL's errors in words; its queue is empty afterwards.
std::string openssl_reason();

}  // namespace guarita::net
