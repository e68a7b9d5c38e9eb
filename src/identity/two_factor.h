// The second factor: TOTP (RFC 6238: SHA-1, 6 digits, 30 s) and recovery codes. Pure but for the
// random bytes; liboath is named in two_factor.cc only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/crypto.h"

namespace guarita::identity {

inline constexpr std::size_t kTotpSecretBytes = 20;  // 160 bits, RFC 4226 §4 R6
inline constexpr std::size_t kTotpDigits = 6;
inline constexpr std::int64_t kTotpStepSeconds = 30;
// A code of the step before or after is good too: clocks drift, and typing takes time.
inline constexpr std::uint64_t kTotpWindow = 1;

// ---- TOTP: `secret` is the raw bytes ----------------------------------------------------------
Secret new_totp_secret();
std::uint64_t totp_step(Time now);
std::string totp_code(const Secret& secret, std::uint64_t step);
// The step within the window whose code this is. Whether it was used before is the store's answer.
std::optional<std::uint64_t> match_totp(const Secret& secret, std::string_view code, Time now);
Secret base32(const Secret& bytes);  // RFC 4648 §6, upper case; 20 bytes need no padding
// What authenticator apps read. "" as public_url: the issuer is "Guarita" alone.
Secret otpauth_uri(std::string_view public_url, std::string_view email, const Secret& secret);

// ---- recovery codes: "k3x9…" as xxxxx-xxxxx, Base32 in lower case, 50 bits ---------------------
std::vector<Secret> new_recovery_codes();
// Bound to the user, so that one table of digests does not serve against all users.
crypto::Digest recovery_digest(const UserKey& user, std::string_view folded);

// ---- what somebody typed ------------------------------------------------------------------------
enum class CodeKind : std::uint8_t { Totp, Recovery, Neither };
struct TypedCode {
  CodeKind kind = CodeKind::Neither;
  std::string text;  // Totp: six digits. Recovery: ten characters, folded, no hyphen.
};
// Spaces and hyphens do not count, nor does case; 0 and 1, which Base32 lacks, are o and l.
TypedCode read_code(std::string_view typed);

}  // namespace guarita::identity
