#include "cli/parse.h"

#include <gtest/gtest.h>

#include "cli/testing.h"

namespace guarita::cli {
namespace {

Parsed parsed(std::vector<std::string> words) {
  return parse(words);
}

TEST(Parse, EverySubcommandIsThere) {
  const std::vector<std::vector<std::string>> lines = {
      {"account", "create", "a", "--name", "A"},
      {"account", "list"},
      {"account", "show", "a"},
      {"account", "delete", "a", "--cascade"},
      {"instance", "create", "i", "--account", "a", "--upstream", "http://h:1", "--name", "I",
       "--instance-token-stdin"},
      {"instance", "list", "--account", "a"},
      {"instance", "show", "i"},
      {"instance", "update", "i", "--name", "I"},
      {"instance", "delete", "i"},
      {"instance", "move", "i", "--to", "b", "--force"},
      {"instance", "unknown"},
      {"token", "status", "a"},
      {"token", "generate", "a"},
      {"token", "activate", "a"},
      {"token", "deactivate", "a"},
      {"token", "regenerate", "a", "--cut-off"},
      {"token", "rotate", "a"},
      {"token", "promote", "a", "--grace", "15m", "--lock"},
      {"token", "revoke", "a", "--token", "next"},
      {"token", "revoke", "a", "--all", "--lock"},
      {"token", "import", "a", "--weak", "--as", "next"},
      {"ip", "list", "a"},
      {"ip", "set", "a", "10.0.0.0/8", "::1", "--yes"},
      {"ip", "set", "a", "--yes"},
      {"ip", "add", "a", "10.0.0.0/8", "--dry-run"},
      {"ip", "remove", "a", "10.0.0.0/8"},
      {"admin-token", "create", "--scope", "account:a"},
      {"admin-token", "list"},
      {"admin-token", "revoke", "0192d4e0-7b2a-7c3d-8e4f-5a6b7c8d9e0f"},
      {"user", "create", "a@b.c", "--operator", "--name", "A", "--language", "pt-BR"},
      {"user", "create", "a@b.c", "--account", "a", "--role", "owner"},
      {"user", "list"},
      {"user", "show", "a@b.c"},
      {"user", "delete", "a@b.c"},
      {"user", "reset", "a@b.c"},
      {"user", "reset-two-factor", "a@b.c"},
      {"audit", "list"},
      {"audit", "verify", "--head", "00"},
      {"backup", "f"},
      {"restore", "f", "--accept-loss"},
      {"check-config", "f"},
      {"check-config", "--page"},
      {"doctor"},
      {"check", "--instance", "i", "--address", "::1"},
  };
  for (std::vector<std::string> words : lines) {
    const std::string line = words[0] + (words.size() > 1 ? " " + words[1] : "");
    EXPECT_TRUE(std::holds_alternative<Command>(parse(words))) << line;
    words.insert(words.end(), {"--output", "json", "--socket", "/s"});
    const Parsed with = parse(words);
    ASSERT_TRUE(std::holds_alternative<Command>(with)) << line;
    EXPECT_EQ(std::get<Command>(with).globals.output, Output::Json) << line;
    EXPECT_EQ(std::get<Command>(with).globals.socket, "/s") << line;
  }
}

TEST(Parse, AWrongCommandLineIsUsageAndNamesTheHelp) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"nonsense"},
      {"token"},
      {"token", "explode", "a"},
      {"token", "generate"},
      {"token", "generate", "a", "b"},
      {"token", "generate", "a", "--cut-off"},
      {"token", "promote", "a", "--grace", "soon"},
      {"token", "promote", "a", "--grace", "-5m"},
      {"token", "revoke", "a", "--all", "--token", "x"},
      {"token", "import", "a", "--as", "retiring"},
      {"account", "list", "--output", "xml"},
      {"instance", "create", "i"},
      {"instance", "move", "i"},
      {"ip", "add", "a"},
      {"admin-token", "create"},
      {"admin-token", "create", "--scope", "admin"},
      {"admin-token", "create", "--scope", "account:"},
      {"user"},
      {"user", "create"},
      {"user", "create", "a@b.c", "--role", "owner"},
      {"user", "create", "a@b.c", "--account", "a"},
      {"user", "create", "a@b.c", "--account", "a", "--role", "admin"},
      {"user", "create", "a@b.c", "--operator", "--account", "a", "--role", "owner"},
      {"user", "create", "a@b.c", "--language", "fr"},
      {"user", "reset"},
      {"check"},
      {"serve"},
  };
  for (const auto& words : lines) {
    const Parsed result = parse(words);
    ASSERT_TRUE(std::holds_alternative<Say>(result)) << (words.empty() ? "" : words[0]);
    EXPECT_EQ(std::get<Say>(result).code, ExitCode::Usage);
    EXPECT_NE(std::get<Say>(result).text.find("try: guarita"), std::string::npos);
  }
}

TEST(Parse, HelpIsThereForEveryCommandWithAnExamplePerGroup) {
  const std::vector<std::string> groups = {"account",     "instance", "token", "ip",
                                           "admin-token", "user",     "audit"};
  for (const std::string& group : groups) {
    const Parsed result = parsed({group, "--help"});
    ASSERT_TRUE(std::holds_alternative<Say>(result)) << group;
    EXPECT_EQ(std::get<Say>(result).code, ExitCode::Ok);
    EXPECT_NE(std::get<Say>(result).text.find("Examples:"), std::string::npos) << group;
  }
  const Parsed leaf = parsed({"token", "promote", "--help"});
  EXPECT_NE(std::get<Say>(leaf).text.find("--grace DURATION"), std::string::npos);
  EXPECT_NE(std::get<Say>(leaf).text.find("--socket PATH"), std::string::npos);
}

TEST(Parse, AnIdMayReadLikeASubcommand) {
  FakeServer server;
  server.answer(404, R"({"title":"no such account"})");
  EXPECT_EQ(server.run({"account", "show", "list"}), ExitCode::Failed);
  EXPECT_EQ(server.calls.at(0).target, "/v1/accounts/list");
}

TEST(Parse, ServeDemoAndVersionAreNoClientCommands) {
  EXPECT_EQ(std::get<Serve>(parsed({"serve", "--config", "f.toml"})).config, "f.toml");
  const Demo demo = std::get<Demo>(parsed({"demo", "--listen", "127.0.0.1:0", "--play"}));
  EXPECT_EQ(demo.options.gate, "127.0.0.1:0");
  EXPECT_TRUE(demo.play);
  EXPECT_EQ(std::get<Say>(parsed({"version"})).text, "guarita " GUARITA_VERSION "\n");
  EXPECT_EQ(std::get<Say>(parsed({"version"})).code, ExitCode::Ok);
}

}  // namespace
}  // namespace guarita::cli
