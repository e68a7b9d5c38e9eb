#include <gtest/gtest.h>

#include "control/testing.h"

namespace guarita::control::testing {
namespace {

TEST(Move, OutOfAnEnforcingAccountIntoAnOpenOneNeedsForce) {
  World world;
  world.make_account("acme");
  world.make_account("open");
  world.make_instance("i1", "acme");
  const std::string token = world.make_token("acme");
  world.activate("acme");
  EXPECT_EQ(code_of(world.control().move_instance(as_operator(), "i1", "open", Force::No)),
            ErrorCode::WouldOpen);
  EXPECT_EQ(world.decide("i1", ""), "token_missing") << "nothing happened";
  const auto moved = world.control().move_instance(as_operator(), "i1", "open", Force::Yes);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->value.account_id, "open");
  EXPECT_EQ(world.decide("i1", ""), "allow");
  // Into an enforcing one: always.
  ASSERT_TRUE(world.control().move_instance(as_operator(), "i1", "acme", Force::No));
  EXPECT_EQ(world.decide("i1", ""), "token_missing");
  EXPECT_EQ(world.decide("i1", token), "allow");
  const auto nowhere = world.control().move_instance(as_operator(), "i1", "acme", Force::No);
  ASSERT_TRUE(nowhere);
  EXPECT_FALSE(nowhere->receipt.changed);
  EXPECT_EQ(code_of(world.control().move_instance(as_operator(), "i1", "nobody", Force::No)),
            ErrorCode::AccountNotFound);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Delete, OfWhatAnEnforcingAccountProtectsIsRefusedWhileUnknownInstancesPass) {
  Options options;
  options.unknown_instance = UnknownInstance::Allow;
  World world(options);
  world.make_account("acme");
  world.make_instance("i1", "acme");
  world.make_token("acme");
  world.activate("acme");
  EXPECT_EQ(code_of(world.control().delete_instance(as_operator(), "i1")), ErrorCode::WouldOpen);
  EXPECT_EQ(code_of(world.control().delete_account(as_operator(), "acme",
                                                   store::Cascade::DeleteInstances)),
            ErrorCode::WouldOpen);
  EXPECT_EQ(world.decide("i1", ""), "token_missing") << "nothing happened";
  ASSERT_TRUE(world.control().deactivate(as_operator(), "acme", Confirm::No));
  EXPECT_TRUE(world.control().delete_instance(as_operator(), "i1"));
}

TEST(Delete, AccountWithInstancesNeedsCascadeAndAReusedNameInheritsNothing) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  world.make_instance("i2", "acme");
  const std::string token = world.make_token("acme");
  world.activate("acme");
  ASSERT_TRUE(world.control().change_ip_list(as_operator(), "acme", IpListVerb::Set,
                                             {{"192.0.2.0/24"}}, Confirm::Yes));
  const auto refused =
      world.control().delete_account(as_operator(), "acme", store::Cascade::Refuse);
  ASSERT_EQ(code_of(refused), ErrorCode::AccountOwnsInstances);
  EXPECT_NE(refused.error().detail.find("2 instances"), std::string::npos);
  ASSERT_TRUE(
      world.control().delete_account(as_operator(), "acme", store::Cascade::DeleteInstances));
  EXPECT_EQ(world.decide("i1", token), "instance_not_found");
  EXPECT_EQ(code_of(world.control().account("acme")), ErrorCode::AccountNotFound);

  const auto again = world.make_account("acme");
  EXPECT_EQ(again.value.mode, policy::Mode::Unset);
  EXPECT_EQ(again.value.ip_entries, 0U);
  EXPECT_EQ(world.decide("i2", token), "instance_not_found");
  world.make_instance("i1", "acme");
  EXPECT_EQ(world.decide("i1", "", "203.0.113.9"), "allow");
  EXPECT_TRUE(world.control().tokens("acme")->empty());
  world.make_token("acme");
  world.activate("acme");
  EXPECT_EQ(world.decide("i1", token), "token_not_accepted");
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Delete, InstanceIsUnknownFromThenOn) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  ASSERT_TRUE(world.control().delete_instance(as_operator(), "i1"));
  EXPECT_EQ(world.decide("i1", ""), "instance_not_found");
  EXPECT_EQ(code_of(world.control().delete_instance(as_operator(), "i1")),
            ErrorCode::InstanceNotFound);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(Instances, IdsAreUniqueAndValuesAreChecked) {
  Options options;
  options.check_upstream = [](std::string_view url) {
    return url.starts_with("http://") ? std::string() : std::string("not an http URL");
  };
  World world(options);
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const auto make = [&](std::string id, std::string upstream) {
    return code_of(world.control().create_instance(as_operator(), {.id = std::move(id),
                                                                   .account_id = "acme",
                                                                   .name = {},
                                                                   .upstream = std::move(upstream),
                                                                   .instance_token = {}}));
  };
  EXPECT_EQ(make("i1", ""), ErrorCode::InstanceExists);
  EXPECT_EQ(make("", ""), ErrorCode::InvalidRequest);
  EXPECT_EQ(make("a/b", ""), ErrorCode::InvalidRequest);
  EXPECT_EQ(make(std::string(129, 'x'), ""), ErrorCode::InvalidRequest);
  EXPECT_EQ(make("i2", "ftp://x"), ErrorCode::InvalidRequest);
  EXPECT_EQ(make("I1", "http://x"), std::nullopt) << "compared with case";
  for (const char* id : {"", "-a", "a b", "a/b", "ä"}) {
    EXPECT_EQ(code_of(world.control().create_account(as_operator(), id, "")),
              ErrorCode::InvalidRequest)
        << id;
  }
  EXPECT_EQ(code_of(world.control().create_account(as_operator(), "acme", "")),
            ErrorCode::AccountExists);
}

