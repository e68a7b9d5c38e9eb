// An account's list of networks that may call (DESIGN §3 step 4, §4 "IP list"). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace guarita::policy {

inline constexpr std::size_t kIpListEntriesMax = 1000;

struct IpList {
  std::vector<Cidr> entries;  // in the owner's order; none = no restriction
  bool operator==(const IpList&) const = default;
};

enum class IpListErrorKind : std::uint8_t {
  Malformed,    // neither an address nor a network
  HostBitsSet,  // 10.0.0.1/8; `suggestion` holds 10.0.0.0/8
  Duplicate,    // twice in what was given, or there already
  TooMany,      // over kIpListEntriesMax
  NotInList,    // remove: no such entry
};
struct IpListError {
  IpListErrorKind kind;
  std::size_t index = 0;   // of the entry in what was given; 0 for TooMany
  std::string entry;       // as given
  std::string suggestion;  // what was probably meant, or empty
  std::string message;     // one sentence with the remedy
};
std::string_view code_of(IpListErrorKind kind);  // "ip_list_duplicate"

// Each takes texts for parse_cidr and is all or nothing: the first error ends it.
Result<IpList, IpListError> make_ip_list(std::span<const std::string> texts);
Result<IpList, IpListError> add_to(const IpList& list, std::span<const std::string> texts);
Result<IpList, IpListError> remove_from(const IpList& list, std::span<const std::string> texts);

// True for an empty list. Linear: a hot path keeps its own form.
bool allows(const IpList& list, const IpAddress& address);

}  // namespace guarita::policy
