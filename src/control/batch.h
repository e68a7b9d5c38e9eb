// Many accounts and instances at once: what `guarita apply` and POST /v1/batch are made of.
//
// An item says what shall be; what is so already costs nothing. So a batch that broke off is sent
// again, and nothing happens twice. Every item is judged by the rules of the single use cases, and
// one that is refused leaves the others standing. All changes of a batch share one COMMIT, one
// barrier and one receipt (an account that is deleted has a COMMIT of its own).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "control/outcome.h"
#include "crypto/crypto.h"
#include "store/rows.h"

namespace guarita::control {

inline constexpr std::size_t kBatchItemsMax = 20'000;  // bounds how long others wait

struct BatchItem {
  enum class Kind : std::uint8_t { Account, Instance };
  Kind kind = Kind::Instance;
  std::string id{};
  std::optional<std::string> name{};  // what is not set stays; "" when it is new
  bool remove = false;                // what is not there is deleted already
  bool cascade = false;               // of an account to remove: its instances, too

  // An account's token by its SHA-256, as another gate had it: imported when the account has none.
  // How hard it is to guess cannot be judged, and no sealed copy is kept.
  std::optional<crypto::Digest> account_token{};
  bool enforce = false;  // true: activated; false: stays

  std::optional<std::string> account_id{};  // of an instance: required when it is new; else a move
  bool force = false;                       // a move out of an enforcing account
  std::optional<std::string> upstream{};    // "" = the default
  std::optional<std::optional<Secret>> instance_token{};  // set, and empty inside: removed
  std::optional<store::InstanceTokenDigest> instance_token_digest{};  // in its place
};

enum class ItemResult : std::uint8_t { Created, Updated, Unchanged, Deleted, Failed };
enum class DryRun : std::uint8_t { No, Yes };

struct ItemError {
  std::size_t index = 0;
  Error error;
};
struct BatchDone {
  std::vector<ItemResult> results;  // one an item
  std::vector<ItemError> errors;    // of the failed ones, by index
  Receipt receipt;                  // changed:false when nothing was
};

}  // namespace guarita::control
