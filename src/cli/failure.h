// How a command ends: the exit codes of the command line, and a failure with what mends it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace guarita::cli {

// Part of the contract with scripts; the numbers never change.
enum class ExitCode : std::uint8_t {
  Ok = 0,
  Failed = 1,       // the server refused, or the work failed
  Usage = 2,        // the command line is wrong; nothing was tried
  Unreachable = 3,  // no server answered: nothing is known to have happened
  NotInForce = 4,   // committed, but some thread still decided by the old state after the wait
};

struct Failure {
  ExitCode code = ExitCode::Failed;
  std::string message;  // one sentence for a person, no full stop needed
  std::string remedy;   // a command or a deed that mends it; may be empty
  std::string json;     // the API's answer, for --output json; empty when there was none
};

template <class T>
using Outcome = Result<T, Failure>;

inline Err<Failure> fail(std::string message, std::string remedy = {}) {
  return Err<Failure>(Failure{ExitCode::Failed, std::move(message), std::move(remedy), {}});
}
inline Err<Failure> usage(std::string message, std::string remedy = {}) {
  return Err<Failure>(Failure{ExitCode::Usage, std::move(message), std::move(remedy), {}});
}

}  // namespace guarita::cli