TEST(Instances, UpdateChangesOnlyWhatIsSaid) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  InstanceUpdate upstream;
  upstream.upstream = "http://10.0.0.7:8080";
  const auto changed = world.control().update_instance(as_operator(), "i1", std::move(upstream));
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->receipt.changed);
  InstanceUpdate name;
  name.name = "Loja";
  const auto named = world.control().update_instance(as_operator(), "i1", std::move(name));
  ASSERT_TRUE(named);
  EXPECT_EQ(named->value.upstream, "http://10.0.0.7:8080");
  InstanceUpdate same;
  same.name = "Loja";
  const auto noop = world.control().update_instance(as_operator(), "i1", std::move(same));
  ASSERT_TRUE(noop);
  EXPECT_FALSE(noop->receipt.changed);
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(IpList, BeginningAndEndingTheRestrictionNeedConfirmation) {
  World world;
  world.make_account("acme");
  world.make_instance("i1", "acme");
  const auto change = [&](IpListVerb verb, const std::vector<std::string>& texts, Confirm confirm) {
    std::vector<IpEntryText> entries;
    for (const std::string& text : texts) entries.push_back({text});
    return world.control().change_ip_list(as_operator(), "acme", verb, entries, confirm);
  };
  EXPECT_EQ(code_of(change(IpListVerb::Add, {"192.0.2.0/24"}, Confirm::No)),
            ErrorCode::ConfirmationRequired);
  EXPECT_EQ(world.decide("i1", "", "203.0.113.9"), "allow");
  ASSERT_TRUE(change(IpListVerb::Add, {"192.0.2.0/24"}, Confirm::Yes));
  EXPECT_EQ(world.decide("i1", "", "203.0.113.9"), "ip_not_allowed");
  EXPECT_EQ(world.decide("i1", "", "192.0.2.9"), "allow");
  ASSERT_TRUE(change(IpListVerb::Add, {"203.0.113.9"}, Confirm::No));
  EXPECT_EQ(world.decide("i1", "", "203.0.113.9"), "allow");
  const auto same = change(IpListVerb::Set, {"192.0.2.0/24", "203.0.113.9"}, Confirm::No);
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->receipt.changed);
  EXPECT_EQ(code_of(change(IpListVerb::Set, {}, Confirm::No)), ErrorCode::ConfirmationRequired);
  ASSERT_TRUE(change(IpListVerb::Remove, {"203.0.113.9"}, Confirm::No));
  EXPECT_EQ(code_of(change(IpListVerb::Remove, {"192.0.2.0/24"}, Confirm::No)),
            ErrorCode::ConfirmationRequired);
  const auto wrong = change(IpListVerb::Add, {"10.0.0.1/8"}, Confirm::Yes);
  ASSERT_EQ(code_of(wrong), ErrorCode::InvalidNetwork);
  EXPECT_EQ(wrong.error().suggestion, "10.0.0.0/8");
  EXPECT_TRUE(world.snapshot_is_the_store());
}

TEST(IpList, DryRunTellsAndChangesNothing) {
  World world;
  world.make_account("acme");
  const auto before = world.account("acme").row.revision;
  const auto check = world.control().check_ip_list("acme", IpListVerb::Set, {{"192.0.2.0/24"}});
  ASSERT_TRUE(check);
  EXPECT_TRUE(check->needs_confirmation);
  EXPECT_EQ(check->added, std::vector<std::string>{"192.0.2.0/24"});
  EXPECT_TRUE(check->before.empty());
  EXPECT_EQ(world.account("acme").row.revision, before);
  EXPECT_TRUE(world.control().ip_list("acme")->entries.empty());
}

}  // namespace
}  // namespace guarita::control::testing
