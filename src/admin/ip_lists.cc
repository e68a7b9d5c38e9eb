#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kEntriesMax = 1000;
constexpr std::size_t kEntryBytesMax = 64;

// "192.0.2.0/24", or {"cidr": …, "note": …}.
std::optional<control::IpEntryText> entry_of(const boost::json::value& value) {
  control::IpEntryText entry;
  if (value.is_string()) {
    entry.cidr = std::string(value.get_string());
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.get_object()) {
      if (name == "cidr" && member.is_string()) {
        entry.cidr = std::string(member.get_string());
      } else if (name == "note" && member.is_string()) {
        entry.note = std::string(member.get_string());
      } else {
        return std::nullopt;
      }
    }
    if (!value.get_object().contains("cidr")) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (entry.cidr.size() > kEntryBytesMax) return std::nullopt;
  return entry;
}

std::vector<control::IpEntryText> read_entries(Body& body) {
  std::vector<control::IpEntryText> entries;
  const boost::json::value* list = body.any("entries");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kEntriesMax) {
    body.refuse("entries", "'entries' must be a list of at most 1000 networks");
    return entries;
  }
  for (const boost::json::value& value : list->get_array()) {
    auto entry = entry_of(value);
    if (!entry) {
      body.refuse("entries/" + std::to_string(entries.size()),
                  "an entry is a text, or an object with cidr and note");
      break;
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

boost::json::array json_of_callers(const std::vector<store::CallerRow>& callers) {
  boost::json::array items;
  for (const store::CallerRow& caller : callers) {
    items.push_back({{"address", format_ip(caller.address)},
                     {"last_seen_at", format_rfc3339(caller.last_seen)},
                     {"requests", caller.requests}});
  }
  return items;
}

boost::json::object json_of_check(const control::IpListCheck& check) {
  return {{"dry_run", true},
          {"before", json_of(check.before)},
          {"after", json_of(check.after)},
          {"added", json_of(check.added)},
          {"removed", json_of(check.removed)},
          {"needs_confirmation", check.needs_confirmation},
          {"shut_out", json_of_callers(check.shut_out)}};
}

Answer change(const Call& call, control::IpListVerb verb) {
  Body body(call.request);
  const auto entries = read_entries(body);
  const bool confirm = body.flag("confirm");
  const bool dry_run = body.flag("dry_run");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const std::string& id = call.in_path("account");
  if (dry_run) {
    const auto check = call.control.check_ip_list(id, verb, entries);
    if (!check) return Err<Problem>(problem_of(check.error()));
    return Reply{.body = json_of_check(*check)};
  }
  const auto outcome = call.control.change_ip_list(
      call.asked(), id, verb, entries, confirm ? control::Confirm::Yes : control::Confirm::No);
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return with_etag(done({{"ip_list", json_of(outcome->value)}}, outcome->receipt),
                   outcome->value.revision);
}

}  // namespace

Answer show_ip_list(const Call& call) {
  const auto list = call.control.ip_list(call.in_path("account"));
  if (!list) return Err<Problem>(problem_of(list.error()));
  return with_etag({.body = json_of(*list)}, list->revision);
}

Answer set_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Set);
}
Answer add_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Add);
}
Answer remove_ip_list(const Call& call) {
  return change(call, control::IpListVerb::Remove);
}

}  // namespace guarita::admin
