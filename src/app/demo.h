// `guarita demo`: the whole story on one machine, nothing to prepare.
#pragma once

#include <iosfwd>
#include <string>

namespace guarita::app {

struct DemoOptions {
  std::string gate = "127.0.0.1:8080";     // --listen
  std::string console = "127.0.0.1:8081";  // --console
  std::string status = "127.0.0.1:8082";   // --status
  std::string data;  // --data DIR, kept; "" = a temporary one, removed at the end
  // Plays the story itself, prints each answer and ends: for tests and the README (--play).
  enum class Story { Print, Play } story = Story::Print;
};

// Runs until SIGINT or SIGTERM (Print) or the end of the story (Play). Exit code 0 or 1.
int demo(const DemoOptions& options, std::ostream& out, std::ostream& err);

}  // namespace guarita::app
