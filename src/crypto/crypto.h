// The only door to libsodium and to OpenSSL's digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace guarita::crypto {

using Digest = std::array<std::uint8_t, 32>;
using SealKey = std::array<std::uint8_t, 32>;
using HashKey = std::array<std::uint8_t, 16>;

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

// Call once before anything else; false when the libraries cannot start (no entropy source).
bool init();

void random_bytes(std::span<std::uint8_t> out);
std::uint32_t random_below(std::uint32_t bound);  // uniform in [0, bound)
Uuid random_uuid_v7(Time now);

// SHA-256 (OpenSSL's: SHA-NI where there is any). Allocates nothing.
Digest sha256(std::string_view bytes);
std::string hex(std::span<const std::uint8_t> bytes);
// RFC 4648 §5, without padding.
std::string base64url(std::span<const std::uint8_t> bytes);

// Constant time in the contents.
bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

// SipHash-2-4 with 128 bits out, keyed: an attacker who chooses ids cannot choose collisions.
Hash128 keyed_hash(const HashKey& key, std::string_view bytes);

// XChaCha20-Poly1305: a random nonce, then the sealed text. `context` is authenticated, not
// stored: a value sealed for one row does not open in another.
std::string seal(const SealKey& key, std::string_view plain, std::string_view context);
std::optional<std::string> open(const SealKey& key, std::string_view sealed,
                                std::string_view context);

}  // namespace guarita::crypto
