#include "crypto/password.h"

#include <gtest/gtest.h>

#include "crypto/crypto.h"

namespace guarita::crypto {
namespace {

TEST(Password, VerifiesOnlyTheSameBytes) {
  ASSERT_TRUE(init());
  const auto hash = password_hash("correto cavalo");
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->find("$argon2id$v=19$m=19456,t=3,p=1$"), 0U) << *hash;
  EXPECT_EQ(password_verify(*hash, "correto cavalo"), PasswordMatch::Yes);
  EXPECT_EQ(password_verify(*hash, "correto cavalO"), PasswordMatch::No);
  EXPECT_EQ(password_verify(*hash, ""), PasswordMatch::No);
  EXPECT_EQ(password_verify(*hash, std::string_view("correto cavalo\0", 15)), PasswordMatch::No);
}

TEST(Password, TheSamePasswordTwiceGivesTwoHashes) {
  EXPECT_NE(password_hash("the same"), password_hash("the same"));
}

TEST(Password, NothingMatchesTheHashOfNothingAndACheckDoesAllTheWork) {
  const std::string nothing = password_hash_of_nothing();
  EXPECT_EQ(nothing.size(), password_hash("x")->size());
  EXPECT_FALSE(password_needs_rehash(nothing)) << "it is read as a hash with our parameters";
  EXPECT_EQ(password_verify(nothing, ""), PasswordMatch::No);
  EXPECT_NE(nothing, password_hash_of_nothing());
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  EXPECT_EQ(password_verify("", ""), PasswordMatch::No);
  EXPECT_EQ(password_verify("plain", "plain"), PasswordMatch::No);
  EXPECT_EQ(password_verify(std::string(4096, '$'), "x"), PasswordMatch::No);
}

TEST(Password, OldParametersWantANewHash) {
  const auto hash = password_hash("x");
  ASSERT_TRUE(hash);
  EXPECT_FALSE(password_needs_rehash(*hash));
  std::string older = *hash;
  older.replace(older.find("t=3"), 3, "t=2");
  EXPECT_TRUE(password_needs_rehash(older));
  EXPECT_TRUE(password_needs_rehash("plain"));
}

TEST(Base64Url, IsUrlSafeWithoutPadding) {
  const std::array<std::uint8_t, 4> bytes{0xfb, 0xff, 0xfe, 0x01};
  EXPECT_EQ(base64url(bytes), "-__-AQ");
  EXPECT_EQ(base64url({}), "");
}

}  // namespace
}  // namespace guarita::crypto
