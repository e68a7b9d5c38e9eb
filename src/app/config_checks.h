// What single values and the whole configuration must fulfil beyond their kinds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace guarita::app {

// Each says what is wrong, to be read after the value: "is no address…"; "" = nothing.
std::string check_listener(std::string_view text);  // "127.0.0.1:8080", "[::1]:0", ":8080"
std::string check_listener_or_off(std::string_view text);
std::string check_cidr(std::string_view text);
std::string check_upstream_url(std::string_view text);
std::string check_header_name(std::string_view text);
std::string check_token_header(std::string_view text);
std::string check_upstream_header(std::string_view text);
std::string check_prefix(std::string_view text);
std::string check_origin(std::string_view text);
std::string check_public_url(std::string_view text);
std::string check_frame_origin(std::string_view text);
std::string check_node_id(std::string_view text);
std::string check_not_empty(std::string_view text);
std::string check_socket(std::string_view text);

// ":8080" → "0.0.0.0:8080".
std::string whole_listener(std::string_view text);

// Things that concern several keys at once. `key` says where to point.
struct Finding {
  std::string key;
  std::string text;
  std::string remedy;
};
struct Findings {
  std::vector<Finding> errors;
  std::vector<Finding> warnings;
};
Findings check_whole(const Settings& settings);

}  // namespace guarita::app
