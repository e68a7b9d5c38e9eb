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
  IpListView view{.entries = {}, .revision = state.row.revision};
  for (const store::IpEntry& entry : state.ip_list) {
    view.entries.push_back({format_cidr(entry.cidr), entry.note});
  }
  return view;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Outcome<void> check_notes(const std::vector<IpEntryText>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string_view note = entries[i].note ? *entries[i].note : std::string_view();
    if (note.size() <= kNoteBytesMax && !has_control(note)) continue;
    return invalid("entries/" + std::to_string(i),
                   "a note has at most 200 bytes and no control characters");
  }
  return {};
}

// The list to be with its notes: what is given now, else what stood there.
std::vector<store::IpEntry> with_notes(const policy::IpList& after, const AccountState& state,
                                       const std::vector<IpEntryText>& given) {
  std::vector<store::IpEntry> rows;
  for (const Cidr& entry : after.entries) {
    const auto known = std::ranges::find(state.ip_list, entry, &store::IpEntry::cidr);
    rows.push_back({entry, known == state.ip_list.end() ? std::string() : known->note});
  }
  for (const IpEntryText& text : given) {
    const auto cidr = parse_cidr(text.cidr);
    if (!cidr || !text.note) continue;
    const auto row = std::ranges::find(rows, *cidr, &store::IpEntry::cidr);
    if (row != rows.end()) row->note = *text.note;
  }
  return rows;
}

bool same(const std::vector<store::IpEntry>& a, const std::vector<store::IpEntry>& b) {
  return std::ranges::equal(a, b, [](const store::IpEntry& one, const store::IpEntry& other) {
    return one.cidr == other.cidr && one.note == other.note;
  });
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
                                     const std::vector<IpEntryText>& given) {
  if (auto ok = check_notes(given); !ok) return Err<Error>(ok.error());
  Texts entries;
  for (const IpEntryText& entry : given) entries.push_back(entry.cidr);
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
                                            const std::vector<IpEntryText>& entries) {
  const auto state = engine_->load_account(id);
  if (!state) return Err<Error>(state.error());
  const auto after = changed_list(*state, verb, entries);
  if (!after) return Err<Error>(after.error());
  IpListCheck check{.before = texts_of(cidrs_of(*state)),
                    .after = texts_of(after->entries),
                    .added = {},
                    .removed = {},
                    .needs_confirmation = needs_confirmation(*state, *after),
                    .shut_out = {}};
  check.added = without(check.after, check.before);
  check.removed = without(check.before, check.after);
  const policy::IpList before{cidrs_of(*state)};
  engine_->books.flush(state->row.id);  // who called a second ago counts
  auto callers = engine_->ports.store.callers(state->row.key, engine_->now() - kCallersWindow);
  if (!callers) return store_failed(callers.error());
  for (store::CallerRow& caller : *callers) {
    if (!policy::allows(before, caller.address) || policy::allows(*after, caller.address)) continue;
    check.shut_out.push_back(std::move(caller));
  }
  return check;
}

Outcome<Done<IpListView>> Control::change_ip_list(const Request& request, std::string_view id,
                                                  IpListVerb verb,
                                                  const std::vector<IpEntryText>& entries,
                                                  Confirm confirm) {
  Engine& engine = *engine_;
  Engine::Lock lock(engine.mutex);
  auto state = engine.load_account(id);
  if (!state) return Err<Error>(state.error());
  if (auto seen = check_seen(request, state->row.revision); !seen) return Err<Error>(seen.error());
  const auto after = changed_list(*state, verb, entries);
  if (!after) return Err<Error>(after.error());
  std::vector<store::IpEntry> rows = with_notes(*after, *state, entries);
  if (same(rows, state->ip_list)) {
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
