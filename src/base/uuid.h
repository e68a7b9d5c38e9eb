// 128-bit identifiers (RFC 9562) and strong types over them. Which bytes is crypto's matter.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace guarita {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
};

// Version 7: 48 bits of `now` in milliseconds, then the version, the variant and `random`.
Uuid make_uuid_v7(Time now, std::array<std::uint8_t, 10> random);

// "0192d4e0-7b2a-7c3d-8e4f-5a6b7c8d9e0f", lower case.
std::string format_uuid(const Uuid& id);
std::optional<Uuid> parse_uuid(std::string_view text);

// A key of one kind of row: AccountKey and TokenKey do not convert into each other.
template <class Tag>
struct Key {
  Uuid uuid;
  auto operator<=>(const Key&) const = default;
  std::string text() const { return format_uuid(uuid); }
};
using AccountKey = Key<struct AccountTag>;
using InstanceKey = Key<struct InstanceTag>;
using TokenKey = Key<struct TokenTag>;
using AdminTokenKey = Key<struct AdminTokenTag>;
using UserKey = Key<struct UserTag>;
using SessionKey = Key<struct SessionTag>;
using LinkKey = Key<struct LinkTag>;

}  // namespace guarita
