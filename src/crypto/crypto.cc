#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <cstdlib>
#include <memory>

namespace guarita::crypto {
namespace {

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

}  // namespace

bool init() {
  return sodium_init() >= 0;
}

void random_bytes(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}
std::uint32_t random_below(std::uint32_t bound) {
  return randombytes_uniform(bound);
}

Uuid random_uuid_v7(Time now) {
  std::array<std::uint8_t, 10> random;
  random_bytes(random);
  return make_uuid_v7(now, random);
}

Digest sha256(std::string_view bytes) {
  // Fetching the algorithm and making the context cost twice the hash: both are kept per thread.
  thread_local const std::unique_ptr<EVP_MD, FreeDigest> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest digest;
  unsigned length = 0;
  if (EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) {
    std::abort();  // out of memory or a broken libcrypto: a wrong digest would be worse
  }
  return digest;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 0x0f];
  }
  return text;
}

std::string base64url(std::span<const std::uint8_t> bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the terminating zero is counted
  return text;
}

bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Hash128 keyed_hash(const HashKey& key, std::string_view bytes) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(HashKey));
  Hash128 hash;
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof hash);
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(&hash), as_bytes(bytes),
                              bytes.size(), key.data());
  return hash;
}

std::string seal(const SealKey& key, std::string_view plain, std::string_view context) {
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  std::string out(kNonce + plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  randombytes_buf(bytes, kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonce, nullptr, as_bytes(plain), plain.size(),
                                             as_bytes(context), context.size(), nullptr, bytes,
                                             key.data());
  return out;
}

std::optional<std::string> open(const SealKey& key, std::string_view sealed,
                                std::string_view context) {
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  std::string out(sealed.size() - kNonce - kTag, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(out.data()), nullptr, nullptr,
      as_bytes(sealed.substr(kNonce)), sealed.size() - kNonce, as_bytes(context), context.size(),
      as_bytes(sealed), key.data());
  if (failed != 0) return std::nullopt;
  return out;
}

}  // namespace guarita::crypto
