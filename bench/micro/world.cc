#include "micro/world.h"

namespace guarita::bench {
namespace {

template <std::size_t N>
std::array<char, N> text_of(std::uint64_t stream, std::uint64_t i, std::string_view alphabet) {
  std::array<char, N> text;
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < N; ++at, bits >>= 4) {
    if (at % 16 == 0) bits = scrambled(stream + at / 16, i);
    text[at] = alphabet[bits & 15];
  }
  return text;
}

std::array<char, 32> id_of(std::uint64_t instance) {
  return text_of<32>(100, instance, "0123456789ABCDEF");
}
std::array<char, 46> token_of(std::uint64_t account) {
  return text_of<46>(200, account, "0g1A2tB3_C4D5E6F");
}

policy::AccountRow account_row(std::uint64_t number) {
  policy::AccountRow row;
  for (std::size_t i = 0; i < 8; ++i) {
    row.key.uuid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  row.id = "account-" + std::to_string(number);
  row.enforce = true;
  const auto token = token_of(number);
  row.tokens = {{.digest = crypto::sha256({token.data(), token.size()}),
                 .state = policy::TokenState::Current,
                 .deadline = std::nullopt}};
  return row;
}

}  // namespace

std::uint64_t scrambled(std::uint64_t stream, std::uint64_t i) {
  std::uint64_t z = (stream << 48) + (i + 1) * 0x9e3779b97f4a7c15U;  // splitmix64
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

World::World(std::uint64_t instances, std::size_t picks)
    : snapshot_({.hash_key = {7},
                 .expected_instances = instances,
                 .expected_accounts = instances / kPerAccount}) {
  policy::AccountRow account;
  for (std::uint64_t i = 0; i < instances; ++i) {
    if (i % kPerAccount == 0) {
      account = account_row(i / kPerAccount);
      snapshot_.put_account(account);
    }
    const auto id = id_of(i);
    snapshot_.put_instance(
        {.id = {id.data(), id.size()}, .account = account.key, .upstream = {}, .token = {}});
  }
  picks_.reserve(picks);
  for (std::size_t i = 0; i < picks; ++i) {
    const std::uint64_t instance = scrambled(300, i) % instances;
    picks_.push_back({.id = id_of(instance), .token = token_of(instance / kPerAccount)});
  }
}

}  // namespace guarita::bench
