// The story that the demo tells: printed to be pasted, or played.
#pragma once

#include <iosfwd>
#include <string>

#include "app/server.h"

namespace guarita::app {

inline constexpr std::string_view kDemoAccount = "demo";
inline constexpr std::string_view kDemoInstances[] = {"demo-one", "demo-two"};

struct StoryPlaces {
  std::string program;  // path of this binary
  std::string gate;     // "127.0.0.1:8080"
  std::string console;
  std::string panel;  // the one-time link that signs in to it
  std::string status;
  std::string socket;
  std::string sample;  // the sample upstream's URL
};

void print_story(std::ostream& out, const StoryPlaces& places);

// Does every step and prints each answer. False when an answer is not the documented one.
bool play_story(std::ostream& out, Server& server, const StoryPlaces& places);

}  // namespace guarita::app
