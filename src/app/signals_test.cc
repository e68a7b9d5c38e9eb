#include "app/signals.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace guarita::app {
namespace {

TEST(ServiceManager, GetsOneDatagram) {
  const std::string path = "/tmp/guarita-notify-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  ASSERT_EQ(::bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);

  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  notify_service_manager("READY=1");
  char buffer[64];
  const ssize_t got = ::recv(manager, buffer, sizeof(buffer), 0);
  EXPECT_EQ(std::string(buffer, got < 0 ? 0 : static_cast<std::size_t>(got)), "READY=1");

  ::unsetenv("NOTIFY_SOCKET");
  notify_service_manager("READY=1");
  EXPECT_LT(::recv(manager, buffer, sizeof(buffer), 0), 0) << "sent although nobody asked";
  ::close(manager);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace guarita::app
