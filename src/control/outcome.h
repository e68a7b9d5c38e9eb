// What a use case answers: a value with its receipt, or one of a closed list of errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "policy/state_machine.h"
#include "store/store.h"

namespace guarita::control {

// Refused or impossible. After the commit nothing is an error any more (DESIGN §4).
enum class ErrorCode : std::uint8_t {
  InvalidRequest,    // a value out of its range; `member` names it
  InvalidNetwork,    // no CIDR; `suggestion` holds the network that was probably meant, or ""
  InvalidTokenText,  // an import that cannot be a token: length, characters, checksum
  AccountNotFound,
  InstanceNotFound,
  TokenNotFound,
  AdminTokenNotFound,
  ReceiptNotFound,  // never was, or no longer remembered
  AccountExists,
  InstanceExists,
  AccountOwnsInstances,
  NoToken,  // from here to WouldLock: the state machine's refusals (DESIGN §2)
  TokenExists,
  NoRotation,
  RotationUnderWay,
  RetiringNotOver,
  NoCurrent,
  WouldCutOff,
  WouldLock,
  WouldOpen,             // what an enforcing account protects would be reachable without token
  ConfirmationRequired,  // IP list begun or emptied; deactivating a locked account
  WeakToken,             // an import under 96 bits without `weak`
  TokenReused,           // an import that is live or dead in this account
  TokenIsInstanceToken,  // an import that equals an instance token of this account
  IpListFull,
  RevisionConflict,  // If-Match is not the present revision, which is in `revision`
  StoreUnavailable,  // nothing was changed; `internal` is for the log only
};

struct Error {
  ErrorCode code;
  std::string detail;      // one sentence for a person; never holds a token
  std::string member;      // InvalidRequest: which value
  std::string suggestion;  // InvalidNetwork
  std::string remedy;      // where the code's own remedy is not the best one
  store::Revision revision = 0;
};

template <class T>
using Outcome = Result<T, Error>;

// From when, and on how many nodes, a change is in force.
struct Receipt {
  store::Revision revision = 0;  // of the change; of the last one to the resource when !changed
  bool changed = false;
  bool complete = false;
  unsigned nodes = 0;          // that decide by it
  unsigned of = 1;             // all
  std::optional<Time> at;      // when the last node did; none while incomplete
  std::optional<Micros> took;  // from the commit's end to there
  unsigned streams_closed = 0;
};

struct AccountView {
  store::AccountRow row;
  policy::Mode mode = policy::Mode::Unset;
  std::vector<store::TokenRow> tokens;  // live, at most two
  std::size_t ip_entries = 0;
};

template <class T>
struct Done {
  T value;
  Receipt receipt;
};
struct Nothing {};

}  // namespace guarita::control
