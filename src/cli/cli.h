// The whole command line; bin/guarita.cc calls this and nothing else.
#pragma once

namespace guarita::cli {

// Parses, runs, prints; gives the process's exit code (DESIGN §5).
int run(int argc, char** argv);

}  // namespace guarita::cli
