// RFC 9457 problems: a closed list of codes, each with its status, title and remedy.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "control/outcome.h"
#include "identity/identity.h"
#include "net/admin_http.h"

namespace guarita::admin {

enum class Code : std::uint8_t {
  InvalidRequest,
  InvalidNetwork,
  InvalidTokenText,
  HostRequired,
  Unauthenticated,
  WrongCredentials,
  TwoFactorRequired,
  WrongCode,
  Forbidden,
  OriginRefused,
  CsrfRefused,
  HttpsRequired,
  ReauthenticationRequired,
  NoSuchRoute,
  AccountNotFound,
  InstanceNotFound,
  TokenNotFound,
  AdminTokenNotFound,
  ReceiptNotFound,
  UserNotFound,
  SessionNotFound,
  LinkInvalid,
  MethodNotAllowed,
  AccountExists,
  InstanceExists,
  AccountOwnsInstances,
  NoToken,
  TokenExists,
  NoRotation,
  RotationUnderWay,
  RetiringNotOver,
  NoCurrent,
  WouldCutOff,
  WouldLock,
  WouldOpen,
  ConfirmationRequired,
  UserExists,
  LastOwner,
  TwoFactorIsOn,
  TwoFactorIsOff,
  WeakToken,
  TokenReused,
  TokenIsInstanceToken,
  IpListFull,
  RevisionConflict,
  BodyTooLarge,
  HeadTooLarge,
  UnsupportedMediaType,
  Misdirected,
  WeakPassword,
  IfMatchRequired,
  TooManyFailures,
  Internal,
  StoreUnavailable,
  Busy,
};

struct CodeRow {
  Code code;
  std::string_view name;
  unsigned status;
  std::string_view title;
  // The command or step that mends it. ACCOUNT and INSTANCE stand for the ids of the request.
  std::string_view remedy;
};
std::span<const CodeRow> code_table();
const CodeRow& row_of(Code code);
Code code_for(control::ErrorCode error);
Code code_for(identity::ErrorCode error);

struct Problem {
  Code code = Code::Internal;
  std::string detail;
  std::string remedy;              // "" = the table's
  boost::json::object more;        // `member`, `revision`, `suggestion`
  net::AdminHeaders headers = {};  // Allow, Retry-After, WWW-Authenticate
  unsigned status = 0;             // 0 = the table's
};

Problem problem(Code code, std::string detail);
Problem problem_of(const control::Error& error);
Problem problem_of(const identity::Error& error);

// What the remedy's placeholders stand for; empty: left as they are.
struct Named {
  std::string account;
  std::string instance;
};
net::AdminResponse response_of(const Problem& problem, std::string_view request_id,
                               const Named& named);

}  // namespace guarita::admin
