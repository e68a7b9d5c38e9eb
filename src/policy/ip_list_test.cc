#include "policy/ip_list.h"

#include <gtest/gtest.h>

namespace guarita::policy {
namespace {

using Texts = std::vector<std::string>;

std::string printed(const IpList& list) {
  std::string text;
  for (const Cidr& cidr : list.entries) text += format_cidr(cidr) + " ";
  return text;
}

TEST(IpList, EmptyListRestrictsNobody) {
  EXPECT_TRUE(allows(IpList{}, *parse_ip("203.0.113.9")));
  EXPECT_TRUE(allows(IpList{}, *parse_ip("2001:db8::1")));
}

TEST(IpList, AllowsItsNetworksAndNoOthers) {
  const auto list = make_ip_list(Texts{"10.0.0.0/8", "203.0.113.7", "2001:db8::/32"});
  ASSERT_TRUE(list);
  EXPECT_EQ(printed(*list), "10.0.0.0/8 203.0.113.7/32 2001:db8::/32 ");
  for (const std::string_view in : {"10.1.2.3", "203.0.113.7", "2001:db8::9", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(allows(*list, *parse_ip(in))) << in;
  }
  for (const std::string_view out :
       {"11.0.0.1", "203.0.113.8", "2001:db9::", "::1", "::10.0.0.1"}) {
    EXPECT_FALSE(allows(*list, *parse_ip(out))) << out;
  }
}

TEST(IpList, NamesTheEntryAndTheRemedy) {
  const auto host_bits = make_ip_list(Texts{"192.0.2.0/24", "10.0.0.1/8"});
  ASSERT_FALSE(host_bits);
  EXPECT_EQ(host_bits.error().kind, IpListErrorKind::HostBitsSet);
  EXPECT_EQ(host_bits.error().index, 1U);
  EXPECT_EQ(host_bits.error().suggestion, "10.0.0.0/8");
  EXPECT_EQ(host_bits.error().message,
            "\"10.0.0.1/8\" has host bits set; the network is 10.0.0.0/8");

  const auto malformed = make_ip_list(Texts{"example.com"});
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().kind, IpListErrorKind::Malformed);
  EXPECT_EQ(malformed.error().entry, "example.com");

  const auto twice = make_ip_list(Texts{"192.0.2.7", "::ffff:192.0.2.7/128"});
  ASSERT_FALSE(twice) << "one network in two spellings";
  EXPECT_EQ(twice.error().kind, IpListErrorKind::Duplicate);
  EXPECT_EQ(code_of(twice.error().kind), "ip_list_duplicate");
}

TEST(IpList, AddsAndRemovesAllOrNothing) {
  const auto list = make_ip_list(Texts{"10.0.0.0/8", "192.0.2.0/24"});
  const auto more = add_to(*list, Texts{"2001:db8::/32"});
  ASSERT_TRUE(more);
  EXPECT_EQ(more->entries.size(), 3U);
  EXPECT_EQ(add_to(*more, Texts{"198.51.100.0/24", "10.0.0.0/8"}).error().index, 1U);
  const auto less = remove_from(*more, Texts{"10.0.0.0/8", "2001:db8::/32"});
  ASSERT_TRUE(less);
  EXPECT_EQ(printed(*less), "192.0.2.0/24 ");
  const auto absent = remove_from(*less, Texts{"192.0.2.0/24", "192.0.2.0/25"});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, IpListErrorKind::NotInList);
}

TEST(IpList, HoldsAThousandEntriesAndNoMore) {
  Texts texts;
  for (std::size_t i = 0; i < kIpListEntriesMax; ++i) {
    texts.push_back("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  const auto full = make_ip_list(texts);
  ASSERT_TRUE(full);
  const auto over = add_to(*full, Texts{"192.0.2.1"});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind, IpListErrorKind::TooMany);
  EXPECT_EQ(add_to(*full, Texts{texts[0]}).error().kind, IpListErrorKind::Duplicate);
}

}  // namespace
}  // namespace guarita::policy
