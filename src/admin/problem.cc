#include "admin/problem.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

namespace guarita::admin {
namespace {

constexpr std::array kCodes = {
    CodeRow{Code::InvalidRequest, "invalid_request", 400, "The request cannot be read.",
            "correct what `member` names; GET /v1/openapi.json describes every request"},
    CodeRow{Code::InvalidNetwork, "invalid_network", 400, "That is no network.",
            "guarita ip set ACCOUNT with networks such as 192.0.2.0/24, or single addresses"},
    CodeRow{Code::InvalidTokenText, "invalid_token_text", 400, "That text cannot be a token.",
            "guarita token generate ACCOUNT makes a good one"},
    CodeRow{Code::HostRequired, "host_required", 400, "Exactly one Host header is needed.",
            "send one Host header"},
    CodeRow{Code::Unauthenticated, "unauthenticated", 401, "Nobody is known by that token.",
            "guarita admin-token create --scope read, then send Authorization: Bearer TOKEN; on "
            "the socket: run as the server's user or as root"},
    CodeRow{Code::WrongCredentials, "wrong_credentials", 401, "E-mail or password is wrong.",
            "try again, or ask an operator for guarita user reset-link EMAIL"},
    CodeRow{Code::TwoFactorRequired, "two_factor_required", 401, "A code is needed too.",
            "send `code`: six digits of the authenticator, or a recovery code"},
    CodeRow{Code::WrongCode, "wrong_code", 401, "The code is wrong or was used before.",
            "wait for the authenticator's next code, or use a recovery code"},
    CodeRow{Code::Forbidden, "forbidden", 403, "The caller's rights do not reach this far.",
            "guarita admin-token create --scope write, or do it over the server's socket"},
    CodeRow{Code::OriginRefused, "origin_refused", 403, "Pages of other sites may not call.",
            "set [console] public_url to the address that the page is served from"},
    CodeRow{Code::CsrfRefused, "csrf_refused", 403, "The request does not come from the panel.",
            "send X-Guarita-CSRF with the csrf of GET /v1/session"},
    CodeRow{Code::HttpsRequired, "https_required", 403, "Passwords and sessions need https.",
            "set [console] tls_certificate and tls_key, or put a TLS terminator in front and set "
            "[console] public_url to its https address"},
    CodeRow{Code::ReauthenticationRequired, "reauthentication_required", 403,
            "The password is needed again.", "POST /v1/session:reauthenticate, then repeat"},
    CodeRow{Code::NoSuchRoute, "no_such_route", 404, "There is no such resource.",
            "GET /v1/openapi.json lists every path; a : within an id is written %3A"},
    CodeRow{Code::AccountNotFound, "account_not_found", 404, "There is no such account.",
            "guarita account list"},
    CodeRow{Code::InstanceNotFound, "instance_not_found", 404, "There is no such instance.",
            "guarita instance list"},
    CodeRow{Code::TokenNotFound, "token_not_found", 404, "The account has no such token.",
            "guarita token status ACCOUNT"},
    CodeRow{Code::AdminTokenNotFound, "admin_token_not_found", 404, "There is no such admin token.",
            "guarita admin-token list"},
    CodeRow{Code::ReceiptNotFound, "receipt_not_found", 404, "No such receipt is remembered.",
            "guarita audit list shows every change"},
    CodeRow{Code::UserNotFound, "user_not_found", 404, "There is no such user.",
            "guarita user list"},
    CodeRow{Code::SessionNotFound, "session_not_found", 404, "There is no such session.",
            "GET /v1/sessions"},
    CodeRow{Code::LinkInvalid, "link_invalid", 404, "The link is used, over or unknown.",
            "ask for a new one: guarita user reset-link EMAIL"},
    CodeRow{Code::MethodNotAllowed, "method_not_allowed", 405, "Not with this method.",
            "use a method of the Allow header"},
    CodeRow{Code::AccountExists, "account_exists", 409, "The id is taken.",
            "guarita account show ACCOUNT, or choose another id"},
    CodeRow{Code::InstanceExists, "instance_exists", 409, "The id is taken.",
            "guarita instance show INSTANCE, or guarita instance move INSTANCE --to OTHER"},
    CodeRow{Code::AccountOwnsInstances, "account_owns_instances", 409,
            "The account still owns instances.",
            "guarita instance move INSTANCE --to OTHER for each, or guarita account delete "
            "ACCOUNT --cascade"},
    CodeRow{Code::NoToken, "no_token", 409, "The account has no token.",
            "guarita token generate ACCOUNT"},
    CodeRow{Code::TokenExists, "token_exists", 409, "The account has a current token.",
            "guarita token rotate ACCOUNT, or guarita token regenerate ACCOUNT"},
    CodeRow{Code::NoRotation, "no_rotation", 409, "No rotation is under way.",
            "guarita token rotate ACCOUNT"},
    CodeRow{Code::RotationUnderWay, "rotation_under_way", 409, "A rotation is under way.",
            "guarita token promote ACCOUNT, or guarita token revoke ACCOUNT --token ID"},
    CodeRow{Code::RetiringNotOver, "retiring_not_over", 409,
            "The last rotation's old token is still accepted.",
            "guarita token promote ACCOUNT --grace 0s ends it"},
    CodeRow{Code::NoCurrent, "no_current", 409, "The account has no current token.",
            "guarita token generate ACCOUNT"},
    CodeRow{Code::WouldCutOff, "would_cut_off", 409,
            "Programs with the present token would be refused at once.",
            "guarita token rotate ACCOUNT keeps them; guarita token regenerate ACCOUNT --cut-off "
            "does it all the same"},
    CodeRow{Code::WouldLock, "would_lock", 409, "No live token would remain.",
            "guarita token deactivate ACCOUNT first, or add --lock to refuse every request"},
    CodeRow{Code::WouldOpen, "would_open", 409, "What the account protects would be open.",
            "a move: guarita token activate for the other account first, or guarita instance move "
            "INSTANCE --to OTHER --force; a deletion while unknown instances pass: set [routing] "
            "unknown_instance = \"deny\", or guarita token deactivate ACCOUNT first"},
    CodeRow{Code::ConfirmationRequired, "confirmation_required", 409, "This needs a confirmation.",
            "repeat with --yes (in the API: \"confirm\": true)"},
    CodeRow{Code::UserExists, "user_exists", 409, "The e-mail is taken.", "guarita user list"},
    CodeRow{Code::LastOwner, "last_owner", 409, "An account keeps one owner.",
            "make another member owner first"},
    CodeRow{Code::TwoFactorIsOn, "two_factor_is_on", 409, "Two-factor is on already.",
            "POST /v1/me/two-factor:disable first"},
    CodeRow{Code::TwoFactorIsOff, "two_factor_is_off", 409, "Two-factor is off.",
            "POST /v1/me/two-factor:begin"},
    CodeRow{Code::WeakToken, "weak_token", 409, "The token can be guessed.",
            "guarita token generate ACCOUNT, or guarita token import ACCOUNT --weak"},
    CodeRow{Code::TokenReused, "token_reused", 409, "The account has or had this token.",
            "guarita token generate ACCOUNT"},
    CodeRow{Code::TokenIsInstanceToken, "token_is_instance_token", 409,
            "A token and an instance token must differ.",
            "guarita token generate ACCOUNT, or choose another instance token"},
    CodeRow{Code::IpListFull, "ip_list_full", 409, "An IP list has at most 1000 entries.",
            "guarita ip list ACCOUNT, then replace single addresses by their networks"},
    CodeRow{Code::RevisionConflict, "revision_conflict", 412,
            "The account has changed since it was read.",
            "guarita token status ACCOUNT, then decide again"},
    CodeRow{Code::BodyTooLarge, "body_too_large", 413, "The body is over 2 MiB.",
            "send less at a time"},
    CodeRow{Code::UnsupportedMediaType, "unsupported_media_type", 415, "The body must be JSON.",
            "send Content-Type: application/json"},
    CodeRow{Code::Misdirected, "misdirected", 421, "This server is not called by that name.",
            "set [console] public_url to the address that callers use"},
    CodeRow{Code::WeakPassword, "weak_password", 422, "The password can be guessed.",
            "choose 8 to 128 characters that are no common password"},
    CodeRow{Code::IfMatchRequired, "if_match_required", 428,
            "This verb needs the revision that it was decided by.",
            "GET the account and send its ETag as If-Match; the CLI does so by itself"},
    CodeRow{Code::TooManyFailures, "too_many_failures", 429, "Too many failed attempts.",
            "wait as Retry-After says, then send a valid token"},
    CodeRow{Code::HeadTooLarge, "head_too_large", 431, "The request's head is too large.",
            "send fewer or shorter headers"},
    CodeRow{Code::Internal, "internal", 500, "The server failed.",
            "look for the request id in the server's log; guarita doctor"},
    CodeRow{Code::StoreUnavailable, "store_unavailable", 503,
            "The store cannot be used; nothing was changed.", "guarita doctor"},
    CodeRow{Code::Busy, "busy", 503, "Too many passwords are being checked.",
            "wait as Retry-After says, then repeat"},
};

void replace_word(std::string& text, std::string_view word, std::string_view by) {
  if (by.empty()) return;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
    text.replace(at, word.size(), by);
  }
}

}  // namespace

