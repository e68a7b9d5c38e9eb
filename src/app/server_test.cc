// The whole server in this process, on ports of its own.
#include "app/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "app/demo.h"
#include "app/demo_story.h"
#include "app/sample_upstream.h"

namespace guarita::app {
namespace {

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(crypto::init());
    folder_ =
        std::filesystem::temp_directory_path() / ("guarita-server-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    ASSERT_FALSE(sample_.start());
  }
  void TearDown() override {
    sample_.stop();
    std::filesystem::remove_all(folder_);
  }

  Settings settings(const std::string& more = "") {
    const std::string text =
        "[gate]\nlisten = \"127.0.0.1:0\"\nthreads = 2\n[console]\nlisten = "
        "\"127.0.0.1:0\"\n[status]\nlisten = \"127.0.0.1:0\"\n[store]\nsqlite "
        "= \"" +
        (folder_ / "guarita.db").string() + "\"\n[upstream]\ndefault = \"" + sample_.url() +
        "\"\n[timeouts]\ndrain = \"1s\"\n" + more;
    Loaded loaded = parse_config(text, "test", {});
    EXPECT_TRUE(loaded.settings) << (loaded.errors.empty() ? "" : format(loaded.errors[0]));
    return std::move(*loaded.settings);
  }

  std::filesystem::path folder_;
  SampleUpstream sample_;
};

TEST_F(ServerTest, StartsServesAndStops) {
  Server server(settings());
  const auto failed = server.start();
  ASSERT_FALSE(failed) << failed->text;
  ASSERT_EQ(server.gate_addresses().size(), 1U);
  EXPECT_FALSE(server.gate_addresses()[0].ends_with(":0"));
  EXPECT_FALSE(server.console_address().empty());
  EXPECT_FALSE(server.status_address().empty());
  EXPECT_TRUE(std::filesystem::exists(server.socket_path()));
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(server.socket_path()));
}

TEST_F(ServerTest, ASecondServerOnTheSameFolderIsRefusedAndTheFirstServesOn) {
  Server first(settings());
  ASSERT_FALSE(first.start());
  Server second(settings());
  const auto refused = second.start();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->key, "store.sqlite");
  EXPECT_FALSE(refused->remedy.empty());
  EXPECT_TRUE(first.control().accounts({}));
}

TEST_F(ServerTest, ATakenPortNamesItsKeyAndLeavesNothingRunning) {
  Server first(settings());
  ASSERT_FALSE(first.start());
  const std::filesystem::path other = folder_ / "other";
  std::filesystem::create_directories(other);
  Settings taken = settings();
  taken.store.sqlite = (other / "guarita.db").string();
  taken.admin.socket = (other / "guarita.sock").string();
  taken.status.listen = first.status_address();
  Server second(std::move(taken));
  const auto refused = second.start();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->key, "status.listen");

  Settings free = settings();
  free.store.sqlite = (other / "guarita.db").string();
  free.admin.socket = (other / "guarita.sock").string();
  Server third(std::move(free));
  const auto failed = third.start();
  EXPECT_FALSE(failed) << failed->text;
}

TEST_F(ServerTest, ReloadNamesWhatNeedsARestart) {
  Server server(settings());
  ASSERT_FALSE(server.start());
  const auto restart =
      server.reload(settings("head = \"3s\"\n[token]\nprefix = \"acme_\"\n[routing]\n"
                             "unknown_instance = \"allow\"\n"));
  EXPECT_EQ(restart, (std::vector<std::string>{"token.prefix", "routing.unknown_instance"}));
}

TEST(Demo, TheStoryIsAsTold) {
  ASSERT_TRUE(crypto::init());
  DemoOptions options;
  options.gate = options.console = options.status = "127.0.0.1:0";
  options.story = DemoOptions::Story::Play;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(demo(options, out, err), 0) << out.str() << err.str();
  EXPECT_EQ(err.str(), "");
  EXPECT_NE(out.str().find(R"({"error":"null not allowed"})"), std::string::npos);
}

TEST(Demo, ABadAddressNamesTheFlag) {
  DemoOptions options;
  options.console = "nonsense";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(demo(options, out, err), 1);
  EXPECT_TRUE(err.str().starts_with("error: --console: \"nonsense\" is no listener")) << err.str();
}

TEST(Demo, PrintsCommandsThatCanBePasted) {
  std::ostringstream out;
  print_story(out, {"/usr/bin/guarita", "127.0.0.1:8080", "127.0.0.1:8081",
                    "http://127.0.0.1:8081/#/link/x", "127.0.0.1:8082", "/tmp/x/guarita.sock",
                    "http://127.0.0.1:9"});
  for (const char* line :
       {"export GUARITA_SOCKET=/tmp/x/guarita.sock\n",
        "curl -i http://127.0.0.1:8080/instances/demo-one/send-text -d ",
        "TOKEN=$(/usr/bin/guarita token generate demo); echo \"$TOKEN\"\n",
        "/usr/bin/guarita token activate demo\n", "-H \"Client-Token: $TOKEN\" -d "}) {
    EXPECT_NE(out.str().find(line), std::string::npos) << line << "\nin\n" << out.str();
  }
}

}  // namespace
}  // namespace guarita::app
