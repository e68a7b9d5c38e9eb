#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <sstream>

namespace guarita::cli {
namespace {

TEST(Printable, LeavesTextOfEveryScriptAlone) {
  EXPECT_EQ(printable("Açaí & Filhos · 株式会社"), "Açaí & Filhos · 株式会社");
}

TEST(Printable, ShowsWhatCouldMoveTheCursorOrHideALine) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\tc"), "a\\x0ab\\x09c");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");  // C1: CSI
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\xe2\\x80\\xae"
            "b");  // right-to-left override
}

TEST(Printable, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xFF"), "\\xff");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");           // cut short
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("São Paulo"), 9u);
  EXPECT_EQ(display_width("株式"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // e and a combining accent
  EXPECT_EQ(display_width("🚪"), 2u);
}

TEST(Table, AlignsByColumnsAndLeavesNoTrailingBlanks) {
  Table table({"ACCOUNT", "NAME", "MODE"});
  table.add({"a", "São Paulo", "unset"});
  table.add({"longer-than-heading", "株式", ""});
  table.add({"c"});
  EXPECT_EQ(table.text(),
            "ACCOUNT              NAME       MODE\n"
            "a                    São Paulo  unset\n"
            "longer-than-heading  株式\n"
            "c\n");
}

TEST(Table, KeepsTheColumnOfACellAfterAnEmptyOne) {
  Table table({"A", "B", "C"});
  table.add({"1", "", "3"});
  EXPECT_EQ(table.text(), "A  B  C\n1     3\n");
}

TEST(Table, ANameCannotForgeARow) {
  Table table({"NAME", "MODE"});
  table.add({"x\nevil  enforce", "unset"});
  EXPECT_EQ(table.text(), "NAME                MODE\nx\\x0aevil  enforce  unset\n");
}

TEST(KeyValues, AlignsValues) {
  EXPECT_EQ(key_values({{"account", "acme"}, {"ip entries", "0"}, {"name", ""}}),
            "account     acme\nip entries  0\nname\n");
}

struct SecretCase {
  std::string input;
  std::optional<std::string> secret;
};

TEST(ReadSecret, TakesOneLineAndNothingElse) {
  const std::vector<SecretCase> cases = {
      {"gta_x\n", "gta_x"},
      {"gta_x", "gta_x"},
      {"gta_x\r\n", "gta_x"},
      {" gta x \n", " gta x "},
      {"", std::nullopt},
      {"\n", std::nullopt},
      {"a\nb\n", std::nullopt},
      {"a\n\n", std::nullopt},
      {std::string(4096, 'x'), std::string(4096, 'x')},
      {std::string(4097, 'x'), std::nullopt},
  };
  for (const SecretCase& one : cases) {
    std::istringstream in(one.input);
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal{in, out, err, false};
    const auto secret = read_secret(terminal, "token");
    ASSERT_EQ(secret.has_value(), one.secret.has_value()) << one.input;
    if (secret) {
      EXPECT_EQ(secret->reveal(), *one.secret);
    } else {
      EXPECT_EQ(secret.error().code, ExitCode::Usage);
      EXPECT_EQ(secret.error().message.find("xxxx"), std::string::npos);
    }
    EXPECT_EQ(err.str(), "");
  }
}

TEST(ReadSecret, HintsOnATerminalAndReadsOneLineOnly) {
  std::istringstream in("typed\nnext command\n");
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{in, out, err, true};
  const auto secret = read_secret(terminal, "token");
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->reveal(), "typed");
  EXPECT_NE(err.str().find("token"), std::string::npos);
  EXPECT_EQ(out.str(), "");
}

TEST(Report, PutsTheRemedyUnderTheFailure) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{in, out, err, false};
  const Failure failure{ExitCode::Failed, "no token yet", "guarita token generate acme",
                        "{\"a\":1}"};
  EXPECT_EQ(report(terminal, Output::Table, failure), ExitCode::Failed);
  EXPECT_EQ(err.str(), "error: no token yet\n  try: guarita token generate acme\n");
  EXPECT_EQ(out.str(), "");
  report(terminal, Output::Json, failure);
  EXPECT_EQ(out.str(), "{\"a\":1}\n");
}

}  // namespace
}  // namespace guarita::cli