std::span<const CodeRow> code_table() {
  return kCodes;
}

const CodeRow& row_of(Code code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[0];
}

Code code_for(control::ErrorCode error) {
  using E = control::ErrorCode;
  switch (error) {
    case E::InvalidRequest: return Code::InvalidRequest;
    case E::InvalidNetwork: return Code::InvalidNetwork;
    case E::InvalidTokenText: return Code::InvalidTokenText;
    case E::AccountNotFound: return Code::AccountNotFound;
    case E::InstanceNotFound: return Code::InstanceNotFound;
    case E::TokenNotFound: return Code::TokenNotFound;
    case E::AdminTokenNotFound: return Code::AdminTokenNotFound;
    case E::ReceiptNotFound: return Code::ReceiptNotFound;
    case E::AccountExists: return Code::AccountExists;
    case E::InstanceExists: return Code::InstanceExists;
    case E::AccountOwnsInstances: return Code::AccountOwnsInstances;
    case E::NoToken: return Code::NoToken;
    case E::TokenExists: return Code::TokenExists;
    case E::NoRotation: return Code::NoRotation;
    case E::RotationUnderWay: return Code::RotationUnderWay;
    case E::RetiringNotOver: return Code::RetiringNotOver;
    case E::NoCurrent: return Code::NoCurrent;
    case E::WouldCutOff: return Code::WouldCutOff;
    case E::WouldLock: return Code::WouldLock;
    case E::WouldOpen: return Code::WouldOpen;
    case E::ConfirmationRequired: return Code::ConfirmationRequired;
    case E::WeakToken: return Code::WeakToken;
    case E::TokenReused: return Code::TokenReused;
    case E::TokenIsInstanceToken: return Code::TokenIsInstanceToken;
    case E::IpListFull: return Code::IpListFull;
    case E::RevisionConflict: return Code::RevisionConflict;
    case E::StoreUnavailable: return Code::StoreUnavailable;
  }
  return Code::Internal;
}

