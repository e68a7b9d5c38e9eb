#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "net/tls.h"
#include "net/tls_files.h"
#include "net/tls_layer.h"

namespace guarita::net {
namespace {

// What TLS 1.2 may use; of 1.3 all suites are good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kAlpn, sizeof kAlpn, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// RFC 9525 §6.3: a wildcard is the whole left-most label and stands for exactly one.
bool covers(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && pattern.substr(1) == host.substr(dot);
}

bool covers(const TlsCertificate& certificate, std::string_view host) {
  return std::ranges::any_of(certificate.names,
                             [host](const std::string& name) { return covers(name, host); });
}

Result<SslContextPtr, std::string> make_context(TlsFiles& files) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Err<std::string>(openssl_reason());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
  SSL_CTX_set_alpn_select_cb(raw, &choose_alpn, nullptr);
  prepare_for_layers(raw);
  ERR_clear_error();
  if (SSL_CTX_set_cipher_list(raw, kCiphers) != 1 ||
      SSL_CTX_use_certificate(raw, files.chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(raw, files.key.get()) != 1) {
    return Err<std::string>(openssl_reason());
  }
  for (const X509Ptr& more : std::span(files.chain).subspan(1)) {
    if (SSL_CTX_add1_chain_cert(raw, more.get()) != 1) return Err<std::string>(openssl_reason());
  }
  return context;
}

}  // namespace

struct TlsContext::Parts {
  std::vector<SslContextPtr> contexts;  // as certificates
  std::vector<TlsCertificate> certificates;

  static int choose(SSL* ssl, int*, void* parts);
};

int TlsContext::Parts::choose(SSL* ssl, int*, void* parts) {
  const auto& self = *static_cast<const Parts*>(parts);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  std::string host(name);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  for (std::size_t i = 0; i < self.contexts.size(); ++i) {
    if (!covers(self.certificates[i], host)) continue;
    if (i != 0) SSL_set_SSL_CTX(ssl, self.contexts[i].get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<const TlsContext>, TlsProblem> TlsContext::load(
    const std::vector<TlsPair>& pairs) {
  auto parts = std::make_shared<Parts>();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    auto files = read_tls_files(pairs[i]);
    if (!files) {
      files.error().pair = i;
      return Err(std::move(files.error()));
    }
    auto context = make_context(*files);
    if (!context) {
      return Err(TlsProblem{.at = TlsProblem::At::Certificate,
                            .pair = i,
                            .text = pairs[i].certificate + " cannot be used: " + context.error()});
    }
    parts->contexts.push_back(std::move(*context));
    parts->certificates.push_back(std::move(files->certificate));
  }
  SSL_CTX* const first = parts->contexts.front().get();
  SSL_CTX_set_tlsext_servername_callback(first, &Parts::choose);
  SSL_CTX_set_tlsext_servername_arg(first, parts.get());
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(parts)));
}

std::unique_ptr<StreamLayer> TlsContext::make_layer() const {
  return make_tls_layer(parts_->contexts.front().get(), TlsSide::Server, parts_);
}

const std::vector<TlsCertificate>& TlsContext::certificates() const {
  return parts_->certificates;
}

std::optional<TlsProblem> TlsStore::reload(const std::vector<TlsPair>& pairs) {
  auto fresh = TlsContext::load(pairs);
  if (!fresh) return std::move(fresh.error());
  const std::scoped_lock lock(mutex_);
  context_.swap(*fresh);
  return {};
}

std::string tls_date_problem(const TlsCertificate& certificate, Time now, Millis soon) {
  const std::string file = "the certificate " + certificate.file;
  if (now >= certificate.not_after) {
    return file + " expired at " + format_rfc3339(certificate.not_after);
  }
  if (now < certificate.not_before) {
    return file + " is not valid before " + format_rfc3339(certificate.not_before);
  }
  if (certificate.not_after - now < soon) {
    return file + " expires at " + format_rfc3339(certificate.not_after);
  }
  return {};
}

}  // namespace guarita::net
