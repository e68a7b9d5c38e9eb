// Comparison with the oracles, and the known differences between them and us.
#pragma once

#include <string_view>

#include "message.h"

namespace guarita::fuzz {

// `shift`: how many bytes longer the oracle's input is than ours.
void expect_same(std::string_view who, const Message& ours, const Message& theirs,
                 std::ptrdiff_t shift, std::string_view input);

bool has_field(const Message& message, std::string_view lower_case_name);
unsigned count_field(const Message& message, std::string_view lower_case_name);

}  // namespace guarita::fuzz
