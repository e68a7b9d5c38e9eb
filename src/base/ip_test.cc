#include "base/ip.h"

#include <gtest/gtest.h>

namespace guarita {
namespace {

TEST(Ip, ReadsBothFamiliesAndPrintsRfc5952) {
  struct Row {
    std::string_view in, out;
  };
  for (const Row& row : {Row{"192.0.2.1", "192.0.2.1"}, Row{"::ffff:192.0.2.1", "192.0.2.1"},
                         Row{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"}, Row{"::1", "::1"},
                         Row{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                         Row{"0.0.0.0", "0.0.0.0"}, Row{"255.255.255.255", "255.255.255.255"}}) {
    const auto address = parse_ip(row.in);
    ASSERT_TRUE(address) << row.in;
    EXPECT_EQ(format_ip(*address), row.out);
  }
}

TEST(Ip, RefusesWhatIsNoAddress) {
  for (const std::string_view text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ",
                                      "[::1]", "fe80::1%eth0", ":::", "localhost"}) {
    EXPECT_FALSE(parse_ip(text)) << text;
  }
  EXPECT_FALSE(parse_ip(std::string_view("1.2.3.4\0", 8)));
}

TEST(Cidr, ContainsExactlyItsNetwork) {
  const auto ten = parse_cidr("10.0.0.0/8");
  ASSERT_TRUE(ten);
  EXPECT_TRUE(contains(*ten, *parse_ip("10.255.255.255")));
  EXPECT_TRUE(contains(*ten, *parse_ip("::ffff:10.1.2.3")));
  EXPECT_FALSE(contains(*ten, *parse_ip("11.0.0.0")));
  EXPECT_FALSE(contains(*ten, *parse_ip("2001:db8::1")));
  const auto all = parse_cidr("0.0.0.0/0");
  ASSERT_TRUE(all);
  EXPECT_TRUE(contains(*all, *parse_ip("203.0.113.9")));
  EXPECT_FALSE(contains(*all, *parse_ip("::1")));
  EXPECT_TRUE(contains(*parse_cidr("2001:db8::/33"), *parse_ip("2001:db8:7fff::1")));
  EXPECT_FALSE(contains(*parse_cidr("2001:db8::/33"), *parse_ip("2001:db8:8000::1")));
}

TEST(Cidr, RefusesHostBitsAndNamesTheNetwork) {
  const auto wrong = parse_cidr("10.0.0.1/8");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, CidrErrorKind::HostBitsSet);
  EXPECT_EQ(wrong.error().suggestion, "10.0.0.0/8");
  EXPECT_EQ(parse_cidr("2001:db8::1/32").error().suggestion, "2001:db8::/32");
}

TEST(Cidr, RoundTripsAndRefusesNonsense) {
  for (const std::string_view text : {"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::/0"}) {
    EXPECT_EQ(format_cidr(*parse_cidr(text)), text);
  }
  EXPECT_EQ(format_cidr(*parse_cidr("192.0.2.7")), "192.0.2.7/32");
  for (const std::string_view text : {"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08",
                                      "10.0.0.0/8x", "::/129", "10.0.0.0/-1"}) {
    EXPECT_FALSE(parse_cidr(text)) << text;
  }
}

}  // namespace
}  // namespace guarita
