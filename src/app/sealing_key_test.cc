#include "app/sealing_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace guarita::app {
namespace {

class SealingKey : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("guarita-key-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "guarita.key").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(std::string_view text, mode_t mode) {
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), mode);
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(SealingKey, IsMadeOnceAndOnlyForTheOwner) {
  const auto made = load_sealing_key(path_);
  ASSERT_TRUE(made);
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto again = load_sealing_key(path_);
  ASSERT_TRUE(again);
  EXPECT_EQ(made->key, again->key);
  EXPECT_EQ(made->id, again->id);
  EXPECT_NE(made->key, crypto::SealKey{});
}

TEST_F(SealingKey, ThatOthersCanReadIsRefusedWithTheRemedy) {
  write(std::string(64, 'a') + "\n", 0644);
  const auto loaded = load_sealing_key(path_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().remedy, "chmod 600 " + path_);
}

TEST_F(SealingKey, ADamagedFileIsRefusedAndNeverOverwritten) {
  for (const std::string& text : {std::string(), std::string(63, 'a'), std::string(65, 'a'),
                                  std::string(63, 'a') + "G", std::string(200, 'a')}) {
    write(text, 0600);
    EXPECT_FALSE(load_sealing_key(path_)) << text;
    EXPECT_EQ(std::filesystem::file_size(path_), text.size());
  }
}

TEST_F(SealingKey, AMissingFolderIsAnError) {
  EXPECT_FALSE(load_sealing_key((folder_ / "none" / "guarita.key").string()));
}

}  // namespace
}  // namespace guarita::app