Code code_for(identity::ErrorCode error) {
  using E = identity::ErrorCode;
  switch (error) {
    case E::InvalidRequest: return Code::InvalidRequest;
    case E::WeakPassword: return Code::WeakPassword;
    case E::WrongCredentials: return Code::WrongCredentials;
    case E::TwoFactorRequired: return Code::TwoFactorRequired;
    case E::WrongCode: return Code::WrongCode;
    case E::TooManyFailures: return Code::TooManyFailures;
    case E::Busy: return Code::Busy;
    case E::LinkInvalid: return Code::LinkInvalid;
    case E::TwoFactorIsOn: return Code::TwoFactorIsOn;
    case E::TwoFactorIsOff: return Code::TwoFactorIsOff;
    case E::UserNotFound: return Code::UserNotFound;
    case E::SessionNotFound: return Code::SessionNotFound;
    case E::AccountNotFound: return Code::AccountNotFound;
    case E::UserExists: return Code::UserExists;
    case E::LastOwner: return Code::LastOwner;
    case E::StoreUnavailable: return Code::StoreUnavailable;
  }
  return Code::Internal;
}

Problem problem(Code code, std::string detail) {
  return {.code = code, .detail = std::move(detail), .remedy = {}, .more = {}};
}

Problem problem_of(const control::Error& error) {
  Problem result = problem(code_for(error.code), error.detail);
  result.remedy = error.remedy;
  if (!error.member.empty()) result.more["member"] = error.member;
  if (!error.suggestion.empty()) result.more["suggestion"] = error.suggestion;
  if (result.code == Code::RevisionConflict) result.more["revision"] = error.revision;
  return result;
}

Problem problem_of(const identity::Error& error) {
  Problem result = problem(code_for(error.code), error.detail);
  if (!error.member.empty()) result.more["member"] = error.member;
  if (!error.why.empty()) result.more["why"] = error.why;
  if (result.code == Code::WeakPassword && error.member.empty()) result.more["member"] = "password";
  if (result.code == Code::TooManyFailures || result.code == Code::Busy) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after).count();
    result.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
  }
  return result;
}

net::AdminResponse response_of(const Problem& problem, std::string_view request_id,
                               const Named& named) {
  const CodeRow& row = row_of(problem.code);
  const unsigned status = problem.status == 0 ? row.status : problem.status;
  std::string remedy = problem.remedy.empty() ? std::string(row.remedy) : problem.remedy;
  replace_word(remedy, "ACCOUNT", named.account);
  replace_word(remedy, "INSTANCE", named.instance);
  boost::json::object body = {{"type", "urn:guarita:problem:" + std::string(row.name)},
                              {"title", row.title},
                              {"status", status},
                              {"code", row.name},
                              {"detail", problem.detail},
                              {"remedy", remedy},
                              {"request_id", request_id}};
  for (const auto& [name, value] : problem.more) body[name] = value;
  net::AdminResponse response{
      .status = status, .headers = problem.headers, .body = boost::json::serialize(body)};
  response.headers.emplace_back("Content-Type", "application/problem+json");
  return response;
}

}  // namespace guarita::admin
