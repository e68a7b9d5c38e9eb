#include "identity/two_factor.h"

#include <gtest/gtest.h>
#include <qrencode.h>

#include <memory>
#include <set>
#include <sstream>

#include "identity/identity.h"
#include "identity/known_places.h"
#include "identity/qr.h"

namespace guarita::identity {
namespace {

using std::chrono::seconds;

Secret rfc_secret() {
  return Secret("12345678901234567890");  // RFC 6238, Appendix B, SHA-1
}

Time at(std::int64_t s) {
  return Time(seconds(s));
}

TEST(Totp, MatchesTheVectorsOfRfc6238) {
  const std::pair<std::int64_t, const char*> vectors[] = {
      {59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
      {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"},
  };
  for (const auto& [time, eight_digits] : vectors) {
    const std::string code = totp_code(rfc_secret(), totp_step(at(time)));
    EXPECT_EQ(code, std::string(eight_digits).substr(2)) << time;
    EXPECT_EQ(match_totp(rfc_secret(), code, at(time)), totp_step(at(time)));
  }
}

TEST(Totp, IsGoodOneStepBeforeAndAfterAndNoMore) {
  const Time now = at(1'790'000'010);
  const std::string code = totp_code(rfc_secret(), totp_step(now));
  const std::uint64_t step = totp_step(now);
  EXPECT_EQ(match_totp(rfc_secret(), code, now + seconds(30)), step);
  EXPECT_EQ(match_totp(rfc_secret(), code, now - seconds(30)), step);
  EXPECT_FALSE(match_totp(rfc_secret(), code, now + seconds(60)));
  EXPECT_FALSE(match_totp(rfc_secret(), code, now - seconds(60)));
  EXPECT_TRUE(match_totp(rfc_secret(), totp_code(rfc_secret(), 0), at(0))) << "no underflow";
}

TEST(Totp, OtherLengthsMatchNothing) {
  const Time now = at(59);
  EXPECT_FALSE(match_totp(rfc_secret(), "", now));
  EXPECT_FALSE(match_totp(rfc_secret(), "28708", now));
  EXPECT_FALSE(match_totp(rfc_secret(), "2870820", now));
  EXPECT_FALSE(match_totp(Secret("12345678901234567891"), "287082", now));
}

TEST(Totp, SecretsAre160RandomBitsInBase32) {
  const Secret a = new_totp_secret();
  const Secret b = new_totp_secret();
  EXPECT_EQ(a.reveal().size(), 20U);
  EXPECT_NE(a.reveal(), b.reveal());
  EXPECT_EQ(base32(rfc_secret()).reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(base32(a).reveal().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            std::string_view::npos);
}

TEST(Totp, TheUriNamesIssuerAndUser) {
  EXPECT_EQ(
      otpauth_uri("https://painel.example.org:8443/x", "ana+1@loja.com", rfc_secret()).reveal(),
      "otpauth://totp/Guarita%20%28painel.example.org%3A8443%29:ana%2B1%40loja.com"
      "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
      "&issuer=Guarita%20%28painel.example.org%3A8443%29&algorithm=SHA1&digits=6&period=30");
  EXPECT_EQ(otpauth_uri("", "a@b", rfc_secret()).reveal().substr(0, 29),
            "otpauth://totp/Guarita:a%40b?");
}

TEST(RecoveryCodes, AreTenDifferentOnesThatReadBack) {
  const auto codes = new_recovery_codes();
  ASSERT_EQ(codes.size(), kRecoveryCodes);
  std::set<std::string> texts;
  for (const Secret& code : codes) {
    const std::string text(code.reveal());
    ASSERT_EQ(text.size(), 11U);
    EXPECT_EQ(text[5], '-');
    const TypedCode typed = read_code(text);
    EXPECT_EQ(typed.kind, CodeKind::Recovery) << text;
    EXPECT_EQ(typed.text, text.substr(0, 5) + text.substr(6));
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), kRecoveryCodes);
}

TEST(RecoveryCodes, TheDigestBelongsToOneUser) {
  const UserKey one{Uuid{{1}}};
  const UserKey two{Uuid{{2}}};
  EXPECT_EQ(recovery_digest(one, "abcdefghij"), recovery_digest(one, "abcdefghij"));
  EXPECT_NE(recovery_digest(one, "abcdefghij"), recovery_digest(two, "abcdefghij"));
  EXPECT_NE(recovery_digest(one, "abcdefghij"), recovery_digest(one, "abcdefghik"));
}

TEST(TypedCodes, SpacesHyphensAndCaseDoNotCount) {
  EXPECT_EQ(read_code(" 123 456 ").text, "123456");
  EXPECT_EQ(read_code("123-456").kind, CodeKind::Totp);
  EXPECT_EQ(read_code("ABCDE FGHIJ").text, "abcdefghij");
  EXPECT_EQ(read_code("abcde-fgh0l").text, "abcdefghol");
  EXPECT_EQ(read_code("abcde-fgh01").text, "abcdefghol");
  for (const char* text :
       {"", "12345", "1234567", "12345x", "abcde-fgh8j", "abcde", "ábcde-fghij"}) {
    EXPECT_EQ(read_code(text).kind, CodeKind::Neither) << text;
  }
  EXPECT_EQ(read_code(std::string(1'000'000, ' ') + "123456").kind, CodeKind::Neither);
}

TEST(PendingSetup, IsOfOneSessionForTenMinutes) {
  PendingSetups setups;
  const SessionKey one{Uuid{{1}}};
  const SessionKey two{Uuid{{2}}};
  setups.put(one, Secret("first"), at(0));
  setups.put(one, Secret("second"), at(1));
  ASSERT_NE(setups.find(one, at(2)), nullptr);
  EXPECT_EQ(setups.find(one, at(2))->reveal(), "second");
  EXPECT_EQ(setups.find(two, at(2)), nullptr);
  EXPECT_EQ(setups.find(one, at(601)), nullptr);
  EXPECT_EQ(setups.take(one)->reveal(), "second");
  EXPECT_FALSE(setups.take(one));
  for (std::uint8_t i = 0; i < 250; ++i) {
    for (std::uint8_t j = 0; j < 5; ++j) setups.put({Uuid{{i, j}}}, Secret("x"), at(2));
  }
  EXPECT_EQ(setups.size(), PendingSetups::kMax);
  EXPECT_EQ(setups.find({Uuid{{0, 0}}}, at(2)), nullptr) << "the oldest went";
  setups.put(one, Secret("x"), at(700));
  EXPECT_EQ(setups.size(), 1U) << "what is over is not kept";
}

TEST(KnownPlaces, AreBounded) {
  KnownPlaces places;
  places.remember({.low = 1, .high = 1});
  for (std::uint64_t i = 0; i < KnownPlaces::kMax - 1; ++i) places.remember({.low = i, .high = 2});
  EXPECT_TRUE(places.contains({.low = 1, .high = 1}));
  places.remember({.low = 1, .high = 1});  // signs in again: the newest
  places.remember({.low = 0, .high = 3});
  EXPECT_TRUE(places.contains({.low = 1, .high = 1}));
  EXPECT_FALSE(places.contains({.low = 0, .high = 2})) << "the oldest went";
}

// ---- QR -----------------------------------------------------------------------------------------

// Draws the path again and compares module by module with the library's own answer.
TEST(QrSvg, IsTheCodeInOnePathWithAQuietZone) {
  const std::string text = "otpauth://totp/Guarita:ana%40loja.com?secret=GEZDGNBVGY3TQOJQ";
  const auto svg = qr_svg(text);
  ASSERT_TRUE(svg);
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M), QRcode_free);
  ASSERT_NE(code, nullptr);
  const auto width = static_cast<std::size_t>(code->width);
  const std::string side = std::to_string(width + 8);
  EXPECT_NE(svg->find("viewBox=\"0 0 " + side + " " + side + "\""), std::string::npos) << *svg;
  EXPECT_NE(svg->find("width=\"" + std::to_string((width + 8) * 4) + "\""), std::string::npos);
  for (const char* forbidden : {"style", "script", "href", "data:"}) {
    EXPECT_EQ(svg->find(forbidden), std::string::npos) << forbidden;
  }
  const std::size_t begin = svg->find(" d=\"") + 4;
  EXPECT_EQ(svg->find(" d=\"", begin), std::string::npos) << "one path";
  std::string path = svg->substr(begin, svg->find('"', begin) - begin);
  for (char& c : path) {
    if (c != '-' && (c < '0' || c > '9')) c = ' ';
  }
  std::vector<std::uint8_t> drawn(width * width, 0);
  std::istringstream numbers(path);
  std::size_t x, y, run;
  int one, back;
  while (numbers >> x >> y >> run >> one >> back) {
    ASSERT_EQ(one, 1);
    ASSERT_EQ(back, -static_cast<int>(run));
    ASSERT_LE(x - 4 + run, width);
    for (std::size_t i = 0; i < run; ++i) drawn[(y - 4) * width + x - 4 + i] = 1;
  }
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    ASSERT_EQ(drawn[i], code->data[i] & 1) << "module " << i;
  }
}

TEST(QrSvg, ATextThatDoesNotFitIsNone) {
  EXPECT_FALSE(qr_svg(std::string(5000, 'x')));
}

}  // namespace
}  // namespace guarita::identity
