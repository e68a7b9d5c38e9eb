// Users and their memberships, as operators and owners see them.
#include <algorithm>

#include "identity/email.h"
#include "identity/state.h"

namespace guarita::identity {
namespace {

constexpr std::size_t kSearchBytesMax = 200;

const store::MembershipRow* membership_of(const store::UserRow& user, const AccountKey& account) {
  const auto at = std::ranges::find(user.memberships, account, &store::MembershipRow::account);
  return at == user.memberships.end() ? nullptr : &*at;
}

bool is_owner(const store::UserRow& user, const AccountKey& account) {
  const auto* membership = membership_of(user, account);
  return membership != nullptr && membership->role == store::Role::Owner;
}

// Has the account an owner beside this one?
Outcome<bool> has_other_owner(store::Store& store, const AccountKey& account, const UserKey& user) {
  store::PageRequest page{.cursor = {}, .limit = store::kPageRowsMax};
  do {
    auto rows = store.users({.member_of = account, .search = {}}, page);
    if (!rows) return store_refused(rows.error(), ErrorCode::AccountNotFound);
    for (const store::UserRow& row : rows->rows) {
      if (row.key != user && is_owner(row, account)) return true;
    }
    page.cursor = rows->next;
  } while (!page.cursor.empty());
  return false;
}

Err<Error> last_owner() {
  return fail(ErrorCode::LastOwner, "the account would have no owner left: make another one first");
}

Err<Error> no_member() {
  return fail(ErrorCode::UserNotFound, "there is no such member of the account");
}

}  // namespace

// A link to a first password. An operator's is short: it opens everything.
Outcome<LinkMade> Identity::State::invitation(const store::Actor& actor,
                                              const store::UserRow& user) {
  store::LinkRow row;
  row.kind = store::LinkKind::Invitation;
  row.user = user.key;
  auto made =
      issue_link(actor, std::move(row), user.is_operator ? kOperatorLinkLife : kInvitationLife);
  if (made) made->user = user;
  return made;
}

// A user without password, committed.
Outcome<store::UserRow> Identity::State::add_user(const store::Actor& actor, NewUser wanted,
                                                  std::vector<store::MembershipRow> memberships) {
  auto email = parse_email(wanted.email);
  if (!email) return invalid("email", "this is no e-mail address");
  auto name = checked_name(wanted.name);
  if (!name) return Err<Error>(std::move(name.error()));
  if (auto ok = check_language(wanted.language); !ok) return Err<Error>(std::move(ok.error()));
  store::UserRow row;
  row.key = {crypto::random_uuid_v7(clock.now())};
  row.email = std::move(email->written);
  row.email_folded = std::move(email->folded);
  row.name = std::move(*name);
  row.language = std::move(wanted.language);
  row.is_operator = wanted.is_operator;
  row.memberships = std::move(memberships);
  const UserKey key = row.key;
  const auto created = commit(actor, store::CreateUser{std::move(row)}, ErrorCode::AccountNotFound);
  if (!created) return Err<Error>(created.error());
  return find_user(key);
}

Outcome<store::Page<store::UserRow>> Identity::users(const std::optional<std::string>& account_id,
                                                     std::string search,
                                                     const store::PageRequest& page) {
  if (search.size() > kSearchBytesMax) return invalid("q", "the search text is too long");
  store::UserFilter filter{.member_of = std::nullopt, .search = std::move(search)};
  if (account_id) {
    const auto account = state_->find_account(*account_id);
    if (!account) return Err<Error>(account.error());
    filter.member_of = account->key;
  }
  auto rows = state_->store.users(filter, page);
  if (!rows && rows.error().kind == store::StoreErrorKind::Invalid) {
    return invalid("cursor", rows.error().text);
  }
  if (!rows) return store_refused(rows.error(), ErrorCode::UserNotFound);
  return std::move(*rows);
}

Outcome<store::UserRow> Identity::user(const UserKey& key) {
  return state_->find_user(key);
}

Outcome<LinkMade> Identity::create_user(const store::Actor& actor, NewUser wanted) {
  std::vector<store::MembershipRow> memberships;
  for (const auto& [account_id, role] : wanted.memberships) {
    const auto account = state_->find_account(account_id);
    if (!account) return Err<Error>(account.error());
    if (std::ranges::find(memberships, account->key, &store::MembershipRow::account) !=
        memberships.end()) {
      return invalid("memberships", "the account '" + account_id + "' is named twice");
    }
    memberships.push_back({.account = account->key, .account_id = account->id, .role = role});
  }
  const auto user = state_->add_user(actor, std::move(wanted), std::move(memberships));
  if (!user) return Err<Error>(user.error());
  return state_->invitation(actor, *user);
}

Outcome<store::UserRow> Identity::update_user(const store::Actor& actor, const UserKey& key,
                                              std::optional<std::string> name,
                                              std::optional<bool> is_operator) {
  if (name) {
    auto checked = checked_name(*name);
    if (!checked) return Err<Error>(std::move(checked.error()));
    name = std::move(*checked);
  }
  if (name || is_operator) {
    const auto updated = state_->commit(actor,
                                        store::UpdateUser{.user = key,
                                                          .name = std::move(name),
                                                          .language = std::nullopt,
                                                          .is_operator = is_operator},
                                        ErrorCode::UserNotFound);
    if (!updated) return Err<Error>(updated.error());
  }
  return state_->find_user(key);
}

Outcome<void> Identity::delete_user(const store::Actor& actor, const UserKey& key) {
  return state_->commit(actor, store::DeleteUser{key}, ErrorCode::UserNotFound);
}

// Whoever has no password yet gets a new invitation: the old one may have been lost.
Outcome<LinkMade> Identity::reset_link(const store::Actor& actor, const UserKey& key) {
  auto user = state_->find_user(key);
  if (!user) return Err<Error>(std::move(user.error()));
  if (user->password_hash.empty()) return state_->invitation(actor, *user);
  store::LinkRow row;
  row.kind = store::LinkKind::Reset;
  row.user = key;
  auto made = state_->issue_link(actor, std::move(row), kOperatorLinkLife);
  if (made) made->user = std::move(*user);
  return made;
}

Outcome<void> Identity::reset_two_factor(const store::Actor& actor, const UserKey& key) {
  const auto user = state_->find_user(key);
  if (!user) return Err<Error>(user.error());
  if (user->totp_sealed.empty()) {
    return fail(ErrorCode::TwoFactorIsOff, "two-factor authentication is off");
  }
  return state_->commit(actor, store::SetTwoFactor{.user = key}, ErrorCode::UserNotFound);
}

// ---- members ------------------------------------------------------------------------------------

Outcome<Identity::Invited> Identity::invite(const store::Actor& actor, std::string_view account_id,
                                            std::string email, std::string language,
                                            store::Role role, Known rule) {
  State& state = *state_;
  const auto account = state.find_account(account_id);
  if (!account) return Err<Error>(account.error());
  const auto parsed = parse_email(email);
  if (!parsed) return invalid("email", "this is no e-mail address");
  const std::scoped_lock lock(state.members);
  auto known = state.store.user_by_email(parsed->folded);
  if (!known && known.error().kind != store::StoreErrorKind::NotFound) {
    return store_refused(known.error(), ErrorCode::UserNotFound);
  }
  if (known) {
    if (membership_of(*known, account->key) != nullptr) {
      return fail(ErrorCode::UserExists, "this user is a member already");
    }
    if (rule == Known::Refuse) {
      return fail(ErrorCode::UserExists,
                  "this address has a user already; the operator can add it to the account");
    }
    const auto added = state.commit(
        actor, store::SetMembership{.user = known->key, .account = account->key, .role = role},
        ErrorCode::UserNotFound);
    if (!added) return Err<Error>(added.error());
    auto user = state.find_user(known->key);
    if (!user) return Err<Error>(std::move(user.error()));
    return Invited{.user = std::move(*user), .link = std::nullopt};
  }
  NewUser wanted;
  wanted.email = std::move(email);
  wanted.language = std::move(language);
  auto user = state.add_user(actor, std::move(wanted),
                             {{.account = account->key, .account_id = account->id, .role = role}});
  if (!user) return Err<Error>(std::move(user.error()));
  auto link = state.invitation(actor, *user);
  if (!link) return Err<Error>(std::move(link.error()));
  return Invited{.user = std::move(*user), .link = std::move(*link)};
}

Outcome<void> Identity::set_role(const store::Actor& actor, std::string_view account_id,
                                 const UserKey& key, store::Role role) {
  State& state = *state_;
  const auto account = state.find_account(account_id);
  if (!account) return Err<Error>(account.error());
  const std::scoped_lock lock(state.members);
  const auto user = state.find_user(key);
  if (!user) return Err<Error>(user.error());
  const auto* membership = membership_of(*user, account->key);
  if (membership == nullptr) return no_member();
  if (membership->role == role) return {};
  if (membership->role == store::Role::Owner) {
    const auto other = has_other_owner(state.store, account->key, key);
    if (!other) return Err<Error>(other.error());
    if (!*other) return last_owner();
  }
  return state.commit(actor,
                      store::SetMembership{.user = key, .account = account->key, .role = role},
                      ErrorCode::UserNotFound);
}

Outcome<void> Identity::remove_member(const store::Actor& actor, std::string_view account_id,
                                      const UserKey& key, LastOwnerRule rule) {
  State& state = *state_;
  const auto account = state.find_account(account_id);
  if (!account) return Err<Error>(account.error());
  const std::scoped_lock lock(state.members);
  const auto user = state.find_user(key);
  if (!user) return Err<Error>(user.error());
  if (membership_of(*user, account->key) == nullptr) return no_member();
  if (rule == LastOwnerRule::Keep && is_owner(*user, account->key)) {
    const auto other = has_other_owner(state.store, account->key, key);
    if (!other) return Err<Error>(other.error());
    if (!*other) return last_owner();
  }
  return state.commit(
      actor, store::SetMembership{.user = key, .account = account->key, .role = std::nullopt},
      ErrorCode::UserNotFound);
}

}  // namespace guarita::identity
