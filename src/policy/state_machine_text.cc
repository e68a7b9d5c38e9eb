// The words of the state machine: closed lists that API, CLI, metrics and tests share.
#include <array>

#include "policy/state_machine.h"

namespace guarita::policy {

std::string_view text_of(TokenState state) {
  switch (state) {
    case TokenState::Current: return "current";
    case TokenState::Next: return "next";
    case TokenState::Retiring: return "retiring";
    case TokenState::Revoked: return "revoked";
    case TokenState::Expired: return "expired";
  }
  return "";
}

std::optional<TokenState> parse_token_state(std::string_view text) {
  for (const TokenState state : {TokenState::Current, TokenState::Next, TokenState::Retiring,
                                 TokenState::Revoked, TokenState::Expired}) {
    if (text == text_of(state)) return state;
  }
  return std::nullopt;
}

std::string_view text_of(Mode mode) {
  switch (mode) {
    case Mode::Unset: return "unset";
    case Mode::Monitor: return "monitor";
    case Mode::Enforce: return "enforce";
    case Mode::Locked: return "locked";
  }
  return "";
}

std::string_view state_name(AccountState s) {
  switch (s) {
    case AccountState::Unset: return "unset";
    case AccountState::MonitorC: return "monitor·C";
    case AccountState::MonitorCN: return "monitor·CN";
    case AccountState::MonitorCR: return "monitor·CR";
    case AccountState::MonitorR: return "monitor·R";
    case AccountState::EnforceC: return "enforce·C";
    case AccountState::EnforceCN: return "enforce·CN";
    case AccountState::EnforceCR: return "enforce·CR";
    case AccountState::EnforceR: return "enforce·R";
    case AccountState::Locked: return "locked";
  }
  return "";
}

std::string_view state_code(AccountState s) {
  switch (s) {
    case AccountState::Unset: return "unset";
    case AccountState::MonitorC: return "monitor_current";
    case AccountState::MonitorCN: return "monitor_current_next";
    case AccountState::MonitorCR: return "monitor_current_retiring";
    case AccountState::MonitorR: return "monitor_retiring";
    case AccountState::EnforceC: return "enforce_current";
    case AccountState::EnforceCN: return "enforce_current_next";
    case AccountState::EnforceCR: return "enforce_current_retiring";
    case AccountState::EnforceR: return "enforce_retiring";
    case AccountState::Locked: return "locked";
  }
  return "";
}

std::string_view code_of(VerbError error) {
  switch (error) {
    case VerbError::NoToken: return "no_token";
    case VerbError::TokenExists: return "token_exists";
    case VerbError::NoRotation: return "no_rotation";
    case VerbError::RotationUnderWay: return "rotation_under_way";
    case VerbError::RetiringNotOver: return "retiring_not_over";
    case VerbError::NoCurrent: return "no_current";
    case VerbError::WouldCutOff: return "would_cut_off";
    case VerbError::WouldLock: return "would_lock";
    case VerbError::NoSuchToken: return "no_such_token";
    case VerbError::ExpiryNotAhead: return "expiry_not_ahead";
  }
  return "";
}

std::string_view message_of(VerbError error) {
  switch (error) {
    case VerbError::NoToken: return "The account has no token; generate one first.";
    case VerbError::TokenExists:
      return "The account has a token already; rotate replaces it without an outage, regenerate "
             "at once.";
    case VerbError::NoRotation: return "No rotation is under way; rotate starts one.";
    case VerbError::RotationUnderWay:
      return "A rotation is under way; promote the next token, or revoke it to cancel.";
    case VerbError::RetiringNotOver:
      return "The last rotation's old token is still accepted; wait, or promote with no grace to "
             "end it now.";
    case VerbError::NoCurrent: return "The account has no current token; generate one first.";
    case VerbError::WouldCutOff:
      return "Every caller with an old token would be refused from now on; rotate instead, or "
             "confirm with cut_off.";
    case VerbError::WouldLock:
      return "No token would be left and every request would be denied; deactivate first, or "
             "confirm with lock.";
    case VerbError::NoSuchToken: return "The account has no such token.";
    case VerbError::ExpiryNotAhead:
      return "The new token would be dead at once; its expiry must "
             "lie ahead.";
  }
  return "";
}

}  // namespace guarita::policy
