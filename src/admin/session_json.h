// What the console is told about sessions, users and links, and the cookies that go with it.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "admin/call.h"
#include "identity/identity.h"

namespace guarita::admin {

// Bytes of what is typed into the forms; identity says what is too short or not allowed.
inline constexpr std::size_t kEmailBytesMax = 254;  // RFC 5321
inline constexpr std::size_t kUserNameBytesMax = 200;
inline constexpr std::size_t kLanguageBytesMax = 16;
inline constexpr std::size_t kPasswordBytesMax = 1024;
inline constexpr std::size_t kCodeBytesMax = 64;
inline constexpr std::size_t kLinkTokenBytesMax = 128;

// GET /v1/session. The user and its accounts are read anew.
Answer session_reply(const Call& call, const identity::Session& session);
// The same with the session's cookie; the other kind's cookie is cleared.
Answer signed_in_reply(const Call& call, const identity::SignedIn& signed_in);
// {} and no cookie of either kind any more.
Reply signed_out_reply(const Call& call);

// A member as its account's people see it: memberships in other accounts are left out.
boost::json::object json_of_member(const store::UserRow& user, std::string_view account);
// {"url", "expires_at"}
boost::json::object json_of(const Call& call, const identity::LinkMade& link);

std::string_view text_of(store::Role role);
std::optional<store::Role> parse_role(std::string_view text);
// "rotate view" → ["view", "rotate"], by identity's order.
boost::json::array rights_of(const identity::Session& session);

}  // namespace guarita::admin
