#include "app/demo_story.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ostream>

namespace guarita::app {
namespace {

constexpr std::string_view kBody = R"({"phone":"5511999999999","message":"oi"})";

std::string call_path() {
  return fmt::format("/instances/{}/send-text", kDemoInstances[0]);
}

struct Answer {
  unsigned status = 0;
  std::string body;
};

// One POST over a connection of its own, to an IPv4 address. Status 0: no answer.
Answer post(const std::string& address, const std::string& token) {
  const std::size_t colon = std::min(address.rfind(':'), address.size() - 1);
  const auto ip = parse_ip(address.substr(0, colon));
  std::uint16_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  if (!ip || !ip->is_v4()) return {};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  std::copy_n(ip->bytes.begin() + 12, 4, reinterpret_cast<std::uint8_t*>(&to.sin_addr));

  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string head;
  if (connection >= 0 &&
      ::connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string credential = token.empty() ? "" : "Client-Token: " + token + "\r\n";
    const std::string request = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        call_path(), address, credential, kBody.size(), kBody);
    static_cast<void>(::send(connection, request.data(), request.size(), MSG_NOSIGNAL));
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(connection, buffer, sizeof(buffer), 0)) > 0;) {
      head.append(buffer, static_cast<std::size_t>(got));
    }
  }
  if (connection >= 0) ::close(connection);

  Answer out;
  constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
  if (head.size() > kStatusAt) {
    std::from_chars(head.data() + kStatusAt, head.data() + head.size(), out.status);
  }
  const std::size_t end = head.find("\r\n\r\n");
  if (end != std::string::npos) out.body = head.substr(end + 4);
  return out;
}

std::string curl(const StoryPlaces& places, std::string_view header) {
  return fmt::format("curl -i http://{}{} {}-d '{}'", places.gate, call_path(), header, kBody);
}

// Each step of the play: a call, and whether its answer is the one that the story tells of.
class Play {
 public:
  Play(std::ostream& out, const StoryPlaces& places) : out_(out), places_(places) {}

  // `shown`: how the token is written in the command that is printed.
  void call(std::string_view says, const std::string& token, std::string_view shown,
            unsigned status, std::string_view needed, std::string_view forbidden = "\r\r") {
    const std::string header = token.empty() ? "" : fmt::format("-H \"Client-Token: {}\" ", shown);
    out_ << "\n# " << says << "\n$ " << curl(places_, header) << '\n';
    const Answer answer = post(places_.gate, token);
    out_ << "HTTP " << answer.status << '\n' << answer.body;
    if (!answer.body.ends_with('\n')) out_ << '\n';
    const bool as_told =
        answer.status == status && answer.body.contains(needed) && !answer.body.contains(forbidden);
    if (!as_told) out_ << "!! expected " << status << " with " << needed << '\n';
    good_ = good_ && as_told;
  }
  void command(std::string_view says, std::string_view words) {
    out_ << "\n# " << says << "\n$ guarita " << words << '\n';
  }
  void failed(std::string_view why) {
    out_ << "!! " << why << '\n';
    good_ = false;
  }
  bool good() const { return good_; }

 private:
  std::ostream& out_;
  const StoryPlaces& places_;
  bool good_ = true;
};

}  // namespace

void print_story(std::ostream& out, const StoryPlaces& places) {
  const std::string& program = places.program;
  out << fmt::format(R"(
Guarita is running. Account "{account}" owns the instances "{one}" and "{two}";
behind the gate stands a sample instance that answers with the request it received.

  panel    {panel}
           (opens once, within 15 minutes: choose a password and look around)
  gate     http://{gate}     what callers talk to
  admin    http://{console}     panel, and admin API (GET /v1/openapi.json)
  status   http://{status}     /livez /readyz /metrics
  socket   {socket}

Click through it in the panel (Segurança), or paste this into another terminal, step by step:

export GUARITA_SOCKET={socket}

# 1. Protection is off: a call without token reaches the instance (200).
{bare}

# 2. Generate the account's token. It is shown once; nothing is enforced yet.
TOKEN=$({program} token generate {account}); echo "$TOKEN"

# 3. Mode monitor: everything passes, and what callers send is counted.
{program} token status {account}

# 4. Activate. From the moment this returns, every instance of the account wants the token.
{program} token activate {account}

# 5. The same call is refused now: 403 {{"error":"null not allowed"}}
{bare}

# 6. With the token: 200, and the instance never sees the token.
{with}

# Off again (nothing breaks): {program} token deactivate {account}
# What the gate counts:       curl -s http://{status}/metrics | grep guarita_decisions
# Everything else:            {program} --help

Ctrl-C ends the demo.
)",
                     fmt::arg("account", kDemoAccount), fmt::arg("one", kDemoInstances[0]),
                     fmt::arg("two", kDemoInstances[1]), fmt::arg("gate", places.gate),
                     fmt::arg("console", places.console), fmt::arg("panel", places.panel),
                     fmt::arg("status", places.status), fmt::arg("socket", places.socket),
                     fmt::arg("program", program), fmt::arg("bare", curl(places, "")),
                     fmt::arg("with", curl(places, "-H \"Client-Token: $TOKEN\" ")));
  out.flush();
}

bool play_story(std::ostream& out, Server& server, const StoryPlaces& places) {
  Play play(out, places);
  const control::Request request{{.kind = store::ActorKind::System,
                                  .name = "demo",
                                  .address = {},
                                  .email = {},
                                  .request_id = {}},
                                 {}};
  const std::string account(kDemoAccount);
  play.call("Protection is off: the call reaches the instance.", "", "", 200,
            "\"method\": \"POST\"");
  play.command("Generate a token. Nothing is enforced yet.", "token generate demo");
  auto made = server.control().generate(request, account, {});
  if (!made) {
    play.failed(made.error().detail);
    return false;
  }
  const std::string token(made->value.secret.reveal());
  out << token << '\n';
  play.call("Still off: the same call passes.", "", "", 200, "\"method\": \"POST\"");
  play.command("Activate.", "token activate demo");
  const auto active = server.control().activate(request, account);
  if (!active) {
    play.failed(active.error().detail);
    return false;
  }
  out << fmt::format("in force, revision {}\n", active->receipt.revision);
  play.call("The same call is refused now.", "", "", 403, R"({"error":"null not allowed"})");
  play.call("With the token it passes, and the instance does not see the token.", token, "$TOKEN",
            200, "\"method\": \"POST\"", token);
  const std::string wrong = "gta_" + std::string(42, 'x');
  play.call("A wrong token is refused, and never echoed.", wrong, wrong, 403,
            "gta_****xx not allowed");
  out << (play.good() ? "\nThe story is as told.\n" : "\nThe story is NOT as told.\n");
  out.flush();
  return play.good();
}

}  // namespace guarita::app
