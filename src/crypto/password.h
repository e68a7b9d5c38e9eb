// Passwords at rest: Argon2id (RFC 9106) in libsodium's text form. Slow and hungry by purpose:
// never from a data-plane thread, and never more of them at once than the machine has room for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guarita::crypto {

// One hash: about 30 ms of one core and 19 MiB on the machine that we measure on. OWASP's least is
// two passes over 19 MiB; a third costs an attacker half as much again and a login 10 ms. More
// memory would let a flood of logins push a small machine into swap.
inline constexpr std::uint64_t kPasswordPasses = 3;
inline constexpr std::uint64_t kPasswordBytes = 19 * 1024 * 1024;

// "$argon2id$v=19$m=19456,t=3,p=1$salt$hash", a new salt each time. None: there is no memory.
std::optional<std::string> password_hash(std::string_view password);

// A text of that form that no password matches: a check against it costs what any other does, and
// making it costs nothing.
std::string password_hash_of_nothing();

enum class PasswordMatch : std::uint8_t { Yes, No, NoMemory };
// A text that is no hash of ours matches nothing.
PasswordMatch password_verify(std::string_view hash, std::string_view password);

// Made with other parameters than the present ones, or no hash at all.
bool password_needs_rehash(std::string_view hash);

}  // namespace guarita::crypto
