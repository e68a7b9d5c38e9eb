// What stands in the arena besides tables and account records. For snapshot*.cc alone.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "policy/snapshot.h"

namespace guarita::policy {

// The directory grows by chunks, each twice as large as the one before, that never move.
inline constexpr unsigned kFirstChunkBits = 8;
inline constexpr std::uint32_t kFirstChunk = 1U << kFirstChunkBits;
inline constexpr unsigned kChunks = 22;

// Account numbers share a word with a token's state.
inline constexpr unsigned kStateBits = 3;
inline constexpr std::uint32_t kAccountNumberMax = (1U << (32 - kStateBits)) - 2;

struct Snapshot::Header {
  std::uint64_t magic;
  std::uint64_t revision;  // atomic
  crypto::HashKey hash_key;
  SlotTable::Root instances, folded, accounts, tokens, upstreams;
  std::array<Offset, kChunks> chunks;  // atomic; 0: not yet made
};
inline constexpr std::uint64_t kMagic = 0x32'74'61'72'61'75'67'00;  // "guarat2": layout 2

// What the instances' table holds of an instance: most often it has neither a token nor an upstream
// of its own, and is its account's number and this bit; else the offset of its record.
inline constexpr std::uint32_t kDirect = 1U << kOffsetBits;
static_assert((kDirect | kAccountNumberMax) != SlotTable::kDead);

struct InstanceRecord {
  static constexpr std::uint32_t kHasToken = 1U << 31;

  std::uint32_t account;  // its number; kHasToken
  Offset upstream;        // 0: the default one
  InstanceTokenDigest token;

  static constexpr std::uint32_t kBytesWithoutToken = 8;
};
static_assert(sizeof(InstanceRecord) == 24);

struct UpstreamRecord {  // then the text
  std::uint32_t id;
  std::uint32_t references;  // the writer's own: readers do not look
  std::uint32_t text_bytes;

  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), text_bytes};
  }
};

struct ChunkPlace {
  unsigned chunk;
  std::uint32_t index;
};
constexpr ChunkPlace place_of(std::uint32_t number) noexcept {
  const std::uint32_t shifted = number + kFirstChunk;
  const auto chunk = static_cast<unsigned>(std::bit_width(shifted)) - 1 - kFirstChunkBits;
  return {chunk, shifted - (kFirstChunk << chunk)};
}
static_assert(place_of(kAccountNumberMax).chunk < kChunks);

constexpr std::uint32_t pack_token(std::uint32_t account, TokenState state) noexcept {
  return account << kStateBits | static_cast<std::uint32_t>(state);
}
constexpr std::uint32_t account_of(std::uint32_t packed) noexcept {
  return packed >> kStateBits;
}
constexpr TokenState state_of(std::uint32_t packed) noexcept {
  return static_cast<TokenState>(packed & ((1U << kStateBits) - 1));
}

constexpr bool is_live(TokenState state) noexcept {
  return state != TokenState::Revoked && state != TokenState::Expired;
}

}  // namespace guarita::policy
