#include "identity/errors.h"

#include "base/log.h"

namespace guarita::identity {
namespace {

constexpr Millis kAskAgain = std::chrono::seconds(1);

std::string_view sentence_of(ErrorCode not_found) {
  switch (not_found) {
    case ErrorCode::LinkInvalid: return "the link is not valid any more";
    case ErrorCode::SessionNotFound: return "there is no such session";
    case ErrorCode::AccountNotFound: return "there is no such account";
    case ErrorCode::UserNotFound:
    case ErrorCode::InvalidRequest:
    case ErrorCode::WeakPassword:
    case ErrorCode::WrongCredentials:
    case ErrorCode::TwoFactorRequired:
    case ErrorCode::WrongCode:
    case ErrorCode::TooManyFailures:
    case ErrorCode::Busy:
    case ErrorCode::TwoFactorIsOn:
    case ErrorCode::TwoFactorIsOff:
    case ErrorCode::UserExists:
    case ErrorCode::LastOwner:
    case ErrorCode::StoreUnavailable: break;
  }
  return "there is no such user";
}

Err<Error> unavailable(const store::StoreError& error) {
  log::error("identity", "the store failed", {{"text", error.text}, {"internal", error.internal}});
  return fail(ErrorCode::StoreUnavailable, "the server cannot reach its store");
}

}  // namespace

Err<Error> fail(ErrorCode code, std::string detail) {
  return Err<Error>(Error{.code = code, .detail = std::move(detail)});
}

Err<Error> invalid(std::string member, std::string detail) {
  return Err<Error>(Error{
      .code = ErrorCode::InvalidRequest, .detail = std::move(detail), .member = std::move(member)});
}

Err<Error> weak(PasswordFault fault) {
  return Err<Error>(Error{.code = ErrorCode::WeakPassword,
                          .detail = std::string(sentence_of(fault)),
                          .member = "password",
                          .why = std::string(word_of(fault))});
}

Err<Error> wait_for(Millis wait) {
  return Err<Error>(Error{.code = ErrorCode::TooManyFailures,
                          .detail = "too many failures: try again a little later",
                          .retry_after = wait});
}

Err<Error> busy() {
  return Err<Error>(Error{.code = ErrorCode::Busy,
                          .detail = "too many passwords are being checked at once",
                          .retry_after = kAskAgain});
}

Err<Error> wrong_credentials() {
  return fail(ErrorCode::WrongCredentials, "the address or the password is not right");
}

Err<Error> wrong_code() {
  return fail(ErrorCode::WrongCode, "the code is not right, or was used before");
}

Err<Error> link_invalid() {
  return fail(ErrorCode::LinkInvalid, "the link is not valid any more");
}

Err<Error> user_not_found() {
  return fail(ErrorCode::UserNotFound, "there is no such user");
}

Err<Error> session_not_found() {
  return fail(ErrorCode::SessionNotFound, "there is no such session");
}

Err<Error> account_not_found(std::string_view id) {
  return fail(ErrorCode::AccountNotFound, "there is no account '" + std::string(id) + "'");
}

Err<Error> store_refused(const store::StoreError& error, ErrorCode not_found) {
  switch (error.kind) {
    case store::StoreErrorKind::NotFound:
      return fail(not_found, std::string(sentence_of(not_found)));
    case store::StoreErrorKind::AlreadyExists:
      return fail(ErrorCode::UserExists, "there is a user with this address already");
    case store::StoreErrorKind::DeadToken: return link_invalid();
    case store::StoreErrorKind::Invalid: return fail(ErrorCode::InvalidRequest, error.text);
    case store::StoreErrorKind::InUse:
    case store::StoreErrorKind::RevisionMismatch:
    case store::StoreErrorKind::FolderInUse:
    case store::StoreErrorKind::CannotOpen:
    case store::StoreErrorKind::NotAStore:
    case store::StoreErrorKind::NewerSchema:
    case store::StoreErrorKind::RolledBack:
    case store::StoreErrorKind::ReadOnly:
    case store::StoreErrorKind::Full:
    case store::StoreErrorKind::Busy:
    case store::StoreErrorKind::Corrupt:
    case store::StoreErrorKind::FileExists:
    case store::StoreErrorKind::Io: break;
  }
  return unavailable(error);
}

}  // namespace guarita::identity
