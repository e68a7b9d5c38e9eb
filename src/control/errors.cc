#include "base/log.h"
#include "control/engine.h"
#include "policy/routes.h"

namespace guarita::control {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kAccountIdBytesMax = 64;

ErrorCode code_for(policy::VerbError error) {
  switch (error) {
    case policy::VerbError::NoToken: return ErrorCode::NoToken;
    case policy::VerbError::TokenExists: return ErrorCode::TokenExists;
    case policy::VerbError::NoRotation: return ErrorCode::NoRotation;
    case policy::VerbError::RotationUnderWay: return ErrorCode::RotationUnderWay;
    case policy::VerbError::RetiringNotOver: return ErrorCode::RetiringNotOver;
    case policy::VerbError::NoCurrent: return ErrorCode::NoCurrent;
    case policy::VerbError::WouldCutOff: return ErrorCode::WouldCutOff;
    case policy::VerbError::WouldLock: return ErrorCode::WouldLock;
    case policy::VerbError::NoSuchToken: return ErrorCode::TokenNotFound;
    case policy::VerbError::ExpiryNotAhead: return ErrorCode::InvalidRequest;
  }
  return ErrorCode::InvalidRequest;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Err<Error> fail(ErrorCode code, std::string detail) {
  return Err<Error>(Error{.code = code,
                          .detail = std::move(detail),
                          .member = {},
                          .suggestion = {},
                          .remedy = {},
                          .revision = 0});
}

Err<Error> invalid(std::string member, std::string detail) {
  auto error = fail(ErrorCode::InvalidRequest, std::move(detail));
  error.error().member = std::move(member);
  return error;
}

Err<Error> account_not_found(std::string_view id) {
  return fail(ErrorCode::AccountNotFound, "there is no account '" + std::string(id) + "'");
}

Err<Error> instance_not_found(std::string_view id) {
  return fail(ErrorCode::InstanceNotFound, "there is no instance '" + std::string(id) + "'");
}

Err<Error> conflict(store::Revision present) {
  auto error = fail(ErrorCode::RevisionConflict,
                    "the account has changed since: it is at revision " + std::to_string(present));
  error.error().revision = present;
  return error;
}

Err<Error> store_failed(const store::StoreError& error) {
  if (error.kind == store::StoreErrorKind::RevisionMismatch) return conflict(error.current);
  if (error.kind == store::StoreErrorKind::Invalid) return invalid("", error.text);
  log::error("control", "the store failed", {{"text", error.text}, {"internal", error.internal}});
  auto failed = fail(ErrorCode::StoreUnavailable, error.text);
  failed.error().remedy = error.remedy;
  return failed;
}

Err<Error> verb_failed(policy::VerbError error, std::string_view account_id) {
  auto failed = fail(code_for(error), "account '" + std::string(account_id) +
                                          "': " + std::string(policy::message_of(error)));
  if (error == policy::VerbError::ExpiryNotAhead) failed.error().member = "expires_at";
  return failed;
}

Outcome<void> check_seen(const Request& request, store::Revision present) {
  if (request.if_revision && *request.if_revision != present) return conflict(present);
  return {};
}

Outcome<void> check_name(std::string_view name) {
  if (name.size() > kNameBytesMax) return invalid("name", "a name has at most 200 bytes");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return invalid("name", "a name has no control characters");
    }
  }
  return {};
}

Outcome<void> check_account_id(std::string_view id) {
  const bool bad_length = id.empty() || id.size() > kAccountIdBytesMax;
  if (bad_length || !is_letter_or_digit(id.front())) {
    return invalid("id", "an account id has 1 to 64 characters and begins with a letter or digit");
  }
  for (const char c : id) {
    if (!is_letter_or_digit(c) && !std::string_view("._~@+-").contains(c)) {
      return invalid("id", "an account id has only letters, digits and ._~@+-");
    }
  }
  return {};
}

Outcome<void> check_instance_id(std::string_view id) {
  if (policy::is_instance_id(id)) return {};
  return invalid("id", "an instance id is 1 to 128 bytes of UTF-8 without control characters or /");
}

}  // namespace guarita::control
