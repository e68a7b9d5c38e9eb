// Secrets that stand elsewhere: in the environment or in a file.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "app/config_key.h"

namespace guarita::app {
namespace {

constexpr std::size_t kSecretBytesMax = 16 * 1024;

Result<Secret, std::string> read_secret_file(const std::string& path, const Context& context) {
  std::filesystem::path file(path);
  if (file.is_relative()) file = std::filesystem::path(context.folder) / file;
  std::ifstream in(file, std::ios::binary);
  if (!in) return Err<std::string>("cannot read the file " + file.string());
  std::string text(kSecretBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Err<std::string>("the file " + file.string() + " is empty");
  if (text.size() > kSecretBytesMax) {
    return Err<std::string>("the file " + file.string() + " is over 16 KiB");
  }
  struct stat info{};
  if (context.warnings != nullptr && ::stat(file.c_str(), &info) == 0 &&
      (info.st_mode & 0077U) != 0) {
    context.warnings->push_back("the file " + file.string() +
                                " can be read by others; mend it with: chmod 600 " + file.string());
  }
  return Secret(std::move(text));
}

}  // namespace

Result<Secret, std::string> resolve_secret(std::string_view text, const Context& context) {
  if (text.starts_with("file:")) return read_secret_file(std::string(text.substr(5)), context);
  if (text.starts_with("env:")) {
    const std::string_view name = text.substr(4);
    for (const auto& [variable, value] : *context.environment) {
      if (variable != name) continue;
      if (value.empty()) break;
      return Secret(value);
    }
    return Err<std::string>(fmt::format("the environment variable {} is not set, or empty", name));
  }
  if (text.empty()) return Err<std::string>("it is empty");
  if (context.warnings != nullptr) {
    context.warnings->push_back(
        "the value stands in the configuration itself; a credential belongs into \"env:NAME\" or "
        "\"file:PATH\"");
  }
  return Secret(std::string(text));
}

}  // namespace guarita::app
