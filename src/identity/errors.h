// One place where errors get their words.
#pragma once

#include <string>
#include <string_view>

#include "identity/identity.h"
#include "identity/password.h"

namespace guarita::identity {

Err<Error> fail(ErrorCode code, std::string detail);
Err<Error> invalid(std::string member, std::string detail);
Err<Error> weak(PasswordFault fault);
Err<Error> wait_for(Millis wait);
Err<Error> busy();
Err<Error> wrong_credentials();
Err<Error> wrong_code();
Err<Error> link_invalid();
Err<Error> user_not_found();
Err<Error> session_not_found();
Err<Error> account_not_found(std::string_view id);

// What the store refused, or could not do. `not_found`: what was looked for. Faults of the store
// itself are logged here and are StoreUnavailable, whose detail says nothing of the inside.
Err<Error> store_refused(const store::StoreError& error, ErrorCode not_found);

}  // namespace guarita::identity
