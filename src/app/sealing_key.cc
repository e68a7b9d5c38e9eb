#include "app/sealing_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <system_error>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace guarita::app {
namespace {

constexpr std::size_t kDigits = 64;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::optional<crypto::SealKey> parse_key(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != kDigits) return {};
  crypto::SealKey key{};
  for (std::size_t i = 0; i < kDigits; ++i) {
    const char c = text[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return {};
    }
    key[i / 2] = static_cast<std::uint8_t>(key[i / 2] * 16 + digit);
  }
  return key;
}

control::SealingKey named(const crypto::SealKey& key) {
  const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return {key, crypto::hex(crypto::sha256(bytes)).substr(0, 16)};
}

StartError failed(const std::string& path, const char* what) {
  return {"the sealing key " + path + " cannot be " + what + ": " +
              std::generic_category().message(errno),
          "check the folder and its owner, or name another file in secrets.key"};
}

Result<control::SealingKey, StartError> make_key(const std::string& path) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return Err<StartError>(failed(path, "made"));
  crypto::SealKey key{};
  crypto::random_bytes(key);
  const Secret text(crypto::hex(key) + "\n");
  const std::string_view bytes = text.reveal();
  if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      ::fsync(file.get()) != 0) {
    const StartError error = failed(path, "written");
    ::unlink(path.c_str());
    return Err<StartError>(error);
  }
  log::info("secrets", "sealing key made; keep a copy apart from the database's backups",
            {{"file", path}});
  return named(key);
}

}  // namespace

Result<control::SealingKey, StartError> load_sealing_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return make_key(path);
    return Err<StartError>(failed(path, "read"));
  }
  struct stat info{};
  if (::fstat(file.get(), &info) == 0 && (info.st_mode & 0077U) != 0) {
    return Err<StartError>(
        StartError{"the sealing key " + path + " can be read by others", "chmod 600 " + path});
  }
  std::string text(kDigits + 16, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return Err<StartError>(failed(path, "read"));
  const Secret held(text.substr(0, static_cast<std::size_t>(got)));
  const auto key = parse_key(held.reveal());
  if (!key) {
    return Err<StartError>(
        StartError{"the file " + path + " is no sealing key (64 hexadecimal digits)",
                   "put your copy back; without one: move the file away, and a new key is made "
                   "(sealed copies of tokens are then lost, the tokens work on)"});
  }
  return named(*key);
}

}  // namespace guarita::app
