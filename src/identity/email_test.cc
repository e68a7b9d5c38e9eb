#include "identity/email.h"

#include <gtest/gtest.h>

#include "identity/text.h"

namespace guarita::identity {
namespace {

TEST(Email, IsTrimmedAndFoldedByAscii) {
  const auto email = parse_email("  Ana.Lima@Loja.COM.br\r\n");
  ASSERT_TRUE(email);
  EXPECT_EQ(email->written, "Ana.Lima@Loja.COM.br");
  EXPECT_EQ(email->folded, "ana.lima@loja.com.br");
  EXPECT_EQ(parse_email("JOSÉ@exemplo.br")->folded, "josÉ@exemplo.br");
  EXPECT_TRUE(parse_email("o'brien+tag@localhost"));
}

TEST(Email, WhatIsNoneIsRefused) {
  for (const char* text : {"", "   ", "ana", "@loja.com", "ana@", "a@b@c", "ana lima@loja.com",
                           "Ana <ana@loja.com>", "a@b,c@d", "a@b;c@d", "ana@.com", "ana@com.",
                           "ana@lo..ja", "ana@lo\nja.com", "\xff@loja.com", "ana@loja\x01.com",
                           "\"ana\"@loja.com", "ana\u202e@loja.com", "ana\u200b@loja.com"}) {
    EXPECT_FALSE(parse_email(text)) << text;
  }
  EXPECT_TRUE(parse_email(std::string(252, 'a') + "@b"));
  EXPECT_FALSE(parse_email(std::string(253, 'a') + "@b"));
}

TEST(Utf8, IsDecodedOrRefused) {
  EXPECT_EQ(decode_utf8("aç€💚"), U"aç€💚");
  EXPECT_EQ(decode_utf8(""), U"");
  EXPECT_TRUE(decode_utf8("\xf4\x8f\xbf\xbf"));
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xe2\x28\xa1", "\xff"}) {
    EXPECT_FALSE(decode_utf8(text)) << text;
  }
}

TEST(Printable, NoControlsAndNothingThatHidesText) {
  EXPECT_TRUE(is_printable("João D'Ávila 🏪 नमस्ते"));
  EXPECT_TRUE(is_printable("👩\u200d🔧")) << "a joiner makes one picture of two";
  for (const char* text : {"a\nb", "a\tb", "\x7f", "a\u0085", "a\u202eb", "a\u2066b", "\ufeffa",
                           "a\u200bb", "a\u2028b", "\xff"}) {
    EXPECT_FALSE(is_printable(text)) << text;
  }
}

TEST(CleanAscii, ReplacesAndCuts) {
  EXPECT_EQ(clean_ascii("Mozilla/5.0 \x01\xff\x7f", 100), "Mozilla/5.0 ???");
  EXPECT_EQ(clean_ascii("abcdef", 3), "abc");
}

}  // namespace
}  // namespace guarita::identity
