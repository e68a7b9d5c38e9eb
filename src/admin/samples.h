// One request for every route: what the contract and the rights are tested with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/routes.h"
#include "admin/testing.h"

namespace guarita::admin::testing {

// Succeeds on an account "acme" with a token and an instance "i1", when its turn comes.
struct Sample {
  std::string_view method, path;
  std::string target, body;
};
std::vector<Sample> samples();
const Route& route_of(const Sample& sample);

// What samples() needs to be there: acme with an owner, a viewer and a token, i1, the account
// "other" with an owner, and the user guest@example.com.
struct Stage {
  explicit Stage(ApiWorld& api);

  // The sample with what its words stand for: ADMIN_TOKEN, MEMBER, GUEST, TOKEN and SESSION (ids),
  // LINK (a fresh one) and CODE (of the authenticator that was begun last). `self`: whose sessions.
  Ask ask(const Sample& sample, const Browser& self);

  ApiWorld& api;
  Browser owner, viewer, stranger, guest;
  std::string totp_secret;  // Base32; a test sets it to what two-factor:begin told

 private:
  std::string value_of(std::string_view word, const Browser& self);
  std::string code();
};

}  // namespace guarita::admin::testing
