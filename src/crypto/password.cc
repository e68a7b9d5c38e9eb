#include "crypto/password.h"

#include <sodium.h>

#include <array>
#include <cerrno>

namespace guarita::crypto {

std::optional<std::string> password_hash(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasswordPasses,
                            kPasswordBytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return std::nullopt;
  }
  return std::string(text.data());
}

std::string password_hash_of_nothing() {
  std::array<unsigned char, crypto_pwhash_SALTBYTES> salt;
  std::array<unsigned char, 32> hash;  // libsodium's length in such a text
  std::string text = "$argon2id$v=19$m=" + std::to_string(kPasswordBytes / 1024) +
                     ",t=" + std::to_string(kPasswordPasses) + ",p=1";
  const auto append = [&](auto& bytes) {
    randombytes_buf(bytes.data(), bytes.size());
    constexpr int kForm = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    std::array<char, sodium_base64_ENCODED_LEN(sizeof bytes, kForm)> encoded;
    sodium_bin2base64(encoded.data(), encoded.size(), bytes.data(), bytes.size(), kForm);
    (text += '$') += encoded.data();
  };
  append(salt);
  append(hash);
  return text;
}

PasswordMatch password_verify(std::string_view hash, std::string_view password) {
  if (hash.empty() || hash.size() >= crypto_pwhash_STRBYTES) return PasswordMatch::No;
  const std::string text(hash);
  errno = 0;
  if (crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0) {
    return PasswordMatch::Yes;
  }
  return errno == ENOMEM ? PasswordMatch::NoMemory : PasswordMatch::No;
}

bool password_needs_rehash(std::string_view hash) {
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasswordPasses,
                                        kPasswordBytes) != 0;
}

}  // namespace guarita::crypto
