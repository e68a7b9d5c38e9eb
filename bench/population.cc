// bench_population FORM FIRST COUNT: instances FIRST … FIRST + COUNT - 1 (FIRST a multiple of ten)
// as the rows that a gate takes, on standard output.
//   apply    `guarita apply`: JSON Lines, an account with its token and then its instances
//   haproxy  a map of id to account:token
//   nginx    a map of id:token to account
//   list     id account token, for the harness
#include <openssl/sha.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "population.h"

namespace {

using namespace bench;

std::string digest_text(std::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

void append_row(std::string& out, std::string_view form, std::uint64_t instance) {
  const std::uint64_t account = instance / kInstancesPerAccount;
  const std::string id = instance_text(instance);
  const std::string owner = account_text(account);
  if (form == "apply") {
    if (instance % kInstancesPerAccount == 0) {
      out += R"({"account":")" + owner + R"(","token_sha256":")" +
             digest_text(token_text(account)) + "\",\"enforce\":true}\n";
    }
    out += R"({"instance":")" + id + R"(","account":")" + owner + "\"}\n";
  } else if (form == "haproxy") {
    out += id + ' ' + owner + ':' + token_text(account) + '\n';
  } else if (form == "nginx") {
    out += '"' + id + ':' + token_text(account) + "\" " + owner + ";\n";
  } else {
    out += id + ' ' + owner + ' ' + token_text(account) + '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view form = argc == 4 ? argv[1] : "";
  if (form != "apply" && form != "haproxy" && form != "nginx" && form != "list") {
    std::fputs("usage: bench_population apply|haproxy|nginx|list FIRST COUNT\n", stderr);
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t end = first + std::strtoull(argv[3], nullptr, 10);
  std::string out;
  for (std::uint64_t instance = first; instance < end; ++instance) {
    append_row(out, form, instance);
    if (out.size() < 256 * 1024 && instance + 1 != end) continue;
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    out.clear();
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
