// OpenSSL between a Stream and its socket. Internal to net.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "net/stream.h"

namespace guarita::net {

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;

// What every context needs whose connections are layers.
void prepare_for_layers(SSL_CTX* context);

enum class TlsSide : std::uint8_t { Server, Client };
// `keep` lives as long as the layer. Null: out of memory. A client's layer is for tests.
std::unique_ptr<StreamLayer> make_tls_layer(SSL_CTX* context, TlsSide side,
                                            std::shared_ptr<const void> keep);

}  // namespace guarita::net
