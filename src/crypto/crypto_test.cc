#include "crypto/crypto.h"

#include <gtest/gtest.h>

namespace guarita::crypto {
namespace {

TEST(Sha256, MatchesThePublishedVectors) {  // FIPS 180-4, examples
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Equal, ComparesContentsAndLength) {
  const Digest a = sha256("a");
  const Digest b = sha256("b");
  EXPECT_TRUE(equal(a, a));
  EXPECT_FALSE(equal(a, b));
  EXPECT_FALSE(equal(a, std::span(a).first(31)));
  EXPECT_TRUE(equal(std::span(a).first(0), std::span(b).first(0)));
}

TEST(Equal, SeesEveryBitAtEveryLength) {
  const Digest a = sha256("a");
  for (std::size_t size = 1; size <= a.size(); ++size) {
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      Digest b = a;
      b[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      EXPECT_FALSE(equal(std::span(a).first(size), std::span(b).first(size))) << size << ' ' << bit;
    }
  }
}

TEST(KeyedHash, DependsOnKeyAndText) {
  const HashKey one{1};
  const HashKey two{2};
  EXPECT_EQ(keyed_hash(one, "x"), keyed_hash(one, "x"));
  EXPECT_NE(keyed_hash(one, "x"), keyed_hash(two, "x"));
  EXPECT_NE(keyed_hash(one, "x"), keyed_hash(one, "y"));
}

TEST(Seal, OpensOnlyWithTheSameKeyAndContext) {
  SealKey key{7};
  const std::string sealed = seal(key, "secret", "row-1");
  EXPECT_EQ(open(key, sealed, "row-1"), "secret");
  EXPECT_FALSE(open(key, sealed, "row-2"));
  EXPECT_FALSE(open(SealKey{8}, sealed, "row-1"));
  EXPECT_FALSE(open(key, sealed.substr(0, 10), "row-1"));
  EXPECT_NE(seal(key, "secret", "row-1"), sealed);  // a fresh nonce each time
}

TEST(Random, UuidsAreOrderedByTimeAndDiffer) {
  ASSERT_TRUE(init());
  const Uuid a = random_uuid_v7(Time{Millis{1000}});
  const Uuid b = random_uuid_v7(Time{Millis{1001}});
  EXPECT_LT(a, b);
  EXPECT_NE(random_uuid_v7(Time{Millis{1000}}), a);
}

}  // namespace
}  // namespace guarita::crypto
