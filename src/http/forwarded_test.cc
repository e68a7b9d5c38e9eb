#include "http/forwarded.h"

#include "http/testing.h"

namespace guarita::http {
namespace {

std::vector<Cidr> proxies(std::initializer_list<const char*> texts) {
  std::vector<Cidr> list;
  for (const char* text : texts) list.push_back(parse_cidr(text).value());
  return list;
}

// Lines as "Name: value\r\n"; peer 10.0.0.1, proxies 10/8 and 2001:db8::/32 trusted.
std::string client(AddressSource source, const std::string& lines, const char* peer = "10.0.0.1") {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
  const RequestHead head = testing::good_request(text);
  const auto trusted = proxies({"10.0.0.0/8", "2001:db8::/32"});
  return format_ip(client_address(source, *parse_ip(peer), head.fields, trusted));
}
std::string xff(const std::string& value, const char* peer = "10.0.0.1") {
  return client(AddressSource::XForwardedFor, "X-Forwarded-For: " + value + "\r\n", peer);
}
std::string forwarded(const std::string& value) {
  return client(AddressSource::Forwarded, "Forwarded: " + value + "\r\n");
}

TEST(ClientAddress, SocketLooksAtNoHeader) {
  EXPECT_EQ(client(AddressSource::Socket, "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=2.2.2.2\r\n"),
            "10.0.0.1");
}

TEST(ClientAddress, OnlyTheChosenHeaderCounts) {
  const std::string both = "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=2.2.2.2\r\n";
  EXPECT_EQ(client(AddressSource::XForwardedFor, both), "1.1.1.1");
  EXPECT_EQ(client(AddressSource::Forwarded, both), "2.2.2.2");
  EXPECT_EQ(client(AddressSource::XForwardedFor, "X_Forwarded_For: 1.1.1.1\r\n"), "10.0.0.1");
}

TEST(ClientAddress, WalksFromTheRightThroughTrustedProxiesOnly) {
  EXPECT_EQ(xff("1.1.1.1"), "1.1.1.1");
  EXPECT_EQ(xff("9.9.9.9, 1.1.1.1"), "1.1.1.1") << "what the caller wrote is not believed";
  EXPECT_EQ(xff("9.9.9.9, 1.1.1.1, 10.2.2.2"), "1.1.1.1");
  EXPECT_EQ(xff("10.3.3.3, 10.2.2.2"), "10.3.3.3") << "all trusted: the leftmost";
  EXPECT_EQ(xff("1.1.1.1", "8.8.8.8"), "8.8.8.8") << "the peer is no proxy";
  EXPECT_EQ(xff("2001:db8::5, 10.2.2.2"), "2001:db8::5");
  EXPECT_EQ(xff(",, 1.1.1.1 ,"), "1.1.1.1");
  EXPECT_EQ(client(AddressSource::XForwardedFor, ""), "10.0.0.1");
}

TEST(ClientAddress, AllLinesAreJoined) {
  EXPECT_EQ(client(AddressSource::XForwardedFor,
                   "X-Forwarded-For: 9.9.9.9, 1.1.1.1\r\nX-A: b\r\nX-Forwarded-For: 10.2.2.2\r\n"),
            "1.1.1.1");
  EXPECT_EQ(
      client(AddressSource::Forwarded, "Forwarded: for=1.1.1.1\r\nForwarded: for=10.2.2.2\r\n"),
      "1.1.1.1");
}

TEST(ClientAddress, WhatIsNoAddressEndsTheWalk) {
  EXPECT_EQ(xff("1.1.1.1, unknown, 10.2.2.2"), "10.2.2.2");
  EXPECT_EQ(xff("unknown"), "10.0.0.1");
  EXPECT_EQ(xff("1.1.1.1, 10.2.2"), "10.0.0.1");
  EXPECT_EQ(xff("1.1.1.1, 010.2.2.2"), "10.0.0.1");
  EXPECT_EQ(xff("1.1.1.1, \"10.2.2.2\""), "10.0.0.1");
  EXPECT_EQ(forwarded("for=1.1.1.1, for=_hidden, for=10.2.2.2"), "10.2.2.2");
  EXPECT_EQ(forwarded("for=unknown"), "10.0.0.1");
  EXPECT_EQ(forwarded("proto=https"), "10.0.0.1");
  EXPECT_EQ(forwarded("for=1.1.1.1;for=2.2.2.2"), "10.0.0.1");
  EXPECT_EQ(forwarded("for=\"1.1.1.1"), "10.0.0.1");
  EXPECT_EQ(forwarded("for=1.1.1.1, for=\"10.2.2.2"), "10.0.0.1");
  EXPECT_EQ(forwarded("for=2001:db8::5"), "10.0.0.1") << "IPv6 needs brackets (RFC 7239 §6)";
}

TEST(ClientAddress, PortsAndBracketsAreNotTheAddress) {
  EXPECT_EQ(xff("1.1.1.1:4711"), "1.1.1.1");
  EXPECT_EQ(xff("[2001:db9::5]"), "2001:db9::5");
  EXPECT_EQ(xff("[2001:db9::5]:443"), "2001:db9::5");
  EXPECT_EQ(xff("2001:db9::5"), "2001:db9::5");
  EXPECT_EQ(xff("1.1.1.1:x"), "10.0.0.1");
  EXPECT_EQ(xff("[2001:db9::5"), "10.0.0.1");
}

TEST(ClientAddress, ForwardedAsInRfc7239) {
  EXPECT_EQ(forwarded("For=\"[2001:db9:cafe::17]:4711\""), "2001:db9:cafe::17");
  EXPECT_EQ(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
  EXPECT_EQ(forwarded("by=203.0.113.43; FOR = 192.0.2.60 ;host=\"a,b;c\""), "192.0.2.60");
  EXPECT_EQ(forwarded("for=9.9.9.9, for=192.0.2.43;host=\"x, for=8.8.8.8\""), "192.0.2.43");
  EXPECT_EQ(forwarded("for=\"192.0.2.43:47011\""), "192.0.2.43");
  std::string many = "for=9.9.9.9";
  for (int i = 0; i < 40; ++i) many += ", for=10.1.1." + std::to_string(i);
  EXPECT_EQ(forwarded(many), "10.1.1.8") << "the walk is bounded";
}

TEST(ClientAddress, AMappedAddressIsItsIpv4) {
  EXPECT_EQ(xff("::ffff:1.1.1.1"), "1.1.1.1");
  EXPECT_EQ(xff("1.1.1.1", "::ffff:10.0.0.1"), "1.1.1.1");
  EXPECT_EQ(forwarded("for=\"[::ffff:102:304]\""), "1.2.3.4");
}

}  // namespace
}  // namespace guarita::http
