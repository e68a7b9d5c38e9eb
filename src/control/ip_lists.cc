// An account's list of addresses that may call.
#include <algorithm>

#include "control/engine.h"
#include "policy/ip_list.h"

namespace guarita::control {
namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const std::vector<Cidr>& entries) {
  Texts texts;
  texts.reserve(entries.size());
  for (const Cidr& entry : entries) texts.push_back(format_cidr(entry));
  return texts;
}

std::vector<Cidr> cidrs_of(const AccountState& state) {
  std::vector<Cidr> entries;
  entries.reserve(state.ip_list.size());
  for (const store::IpEntry& entry : state.ip_list) entries.push_back(entry.cidr);
  return entries;
}

IpListView view_of_list(const AccountState& state) {
  return {.entries = texts_of(cidrs_of(state)), .revision = state.row.revision};
}

Err<Error> list_failed(const policy::IpListError& error) {
  switch (error.kind) {
    case policy::IpListErrorKind::TooMany: return fail(ErrorCode::IpListFull, error.message);
    case policy::IpListErrorKind::Malformed:
    case policy::IpListErrorKind::HostBitsSet: {
      auto failed = fail(ErrorCode::InvalidNetwork, error.message);
      failed.error().suggestion = error.suggestion;
      failed.error().member = "entries/" + std::to_string(error.index);
      return failed;
    }
    case policy::IpListErrorKind::Duplicate:
    case policy::IpListErrorKind::NotInList:
      return invalid("entries/" + std::to_string(error.index), error.message);
  }
  return invalid("entries", error.message);
}

Outcome<policy::IpList> changed_list(const AccountState& state, IpListVerb verb,
                                     const Texts& entries) {
  const policy::IpList before{cidrs_of(state)};
  const auto after = [&] {
    switch (verb) {
      case IpListVerb::Set: return policy::make_ip_list(entries);
      case IpListVerb::Add: return policy::add_to(before, entries);
      case IpListVerb::Remove: return policy::remove_from(before, entries);
    }
    return policy::make_ip_list(entries);
  }();
  if (!after) return list_failed(after.error());
  return *after;
}

bool needs_confirmation(const AccountState& state, const policy::IpList& after) {
  return state.ip_list.empty() != after.entries.empty();
}

Texts without(const Texts& from, const Texts& what) {
  Texts rest;
  std::ranges::copy_if(from, std::back_inserter(rest), [&](const std::string& text) {
    return std::ranges::find(what, text) == what.end();
  });
  return rest;
}

}  // namespace

Outcome<IpListView> Control::ip_list(std::string_view id) {
  return engine_->load_account(id).and_then(
      [](AccountState&& state) { return Outcome<IpListView>(view_of_list(state)); });
}

Outcome<IpListCheck> Control::check_ip_list(std::string_view id, IpListVerb verb,
                                            const Texts& entries) {
  const auto state = engine_->load_account(id);
  if (!state) return Err<Error>(state.error());
  const auto after = changed_list(*state, verb, entries);
  if (!after) return Err<Error>(after.error());
  IpListCheck check{.before = texts_of(cidrs_of(*state)),
                    .after = texts_of(after->entries),
                    .added = {},
                    .removed = {},
                    .needs_confirmation = needs_confirmation(*state, *after)};
  check.added = without(check.after, check.before);
  check.removed = without(check.before, check.after);
  return check;
}

Outcome<Done<IpListView>> Control::change_ip_list(const Request& request, std::string_view id,
                                                  IpListVerb verb, const Texts& entries,
                                                  Confirm confirm) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  const auto after = changed_list(*state, verb, entries);
  if (!after) return Err<Error>(after.error());
  if (after->entries == cidrs_of(*state)) {
    lock.unlock();
    return Done<IpListView>{view_of_list(*state), engine.unchanged(state->row.revision)};
  }
  if (confirm == Confirm::No && needs_confirmation(*state, *after)) {
    return fail(ErrorCode::ConfirmationRequired,
                state->ip_list.empty() ? "the first entry restricts account '" + state->row.id +
                                             "': every other address is refused from then on"
                                       : "without entries account '" + state->row.id +
                                             "' may be called from everywhere");
  }
  std::vector<store::IpEntry> rows;
  for (const Cidr& entry : after->entries) {
    const auto known = std::ranges::find(state->ip_list, entry, &store::IpEntry::cidr);
    rows.push_back({entry, known == state->ip_list.end() ? std::string() : known->note});
  }
  const auto committed =
      engine.commit(request, store::SetIpList{state->row.key, rows}, state->row.revision);
  if (!committed) return Err<Error>(committed.error());
  state->ip_list = std::move(rows);
  state->row.revision = committed->revision;
  engine.publish_account(*state, {});
  const Published change = engine.published(*committed, engine.scope_of(*state));
  lock.unlock();
  return Done<IpListView>{view_of_list(*state), engine.settle(change)};
}

}  // namespace guarita::control
