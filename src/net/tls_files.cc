#include "net/tls_files.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "base/secret.h"

namespace guarita::net {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

// The key is among what is read: it lives in a Secret only.
Result<Secret, std::string> read_file(const std::string& path) {
  const auto wrong = [&path](std::string_view why) {
    std::string text = path;
    text += ' ';
    text += why;
    return Err<std::string>(std::move(text));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return wrong("does not exist");
    return wrong("cannot be read: " + std::generic_category().message(errno));
  }
  std::string text(kFileBytesMax + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < text.size() && (got = ::read(fd, text.data() + size, text.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  text.resize(size);
  Secret secret(std::move(text));
  if (error != 0) return wrong("cannot be read: " + std::generic_category().message(error));
  if (size > kFileBytesMax) return wrong("is over 1 MiB: that is no PEM file");
  return secret;
}

BioPtr bio_over(const Secret& text) {
  return BioPtr(BIO_new_mem_buf(text.reveal().data(), static_cast<int>(text.reveal().size())));
}

Time time_of(const ASN1_TIME* at) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(at, &parts) != 1) return {};
  return Time(std::chrono::duration_cast<Millis>(std::chrono::seconds(::timegm(&parts))));
}

std::string lower_text(const ASN1_STRING* string) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  std::string out(bytes, static_cast<std::size_t>(ASN1_STRING_length(string)));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; list != nullptr && i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) names.push_back(lower_text(name->d.dNSName));
  }
  const bool has_san = list != nullptr;
  GENERAL_NAMES_free(list);
  if (has_san) return names;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0)
    names.push_back(lower_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

struct Asked {
  bool passphrase = false;
};
int no_passphrase(char*, int, int, void* asked) {
  static_cast<Asked*>(asked)->passphrase = true;
  return -1;
}

Err<TlsProblem> at_certificate(std::string text) {
  return Err(TlsProblem{.at = TlsProblem::At::Certificate, .text = std::move(text)});
}
Err<TlsProblem> at_key(std::string text) {
  return Err(TlsProblem{.at = TlsProblem::At::Key, .text = std::move(text)});
}

}  // namespace

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "OpenSSL refuses it";
  ERR_clear_error();
  return text;
}

Result<TlsFiles, TlsProblem> read_tls_files(const TlsPair& pair) {
  TlsFiles files;
  ERR_clear_error();
  const auto chain = read_file(pair.certificate);
  if (!chain) return at_certificate(chain.error());
  const BioPtr chain_bio = bio_over(*chain);
  while (X509* next = PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr)) {
    files.chain.emplace_back(next);
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return at_certificate(pair.certificate +
                          " is no PEM file as it should be: " + openssl_reason());
  }
  ERR_clear_error();
  if (files.chain.empty()) return at_certificate(pair.certificate + " holds no certificate (PEM)");

  const auto key = read_file(pair.key);
  if (!key) return at_key(key.error());
  Asked asked;
  files.key.reset(PEM_read_bio_PrivateKey(bio_over(*key).get(), nullptr, &no_passphrase, &asked));
  if (!files.key) {
    ERR_clear_error();
    return at_key(asked.passphrase
                      ? pair.key +
                            " is encrypted; write it without a passphrase, readable by the "
                            "server only: openssl pkey -in OLD -out NEW"
                      : pair.key + " holds no private key (PEM)");
  }
  X509* own = files.chain.front().get();
  if (X509_check_private_key(own, files.key.get()) != 1) {
    ERR_clear_error();
    return at_key(pair.key + " does not belong to the first certificate of " + pair.certificate);
  }
  files.certificate = {.file = pair.certificate,
                       .names = names_of(own),
                       .not_before = time_of(X509_get0_notBefore(own)),
                       .not_after = time_of(X509_get0_notAfter(own))};
  return files;
}

}  // namespace guarita::net
