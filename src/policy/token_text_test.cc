#include "policy/token_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "crypto/crypto.h"

namespace guarita::policy {
namespace {

const TokenFormat kPrefixed{};
const TokenFormat kZapi{.format = Format::Zapi, .prefix = {}};
const RandomBelow kZeros = [](std::uint32_t) { return 0U; };

std::string make(const TokenFormat& format, const RandomBelow& random) {
  return std::string(make_token(format, random).reveal());
}

TEST(TokenText, HasItsTwoForms) {
  // CRC32 of the 40 characters before, by zlib.
  EXPECT_EQ(make(kPrefixed, kZeros), "gta_" + std::string(36, '0') + "0qLN6E");
  EXPECT_EQ(make(kZapi, kZeros), "F" + std::string(32, '0') + "S");
  EXPECT_EQ(make(kZapi, [](std::uint32_t n) { return n - 1; }), "F" + std::string(32, 'f') + "S");
}

TEST(TokenText, AsksForUniformNumbersAndUsesEveryOne) {
  std::map<std::uint32_t, int> bounds;
  make(kPrefixed, [&](std::uint32_t bound) {
    ++bounds[bound];
    return 0U;
  });
  EXPECT_EQ(bounds, (std::map<std::uint32_t, int>{{62, 36}}));
  bounds.clear();
  make(kZapi, [&](std::uint32_t bound) {
    ++bounds[bound];
    return 0U;
  });
  EXPECT_EQ(bounds, (std::map<std::uint32_t, int>{{16, 32}}));
  // Each number is a character of its own.
  std::map<char, int> letters;
  for (std::uint32_t n = 0; n < 62; ++n) {
    ++letters[make(kPrefixed, [n](std::uint32_t) { return n; })[4]];
  }
  EXPECT_EQ(letters.size(), 62U);
}

TEST(TokenText, FromTheSystemsRandomIsRecognisedAndStrong) {
  ASSERT_TRUE(crypto::init());
  for (const TokenFormat& format : {kPrefixed, kZapi}) {
    for (int i = 0; i < 500; ++i) {
      const std::string token = make(format, crypto::random_below);
      ASSERT_TRUE(is_own_token(format, token));
      ASSERT_TRUE(is_wellformed_header_value(token));
      const auto imported = check_import(format, token, ImportStrength::Strong);
      ASSERT_TRUE(imported) << estimate_bits(token);
      ASSERT_FALSE(imported->weak);
    }
  }
}

TEST(TokenText, AnyOneWrongCharacterBreaksTheChecksum) {
  const std::string token =
      make(kPrefixed, [n = 7U](std::uint32_t bound) mutable { return n = (n * 31 + 11) % bound; });
  ASSERT_TRUE(is_own_token(kPrefixed, token));
  for (std::size_t i = 4; i < token.size(); ++i) {
    std::string wrong = token;
    wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(is_own_token(kPrefixed, wrong)) << i;
    EXPECT_EQ(check_import(kPrefixed, wrong, ImportStrength::AllowWeak).error(),
              ImportError::BadChecksum);
  }
}

TEST(TokenText, ImportRefusesWhatCannotBeSentOrIsNoToken) {
  struct Row {
    std::string text;
    ImportError error;
  };
  for (const Row& row :
       {Row{"short", ImportError::TooShort}, Row{std::string(15, 'a'), ImportError::TooShort},
        Row{std::string(257, 'a'), ImportError::TooLong},
        Row{"with space 0123456789", ImportError::BadCharacter},
        Row{"with\"quote0123456789", ImportError::BadCharacter},
        Row{"with'quote0123456789", ImportError::BadCharacter},
        Row{"with,comma0123456789", ImportError::BadCharacter},
        Row{"with;semicolon0123456", ImportError::BadCharacter},
        Row{"with\\backslash0123456", ImportError::BadCharacter},
        Row{"with\tcontrol01234567", ImportError::BadCharacter},
        Row{"w\xC3\xADth-accent-012345", ImportError::BadCharacter},
        Row{"{{security_token}}", ImportError::Placeholder},
        Row{"gta_notmadehere012345", ImportError::BadChecksum},
        Row{std::string(64, 'a'), ImportError::Weak},
        Row{"abcdefghijklmnopqrstuvwxyz", ImportError::Weak},
        Row{"passwordpasswordpasswordpassword", ImportError::Weak},
        Row{"0123456789012345678901234567", ImportError::Weak},
        Row{"kT9wQz4LmB7xRv2p", ImportError::Weak}}) {
    const auto result = check_import(kPrefixed, row.text, ImportStrength::Strong);
    ASSERT_FALSE(result) << row.text;
    EXPECT_EQ(code_of(result.error()), code_of(row.error)) << row.text;
    EXPECT_FALSE(message_of(row.error).empty());
    const auto weak = check_import(kPrefixed, row.text, ImportStrength::AllowWeak);
    EXPECT_EQ(weak.has_value(), row.error == ImportError::Weak);
    if (weak) {
      EXPECT_TRUE(weak->weak);
    }
  }
}

TEST(TokenText, ImportTakesStrongTokensOfOtherMakers) {
  for (const std::string_view text :
       {"F3b9c1e07d5a84f2690b7c2e1d8a5f346S", "6f1c2a9e-83b7-4d05-a1f6-0c9e7b3d52f8",
        "ghp_k3J9xQ2mZr7TbW5vYc8LpN1sDf4Gh6Aa0Re", "Zx8!kQ2#pL9$wR4%tY7^uI1&"}) {
    const auto result = check_import(kPrefixed, text, ImportStrength::Strong);
    ASSERT_TRUE(result) << text << " " << estimate_bits(text);
    EXPECT_FALSE(result->weak);
  }
  // Another operator's prefix is no claim; neither is ours where tokens have none.
  EXPECT_TRUE(
      check_import(kZapi, "gta_k3J9xQ2mZr7TbW5vYc8LpN1sDf4Gh6Aa0Re", ImportStrength::Strong));
}

TEST(TokenText, WellformedValuesHave16To256VisibleCharacters) {
  EXPECT_FALSE(is_wellformed_header_value(std::string(15, 'a')));
  EXPECT_TRUE(is_wellformed_header_value(std::string(16, '!')));
  EXPECT_TRUE(is_wellformed_header_value(std::string(256, '~')));
  EXPECT_FALSE(is_wellformed_header_value(std::string(257, 'a')));
  for (int c = 0; c < 256; ++c) {
    const std::string value = std::string(16, 'a') + static_cast<char>(c);
    const bool bad =
        c <= 0x20 || c >= 0x7f || c == '"' || c == '\'' || c == ',' || c == ';' || c == '\\';
    EXPECT_EQ(is_wellformed_header_value(value), !bad) << c;
  }
}

TEST(TokenText, KnowsPlaceholders) {
  for (const std::string_view text : {"null", "NULL", "Undefined", "None", "nil", "[token]",
                                      "[Token]", "{{token}}", "{{ }}", "{{}}"}) {
    EXPECT_TRUE(is_placeholder(text)) << text;
  }
  for (const std::string_view text :
       {"", "nul", "nulls", "token", "{{}", "{token}", "[tokens]", "{{a}}b"}) {
    EXPECT_FALSE(is_placeholder(text)) << text;
  }
}

TEST(TokenText, MasksSoThatTheValueIsNotTold) {
  EXPECT_EQ(mask("F3b9c1e07d5a84f2690b7c2e1d8a5f346S"), "F3b9****6S");
  EXPECT_EQ(mask(std::string(24, 'a')), "aaaa****aa");
  for (const std::string& text :
       {std::string(), std::string(23, 'a'), std::string(24, 'a') + "\"",
        std::string(24, 'a') + "\\", std::string(24, 'a') + " b", std::string(24, 'a') + "\x7f",
        std::string(24, 'a') + "\xC3\xA9"}) {
    EXPECT_EQ(mask(text), "****");
  }
  EXPECT_EQ(hint("F3b9c1e07d5a84f2690b7c2e1d8a5f346S"), "346S");
  EXPECT_EQ(hint(std::string(23, 'a')), "");
}

TEST(TokenText, ChecksPrefixes) {
  for (const std::string_view good : {"gta_", "z-", "acme_gate_"}) {
    EXPECT_FALSE(prefix_problem(good)) << good;
  }
  for (const std::string_view bad : {"", "_", "gta", "g a_", "\xC3\xA9_", "seventeen_letters"}) {
    EXPECT_TRUE(prefix_problem(bad)) << bad;
  }
}

void expect_repaired(const TokenFormat& format, const std::string& value,
                     const std::string& token) {
  const auto candidates = repair_candidates(format, value);
  EXPECT_TRUE(std::ranges::any_of(candidates.view(), [&](const RepairedToken& candidate) {
    return candidate.reveal() == token;
  })) << value;
}

TEST(TokenText, RepairsWhatCarriesNoEntropy) {
  ASSERT_TRUE(crypto::init());
  const std::string token = make(kPrefixed, crypto::random_below);
  for (std::size_t lost = 0; lost <= 4; ++lost) {
    for (std::size_t cut = 0; cut <= 6; ++cut) {
      if (lost + cut > 0) {
        expect_repaired(kPrefixed, token.substr(lost, token.size() - lost - cut), token);
      }
    }
  }
  EXPECT_EQ(repair_candidates(kPrefixed, token).count, 0U) << "whole";
  EXPECT_EQ(repair_candidates(kPrefixed, token.substr(0, 39)).count, 0U) << "entropy is gone";
  EXPECT_EQ(repair_candidates(kPrefixed, token.substr(5)).count, 0U) << "entropy is gone";
  EXPECT_EQ(repair_candidates(kPrefixed, token + "x").count, 0U);

  const std::string zapi = make(kZapi, crypto::random_below);
  for (const std::string& value : {zapi.substr(1), zapi.substr(0, 33), zapi.substr(1, 32)}) {
    expect_repaired(kZapi, value, zapi);
  }
  for (const std::string& value : {zapi, zapi.substr(0, 32), zapi.substr(2), std::string()}) {
    EXPECT_EQ(repair_candidates(kZapi, value).count, 0U) << value;
  }
}

TEST(TokenText, RepairNeverOffersAnythingButWholeTokensThatHoldTheValue) {
  constexpr std::uint32_t kSeed = 20261124;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::string_view alphabet = "F0aS_gtaXz9-";
  for (int i = 0; i < 20000; ++i) {
    std::string value(random() % 50, ' ');
    for (char& c : value) c = alphabet[random() % alphabet.size()];
    for (const TokenFormat& format : {kPrefixed, kZapi}) {
      const auto candidates = repair_candidates(format, value);
      for (const RepairedToken& candidate : candidates.view()) {
        ASSERT_TRUE(is_own_token(format, candidate.reveal()));
        ASSERT_NE(candidate.reveal().find(value), std::string_view::npos);
      }
    }
  }
}

}  // namespace
}  // namespace guarita::policy
