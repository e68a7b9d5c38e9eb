#include "net/tls_testing.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "net/tls_files.h"

namespace guarita::net::testing {
namespace {

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

void add_names(X509* made, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ',';
    list += "DNS:";
    list += name;
  }
  X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str());
  X509_add_ext(made, san, -1);
  X509_EXTENSION_free(san);
}

}  // namespace

MadeCertificate make_certificate(const Wanted& wanted) {
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const X509Ptr made(X509_new());
  if (!key || !made) std::abort();
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wanted.from_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wanted.until_s);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(made.get());
  const std::string& common = wanted.where == NameIn::CommonName ? wanted.names.front() : "test";
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  if (wanted.where == NameIn::San) add_names(made.get(), wanted.names);
  if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) std::abort();

  MadeCertificate out;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, made.get());
  out.certificate = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  const EVP_CIPHER* cipher = wanted.passphrase.empty() ? nullptr : EVP_aes_128_cbc();
  PEM_write_bio_PKCS8PrivateKey(bio, key.get(), cipher,
                                cipher != nullptr ? wanted.passphrase.data() : nullptr,
                                static_cast<int>(wanted.passphrase.size()), nullptr, nullptr);
  out.key = text_of(bio);
  return out;
}

}  // namespace guarita::net::testing
