// A server that is a list of answers, and streams that are strings: for this folder's tests.
#pragma once

#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include "cli/parse.h"

namespace guarita::cli {

struct FakeServer {
  std::vector<RawCall> calls;
  std::deque<RawReply> answers;  // one a call; none left: nobody answers
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{in, out, err, false};
  int pauses = 0;

  void answer(unsigned status, std::string body, std::string etag = {}, std::string location = {}) {
    answers.push_back({status, std::move(etag), std::move(location), std::move(body)});
  }

  // The exit code of the whole command line, as run() would end.
  ExitCode run(std::vector<std::string> words) {
    Parsed parsed = parse(words);
    if (const auto* say = std::get_if<Say>(&parsed)) {
      (say->code == ExitCode::Ok ? out : err) << say->text;
      return say->code;
    }
    const Command& command = std::get<Command>(parsed);
    Session session{command.globals, terminal,
                    Api([this](const RawCall& call) -> Result<RawReply, std::string> {
                      calls.push_back(call);
                      if (answers.empty()) return Err<std::string>("guarita.sock: refused");
                      RawReply reply = std::move(answers.front());
                      answers.pop_front();
                      return reply;
                    }),
                    [this](Millis) { ++pauses; }};
    const auto outcome = command.action(session);
    return outcome ? *outcome : report(terminal, command.globals.output, outcome.error());
  }
};

inline constexpr std::string_view kReceipt =
    R"("receipt":{"revision":7,"changed":true,"complete":true,)"
    R"("in_force":{"nodes":1,"of":1,"at":"2026-11-24T10:51:23.417Z","ms":2,"us":2140},"streams_closed":0})";
inline constexpr std::string_view kPending =
    R"("receipt":{"revision":7,"changed":true,"complete":false,)"
    R"("in_force":{"nodes":0,"of":1,"at":null,"ms":null,"us":null},"streams_closed":0})";
inline constexpr std::string_view kAccount =
    R"("account":{"id":"acme","name":"","mode":"monitor","enforce":false,"tokens":[],)"
    R"("ip_entries":0,"revision":7,"created_at":"2026-11-24T10:50:00.000Z"})";

inline std::string object(std::string_view a, std::string_view b = {}, std::string_view c = {}) {
  std::string text = "{" + std::string(a);
  if (!b.empty()) text += "," + std::string(b);
  if (!c.empty()) text += "," + std::string(c);
  return text + "}";
}

}  // namespace guarita::cli
