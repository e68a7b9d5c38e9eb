// What a password may be, and how many are hashed at once.
//
// What is compared is the UTF-8 bytes as they came: no normalisation (that needs ICU's tables), so
// a letter typed as one code point and the same letter typed as two are two passwords. Browsers
// and keyboards of one person do it the same way each time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "crypto/password.h"

namespace guarita::identity {

// ---- rules ------------------------------------------------------------------------------------
// No rules of composition, no expiry (NIST SP 800-63B §5.1.1.2): length, and not one of the first
// that an attacker tries.

enum class PasswordFault : std::uint8_t {
  NotText,   // not UTF-8
  TooShort,  // in code points
  TooLong,
  Repeated,  // one unit of at most four characters again and again, or at most two characters
  Sequence,  // runs along the alphabet, the digits or a row of the keyboard, nothing else
  Common,    // on the list: as it is, with digits or signs around it, or written p@ssw0rd
  Email,     // the address, its local part, its domain, or this product's name
  Same,      // what it is already; change_password finds this one
};
std::string_view word_of(PasswordFault fault);      // "too_short", for programs
std::string_view sentence_of(PasswordFault fault);  // for people

std::optional<PasswordFault> check_password(std::string_view password, std::string_view email);

bool is_common_password(std::string_view folded);  // exactly as on the list
std::size_t common_passwords();                    // how many are on it

// ---- hashing ------------------------------------------------------------------------------------

// The slow functions, behind a seam where tests count.
class PasswordFunctions {
 public:
  virtual ~PasswordFunctions() = default;
  virtual std::optional<std::string> hash(std::string_view password) = 0;
  virtual crypto::PasswordMatch verify(std::string_view hash, std::string_view password) = 0;
};
PasswordFunctions& argon2id();

// At most `running_max` at once; the others wait in line, and one more than fits is refused. The
// admin API's pool has four threads and this is the only slow thing on it, so at most three are
// ever held here: a flood of logins leaves one for everybody who is signed in. Strangers may hold
// two of the three, so that whoever signs in from where they did before gets through a flood.
class HashQueue {
 public:
  enum class Who : std::uint8_t { Stranger, Known };
  static constexpr unsigned kHeldMax = 3;
  static constexpr unsigned kStrangersMax = 2;

  explicit HashQueue(PasswordFunctions& functions, unsigned running_max = default_running_max());
  static unsigned default_running_max();  // half of the cores, 1 or 2: the gate needs the others

  // None, and NoMemory: too many at once, or no memory. Ask again in a second.
  std::optional<std::string> hash(const Secret& password, Who who);
  crypto::PasswordMatch verify(std::string_view hash, const Secret& password, Who who);
  unsigned held();  // running or waiting

 private:
  class Turn;

  PasswordFunctions& functions_;
  const unsigned running_max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  unsigned held_ = 0, running_ = 0;  // by mutex_
};

}  // namespace guarita::identity
