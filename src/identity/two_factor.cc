#include "identity/two_factor.h"

#include <liboath/oath.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <span>

#include "identity/identity.h"

namespace guarita::identity {
namespace {

constexpr std::string_view kRecoveryAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kRecoveryCharacters = 10;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 0x0f];
    }
  }
  return encoded;
}

// "https://console.example.org:8443/x" → "console.example.org:8443".
std::string_view host_of(std::string_view url) {
  if (const auto at = url.find("://"); at != url.npos) url.remove_prefix(at + 3);
  return url.substr(0, std::min(url.find('/'), url.size()));
}

}  // namespace

Secret new_totp_secret() {
  std::array<std::uint8_t, kTotpSecretBytes> random{};
  crypto::random_bytes(random);
  Secret secret(std::string(random.begin(), random.end()));
  explicit_bzero(random.data(), random.size());
  return secret;
}

std::uint64_t totp_step(Time now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0) / kTotpStepSeconds);
}

std::string totp_code(const Secret& secret, std::uint64_t step) {
  // Since 2.6.0 liboath needs no oath_init() on this path: its HMAC is its own.
  std::array<char, kTotpDigits + 1> code{};
  if (oath_hotp_generate(secret.reveal().data(), secret.reveal().size(), step, kTotpDigits, false,
                         OATH_HOTP_DYNAMIC_TRUNCATION, code.data()) != OATH_OK) {
    std::abort();  // out of memory: any other answer could let somebody in
  }
  return std::string(code.data(), kTotpDigits);
}

std::optional<std::uint64_t> match_totp(const Secret& secret, std::string_view code, Time now) {
  const std::uint64_t present = totp_step(now);
  std::optional<std::uint64_t> matched;
  for (std::uint64_t step = present - std::min(present, kTotpWindow); step <= present + kTotpWindow;
       ++step) {  // all of them, whichever matches
    const std::string expected = totp_code(secret, step);
    if (crypto::equal(bytes_of(expected), bytes_of(code))) matched = step;
  }
  return matched;
}

Secret base32(const Secret& bytes) {
  char* text = nullptr;
  std::size_t length = 0;
  if (oath_base32_encode(bytes.reveal().data(), bytes.reveal().size(), &text, &length) != OATH_OK) {
    std::abort();  // out of memory
  }
  Secret encoded(std::string(text, length));
  explicit_bzero(text, length);
  std::free(text);
  return encoded;
}

Secret otpauth_uri(std::string_view public_url, std::string_view email, const Secret& secret) {
  std::string issuer = "Guarita";
  if (!host_of(public_url).empty()) issuer.append(" (").append(host_of(public_url)).append(")");
  const std::string name = percent_encoded(issuer);
  const Secret text = base32(secret);
  std::string uri;
  uri.reserve(512);  // no copy is left behind when it grows
  uri.append("otpauth://totp/").append(name).append(":").append(percent_encoded(email));
  uri.append("?secret=").append(text.reveal()).append("&issuer=").append(name);
  uri.append("&algorithm=SHA1&digits=6&period=30");
  return Secret(std::move(uri));
}

std::vector<Secret> new_recovery_codes() {
  std::vector<Secret> codes;
  codes.reserve(kRecoveryCodes);
  while (codes.size() < kRecoveryCodes) {
    std::array<std::uint8_t, kRecoveryCharacters> random{};
    crypto::random_bytes(random);
    std::string code;
    for (std::size_t i = 0; i < random.size(); ++i) {
      if (i == kRecoveryCharacters / 2) code += '-';
      code += kRecoveryAlphabet[random[i] % kRecoveryAlphabet.size()];  // 32 divides 256
    }
    explicit_bzero(random.data(), random.size());
    codes.emplace_back(std::move(code));
  }
  return codes;
}

crypto::Digest recovery_digest(const UserKey& user, std::string_view folded) {
  std::string text = "guarita recovery code 1 ";
  text.append(user.text()).append(" ").append(folded);
  const crypto::Digest digest = crypto::sha256(text);
  explicit_bzero(text.data(), text.size());
  return digest;
}

TypedCode read_code(std::string_view typed) {
  constexpr std::size_t kTypedMax = 64;
  TypedCode code;
  if (typed.size() > kTypedMax) return code;
  for (const char c : typed) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    code.text += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (code.text.size() == kTotpDigits && std::ranges::all_of(code.text, digit)) {
    code.kind = CodeKind::Totp;
    return code;
  }
  std::ranges::replace(code.text, '0', 'o');
  std::ranges::replace(code.text, '1', 'l');
  const auto letter = [](char c) { return kRecoveryAlphabet.find(c) != kRecoveryAlphabet.npos; };
  if (code.text.size() == kRecoveryCharacters && std::ranges::all_of(code.text, letter)) {
    code.kind = CodeKind::Recovery;
  }
  return code;
}

}  // namespace guarita::identity
