#include "policy/ip_list.h"

#include <algorithm>
#include <utility>

namespace guarita::policy {
namespace {

using Parsed = Result<Cidr, IpListError>;

IpListError make_error(IpListErrorKind kind, std::size_t index, const std::string& entry) {
  IpListError error{.kind = kind, .index = index, .entry = entry, .suggestion = {}, .message = {}};
  const std::string quoted = "\"" + entry + "\"";
  switch (kind) {
    case IpListErrorKind::Malformed:
      error.message = quoted +
                      " is neither an address nor a network; write 203.0.113.7, 10.0.0.0/8 or "
                      "2001:db8::/32";
      break;
    case IpListErrorKind::HostBitsSet: error.message = quoted + " has host bits set"; break;
    case IpListErrorKind::Duplicate:
      error.message = quoted + " is in the list already; give every network once";
      break;
    case IpListErrorKind::TooMany:
      error.message = "the list holds at most " + std::to_string(kIpListEntriesMax) +
                      " entries; join neighbours into larger networks";
      break;
    case IpListErrorKind::NotInList:
      error.message = quoted + " is not in the list; entries are removed as they are listed";
      break;
  }
  return error;
}

Parsed parse_entry(std::size_t index, const std::string& text) {
  const auto cidr = parse_cidr(text);
  if (cidr) return *cidr;
  switch (cidr.error().kind) {
    case CidrErrorKind::Malformed: break;
    case CidrErrorKind::HostBitsSet: {
      IpListError error = make_error(IpListErrorKind::HostBitsSet, index, text);
      error.suggestion = cidr.error().suggestion;
      error.message += "; the network is " + error.suggestion;
      return Parsed(std::unexpect, std::move(error));
    }
  }
  return Parsed(std::unexpect, make_error(IpListErrorKind::Malformed, index, text));
}

}  // namespace

std::string_view code_of(IpListErrorKind kind) {
  switch (kind) {
    case IpListErrorKind::Malformed: return "ip_list_malformed";
    case IpListErrorKind::HostBitsSet: return "ip_list_host_bits_set";
    case IpListErrorKind::Duplicate: return "ip_list_duplicate";
    case IpListErrorKind::TooMany: return "ip_list_too_many";
    case IpListErrorKind::NotInList: return "ip_list_not_in_list";
  }
  return "";
}

Result<IpList, IpListError> make_ip_list(std::span<const std::string> texts) {
  return add_to(IpList{}, texts);
}

Result<IpList, IpListError> add_to(const IpList& list, std::span<const std::string> texts) {
  using Out = Result<IpList, IpListError>;
  IpList after = list;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Parsed cidr = parse_entry(i, texts[i]);
    if (!cidr) return Out(std::unexpect, std::move(cidr.error()));
    // Quadratic, over at most kIpListEntriesMax entries.
    if (std::ranges::find(after.entries, *cidr) != after.entries.end()) {
      return Out(std::unexpect, make_error(IpListErrorKind::Duplicate, i, texts[i]));
    }
    if (after.entries.size() == kIpListEntriesMax) {
      return Out(std::unexpect, make_error(IpListErrorKind::TooMany, 0, ""));
    }
    after.entries.push_back(*cidr);
  }
  return after;
}

Result<IpList, IpListError> remove_from(const IpList& list, std::span<const std::string> texts) {
  using Out = Result<IpList, IpListError>;
  IpList after = list;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Parsed cidr = parse_entry(i, texts[i]);
    if (!cidr) return Out(std::unexpect, std::move(cidr.error()));
    if (std::erase(after.entries, *cidr) == 0) {
      return Out(std::unexpect, make_error(IpListErrorKind::NotInList, i, texts[i]));
    }
  }
  return after;
}

bool allows(const IpList& list, const IpAddress& address) {
  return list.entries.empty() || std::ranges::any_of(list.entries, [&](const Cidr& cidr) {
           return contains(cidr, address);
         });
}

}  // namespace guarita::policy
